//! Tasks: calls that go on after their answer (extension `io.modelcontextprotocol/tasks`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use serde_json::value::RawValue;

use super::modern::error;
use super::raw::{decoded, object, raw_member};
use super::script::TaskPlan;

const TIME: &str = r#""2026-07-28T00:00:00Z""#;

/// By id.
#[derive(Default)]
pub(super) struct Tasks(Mutex<HashMap<String, Task>>);

struct Task {
    /// Raw.
    id: String,
    plan: TaskPlan,
    polls: u64,
    /// Raw `inputResponses` that it got.
    responses: Option<String>,
    is_cancelled: bool,
}

impl Tasks {
    /// Starts one; gives the result of the call that did it.
    pub(super) fn start(&self, plan: TaskPlan) -> String {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = match &plan.id {
            Some(raw) => raw.get().to_owned(),
            None => json!(format!("task-{}", tasks.len() + 1)).to_string(),
        };
        let task = Task {
            id: id.clone(),
            polls: plan.polls,
            plan,
            responses: None,
            is_cancelled: false,
        };
        let result = task.written("task", "working", None);
        tasks.insert(decoded(&id).unwrap_or(id), task);
        result
    }

    /// Answers `tasks/get`, `tasks/update` or `tasks/cancel`: a raw result, or a raw error.
    pub(super) fn answer(&self, method: &str, params: &str) -> Result<String, String> {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = raw_member(params, "taskId").and_then(|raw| decoded(&raw));
        let task = id
            .and_then(|id| tasks.get_mut(&id))
            .ok_or_else(|| error(-32602, "Unknown task", None))?;
        match method {
            "tasks/get" => return Ok(task.state()),
            "tasks/update" => {
                task.responses = raw_member(params, "inputResponses").or(task.responses.take());
            }
            _ => task.is_cancelled = true,
        }
        Ok("{}".to_owned())
    }
}

impl Task {
    /// How it is found; each look brings it on.
    fn state(&mut self) -> String {
        if self.is_cancelled {
            return self.written("complete", "cancelled", None);
        }
        if let Some(left) = self.polls.checked_sub(1) {
            self.polls = left;
            return self.written("complete", "working", None);
        }
        let raw = |raw: &Option<Box<RawValue>>| raw.as_deref().map(|raw| raw.get().to_owned());
        if let Some(requests) = raw(&self.plan.requests)
            && self.responses.is_none()
        {
            let asks = Some(("inputRequests", requests));
            return self.written("complete", "input_required", asks);
        }
        if let Some(error) = raw(&self.plan.error) {
            return self.written("complete", "failed", Some(("error", error)));
        }
        let result = raw(&self.plan.result).unwrap_or_else(|| {
            let seen = object(&[("inputResponses", self.responses.as_deref())]);
            format!(r#"{{"content":[],"structuredContent":{seen}}}"#)
        });
        self.written("complete", "completed", Some(("result", result)))
    }

    fn written(&self, result_type: &str, status: &str, more: Option<(&str, String)>) -> String {
        let (key, value) = more.unzip();
        object(&[
            ("resultType", Some(&json!(result_type).to_string())),
            ("taskId", Some(&self.id)),
            ("status", Some(&json!(status).to_string())),
            ("createdAt", Some(TIME)),
            ("lastUpdatedAt", Some(TIME)),
            ("ttlMs", Some("null")),
            (
                "pollIntervalMs",
                Some(&self.plan.poll_interval_ms.to_string()),
            ),
            (key.unwrap_or_default(), value.as_deref()),
        ])
    }
}
