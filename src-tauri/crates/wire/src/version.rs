//! Protocol versions of the Model Context Protocol.

/// A version that the gateway speaks on its legacy endpoint, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP+SSE transport.
    V2024_11_05,
    /// Streamable HTTP and JSON-RPC batches.
    V2025_03_26,
    /// `MCP-Protocol-Version` header, elicitation, structured output; no batches.
    V2025_06_18,
    /// URL elicitation, sampling with tools, experimental tasks.
    V2025_11_25,
}

impl Version {
    /// The newest one.
    pub const LATEST: Self = Self::V2025_11_25;

    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
    ];

    /// As it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
        }
    }

    /// Reads a version as written on the wire.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
    }

    /// Whether a message may be a JSON-RPC batch (only 2025-03-26 knew them on HTTP).
    pub const fn has_batches(self) -> bool {
        matches!(self, Self::V2025_03_26)
    }
}

/// The version to answer an `initialize` with: the one asked for where it is
/// known, else the newest (MCP, "Lifecycle / Version Negotiation").
pub fn negotiate(requested: &str) -> Version {
    Version::from_wire(requested).unwrap_or(Version::LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_versions_are_kept_and_unknown_ones_get_the_newest() {
        for version in Version::ALL {
            assert_eq!(negotiate(version.as_str()), version);
        }
        assert_eq!(negotiate("2099-01-01"), Version::LATEST);
        assert_eq!(Version::from_wire(""), None);
    }
}
