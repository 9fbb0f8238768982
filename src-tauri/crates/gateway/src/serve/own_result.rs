//! Results of the gateway's own as modern clients get them (MCP 2026-07-28, "Base Protocol /
//! Responses" and "Caching"). Pure.

use serde_json::json;
use wire::meta;

/// How long a result may be kept, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Keep {
    pub(crate) ttl_ms: u64,
    /// Not for the user alone who asked.
    pub(crate) public: bool,
}

/// Who the gateway says it is, as raw JSON.
pub(crate) fn gateway_info() -> String {
    json!({ "name": "mcp-gateway", "title": "MCP Gateway", "version": env!("CARGO_PKG_VERSION") })
        .to_string()
}

/// The complete result that has the members of the object `result`, which has none of those that
/// are added.
pub(crate) fn complete(result: &[u8], keep: Keep) -> Vec<u8> {
    let inside = result
        .trim_ascii()
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"))
        .unwrap_or_default();
    let comma = if inside.trim_ascii().is_empty() {
        ""
    } else {
        ","
    };
    let scope = if keep.public { "public" } else { "private" };
    let behind = format!(
        r#"{comma}"ttlMs":{},"cacheScope":"{scope}","_meta":{{"{}":{}}}}}"#,
        keep.ttl_ms,
        meta::SERVER_INFO,
        gateway_info()
    );
    [
        &br#"{"resultType":"complete","#[..],
        inside,
        behind.as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_stay_as_they_are_between_what_is_added() {
        let keep = Keep {
            ttl_ms: 7,
            public: true,
        };
        let wanted = |inside: &str| {
            format!(
                r#"{{"resultType":"complete",{inside}"ttlMs":7,"cacheScope":"public","_meta":{{"io.modelcontextprotocol/serverInfo":{}}}}}"#,
                gateway_info()
            )
        };
        assert_eq!(
            complete(br#"{"tools":[ {"n":1.0}]}"#, keep),
            wanted(r#""tools":[ {"n":1.0}],"#).as_bytes()
        );
        assert_eq!(complete(b"{}", keep), wanted("").as_bytes());
    }
}
