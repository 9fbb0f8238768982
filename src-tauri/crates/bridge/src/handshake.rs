//! Opening the session: when the client says hello, and again, unseen by it,
//! when the gateway has forgotten the session.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use wire::Era;

use crate::args::Language;
use crate::fault::Fault;
use crate::messages::Messages;
use crate::relay::{DEPTH, ONE_WAY_DEADLINE, Relay, response_to, within};
use crate::remote::Remote;
use crate::session::Session;

/// Everything waits for a handshake, but no longer than this.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(60);

impl Relay {
    /// The client's own handshake: what follows waits for it.
    pub(crate) async fn hello(&self, message: Bytes, id: Bytes) {
        let outcome = within(HANDSHAKE_DEADLINE, self.open(message.clone(), &id, true)).await;
        match outcome {
            Ok(None) => {}
            Ok(Some(replaced)) => {
                self.sessions.remember_hello(message);
                if replaced.id.is_some()
                    && let Err(fault) =
                        within(ONE_WAY_DEADLINE, self.remote.delete(&replaced)).await
                {
                    tracing::debug!(
                        "the former session was not ended: {}",
                        fault.text(Language::English)
                    );
                }
            }
            Err(fault) => self.report(&id, &fault, Era::Legacy).await,
        }
    }

    /// Performs a handshake and gives the session that it replaces, or `None`
    /// where the gateway declines. The answer goes to the client only if the
    /// client asked.
    async fn open(
        &self,
        hello: Bytes,
        id: &[u8],
        tell_client: bool,
    ) -> Result<Option<Session>, Fault> {
        let response = self.remote.post(hello, &Session::default()).await?;
        let session_id = Remote::session_id(&response);
        let mut messages = Messages::new(response);
        while let Some(message) = messages.next().await? {
            let Some(body) = response_to(id, &message) else {
                self.hand_out(message).await;
                continue;
            };
            let replaced = match body {
                Ok(result) => Ok(Some(
                    self.sessions.opened(session_id, protocol_version(result)),
                )),
                Err(_) if tell_client => Ok(None),
                Err(_) => Err(Fault::SessionGone),
            };
            if tell_client {
                self.out.send(message).await;
            }
            return replaced;
        }
        Err(Fault::Unanswered)
    }

    /// Opens the session again after the gateway has forgotten the one of this
    /// generation; does nothing where that has happened meanwhile.
    pub(crate) async fn renew(&self, generation: u64) -> Result<(), Fault> {
        let _one_at_a_time = self.sessions.renewal.lock().await;
        if self.sessions.current().generation != generation {
            return Ok(());
        }
        let (Some(hello), initialized) = self.sessions.remembered() else {
            return Err(Fault::SessionGone);
        };
        let id = wire::parse(&hello, DEPTH)
            .ok()
            .and_then(|envelope| envelope.id());
        let id = id
            .map(|id| hello.slice(id.range()))
            .ok_or(Fault::SessionGone)?;
        within(HANDSHAKE_DEADLINE, self.open(hello, &id, false)).await?;
        let Some(initialized) = initialized else {
            return Ok(());
        };
        within(
            ONE_WAY_DEADLINE,
            self.remote.post(initialized, &self.sessions.current()),
        )
        .await?;
        self.sessions.set_ready();
        tracing::info!("the gateway had forgotten the session; it is open again");
        Ok(())
    }
}

fn protocol_version(result: &[u8]) -> Option<HeaderValue> {
    let member =
        wire::members(result).find(|member| member.key.of(result) == b"protocolVersion")?;
    let version = wire::string_text(member.value.of(result))?;
    HeaderValue::from_str(&version).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_negotiated_version_is_read_from_the_result() {
        let version =
            protocol_version(br#"{"a":{"protocolVersion":"x"},"protocolVersion":"2025-06-18"}"#);
        assert_eq!(version, Some(HeaderValue::from_static("2025-06-18")));
        assert_eq!(protocol_version(br#"{"protocolVersion":3}"#), None);
    }
}
