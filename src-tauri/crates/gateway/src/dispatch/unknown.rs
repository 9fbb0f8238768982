//! A name that leads nowhere, perhaps because its server is not ready or waits for a sign-in.

use std::time::Duration;

use tokio::time::timeout;
use wire::{Span, error_code};

use super::{Incoming, Reply, error};
use crate::core::Core;
use crate::lifecycle::State;
use crate::pool::Refused;
use crate::serve::handshake;

/// Within this time a server that can be called says what it offers.
const FIRST_LISTS: Duration = Duration::from_secs(10);

/// Waits until it may be known whose a name is. The one server of an endpoint that has listed
/// nothing so far is waited for, and woken, as by a call to one of its tools.
///
/// # Errors
/// The refusal, where that server cannot be used.
pub(super) async fn listed_first(core: &Core, incoming: &Incoming, id: Span) -> Result<(), Reply> {
    core.settled(incoming.scope, incoming.user()).await;
    let only = incoming.scope.and_then(|index| core.server(index));
    let Some(server) = only.filter(|server| !core.board.is_known(server.index())) else {
        return Ok(());
    };
    let lease = match server.pool.acquire(incoming.claimant()).await {
        Ok(lease) => lease,
        Err(refused) => {
            let message = server.refusal(&refused);
            let code = error_code::UPSTREAM_UNAVAILABLE;
            return Err(error(incoming, id, code, &message));
        }
    };
    // Reading its lists needs no lease, but another one of a serial server may.
    drop(lease);
    drop(timeout(FIRST_LISTS, server.settled()).await);
    if core.board.is_known(server.index()) {
        return Ok(());
    }
    let name = &server.config.name;
    let message =
        format!("server `{name}` has not listed what it offers yet; try again in a moment");
    let code = error_code::UPSTREAM_UNAVAILABLE;
    Err(error(incoming, id, code, &message))
}

/// What is said of such a name.
pub(super) fn unknown(core: &Core, incoming: &Incoming, id: Span, kind: &str, name: &str) -> Reply {
    let only = incoming.scope.and_then(|index| core.server(index));
    if let Some(server) = only
        && let State::NeedsSignIn { why } = server.state()
    {
        let message = server.refusal(&Refused::Unavailable(why));
        return error(incoming, id, error_code::UPSTREAM_UNAVAILABLE, &message);
    }
    let mut message = format!("Unknown {kind}: {name}; {kind}s/list tells which there are");
    let missing = [
        not_ready(core, incoming),
        handshake::left_out(core, incoming.user()),
    ];
    for sentence in missing.into_iter().flatten() {
        message = format!("{message}. {sentence}");
    }
    error(incoming, id, error_code::INVALID_PARAMS, &message)
}

/// Says which servers have listed nothing so far, and why: the name may be one of theirs. Those
/// that wait for a sign-in are told of elsewhere.
fn not_ready(core: &Core, incoming: &Incoming) -> Option<String> {
    let servers = core.in_scope(incoming.scope, incoming.user());
    let missing = servers
        .iter()
        .filter(|server| server.config.enabled && !core.board.is_known(server.index()));
    let each: Vec<_> = missing
        .filter_map(|server| {
            let name = &server.config.name;
            match server.state() {
                State::Disabled | State::NeedsSignIn { .. } => None,
                State::Failing { failure, .. } | State::Degraded { failure, .. } => {
                    let why = failure.message.en;
                    Some(format!("`{name}` is not available ({why})"))
                }
                State::Starting { .. } | State::Ready { .. } | State::Stopped { .. } => {
                    Some(format!("`{name}` is not ready yet"))
                }
            }
        })
        .collect();
    (!each.is_empty()).then(|| {
        format!(
            "It may be one of a server that has listed nothing so far: {}",
            each.join(", ")
        )
    })
}
