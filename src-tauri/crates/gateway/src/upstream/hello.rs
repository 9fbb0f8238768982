//! What a server said when it was greeted.

use bytes::Bytes;
use wire::{Era, MODERN, meta};

use crate::serve::handshake::INSTANCE;

/// What a server said at `initialize` or `server/discover`, raw.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    pub(crate) era: Era,
    pub(crate) capabilities: Bytes,
    pub(crate) instructions: Option<String>,
    pub(crate) server_info: Option<Bytes>,
    pub(crate) protocol_version: String,
}

// === impl Hello ===

impl Hello {
    /// That of a raw InitializeResult.
    pub(super) fn legacy(result: &Bytes) -> Self {
        Self {
            era: Era::Legacy,
            server_info: member(result, "serverInfo"),
            protocol_version: text(result, "protocolVersion").unwrap_or_default(),
            ..Self::in_either(result)
        }
    }

    /// That of a raw DiscoverResult. Who the server is stands in `_meta`; some say it as in an
    /// InitializeResult.
    pub(super) fn modern(result: &Bytes) -> Self {
        let in_meta = member(result, "_meta").and_then(|of| member(&of, meta::SERVER_INFO));
        Self {
            server_info: in_meta.or_else(|| member(result, "serverInfo")),
            ..Self::in_either(result)
        }
    }

    fn in_either(result: &Bytes) -> Self {
        Self {
            era: Era::Modern,
            capabilities: member(result, "capabilities")
                .unwrap_or_else(|| Bytes::from_static(b"{}")),
            instructions: text(result, "instructions"),
            server_info: None,
            protocol_version: MODERN.to_owned(),
        }
    }

    /// Whether the server declared a capability.
    pub(crate) fn has(&self, capability: &str) -> bool {
        wire::members(&self.capabilities)
            .any(|member| member.key.of(&self.capabilities) == capability.as_bytes())
    }

    /// Whether the server declared an extension.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        let extensions = member(&self.capabilities, "extensions");
        extensions.is_some_and(|all| member(&all, extension).is_some())
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

/// Whether a result comes from the gateway that calls itself `instance`.
pub(super) fn is_of(result: &Bytes, instance: &str) -> bool {
    member(result, "_meta")
        .and_then(|meta| text(&meta, INSTANCE))
        .as_deref()
        == Some(instance)
}

fn member(object: &Bytes, name: &str) -> Option<Bytes> {
    let found = wire::members(object).find(|member| member.key.of(object) == name.as_bytes());
    found.map(|member| object.slice(member.value.range()))
}

fn text(object: &Bytes, name: &str) -> Option<String> {
    let raw = member(object, name)?;
    wire::string_text(&raw).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_a_modern_server_is_stands_in_either_place() {
        let info = |result: &'static str| {
            let hello = Hello::modern(&Bytes::from_static(result.as_bytes()));
            assert_eq!(
                (hello.era, hello.protocol_version.as_str()),
                (Era::Modern, MODERN)
            );
            hello
                .server_info
                .map(|info| String::from_utf8_lossy(&info).into_owned())
        };
        let in_meta = r#"{"serverInfo":{"name":"b"},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"a"}}}"#;
        assert_eq!(info(in_meta).as_deref(), Some(r#"{"name":"a"}"#));
        assert_eq!(
            info(r#"{"serverInfo":{"name":"b"}}"#).as_deref(),
            Some(r#"{"name":"b"}"#)
        );
        assert_eq!(info("{}"), None);
    }

    #[test]
    fn a_gateway_knows_its_own_mark_and_no_other() {
        let result = Bytes::from(format!(r#"{{"_meta":{{"{INSTANCE}":"me"}}}}"#));
        assert!(is_of(&result, "me"));
        assert!(!is_of(&result, "other"));
        assert!(!is_of(&Bytes::from_static(b"{}"), "me"));
    }
}
