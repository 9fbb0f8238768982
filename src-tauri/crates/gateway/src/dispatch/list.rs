//! The four list methods, answered by the gateway itself.

use wire::{Span, error_code};

use super::{Incoming, Reply, answer, error};
use crate::core::Core;
use crate::offer::List;

pub(super) async fn list(core: &Core, incoming: &Incoming, id: Span, list: List) -> Reply {
    if let Some(params) = incoming
        .envelope
        .params
        .whole
        .map(|params| params.of(&incoming.text))
        && wire::members(params)
            .any(|member| member.key.of(params) == b"cursor" && member.value.of(params) != b"null")
    {
        return error(
            incoming,
            id,
            error_code::INVALID_PARAMS,
            "the cursor is not one of this gateway's: its lists have one page",
        );
    }
    core.settled(incoming.scope, incoming.user()).await;
    answer(
        incoming,
        id,
        core.board
            .catalog(incoming.user())
            .view(incoming.scope)
            .list(list),
    )
}
