//! Protocol versions of the Model Context Protocol, and the two eras they belong to.

/// The version without a handshake: every request describes itself.
pub const MODERN: &str = "2026-07-28";

/// How two sides come to speak with each other (MCP 2026-07-28, "Versioning / Terminology").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// With an `initialize` handshake and sessions: [`Version`].
    Legacy,
    /// Without either: [`MODERN`] and later.
    Modern,
}

impl Era {
    /// Of a version that a request claims in its `_meta`: everything but a legacy version
    /// claims to be modern, known or not.
    pub fn claimed(version: &str) -> Self {
        if Version::from_wire(version).is_some() {
            Self::Legacy
        } else {
            Self::Modern
        }
    }

    /// Of an `MCP-Protocol-Version` header, whose dates compare as text. What is no such date is
    /// left to the check of legacy headers.
    pub fn of_header(version: &str) -> Self {
        // In this order, because every legacy request comes here.
        if version >= MODERN && is_date(version) {
            Self::Modern
        } else {
            Self::Legacy
        }
    }
}

fn is_date(text: &str) -> bool {
    let shape = b"dddd-dd-dd";
    text.len() == shape.len()
        && text.bytes().zip(shape).all(|(byte, kind)| match kind {
            b'd' => byte.is_ascii_digit(),
            _ => byte == *kind,
        })
}

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

    #[test]
    fn versions_belong_to_eras() {
        for version in Version::ALL {
            assert_eq!(Era::claimed(version.as_str()), Era::Legacy);
            assert_eq!(Era::of_header(version.as_str()), Era::Legacy);
        }
        for version in [MODERN, "2027-01-01"] {
            assert_eq!(Era::claimed(version), Era::Modern);
            assert_eq!(Era::of_header(version), Era::Modern);
        }
        assert_eq!(Era::claimed("1900-01-01"), Era::Modern);
        for header in ["", "latest", "2026-07-2", "20260728", "dddd-dd-dd"] {
            assert_eq!(Era::of_header(header), Era::Legacy, "{header}");
        }
    }
}
