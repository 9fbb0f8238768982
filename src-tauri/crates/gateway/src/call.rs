//! One client's request on its way through a server and back.
//!
//! Where client and server speak different eras, `crossing` has what that changes, `rounds` what
//! a modern server wants to know of a legacy client first, and `retry` what a modern client
//! brings when it comes back with answers.

mod crossing;
mod log_level;
mod retry;
mod rounds;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eras::{Crossing, Outgoing, write_request};
use wire::{Envelope, Era, Span, error_code};

use crate::call_log::{self, End};
use crate::catalog::Shown;
use crate::client::Client;
use crate::offer::Repeat;
use crate::pool::Claimant;
use crate::requests::OpenRequest;
use crate::server::Server;
use crate::upstream::pending;
use crate::upstream::slot::{Event, Lost, Slot};
use crate::user::Caller;
use retry::Resumed;

/// A request that has been routed: what to send, and to whom.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) server: Arc<Server>,
    pub(crate) client: Option<Client>,
    pub(crate) caller: Caller,
    /// The request as the client wrote it.
    pub(crate) text: Bytes,
    pub(crate) envelope: Envelope,
    pub(crate) id: Span,
    /// A name that the server knows under another one.
    pub(crate) renamed: Option<(Span, Bytes)>,
    /// What its client calls the server's resources and tasks, where that is of interest.
    pub(crate) shown: Option<Arc<Shown>>,
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
    Refused(Final),
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

/// An answer as it goes to its client.
#[derive(Debug)]
pub(crate) struct Final {
    pub(crate) text: Bytes,
    /// Of an error: its code.
    pub(crate) code: Option<i64>,
}

/// What the client is to be sent next.
#[derive(Debug)]
pub(crate) enum Step {
    /// A notification or question; more follows.
    Message(Bytes),
    /// Nothing for long, as the client should see; more follows.
    Silence,
    /// The answer.
    Answer(Final),
    /// The client cancelled: there is no answer.
    Nothing,
}

impl Step {
    /// Whether more follows.
    pub(crate) fn is_before_the_end(&self) -> bool {
        matches!(self, Self::Message(_) | Self::Silence)
    }
}

impl Plan {
    /// Sends the request.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub(crate) fn launch(self) -> impl Future<Output = Result<Box<CallInFlight>, NotSent>> {
        // In its place from the beginning: it is too large to be handed about.
        Box::new(CallInFlight {
            slot: Slot::with_room(self.room()),
            attempts_left: self.server.config.pool.max_retries,
            plan: self,
            may_have_run: false,
            end: End::Left,
        })
        .begin()
    }

    /// Bytes of messages that may wait for its client.
    fn room(&self) -> usize {
        self.server.inbox.limits.waiting_bytes
    }

    fn is_cancelled(&self) -> bool {
        self.open.as_ref().is_some_and(OpenRequest::is_cancelled)
    }

    /// How long it may last at most.
    fn longest(&self) -> Duration {
        self.server.inbox.limits.call_longest.unwrap_or_default()
    }

    fn refused(&self, message: &str) -> NotSent {
        NotSent::Refused(self.error(error_code::UPSTREAM_UNAVAILABLE, message))
    }

    fn error(&self, code: i32, message: &str) -> Final {
        Final::error(self.era(), self.id.of(&self.text), code, message)
    }

    /// For whom it wants a connection.
    fn claimant(&self) -> Claimant<'_> {
        match &self.client {
            Some(Client::Session(session)) => Claimant::Session(session),
            _ => Claimant::User(self.caller.user()),
        }
    }

    /// The era of whoever waits; who has no session speaks as a legacy client.
    fn era(&self) -> Era {
        self.client.as_ref().map_or(Era::Legacy, Client::era)
    }
}

impl Final {
    /// An error of the gateway's own, for a request with the raw `id`.
    pub(crate) fn error(era: Era, id: &[u8], code: i32, message: &str) -> Self {
        let code = match era {
            Era::Legacy => code,
            Era::Modern => eras::own_code(code),
        };
        Self {
            text: wire::error_response(id, code, message, None).into(),
            code: Some(code.into()),
        }
    }

