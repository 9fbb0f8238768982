//! Finds out how a server is to be spoken to, and says hello in that way (MCP 2026-07-28,
//! "Versioning / Backward Compatibility").
//!
//! A server of which nothing is known is probed with `server/discover`. Most servers of the legacy
//! era refuse that and go on; some end on it, and some say nothing. These two get a new process
//! and `initialize`: official SDKs keep a process in the era of its first message. A server that
//! refuses `initialize` as modern ones do is probed in turn, in a new process, too.

mod said;
mod words;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use eras::{Over, Verdict, judge, judge_initialize};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use wire::{Era, Version};

use super::hello::{Hello, is_of};
use super::own_calls::{NoAnswer, OwnCallError, written};
use super::slot::{Answer, Lost};
use super::{Connection, Link};
use crate::config::model::Protocol;
use crate::words::Words;
use said::Said;
use words::{both, incompatible, not_legacy, not_modern};

const DISCOVER: &str = "server/discover";
const INITIALIZE: &str = "initialize";

/// How long a process may take for the probe once it has shown a sign of life. `npx` and `uvx`
/// say what they download; what they start then says nothing, or something soon.
const PROBE: Duration = Duration::from_secs(10);
/// How long it may take until then.
const SILENCE: Duration = Duration::from_secs(20);

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Manner {
    /// With an `initialize` handshake.
    Legacy,
    /// With requests that describe themselves.
    Modern,
    /// As [`Self::Legacy`], over HTTP+SSE, the transport of 2024-11-05.
    Events,
}

/// What has come of a greeting.
#[derive(Debug)]
pub(crate) enum Greeted {
    /// Calls may follow. How it is to be greeted the next time; `None` where this time proves
    /// nothing.
    Ready(Option<Manner>),
    /// Another connection is to be greeted in this manner; why.
    Fresh(Manner, Words),
}

/// What is known before a greeting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeting {
    /// What the configuration says.
    pub(crate) wanted: Protocol,
    /// What was found out before.
    pub(crate) known: Option<Manner>,
    /// How long an answer may take.
    pub(crate) patience: Duration,
    /// Whether the connection will be one client's alone, whose roots can be asked for.
    pub(crate) roots: bool,
}

// === impl Manner ===

impl Manner {
    /// The era of what is sent then.
    pub(crate) const fn era(self) -> Era {
        match self {
            Self::Legacy | Self::Events => Era::Legacy,
            Self::Modern => Era::Modern,
        }
    }
}

// === impl Greeting ===

impl Greeting {
    /// Greets a server on a connection of its own.
    ///
    /// # Errors
    /// See [`OwnCallError`].
    pub(crate) async fn say(self, to: &Arc<Connection>) -> Result<Greeted, OwnCallError> {
        let initialize_first = match self.wanted {
            Protocol::Legacy => true,
            Protocol::Modern => false,
            Protocol::Auto => matches!(self.known, Some(Manner::Legacy | Manner::Events)),
        };
        if initialize_first {
            return self.initialize(to, None).await;
        }
        let (verdict, said) = self.probe(to).await;
        match verdict {
            Verdict::Modern => {
                to.has_discovered(&said)?;
                Ok(Greeted::Ready(Some(Manner::Modern)))
            }
            Verdict::Incompatible(versions) => Err(incompatible(&versions)),
            Verdict::Legacy { .. } if self.wanted == Protocol::Modern => {
                // What ended or said nothing has shown nothing of its era.
                Err(if said.is_an_answer() {
                    not_modern(&said)
                } else {
                    said.error()
                })
            }
            Verdict::Legacy { fresh: true } => Ok(Greeted::Fresh(Manner::Legacy, said.in_vain())),
            Verdict::Legacy { fresh: false } => self.initialize(to, Some(&said)).await,
            Verdict::NoEvidence if self.may_be_legacy(&said) => {
                match self.initialize(to, Some(&said)).await? {
                    Greeted::Ready(_) => Ok(Greeted::Ready(None)),
                    fresh @ Greeted::Fresh(..) => Ok(fresh),
                }
            }
            // The last two are not said of a probe that was made twice.
            Verdict::NoEvidence | Verdict::TryVersion | Verdict::Events => Err(said.error()),
        }
    }

    /// Whether a server may only be no good at refusing what it does not know.
    fn may_be_legacy(&self, said: &Said) -> bool {
        let is_odd = match (&said.refusal, &said.outcome) {
            (Some((status, _)), _) => *status >= 500,
            (None, Err(NoAnswer::InTime | NoAnswer::Lost(Lost::Died(_)))) => true,
            (None, _) => false,
        };
        is_odd && self.wanted == Protocol::Auto && self.known.is_none()
    }

    /// Asks for its versions, twice where it says that it did not like the first time.
    async fn probe(&self, to: &Arc<Connection>) -> (Verdict, Said) {
        to.speak(Era::Modern);
        let over = match to.link {
            Link::Stdio(_) => Over::Stdio,
            Link::Http(_) | Link::Events(_) => Over::Http,
        };
        let params = written("", Era::Modern);
        let most = self.patience / 2;
        let ask = async || {
            let outcome = match over {
                Over::Stdio => {
                    to.ask_until(DISCOVER, &params, to.out_of_patience(most))
                        .await
                }
                Over::Http => {
                    to.ask_until(DISCOVER, &params, sleep(PROBE.min(most)))
                        .await
                }
            };
            to.said(DISCOVER, outcome, PROBE.min(most))
        };
        let said = ask().await;
        match judge(over, &said.reply(), false) {
            Verdict::TryVersion => {
                let said = ask().await;
                (judge(over, &said.reply(), true), said)
            }
            verdict => (verdict, said),
        }
    }

