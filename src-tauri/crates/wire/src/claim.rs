//! What a modern request says of itself in `params._meta` (MCP 2026-07-28, "Base Protocol / `_meta`"),
//! and which era a message belongs to.

use crate::envelope::{Envelope, Kind, Params};
use crate::json::{members, string_text};
use crate::scan::Span;
use crate::version::Era;

/// The keys of `_meta` that the specification reserves for itself.
pub mod meta {
    /// The version that a request is made in. Required.
    pub const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    /// What the client can be asked. Required.
    pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    /// Who the client says it is.
    pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
    /// From which level on the client wants log messages of this request.
    pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
    /// On everything that a subscription brings: the id of the request that opened it.
    pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
    /// In results: who the server says it is.
    pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
}

/// Where a request says what; each span lies in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claim {
    /// [`meta::VERSION`].
    pub version: Option<Span>,
    /// [`meta::CLIENT_CAPABILITIES`].
    pub capabilities: Option<Span>,
    /// [`meta::CLIENT_INFO`].
    pub client_info: Option<Span>,
    /// [`meta::LOG_LEVEL`].
    pub log_level: Option<Span>,
}

impl Claim {
    /// Reads it in the message that `params` belongs to. A key that is there twice counts as it
    /// is there last; the version cannot be.
    pub fn read(text: &[u8], params: &Params) -> Self {
        let mut claim = Self {
            version: params.claimed_version,
            ..Self::default()
        };
        let Some(whole) = params.meta else {
            return claim;
        };
        let object = whole.of(text);
        for member in members(object) {
            let key = member.key.of(object);
            let place = if memchr::memchr(b'\\', key).is_none() {
                claim.place(key)
            } else {
                claim.place(plain(key).as_bytes())
            };
            if let Some(place) = place {
                *place = Some(member.value.shifted(whole.start));
            }
        }
        claim
    }

    /// Where the value of a key belongs; not that of the version, which is known already.
    fn place(&mut self, key: &[u8]) -> Option<&mut Option<Span>> {
        const CAPABILITIES: &[u8] = meta::CLIENT_CAPABILITIES.as_bytes();
        const INFO: &[u8] = meta::CLIENT_INFO.as_bytes();
        const LEVEL: &[u8] = meta::LOG_LEVEL.as_bytes();
        match key {
            CAPABILITIES => Some(&mut self.capabilities),
            INFO => Some(&mut self.client_info),
            LEVEL => Some(&mut self.log_level),
            _ => None,
        }
    }
}

/// A key without escapes.
pub(crate) fn plain(key: &[u8]) -> std::borrow::Cow<'_, str> {
    if memchr::memchr(b'\\', key).is_none() {
        return String::from_utf8_lossy(key);
    }
    let quoted = [b"\"", key, b"\""].concat();
    string_text(&quoted).unwrap_or_default().into_owned().into()
}

/// Which era a message belongs to: the body first. `header` is the `MCP-Protocol-Version`
/// header of the request that brought it, where there is such a thing.
///
/// | message | era |
/// |---|---|
/// | a request that claims a version | that version's |
/// | `initialize` that claims none | legacy, whatever a header says |
/// | anything else | the header's; legacy without one |
pub fn era_of(text: &[u8], envelope: &Envelope, header: Option<&str>) -> Era {
    if let (Kind::Request { .. }, Some(version)) = (envelope.kind, envelope.params.claimed_version)
    {
        // What is no text claims to be modern, and will be told what is wrong with it.
        return string_text(version.of(text)).map_or(Era::Modern, |version| Era::claimed(&version));
    }
    // The header first: a legacy one settles it for every other request.
    match header.map_or(Era::Legacy, Era::of_header) {
        Era::Modern if is_hello(text, envelope) => Era::Legacy,
        era => era,
    }
}

fn is_hello(text: &[u8], envelope: &Envelope) -> bool {
    matches!(envelope.kind, Kind::Request { .. }) && envelope.method(text) == "initialize"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::{MODERN, Version};

    fn era(text: &str, header: Option<&str>) -> Era {
        let envelope = crate::parse(text.as_bytes(), 64).expect("legal");
        era_of(text.as_bytes(), &envelope, header)
    }

    fn request(method: &str, version: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":{version}}}}}}}"#
        )
    }

    #[test]
    fn the_body_decides_and_a_header_only_where_the_body_says_nothing() {
        let legacy = Version::LATEST.as_str();
        for header in [None, Some(MODERN), Some(legacy)] {
            assert_eq!(
                era(&request("tools/call", "\"2026-07-28\""), header),
                Era::Modern
            );
            assert_eq!(
                era(&request("tools/call", "\"2031-01-01\""), header),
                Era::Modern
            );
            assert_eq!(
                era(&request("tools/call", "\"2025-11-25\""), header),
                Era::Legacy
            );
            assert_eq!(era(&request("tools/call", "7"), header), Era::Modern);
            assert_eq!(
                era(&request("initialize", "\"2026-07-28\""), header),
                Era::Modern
            );
            assert_eq!(
                era(r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#, header),
                Era::Legacy
            );
        }
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        ] {
            assert_eq!(era(text, None), Era::Legacy);
            assert_eq!(era(text, Some(legacy)), Era::Legacy);
            assert_eq!(era(text, Some(MODERN)), Era::Modern);
        }
    }

    #[test]
    fn a_claim_is_read_however_its_keys_are_spelt() {
        let text = br#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":[1], "_meta": {"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilit\u0069es":{"roots":{}},"traceparent":"00","io.modelcontextprotocol/logLevel":"info","io.modelcontextprotocol/clientInfo":{"name":"n"}}}}"#;
        let envelope = crate::parse(text, 64).expect("legal");
        let claim = Claim::read(text, &envelope.params);
        let said = |span: Option<Span>| span.map(|span| span.of(text));
        assert_eq!(said(claim.version), Some(&br#""2026-07-28""#[..]));
        assert_eq!(said(claim.capabilities), Some(&br#"{"roots":{}}"#[..]));
        assert_eq!(said(claim.log_level), Some(&br#""info""#[..]));
        assert_eq!(said(claim.client_info), Some(&br#"{"name":"n"}"#[..]));
        let nothing = crate::parse(br#"{"jsonrpc":"2.0","id":1,"method":"x"}"#, 64);
        let nothing = nothing.expect("legal").params;
        assert_eq!(Claim::read(b"", &nothing), Claim::default());
    }
}
