//! The tasks extension: `tasks/get`, `tasks/update`, `tasks/cancel`, and work that goes on after
//! its call was answered. Tasks are kept for as long as the process lives, which is longer than
//! `ttlMs` promises.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use super::caller::{Caller, Way};
use super::listen::{Board, News};
use super::lock;
use super::message::{Fault, INTERNAL, Outcome, Stop};

const TTL_MS: u32 = 300_000;
const POLL_MS: u32 = 200;

/// All tasks.
#[derive(Default)]
pub(super) struct Tasks {
    tasks: Mutex<HashMap<String, Arc<Task>>>,
    next: AtomicU64,
}

/// One task.
pub(super) struct Task {
    id: String,
    created: String,
    inside: Mutex<Inside>,
    answered: Notify,
}

struct Inside {
    status: Status,
    updated: String,
    /// Questions that are open, and answers to those that were.
    asked: Map<String, Value>,
    answers: Map<String, Value>,
    work: Option<AbortHandle>,
}

enum Status {
    Working,
    InputRequired,
    Completed(Value),
    Failed(Fault),
    Cancelled,
}

/// Starts a task; the call it belongs to ends with what this gives.
pub(super) fn start<F, W>(caller: &Caller, work: F) -> Stop
where
    F: FnOnce(Caller) -> W,
    W: Future<Output = Outcome> + Send + 'static,
{
    let task = caller.fixture.tasks.add();
    let inner = Caller {
        // The answer ends the call's own stream; what the task has to say, others hear.
        outbox: mpsc::unbounded_channel().0,
        way: Way::Task(task.clone()),
        ..caller.clone()
    };
    // As it is before it can have got anywhere.
    let body = task.body(&lock(&task.inside), false);
    let work = work(inner);
    let fixture = caller.fixture.clone();
    let running = task.clone();
    let working = tokio::spawn(async move {
        let status = match work.await {
            Ok(result) => Status::Completed(result),
            Err(Stop::Fault(fault)) => Status::Failed(fault),
            Err(_) => Status::Failed(Fault::new(INTERNAL, "a task cannot end like that")),
        };
        running.set(&fixture.board, status);
    });
    lock(&task.inside).work = Some(working.abort_handle());
    Stop::Task(body)
}

/// `tasks/get`, `tasks/update` and `tasks/cancel`.
pub(super) fn call(caller: &Caller, method: &str) -> Outcome {
    caller.require_tasks()?;
    let id = caller.params["taskId"].as_str().unwrap_or_default();
    let task = lock(&caller.fixture.tasks.tasks).get(id).cloned();
    let Some(task) = task else {
        return Err(Fault::invalid(format!("there is no task {id}")).into());
    };
    let board = &caller.fixture.board;
    match method {
        "tasks/get" => return Ok(task.body(&lock(&task.inside), true)),
        "tasks/update" => {
            let Some(responses) = caller.responses() else {
                return Err(Fault::invalid("inputResponses must be an object").into());
            };
            task.answer(board, responses);
        }
        _ => task.cancel(board),
    }
    Ok(json!({}))
}

// === impl Tasks ===

impl Tasks {
    fn add(&self) -> Arc<Task> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let task = Arc::new(Task::new(format!("task-{}-{number}", std::process::id())));
        lock(&self.tasks).insert(task.id.clone(), task.clone());
        task
    }
}

// === impl Task ===

impl Task {
    fn new(id: String) -> Self {
        let now = now();
        Self {
            id,
            created: now.clone(),
            inside: Mutex::new(Inside {
                status: Status::Working,
                updated: now,
                asked: Map::new(),
                answers: Map::new(),
                work: None,
            }),
            answered: Notify::new(),
        }
    }

    /// Asks whoever looks after the task, and waits for all answers.
    pub(super) async fn ask(&self, board: &Board, asked: Map<String, Value>) -> Map<String, Value> {
        lock(&self.inside).asked = asked;
        self.set(board, Status::InputRequired);
        loop {
            self.answered.notified().await;
            let mut inside = lock(&self.inside);
            if inside.asked.is_empty() {
                return std::mem::take(&mut inside.answers);
            }
        }
    }

    /// Takes the answers that fit; the rest stays open.
    fn answer(&self, board: &Board, responses: &Map<String, Value>) {
        let complete = {
            let mut inside = lock(&self.inside);
            if !matches!(inside.status, Status::InputRequired) {
                return;
            }
            for (key, answer) in responses {
                if answer.is_object() && inside.asked.shift_remove(key).is_some() {
                    inside.answers.insert(key.clone(), answer.clone());
                }
            }
            inside.asked.is_empty()
        };
        if complete {
            self.set(board, Status::Working);
            self.answered.notify_one();
        }
    }

    /// Cancelling what is over is no fault, and changes nothing.
    fn cancel(&self, board: &Board) {
        if let Some(work) = lock(&self.inside).work.take() {
            work.abort();
        }
        self.set(board, Status::Cancelled);
    }

    fn set(&self, board: &Board, status: Status) {
        let body = {
            let mut inside = lock(&self.inside);
            if inside.status.is_final() {
                return;
            }
            inside.status = status;
            inside.updated = now();
            self.body(&inside, true)
        };
        board.tell(News::Task(&self.id, &body));
    }

    /// As the client sees it; `details` is everything but who it is and how it does.
    fn body(&self, inside: &Inside, details: bool) -> Value {
        let mut body = json!({
            "taskId": self.id,
            "status": inside.status.name(),
            "createdAt": self.created,
            "lastUpdatedAt": inside.updated,
            "ttlMs": TTL_MS,
            "pollIntervalMs": POLL_MS,
        });
        if details {
            match &inside.status {
                Status::InputRequired => body["inputRequests"] = inside.asked.clone().into(),
                Status::Completed(result) => body["result"] = result.clone(),
                Status::Failed(fault) => body["error"] = fault.body(),
                Status::Working | Status::Cancelled => {}
            }
        }
        body
    }
}

// === impl Status ===

impl Status {
    fn name(&self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired => "input_required",
            Self::Completed(_) => "completed",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn is_final(&self) -> bool {
        !matches!(self, Self::Working | Self::InputRequired)
    }
}

fn now() -> String {
    let now = OffsetDateTime::now_utc();
    // The second is enough, and always has the same length.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    now.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_asks_again_for_what_was_not_answered_and_ends_once() {
        let (board, task) = (Board::default(), Task::new("t".to_owned()));
        let asked = json!({ "a": { "method": "roots/list" }, "b": { "method": "roots/list" } });
        lock(&task.inside).asked = asked.as_object().expect("an object").clone();
        task.set(&board, Status::InputRequired);

        let answers = json!({ "a": { "roots": [] }, "unknown": {} });
        task.answer(&board, answers.as_object().expect("an object"));
        let body = task.body(&lock(&task.inside), true);
        assert_eq!(body["status"], "input_required");
        assert_eq!(
            body["inputRequests"],
            json!({ "b": { "method": "roots/list" } })
        );

        task.answer(
            &board,
            json!({ "b": { "roots": [] } }).as_object().expect("one"),
        );
        assert_eq!(task.body(&lock(&task.inside), true)["status"], "working");

        task.cancel(&board);
        task.set(&board, Status::Completed(json!({})));
        assert_eq!(task.body(&lock(&task.inside), true)["status"], "cancelled");
    }
}
