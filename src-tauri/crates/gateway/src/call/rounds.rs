//! What a modern server wants to know before it answers a legacy client's call: it is asked on
//! the stream of the call, and the call made once more with the answers (MCP 2026-07-28, "Multi
//! Round-Trip Requests").

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eras::{Asked, Ended, Facts, Question, ROUNDS, Required};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use wire::{Era, Kind, error_code};

use super::{CallInFlight, Step};
use crate::call_log::End;
use crate::client::Client;
use crate::questions::{CHECK, may_be_asked, ran_out, written};
use crate::serve::session::Session;
use crate::upstream::inbox::Inbox;
use crate::upstream::slot::{Answer, Brought, Lost, Slot};

/// Asks one client.
struct Round {
    /// `None`: there is nobody to be asked.
    session: Option<Arc<Session>>,
    slot: Arc<Slot>,
    inbox: Arc<Inbox>,
    depth: usize,
    patience: Duration,
    closing: CancellationToken,
}

/// What came of one question.
enum Told {
    Result(Bytes),
    /// The client answered with an error, which cannot be passed on.
    Refused,
    /// It cannot be asked this.
    Unable,
    TooLate,
}

impl CallInFlight {
    /// Whether the answer to a legacy client's call is a question, which is asked then.
    #[cold]
    pub(super) fn asks_first(&mut self, answer: &Answer) -> bool {
        let plan = &self.plan;
        if plan.era() == Era::Modern {
            return false;
        }
        let facts = Facts {
            server: plan.server.era(),
            client: Era::Legacy,
            cacheable: false,
            server_info: None,
        };
        if !matches!(
            eras::ended(&answer.seen(), &facts),
            Ended::InputRequired { .. }
        ) {
            return false;
        }
        let rounds = self.slot.brings().map_or(0, |brought| brought.rounds);
        let slot = Slot::with_room(plan.room());
        if !plan.streams {
            slot.deafen();
        }
        let required = eras::split(&answer.text.slice(answer.body.range()));
        match required {
            _ if rounds >= ROUNDS => slot.answered(Err(format!(
                "the server wanted input {ROUNDS} times and still has no answer"
            ))),
            Err(unusable) => slot.answered(Err(unusable.to_string())),
            Ok(required) => {
                let inbox = &plan.server.inbox;
                let round = Round {
                    session: plan.client.as_ref().and_then(Client::session).cloned(),
                    slot: Arc::clone(&slot),
                    inbox: Arc::clone(inbox),
                    depth: inbox.limits.depth,
                    patience: inbox.limits.question_timeout,
                    closing: plan.server.closing().clone(),
                };
                inbox.tasks.spawn(round.ask_all(required, rounds + 1));
            }
        }
        let open = plan.open.as_ref();
        if open.is_some_and(|open| !open.asks(&slot)) {
            slot.finish(Err(Lost::Cancelled));
        }
        self.slot = slot;
        true
    }

    /// Makes the call once more with what its client has said; the end, where that cannot be.
    pub(super) async fn answer_server(
        &mut self,
        answers: Result<Arc<Brought>, String>,
    ) -> Option<Step> {
        match answers {
            Ok(brought) => {
                self.slot = Slot::bringing(Some(brought), self.plan.room());
                let not_sent = self.send().await.err()?;
                Some(self.not_sent(not_sent))
            }
            Err(why) => {
                self.end = End::Failed;
                let name = &self.plan.server.config.name;
                let message = format!("server `{name}` wants input first: {why}");
                let refusal = self.plan.error(error_code::INTERNAL_ERROR, &message);
                Some(Step::Answer(refusal))
            }
        }
    }
}

impl Round {
    /// Asks everything at once.
    async fn ask_all(self, required: Required, rounds: usize) {
        let Required { asked, state } = required;
        let told = join_all(asked.iter().map(|asked| self.ask(asked))).await;
        let told: Result<Vec<Bytes>, String> = told.into_iter().collect();
        let brought = told.map(|told| Brought {
            responses: (!asked.is_empty())
                .then(|| eras::responses(asked.iter().map(|asked| &asked.key).zip(&told))),
            state,
            rounds,
        });
        self.slot.answered(brought);
    }

    /// What the server is told. An elicitation can be declined; everything else has no word for
    /// that, and then there is no answer for the server at all.
    async fn ask(&self, asked: &Asked) -> Result<Bytes, String> {
        let told = self.put(asked).await;
        let method = asked.question.method();
        match (asked.question, told) {
            (_, Told::Result(result)) => Ok(result),
            (Question::Elicitation, Told::TooLate) => Ok(br#"{"action":"cancel"}"#[..].into()),
            (Question::Elicitation, _) => Ok(br#"{"action":"decline"}"#[..].into()),
            (_, Told::Refused) => Err(format!("the client refused {method}")),
            (_, Told::Unable) => Err(format!("the client cannot be asked {method}")),
            (_, Told::TooLate) => Err(format!("the client did not answer {method} in time")),
        }
    }

    async fn put(&self, asked: &Asked) -> Told {
        let method = asked.question.method();
        let able = |session: &&Arc<Session>| {
            may_be_asked(session.capabilities, method, asked.params.as_deref())
        };
        let Some(session) = self.session.as_ref().filter(able) else {
            return Told::Unable;
        };
        let Some((number, answered)) = session.questions.open(None) else {
            return Told::Unable;
        };
        let question = eras::as_legacy_question(asked, &written(number));
        let told = if self.slot.push(question.into()) {
            let gone = async {
                while self.slot.listens() {
                    tokio::time::sleep(CHECK).await;
                }
            };
            tokio::select! {
                answer = answered => answer.map_or(Told::Unable, |(text, _)| self.read(&text)),
                () = gone => Told::Unable,
                () = self.closing.cancelled() => Told::Unable,
                () = tokio::time::sleep(self.patience) => {
                    ran_out(&self.inbox, method, self.patience);
                    Told::TooLate
                }
            }
        } else {
            Told::Unable
        };
        session.questions.close(number);
        told
    }

    /// The result in a client's response; nothing else can be passed on.
    fn read(&self, text: &Bytes) -> Told {
        match wire::parse(text, self.depth).map(|envelope| envelope.kind) {
            Ok(Kind::Response {
                body,
                failed: false,
                ..
            }) if body.of(text).first() == Some(&b'{') => Told::Result(text.slice(body.range())),
            _ => Told::Refused,
        }
    }
}
