//! Tasks of the modern extension (SEP-2663): at the endpoint of all servers a task's id says whose
//! it is.

use eras::Tag;
use wire::{Span, error_code, quote};

use super::find::{Aim, forward_to, forward_unknown};
use super::modern::{TASKS, declares, undeclared};
use super::{Incoming, Reply, error, text_at};
use crate::core::Core;
use crate::serve::offered;

/// `tasks/get`, `tasks/update` and `tasks/cancel` of a modern client.
pub(super) async fn forward(core: &Core, incoming: Incoming, id: Span, method: &str) -> Reply {
    core.settled(incoming.scope, incoming.user()).await;
    if !offered::of(core, incoming.scope, incoming.user()).extends(TASKS) {
        let message = format!(
            "Method not found: {method}. No server behind this endpoint has the extension {TASKS}"
        );
        return error(&incoming, id, error_code::METHOD_NOT_FOUND, &message);
    }
    if !declares(&incoming, TASKS) {
        return Reply::Answer(undeclared(&incoming, id, TASKS));
    }
    if incoming.scope.is_some() {
        return forward_unknown(core, incoming, id, method).await;
    }
    let Some((span, task)) = text_at(&incoming, incoming.envelope.params.task_id) else {
        let message = "params.taskId must be the id of a task";
        return error(&incoming, id, error_code::INVALID_PARAMS, message);
    };
    let found = Tag::taken_off(&task).and_then(|(tag, own)| {
        let catalog = core.board.catalog(incoming.user());
        let view = catalog.view(None);
        let server = view.tagged(tag)?;
        let aim = Aim {
            renamed: Some((span, quote(own).into())),
            shown: view.shown(server).cloned(),
            ..Aim::default()
        };
        Some((server, aim))
    });
    match found {
        Some((server, aim)) => forward_to(core, server, incoming, id, aim).await,
        None => {
            let message = format!("Unknown task: {task}");
            error(&incoming, id, error_code::INVALID_PARAMS, &message)
        }
    }
}
