//! What a server says on its way to an answer: questions, progress, news, and the answer itself
//! as the era of its call has it.

use std::sync::atomic::Ordering;

use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::call::{Call, Ways, send};
use super::raw::{object, raw_member};
use super::script::{Ask, Push, Round};
use super::server::{Fake, lock};
use super::{modern, rounds};

impl Fake {
    /// A result as the era of its call has it.
    pub(super) fn result(&self, result: &str, call: &mut Call) {
        if call.is_modern {
            call.result(&modern::dressed(&self.script, &call.method, result));
        } else {
            call.result(result);
        }
    }

    /// Has questions answered, in the way of the call's era.
    pub(super) async fn round(&self, round: &Round, call: &mut Call) {
        if !call.is_modern {
            let mut answers = Vec::new();
            for (key, question) in rounds::questions(round) {
                let answer = self.ask(&question, &call.ways).await;
                answers.push((key, rounds::answer_of(&answer)));
            }
            call.responses = Some(object(
                &answers
                    .iter()
                    .map(|(key, raw)| (key.as_str(), Some(raw.as_str())))
                    .collect::<Vec<_>>(),
            ));
        } else if let Some(left) = call.rounds_behind.checked_sub(1) {
            call.rounds_behind = left;
        } else {
            call.result(&rounds::written(round));
            call.is_over = true;
        }
    }

    pub(super) fn tell(&self, push: &Push, call: &Call) {
        self.listens.tell(push);
        if !call.is_modern {
            let members = push.params.as_deref().map(RawValue::get);
            let message = [
                ("jsonrpc", Some("\"2.0\"")),
                ("method", Some(&*json!(push.method).to_string())),
                ("params", members),
            ];
            send(&call.ways.push, object(&message));
        }
    }

    pub(super) fn progress(&self, times: u64, call: &Call) {
        let Some(token) =
            raw_member(&call.params, "_meta").and_then(|meta| raw_member(&meta, "progressToken"))
        else {
            return;
        };
        for step in 1..=times {
            send(
                &call.ways.call,
                format!(
                    r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{step},"total":{times}.0,"message":"step {step}"}}}}"#
                ),
            );
        }
    }

    pub(super) async fn ask(&self, question: &Ask, ways: &Ways) -> String {
        let id = format!(
            "\"ask-{}\"",
            self.next_question.fetch_add(1, Ordering::SeqCst)
        );
        let (answered, answer) = oneshot::channel();
        lock(&self.questions).insert(id.clone(), answered);
        let params = question
            .params
            .as_ref()
            .map_or_else(String::new, |raw| format!(r#","params":{}"#, raw.get()));
        send(
            &ways.call,
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":{}{params}}}"#,
                json!(question.method)
            ),
        );
        answer.await.unwrap_or_default()
    }
}