    /// An answer of the gateway's own that is no error.
    pub(crate) fn result(id: &[u8], result: &[u8]) -> Self {
        Self {
            text: wire::result_response(id, result).into(),
            code: None,
        }
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
    async fn begin(mut self: Box<Self>) -> Result<Box<Self>, NotSent> {
        // Only a modern client brings one that was given out here.
        if self.plan.envelope.params.request_state.is_some() && self.plan.era() == Era::Modern {
            match self.resume() {
                Ok(Resumed::GoesOn) => return Ok(self),
                Ok(Resumed::Anew) => {}
                Err(refusal) => {
                    self.end = End::Refused;
                    return Err(NotSent::Refused(refusal));
                }
            }
        }
        if let Err(not_sent) = self.send().await {
            self.end = not_sent.end();
            return Err(not_sent);
        }
        Ok(self)
    }

    /// What comes next. After an answer or `Nothing` the call is over.
    pub(crate) async fn next(&mut self) -> Step {
        loop {
            let outcome = match self.slot.next().await {
                Event::Message(message) => return Step::Message(message),
                Event::Silence => return Step::Silence,
                Event::Done(outcome) => outcome,
                Event::Asked(asks) => match self.park(asks) {
                    Some(question) => return Step::Answer(question),
                    None => continue,
                },
                Event::Answered(answers) => match Box::pin(self.answer_server(answers)).await {
                    Some(end) => return end,
                    None => continue,
                },
            };
            let outcome = match outcome {
                Err(lost) if self.may_be_sent_again(&lost) => {
                    self.attempts_left -= 1;
                    self.may_have_run |= matches!(lost, Lost::Died(_));
                    self.slot = Slot::bringing(self.slot.brings(), self.plan.room());
                    let Err(not_sent) = self.send().await else {
                        continue;
                    };
                    return self.not_sent(not_sent);
                }
                // A legacy server has no kinds of results.
                Ok(answer) if answer.result_type.is_some() && self.asks_first(&answer) => continue,
                outcome => outcome,
            };
            self.end = match &outcome {
                Ok(answer) if answer.failed => End::Failed,
                Ok(_) => End::Answered,
                Err(Lost::Unsent(_)) if !self.may_have_run => End::Unsent,
                Err(Lost::Unsent(_) | Lost::Died(_)) => End::Died,
                Err(Lost::Unusable(_)) => End::Unusable,
                Err(Lost::TimedOut | Lost::TookTooLong) => End::TimedOut,
                Err(Lost::Cancelled) => End::Cancelled,
            };
            let plan = &self.plan;
            let name = &plan.server.config.name;
            return match outcome {
                Ok(answer) => Step::Answer(plan.answered(&answer)),
                Err(Lost::Cancelled) => Step::Nothing,
                Err(Lost::TimedOut) => Step::Answer(plan.error(
                    error_code::REQUEST_TIMEOUT,
                    &format!(
                        "server `{name}` showed no sign of life for {} ms; raise its callTimeout if it needs longer",
                        plan.server.config.call_timeout.as_millis()
                    ),
                )),
                Err(Lost::TookTooLong) => Step::Answer(plan.error(
                    error_code::REQUEST_TIMEOUT,
                    &format!(
                        "server `{name}` has not answered within {} ms; raise limits.callLongest if calls may last longer",
                        plan.longest().as_millis()
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

    fn not_sent(&mut self, not_sent: NotSent) -> Step {
        self.end = match not_sent.end() {
            End::Refused if self.may_have_run => End::Died,
            end => end,
        };
        match not_sent {
            NotSent::Refused(refusal) => Step::Answer(refusal),
            NotSent::Cancelled => Step::Nothing,
        }
    }

    /// The replay rule: a call is sent again only where it provably never arrived, or where
    /// its tool says that a second time does no harm and the client has heard nothing of
    /// the first.
    fn may_be_sent_again(&self, lost: &Lost) -> bool {
        let is_harmless = match lost {
            Lost::Unsent(_) => true,
            Lost::Died(_) => self.plan.repeat == Repeat::Harmless && self.slot.is_untold(),
            Lost::Unusable(_) | Lost::TimedOut | Lost::TookTooLong | Lost::Cancelled => false,
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
                Step::Message(_) | Step::Silence => {}
                Step::Answer(answer) => return Some(answer.text),
                Step::Nothing => return None,
            }
        }
    }

    /// Ends a modern client's call before its answer, because that client has left; nothing
    /// happens where it is over.
    pub(crate) fn cancel(mut self: Box<Self>, reason: &str) {
        if let Some(Client::Exchange(exchange)) = &self.plan.client
            && let Some((connection, call)) = exchange.leaves_it()
            && connection.pending.contains(call)
        {
            self.end = End::Cancelled;
            connection.cancel(call, reason);
            connection.abandon(call);
        }
    }

    async fn send(&mut self) -> Result<(), NotSent> {
        let plan = &self.plan;
        loop {
            let lease = plan
                .server
                .pool
                .acquire(plan.claimant())
                .await
                .map_err(|refused| plan.refused(&self.told(plan.server.refusal(&refused))))?;
            if plan.is_cancelled() {
                return Err(NotSent::Cancelled);
            }
            if !plan.streams {
                self.slot.deafen();
            }
            let connection = Arc::clone(lease.connection());
            if let Some(Client::Exchange(exchange)) = &plan.client
                && let Some(level) = exchange.log_level
            {
                Box::pin(log_level::lower(&connection, level)).await;
            }
            let call = pending::Call {
                slot: Arc::clone(&self.slot),
                progress_token: plan
                    .envelope
                    .params
                    .meta_progress_token
                    .map(|token| plan.text.slice(token.range())),
                client: plan.client.clone(),
                lease: Some(lease),
            };
            let out = Outgoing {
                text: &plan.text,
                envelope: &plan.envelope,
                renamed: plan.renamed.as_ref().map(|(span, name)| (*span, &name[..])),
            };
            let write = |own: &str| match (plan.era(), connection.era()) {
                (Era::Legacy, Era::Legacy) => write_request(&out, own, &Crossing::LegacyToLegacy),
                (_, server) => plan.cross(&out, own, server, &self.slot),
            };
            match connection.start(call, write) {
                Ok(call) => {
                    if let Some(Client::Exchange(exchange)) = &plan.client {
                        exchange.went(&connection, call);
                    }
                    let open = plan.open.as_ref();
                    if open.is_some_and(|open| !open.sent(&connection, call)) {
                        connection.cancel(call, "cancelled by the client");
                        connection.abandon(call);
                    }
                    return Ok(());
                }
                // The connection closed between lease and registration: nothing was sent.
                Err(_) if self.attempts_left > 0 => self.attempts_left -= 1,
                Err(unsent) => {
                    let (name, why) = (&plan.server.config.name, unsent.1.words().en);
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
        self.slot.leave();
        let plan = &self.plan;
        call_log::over(&plan.server.config.name, plan.id.of(&plan.text), self.end);
    }
}
