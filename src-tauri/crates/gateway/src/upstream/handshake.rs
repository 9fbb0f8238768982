//! The `initialize` handshake with a server, and what it said there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use wire::{Era, Version};

use super::{Connection, Link, OwnCallError};
use crate::serve::handshake::INSTANCE;
use crate::words::Words;

/// What a server said at `initialize`, raw.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    #[expect(
        dead_code,
        reason = "read where requests are written for modern servers"
    )]
    pub(crate) era: Era,
    pub(crate) capabilities: Bytes,
    pub(crate) instructions: Option<String>,
    pub(crate) server_info: Option<Bytes>,
    pub(crate) protocol_version: String,
}

impl Connection {
    /// The `initialize` handshake (MCP, "Lifecycle"). Elicitation and sampling
    /// are declared for whoever will be calling; `roots` only where the
    /// connection will be one client's alone.
    ///
    /// # Errors
    /// See [`OwnCallError`].
    pub(crate) async fn handshake(
        self: &Arc<Self>,
        patience: Duration,
        roots: bool,
    ) -> Result<(), OwnCallError> {
        let params = format!(
            r#"{{"protocolVersion":"{}","capabilities":{{"sampling":{{"context":{{}},"tools":{{}}}},"elicitation":{{"form":{{}},"url":{{}}}}{}}},"clientInfo":{{"name":"mcp-gateway","title":"MCP Gateway","version":"{}"}}}}"#,
            Version::LATEST.as_str(),
            if roots {
                r#","roots":{"listChanged":true}"#
            } else {
                ""
            },
            env!("CARGO_PKG_VERSION"),
        );
        self.declared_roots.store(roots, Ordering::Relaxed);
        let answer = self.ask("initialize", &params, patience).await?;
        let result = answer.text.slice(answer.body.range());
        let member = |name: &str| {
            let found =
                wire::members(&result).find(|member| member.key.of(&result) == name.as_bytes());
            found.map(|member| result.slice(member.value.range()))
        };
        let text = |name: &str| {
            member(name).and_then(|raw| wire::string_text(&raw).map(|text| text.into_owned()))
        };
        if let Some(meta) = member("_meta")
            && wire::members(&meta).any(|member| {
                member.key.of(&meta) == INSTANCE.as_bytes()
                    && wire::string_text(member.value.of(&meta)).as_deref()
                        == Some(self.inbox.sessions.instance())
            })
        {
            return Err(OwnCallError::Lost(Words::new(
                "it leads back to this gateway itself; remove it, or name the server that is meant",
                "它指向本网关自身；请删除它，或改为真正要连接的服务器",
            )));
        }
        let hello = Hello {
            era: Era::Legacy,
            capabilities: member("capabilities").unwrap_or_else(|| Bytes::from_static(b"{}")),
            instructions: text("instructions"),
            server_info: member("serverInfo"),
            protocol_version: text("protocolVersion").unwrap_or_default(),
        };
        if let (Link::Http(link), Some(version)) = (&self.link, text("protocolVersion")) {
            link.agreed(&version);
        }
        self.hello.set(hello).map_err(|_| OwnCallError::Refused {
            method: "initialize",
            error: "answered twice".to_owned(),
        })?;
        let initialized = wire::notification("notifications/initialized", "");
        match &self.link {
            Link::Stdio(outbox) => self.put(outbox, &initialized),
            // Requests are posted side by side; none may overtake this one.
            Link::Http(link) => {
                link.deliver(self, initialized)
                    .await
                    .map_err(|lost| OwnCallError::Lost(lost.words()))?;
            }
        }
        Ok(())
    }
}

// === impl Hello ===

impl Hello {
    /// Whether the server declared a capability.
    pub(crate) fn has(&self, capability: &str) -> bool {
        wire::members(&self.capabilities)
            .any(|member| member.key.of(&self.capabilities) == capability.as_bytes())
    }

    /// Whether a capability carries a flag that is true, as in `resources.subscribe`.
    pub(crate) fn has_flag(&self, capability: &str, flag: &str) -> bool {
        let all = &self.capabilities;
        let Some(one) =
            wire::members(all).find(|member| member.key.of(all) == capability.as_bytes())
        else {
            return false;
        };
        let one = one.value.of(all);
        wire::members(one)
            .any(|member| member.key.of(one) == flag.as_bytes() && member.value.of(one) == b"true")
    }
}
