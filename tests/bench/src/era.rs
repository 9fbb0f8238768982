//! The two eras of MCP, as far as a call differs between them.

/// In which era a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Era {
    /// With `initialize` and a session.
    Legacy,
    /// Without either: every request describes itself.
    Modern,
}

/// The version of a legacy client.
pub const LEGACY: &str = "2025-11-25";
/// The version of a modern one.
pub const MODERN: &str = "2026-07-28";

/// What a modern client says of itself in each request's `_meta`: as much as hosts say that can
/// show a form and a page.
pub const CLAIM: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"load","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{},"url":{}},"roots":{}}"#;

// === impl Era ===

impl Era {
    /// As the configuration's `protocol` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}
