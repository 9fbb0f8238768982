//! Requests that are being worked on, so that they can be cancelled by their id.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::Value;
use tokio::task::{AbortHandle, JoinHandle};

use super::lock;

/// By the JSON of their id: `1` and `"1"` are two.
#[derive(Default)]
pub(super) struct Running(Mutex<HashMap<String, AbortHandle>>);

/// Ends a task with whatever holds this.
pub(super) struct EndOnDrop(pub(super) AbortHandle);

// === impl Running ===

impl Running {
    pub(super) fn add(&self, id: &Value, task: &JoinHandle<()>) {
        let mut running = lock(&self.0);
        running.retain(|_, task| !task.is_finished());
        running.insert(id.to_string(), task.abort_handle());
    }

    /// Ends what a `notifications/cancelled` names.
    pub(super) fn cancel(&self, params: &Value) {
        if let Some(task) = lock(&self.0).remove(&params["requestId"].to_string()) {
            task.abort();
        }
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
