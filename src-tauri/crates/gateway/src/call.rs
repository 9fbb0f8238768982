//! One client's request on its way through a server and back.

use std::sync::Arc;

use bytes::Bytes;
use wire::{Span, error_code, splice, splice_one};

use crate::call_log::{self, End};
use crate::offer::Repeat;
use crate::requests::OpenRequest;
use crate::serve::session::Session;
use crate::server::Server;
use crate::upstream::pending;
use crate::upstream::slot::{Event, Lost, Slot};

/// A request that has been routed: what to send, and to whom.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) server: Arc<Server>,
    pub(crate) client: Option<Arc<Session>>,
    /// The request as the client wrote it.
    pub(crate) text: Bytes,
    pub(crate) id: Span,
    pub(crate) progress_token: Option<Span>,
    /// A name that the server knows under another one.
    pub(crate) renamed: Option<(Span, Bytes)>,
    /// Whether it may be sent a second time where the first one may have arrived.
    pub(crate) repeat: Repeat,
    /// Whether the client's transport can carry messages before the answer.
    pub(crate) streams: bool,
    /// Keeps the request open for its cancellation.
    pub(crate) open: Option<OpenRequest>,
}

/// Why a request was not sent.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// An error response, ready for the client.
    Refused(Bytes),
    /// The client cancelled it before.
    Cancelled,
}

/// A request that a server is working on.
#[derive(Debug)]
pub(crate) struct CallInFlight {
    plan: Plan,
    slot: Arc<Slot>,
    attempts_left: u32,
    /// An earlier attempt was lost on its way back: the server may have carried it out.
    may_have_run: bool,
    /// How it ended; until then, as if its client had left.
    end: End,
}

/// What the client is to be sent next.
#[derive(Debug)]
pub(crate) enum Step {
    /// A notification or question; more follows.
    Message(Bytes),
    /// The answer.
    Answer(Bytes),
    /// The client cancelled: there is no answer.
    Nothing,
}

impl Plan {
    /// Sends the request.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub(crate) async fn launch(self) -> Result<CallInFlight, NotSent> {
        let attempts_left = self.server.config.pool.max_retries;
        let mut call = CallInFlight {
            plan: self,
            slot: Slot::new(),
            attempts_left,
            may_have_run: false,
            end: End::Left,
        };
        match call.send().await {
            Ok(()) => Ok(call),
            Err(not_sent) => {
                call.end = not_sent.end();
                Err(not_sent)
            }
        }
    }

    fn is_cancelled(&self) -> bool {
        self.open.as_ref().is_some_and(OpenRequest::is_cancelled)
    }

    fn refused(&self, message: &str) -> NotSent {
        NotSent::Refused(self.error(error_code::UPSTREAM_UNAVAILABLE, message))
    }

    fn error(&self, code: i32, message: &str) -> Bytes {
        wire::error_response(self.id.of(&self.text), code, message, None).into()
    }
}

impl NotSent {
    fn end(&self) -> End {
        match self {
            Self::Refused(_) => End::Refused,
            Self::Cancelled => End::Cancelled,
        }
    }
}

impl CallInFlight {
    /// What comes next. After an answer or `Nothing` the call is over.
    pub(crate) async fn next(&mut self) -> Step {
        loop {
            let outcome = match self.slot.next().await {
                Event::Message(message) => return Step::Message(message),
                Event::Done(outcome) => outcome,
            };
            let outcome = match outcome {
                Err(lost) if self.may_be_sent_again(&lost) => {
                    self.attempts_left -= 1;
                    self.may_have_run |= matches!(lost, Lost::Died(_));
                    self.slot = Slot::new();
                    let Err(not_sent) = self.send().await else {
                        continue;
                    };
                    self.end = match not_sent.end() {
                        End::Refused if self.may_have_run => End::Died,
                        end => end,
                    };
                    return match not_sent {
                        NotSent::Refused(refusal) => Step::Answer(refusal),
                        NotSent::Cancelled => Step::Nothing,
                    };
                }
                outcome => outcome,
            };
            self.end = match &outcome {
                Ok(answer) if answer.failed => End::Failed,
                Ok(_) => End::Answered,
                Err(Lost::Unsent(_)) if !self.may_have_run => End::Unsent,
                Err(Lost::Unsent(_) | Lost::Died(_)) => End::Died,
                Err(Lost::Unusable(_)) => End::Unusable,
                Err(Lost::TimedOut) => End::TimedOut,
                Err(Lost::Cancelled) => End::Cancelled,
            };
            let plan = &self.plan;
            let name = &plan.server.config.name;
            return match outcome {
                Ok(answer) => {
                    Step::Answer(splice_one(&answer.text, answer.id, plan.id.of(&plan.text)).into())
                }
                Err(Lost::Cancelled) => Step::Nothing,
                Err(Lost::TimedOut) => Step::Answer(plan.error(
                    error_code::REQUEST_TIMEOUT,
                    &format!(
                        "server `{name}` showed no sign of life for {} ms; raise its callTimeout if it needs longer",
                        plan.server.config.call_timeout.as_millis()
                    ),
                )),
                Err(Lost::Died(why)) => {
                    let why = in_doubt(format!("server `{name}` did not answer: {}", why.en));
                    Step::Answer(plan.error(error_code::UPSTREAM_UNAVAILABLE, &why))
                }
                Err(Lost::Unsent(why) | Lost::Unusable(why)) => {
                    let why = self.told(format!("server `{name}` did not answer: {}", why.en));
                    Step::Answer(plan.error(error_code::UPSTREAM_UNAVAILABLE, &why))
                }
            };
        }
    }

