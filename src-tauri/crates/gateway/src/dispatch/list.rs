//! The four list methods, answered by the gateway itself: all at once, or in pages of
//! `limits.listPage` (MCP, "Utilities / Pagination").

use wire::{Era, Span, error_code, string_text};

use super::{Incoming, Reply, answer, error, modern};
use crate::core::Core;
use crate::offer::{Hint, List};
use crate::serve::own_result::Keep;

pub(super) async fn list(core: &Core, incoming: &Incoming, id: Span, list: List) -> Reply {
    let Ok(cursor) = cursor(incoming) else {
        let message = "params.cursor must be a string: the nextCursor of the page before";
        return error(incoming, id, error_code::INVALID_PARAMS, message);
    };
    core.settled(incoming.scope, incoming.user()).await;
    let most = core.live().config.limits.list_page;
    let catalog = core.board.catalog(incoming.user());
    let listed = catalog.view(incoming.scope).listed(list);
    let result = match listed.page(cursor.as_deref(), most) {
        Ok(result) => result,
        Err(unknown) => {
            return error(
                incoming,
                id,
                error_code::INVALID_PARAMS,
                &unknown.to_string(),
            );
        }
    };
    match incoming.era() {
        Era::Legacy => answer(incoming, id, &result),
        Era::Modern => {
            modern::answer_kept(incoming, id, &result, keep(core, incoming, listed.hint()))
        }
    }
}

/// The cursor that a request brings, if it does.
fn cursor(incoming: &Incoming) -> Result<Option<String>, ()> {
    let params = incoming.envelope.params.whole;
    let params = params.map_or(&b""[..], |params| params.of(&incoming.text));
    let cursor = wire::members(params).find(|member| member.key.of(params) == b"cursor");
    match cursor.map(|cursor| cursor.value.of(params)) {
        None | Some(b"null") => Ok(None),
        Some(raw) => string_text(raw)
            .map(|cursor| Some(cursor.into_owned()))
            .ok_or(()),
    }
}

/// How long a list may be kept: not at all, as long as a server may still join it.
fn keep(core: &Core, incoming: &Incoming, hint: Option<Hint>) -> Keep {
    let servers = core.in_scope(incoming.scope, incoming.user());
    let mut enabled = servers.iter().filter(|server| server.config.enabled);
    let Some(hint) = hint.filter(|_| enabled.all(|server| core.board.is_known(server.index())))
    else {
        return Keep::default();
    };
    Keep {
        ttl_ms: hint.ttl_ms,
        public: hint.public && incoming.user().is_none(),
    }
}
