//! A modern client that is asked something, and comes back with the answers (MCP 2026-07-28,
//! "Multi Round-Trip Requests").

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use eras::{Required, Sealed, given, input_required};
use wire::{Era, error_code, quote, string_text};

use super::{CallInFlight, Final, Plan};
use crate::call_log::End;
use crate::client::{Client, Exchange};
use crate::offer::Repeat;
use crate::parking::{Lot, LotId};
use crate::upstream::slot::{Ask, Slot};

/// What becomes of a request that brings a state.
pub(super) enum Resumed {
    /// A call that has waited for it goes on.
    GoesOn,
    /// It is made like a first one.
    Anew,
}

impl CallInFlight {
    /// Looks what its client brings.
    ///
    /// # Errors
    /// An error response, where that is of no use.
    #[cold]
    pub(super) fn resume(&mut self) -> Result<Resumed, Final> {
        let plan = &self.plan;
        let Some(Client::Exchange(exchange)) = &plan.client else {
            return Ok(Resumed::Anew);
        };
        match plan.brought(exchange)? {
            Sealed::Forwarded(state) => {
                exchange.state.get_or_init(|| state);
                Ok(Resumed::Anew)
            }
            Sealed::Again if plan.is_agreed() => plan.made_anew(),
            Sealed::Again => Err(plan.error(
                error_code::INTERNAL_ERROR,
                "declined by the user, who was to visit an address first",
            )),
            Sealed::Parked(id) => {
                let exchange = Arc::clone(exchange);
                self.go_on(&exchange, id)
            }
        }
    }

    /// Goes on with a call that waits for this request, with the answers it brings.
    fn go_on(&mut self, exchange: &Arc<Exchange>, id: LotId) -> Result<Resumed, Final> {
        let plan = &self.plan;
        let Some(lot) = exchange.parking.take(id, &exchange.caller) else {
            // Over, or of an earlier run of the gateway.
            return match plan.repeat {
                Repeat::Harmless => plan.made_anew(),
                Repeat::Unknown => Err(plan.expired()),
            };
        };
        let Lot {
            slot,
            connection,
            call,
            attempts_left,
            may_have_run,
            asks,
            ..
        } = lot;
        let token = plan.envelope.params.meta_progress_token;
        let token = token.map(|token| plan.text.slice(token.range()));
        let pending = &connection.pending;
        pending.hand_over(call, plan.client.clone(), token);
        exchange.went(&connection, call);
        if plan.streams {
            slot.hear();
        }
        plan.answer_all(asks, &slot);
        self.slot = slot;
        self.attempts_left = attempts_left;
        self.may_have_run = may_have_run;
        Ok(Resumed::GoesOn)
    }

    /// Asks a modern client what its server wants to know, as the answer to its request; the call
    /// waits for the next one. `None` where it cannot wait: whoever asked is refused, and the call
    /// goes on.
    #[cold]
    pub(super) fn park(&mut self, asks: Vec<Ask>) -> Option<Final> {
        let plan = &self.plan;
        let Some(Client::Exchange(exchange)) = &plan.client else {
            return None;
        };
        let (connection, call) = exchange.sent()?;
        let info = connection
            .hello()
            .and_then(|hello| hello.server_info.clone());
        let mut required = Required {
            asked: asks.iter().map(|ask| ask.asked.clone()).collect(),
            state: None,
        };
        // What is reported meanwhile is for nobody.
        connection.pending.hand_over(call, None, None);
        self.slot.deafen();
        let id = exchange.parking.park(Lot {
            slot: Arc::clone(&self.slot),
            connection: Arc::clone(&connection),
            call,
            attempts_left: self.attempts_left,
            may_have_run: self.may_have_run,
            asks,
            caller: exchange.caller.clone(),
            since: Instant::now(),
        });
        let Some(id) = id else {
            let token = plan.envelope.params.meta_progress_token;
            let token = token.map(|token| plan.text.slice(token.range()));
            connection.pending.hand_over(call, None, token);
            if plan.streams {
                self.slot.hear();
            }
            return None;
        };
        exchange.leaves_it();
        let state = quote(&plan.seal(exchange, &Sealed::Parked(id)));
        required.state = Some(state.into());
        let question = input_required(&required, info.as_deref());
        let question = Final::result(plan.id.of(&plan.text), &question);
        self.slot = Slot::new();
        self.end = End::Asked;
        Some(question)
    }
}

impl Plan {
    /// What the state that it brings stands for.
    fn brought(&self, exchange: &Exchange) -> Result<Sealed, Final> {
        let (method, target) = (self.envelope.method(&self.text), self.target());
        let to = self.binding(exchange, &method, &target);
        let state = self.envelope.params.request_state;
        let state = state.and_then(|span| string_text(span.of(&self.text)));
        let opened =
            exchange
                .parking
                .open(&state.unwrap_or_default(), &self.server.config.name, &to);
        opened.map_err(|bad| self.error(error_code::INVALID_PARAMS, &bad.to_string()))
    }

    /// Like a first request, without what it brings: that was asked here, for a legacy server.
    fn made_anew(&self) -> Result<Resumed, Final> {
        match self.server.era() {
            Era::Legacy => Ok(Resumed::Anew),
            Era::Modern => Err(self.expired()),
        }
    }

    fn expired(&self) -> Final {
        self.error(
            error_code::INVALID_PARAMS,
            "the question has been answered before, or has expired (limits.questionTimeout); call again without requestState",
        )
    }

    fn responses(&self) -> Bytes {
        let span = self.envelope.params.input_responses;
        span.map_or_else(Bytes::new, |span| self.text.slice(span.range()))
    }

    /// Whether its user agrees to everything that was asked.
    fn is_agreed(&self) -> bool {
        let responses = self.responses();
        let mut answers = wire::members(&responses).peekable();
        answers.peek().is_some()
            && answers.all(|answer| eras::accepted(answer.value.of(&responses)))
    }

    /// Passes the answers on; what is missing is asked again.
    fn answer_all(&self, asks: Vec<Ask>, slot: &Slot) {
        let asked: Vec<_> = asks.iter().map(|ask| ask.asked.clone()).collect();
        let answers = given(&self.responses(), &asked);
        for (ask, answer) in asks.into_iter().zip(answers) {
            match answer {
                Some(result) => {
                    if ask.reply.send(result).is_err() {
                        tracing::debug!("an answer to a question that is over was dropped");
                    }
                }
                None => slot.ask_again(ask),
            }
        }
    }
}