    /// The replay rule: a call is sent again only where it provably never arrived, or where
    /// its tool says that a second time does no harm and the client has heard nothing of
    /// the first.
    fn may_be_sent_again(&self, lost: &Lost) -> bool {
        let is_harmless = match lost {
            Lost::Unsent(_) => true,
            Lost::Died(_) => self.plan.repeat == Repeat::Harmless && self.slot.is_untold(),
            Lost::Unusable(_) | Lost::TimedOut | Lost::Cancelled => false,
        };
        is_harmless && self.attempts_left > 0 && !self.plan.is_cancelled()
    }

    /// Why this attempt got nowhere, and what that says of the call.
    fn told(&self, why: String) -> String {
        match self.may_have_run {
            true => in_doubt(why),
            false => why,
        }
    }

    /// The answer alone, for transports that carry nothing else; `None` after a cancellation.
    pub(crate) async fn answer(mut self) -> Option<Bytes> {
        self.slot.deafen();
        loop {
            match self.next().await {
                Step::Message(_) => {}
                Step::Answer(answer) => return Some(answer),
                Step::Nothing => return None,
            }
        }
    }

    async fn send(&mut self) -> Result<(), NotSent> {
        let plan = &self.plan;
        loop {
            let lease = plan
                .server
                .pool
                .acquire(plan.client.as_ref())
                .await
                .map_err(|refused| plan.refused(&self.told(plan.server.refusal(&refused))))?;
            if plan.is_cancelled() {
                return Err(NotSent::Cancelled);
            }
            if !plan.streams {
                self.slot.deafen();
            }
            let connection = Arc::clone(lease.connection());
            let call = pending::Call {
                slot: Arc::clone(&self.slot),
                progress_token: plan
                    .progress_token
                    .map(|token| plan.text.slice(token.range())),
                client: plan.client.clone(),
                lease: Some(lease),
            };
            let write = |own: &str| {
                let mut edits = Vec::with_capacity(3);
                edits.push((plan.id, own.as_bytes()));
                edits.extend(plan.progress_token.map(|token| (token, own.as_bytes())));
                edits.extend(plan.renamed.as_ref().map(|(span, name)| (*span, &name[..])));
                splice(&plan.text, &mut edits)
            };
            match connection.start(call, write) {
                Ok(call) => {
                    let open = plan.open.as_ref();
                    if open.is_some_and(|open| !open.sent(&connection, call)) {
                        connection.cancel(call, "cancelled by the client");
                        connection.abandon(call);
                    }
                    return Ok(());
                }
                // The connection closed between lease and registration: nothing was sent.
                Err(_) if self.attempts_left > 0 => self.attempts_left -= 1,
                Err((_, lost)) => {
                    let (name, why) = (&plan.server.config.name, lost.words().en);
                    let why = format!("server `{name}` is not available: {why}");
                    return Err(plan.refused(&self.told(why)));
                }
            }
        }
    }
}

/// What a client has to know of a call that reached its server.
fn in_doubt(why: String) -> String {
    format!("{why}. The call may or may not have been carried out")
}

impl Drop for CallInFlight {
    /// The client left. That is no cancellation (MCP, "Transports / Sending
    /// Messages"): the server goes on, its connection stays leased until it has
    /// answered, and nothing more is kept for a client that cannot be reached.
    fn drop(&mut self) {
        self.slot.deafen();
        let plan = &self.plan;
        call_log::over(&plan.server.config.name, plan.id.of(&plan.text), self.end);
    }
}
