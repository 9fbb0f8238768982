//! A call between two eras: the request as its server must see it, the answer as its client must.

use eras::{Answer as Seen, Binding, Crossing, Ended, Facts, Outgoing, Retry, Sealed};
use eras::{input_required, url_elicitations, write_answer, write_request};
use serde_json::value::RawValue;
use wire::{Edit, Era, Span, error_code, quote};

use super::{Final, Plan};
use crate::client::{Client, Exchange};
use crate::serve::session::Session;
use crate::upstream::slot::{Answer, Slot};

/// What a client must be able to do where a server wants an address visited first.
const BY_URL: &str = r#"{"requiredCapabilities":{"elicitation":{"url":{}}}}"#;

impl Plan {
    /// The request for a server, where one of both is modern.
    #[cold]
    pub(super) fn cross(&self, out: &Outgoing<'_>, own: &str, server: Era, slot: &Slot) -> Vec<u8> {
        match (&self.client, server) {
            (Some(Client::Exchange(exchange)), Era::Modern) => {
                let state = exchange.state.get().map(|state| &state[..]);
                write_request(out, own, &Crossing::ModernToModern { state })
            }
            (Some(Client::Exchange(_)), Era::Legacy) => {
                write_request(out, own, &Crossing::ModernToLegacy)
            }
            (client, Era::Modern) => {
                let session = client.as_ref().and_then(Client::session);
                let claim = session.map_or_else(nobody, |session| Session::claim(session));
                let brought = slot.brings();
                let retry = brought.as_ref().map(|brought| Retry {
                    responses: brought.responses.as_deref(),
                    state: brought
                        .state
                        .as_deref()
                        .and_then(|state| std::str::from_utf8(state).ok()),
                });
                let claim = &claim;
                write_request(out, own, &Crossing::LegacyToModern { claim, retry })
            }
            (_, Era::Legacy) => write_request(out, own, &Crossing::LegacyToLegacy),
        }
    }

    /// The server's answer as the client must see it.
    pub(super) fn answered(&self, answer: &Answer) -> Final {
        if let Some(Client::Exchange(exchange)) = &self.client {
            return self.answered_modern(exchange, answer);
        }
        let facts = Facts {
            // A legacy server has no kinds of results, and without one both eras are alike.
            server: match answer.result_type {
                None => Era::Legacy,
                Some(_) => self.server.era(),
            },
            client: Era::Legacy,
            cacheable: false,
            server_info: None,
        };
        match &self.shown {
            None => self.written(answer, &facts, &[]),
            // Only links: a legacy client has no tasks of its server's kind.
            Some(shown) => {
                let links = shown.in_answer(&answer.seen(), "", &facts);
                self.written(answer, &facts, &links)
            }
        }
    }

    fn written(&self, answer: &Answer, facts: &Facts<'_>, also: &[Edit]) -> Final {
        let written = write_answer(&answer.seen(), self.id.of(&self.text), facts, also);
        Final {
            text: written.text.into(),
            code: written.code,
        }
    }

    #[cold]
    fn answered_modern(&self, exchange: &Exchange, answer: &Answer) -> Final {
        let connection = exchange.sent().map(|(connection, _)| connection);
        let hello = connection
            .as_ref()
            .and_then(|connection| connection.hello());
        let method = self.envelope.method(&self.text);
        let facts = Facts {
            server: hello.map_or(Era::Legacy, |hello| hello.era),
            client: Era::Modern,
            cacheable: eras::cacheable(&method),
            server_info: hello.and_then(|hello| hello.server_info.as_deref()),
        };
        if facts.server == Era::Legacy
            && answer.failed
            && let Some(asked) = url_elicitations(&answer.text.slice(answer.body.range()))
        {
            return self.must_visit(exchange, asked, facts.server_info);
        }
        let seen = answer.seen();
        let mut also: Vec<_> = self.sealed(exchange, &seen, &facts).into_iter().collect();
        if let Some(shown) = &self.shown {
            also.extend(shown.in_answer(&seen, &method, &facts));
        }
        self.written(answer, &facts, &also)
    }

    /// What a modern server's result says that only the gateway may give back to it.
    fn sealed(&self, exchange: &Exchange, seen: &Seen<'_>, facts: &Facts<'_>) -> Option<Edit> {
        match eras::ended(seen, facts) {
            Ended::InputRequired {
                state: Some(at), ..
            } => {
                let state = at.of(seen.text).to_vec();
                let sealed = self.seal(exchange, &Sealed::Forwarded(state.into()));
                Some((at, quote(&sealed).into_bytes()))
            }
            _ => None,
        }
    }

    /// A legacy server answers when its user has visited some address.
    fn must_visit(
        &self,
        exchange: &Exchange,
        asked: Vec<eras::Asked>,
        server_info: Option<&[u8]>,
    ) -> Final {
        let id = self.id.of(&self.text);
        if !exchange.capabilities.elicits(true) {
            let data = RawValue::from_string(BY_URL.to_owned()).ok();
            let code = error_code::MISSING_CAPABILITY;
            let message = format!(
                "server `{}` answers when its user has visited an address, and this client has not declared elicitation.url",
                self.server.config.name
            );
            let text = wire::error_response(id, code, &message, data.as_deref());
            return Final {
                text: text.into(),
                code: Some(code.into()),
            };
        }
        let state = quote(&self.seal(exchange, &Sealed::Again));
        let required = eras::Required {
            asked,
            state: Some(state.into()),
        };
        Final::result(id, &input_required(&required, server_info))
    }

    /// Seals what its client is to bring with a retry of the same request.
    pub(super) fn seal(&self, exchange: &Exchange, what: &Sealed) -> String {
        let (method, target) = (self.envelope.method(&self.text), self.target());
        let to = self.binding(exchange, &method, &target);
        exchange.parking.seal(what, &self.server.config.name, &to)
    }

    /// What a retry must be the same in.
    pub(super) fn binding<'a>(
        &'a self,
        exchange: &'a Exchange,
        method: &'a str,
        target: &'a str,
    ) -> Binding<'a> {
        Binding {
            user: exchange.caller.user().map(|user| user.name()),
            endpoint: &exchange.endpoint,
            method,
            target,
            arguments: self.param("arguments").map(|span| span.of(&self.text)),
        }
    }

    /// What it is about, as its server calls that.
    pub(super) fn target(&self) -> String {
        let raw = match &self.renamed {
            Some((_, name)) => Some(&name[..]),
            None => {
                let method = self.envelope.method(&self.text);
                let place = wire::name_of(&method, &self.envelope.params);
                place.map(|place| place.of(&self.text))
            }
        };
        raw.and_then(wire::string_text)
            .unwrap_or_default()
            .into_owned()
    }

    fn param(&self, name: &str) -> Option<Span> {
        let whole = self.envelope.params.whole?;
        let params = whole.of(&self.text);
        let found = wire::members(params).find(|one| one.key.of(params) == name.as_bytes());
        found.map(|one| one.value.shifted(whole.start))
    }
}

/// What a request says that has no client: nobody can be asked.
fn nobody() -> String {
    eras::claim_of("{}", None, None)
}
