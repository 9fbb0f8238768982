//! Tools that go on as tasks, where the client can follow them.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::super::caller::{Caller, TASKS, Way};
use super::super::message::{Fault, INTERNAL, Outcome, Stop, failure, text};
use super::super::questions::{Unanswered, ask, filled, form, name};
use super::super::tasks;

/// How long a job takes that is about something else.
const A_WHILE: Duration = Duration::from_millis(500);

pub(super) const NAMES: &[&str] = &[
    "slow_compute",
    "failing_job",
    "protocol_error_job",
    "confirm_delete",
    "multi_input",
    "test_tool_with_task",
];

pub(super) async fn call(caller: &Caller) -> Outcome {
    if !matches!(caller.way, Way::Modern) {
        return work(caller).await;
    }
    if matches!(caller.name(), "failing_job" | "test_tool_with_task") {
        caller.require_tasks()?;
    }
    match caller.name() {
        // It asks before it becomes a task.
        "test_tool_with_task" => work(caller).await,
        _ if caller.has_extension(TASKS) => Err(as_task(caller)),
        _ => work(caller).await,
    }
}

fn as_task(caller: &Caller) -> Stop {
    tasks::start(caller, async |caller: Caller| work(&caller).await)
}

async fn work(caller: &Caller) -> Outcome {
    match job(caller).await {
        Ok(outcome) => outcome,
        Err(unanswered) => unanswered.end(),
    }
}

async fn job(caller: &Caller) -> Result<Outcome, Unanswered> {
    Ok(match caller.name() {
        "slow_compute" => {
            let seconds = caller.argument("seconds").as_f64().unwrap_or_default();
            let time = Duration::try_from_secs_f64(seconds)
                .map_err(|_| Fault::invalid("seconds must not be negative"))?;
            sleep(time).await;
            Ok(text(format!("Computed for {seconds} s.")))
        }
        "failing_job" => {
            sleep(A_WHILE).await;
            Ok(failure("This job always fails."))
        }
        "protocol_error_job" => {
            sleep(A_WHILE).await;
            Err(Fault::new(INTERNAL, "this job always breaks").into())
        }
        "confirm_delete" => {
            let file = caller.text_argument("filename")?;
            let fields = json!({ "confirm": { "type": "boolean" } });
            let question = form("confirm", &format!("Delete {file}?"), fields, &["confirm"]);
            let answers = ask(caller, &[question], None).await?;
            let deleted = answers["confirm"]["content"]["confirm"] == true;
            Ok(text(match deleted {
                true => format!("{file} would be deleted."),
                false => format!("{file} is kept."),
            }))
        }
        "multi_input" => {
            let questions = [
                name("first_name", "What is your first name?"),
                name("last_name", "What is your last name?"),
            ];
            let answers = ask(caller, &questions, None).await?;
            let [first, last] =
                ["first_name", "last_name"].map(|key| filled(&answers[key], "name"));
            Ok(text(format!("Hello, {first} {last}!")))
        }
        _ => {
            let question = name("user_name", "What is your name?");
            let answers = ask(caller, &[question], None).await?;
            let greeting = text(format!("Hello, {}!", filled(&answers["user_name"], "name")));
            match caller.way {
                Way::Modern => Err(tasks::start(caller, async move |_: Caller| {
                    sleep(A_WHILE).await;
                    Ok(greeting)
                })),
                _ => Ok(greeting),
            }
        }
    })
}