    /// The `initialize` handshake (MCP 2025-11-25, "Lifecycle"). Elicitation and sampling are
    /// declared for whoever will be calling; `roots` only where the connection will be one
    /// client's alone.
    async fn initialize(
        self,
        to: &Arc<Connection>,
        probed: Option<&Said>,
    ) -> Result<Greeted, OwnCallError> {
        to.speak(Era::Legacy);
        to.declared_roots.store(self.roots, Ordering::Relaxed);
        let params = initialize_params(self.roots);
        let asked = to.ask_until(INITIALIZE, &params, sleep(self.patience));
        let said = to.said(INITIALIZE, asked.await, self.patience);
        if let Ok(answer) = &said.outcome
            && !answer.failed
        {
            to.has_initialized(answer).await?;
            return Ok(Greeted::Ready(Some(match to.link {
                Link::Stdio(_) | Link::Http(_) => Manner::Legacy,
                Link::Events(_) => Manner::Events,
            })));
        }
        match (judge_initialize(&said.reply()), &to.link) {
            (Verdict::Modern, _) if self.wanted == Protocol::Legacy => Err(not_legacy(&said)),
            (Verdict::Modern, _) => Ok(Greeted::Fresh(Manner::Modern, said.in_vain())),
            (Verdict::Incompatible(versions), _) => Err(incompatible(&versions)),
            (Verdict::Events, Link::Http(_)) => Ok(Greeted::Fresh(Manner::Events, said.in_vain())),
            _ => Err(both(&said, probed)),
        }
    }
}

fn initialize_params(roots: bool) -> String {
    format!(
        r#"{{"protocolVersion":"{}","capabilities":{{"sampling":{{"context":{{}},"tools":{{}}}},"elicitation":{{"form":{{}},"url":{{}}}}{}}},"clientInfo":{{"name":"mcp-gateway","title":"MCP Gateway","version":"{}"}}}}"#,
        Version::LATEST.as_str(),
        if roots {
            r#","roots":{"listChanged":true}"#
        } else {
            ""
        },
        env!("CARGO_PKG_VERSION"),
    )
}

// === impl Connection ===

impl Connection {
    /// Messages of this era follow.
    fn speak(&self, era: Era) {
        match &self.link {
            Link::Stdio(_) | Link::Events(_) => {}
            Link::Http(link) => link.speak(era),
        }
    }

    /// Returns when a process has had its time for the probe, `most` of it in all.
    async fn out_of_patience(&self, most: Duration) {
        let all = async {
            tokio::select! {
                () = self.spoken.cancelled() => sleep(PROBE).await,
                () = sleep(SILENCE) => {}
            }
        };
        // Either way it is over.
        drop(tokio::time::timeout(most, all).await);
    }

    fn said(
        &self,
        method: &'static str,
        outcome: Result<Answer, NoAnswer>,
        patience: Duration,
    ) -> Said {
        let refusal = match &self.link {
            Link::Stdio(_) => None,
            Link::Http(link) => link.take_refusal(),
            Link::Events(link) => link.take_refusal(),
        };
        Said {
            method,
            outcome,
            refusal,
            patience,
        }
    }

    fn has_discovered(&self, said: &Said) -> Result<(), OwnCallError> {
        let result = said.result().ok_or_else(|| said.error())?;
        self.recognize(&result)?;
        self.greeted(Hello::modern(&result), DISCOVER)
    }

    async fn has_initialized(self: &Arc<Self>, answer: &Answer) -> Result<(), OwnCallError> {
        let result = answer.text.slice(answer.body.range());
        self.recognize(&result)?;
        let hello = Hello::legacy(&result);
        if let Link::Http(link) = &self.link
            && !hello.protocol_version.is_empty()
        {
            link.agreed(&hello.protocol_version);
        }
        self.greeted(hello, INITIALIZE)?;
        let initialized = wire::notification("notifications/initialized", "");
        // Requests are posted side by side; none may overtake this one.
        let delivered = match &self.link {
            Link::Stdio(outbox) => {
                self.put(outbox, &initialized);
                Ok(())
            }
            Link::Http(link) => link.deliver(self, initialized).await,
            Link::Events(link) => link.deliver(self, initialized).await,
        };
        delivered.map_err(|lost| OwnCallError::Lost(lost.words()))
    }

    fn greeted(&self, hello: Hello, method: &'static str) -> Result<(), OwnCallError> {
        self.hello.set(hello).map_err(|_| OwnCallError::Refused {
            method,
            error: "answered twice".to_owned(),
        })
    }

    fn recognize(&self, result: &Bytes) -> Result<(), OwnCallError> {
        if is_of(result, self.inbox.sessions.instance()) {
            return Err(OwnCallError::Wrong(Words::new(
                "it leads back to this gateway itself; remove it, or name the server that is meant",
                "它指向本网关自身；请删除它，或改为真正要连接的服务器",
            )));
        }
        Ok(())
    }
}
