//! Severity of MCP log messages (MCP 2025-11-25, "Logging"; RFC 5424 section 6.2.1).

use serde::{Deserialize, Serialize};

/// Least severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LogLevel {
    /// For whoever looks for a mistake in the program.
    Debug,
    /// What goes as it should.
    Info,
    /// Worth a look.
    Notice,
    /// May become a failure.
    Warning,
    /// Something failed.
    Error,
    /// A part of the program failed.
    Critical,
    /// Somebody has to act at once.
    Alert,
    /// Nothing works.
    Emergency,
}

impl LogLevel {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Debug, "debug"),
        (Self::Info, "info"),
        (Self::Notice, "notice"),
        (Self::Warning, "warning"),
        (Self::Error, "error"),
        (Self::Critical, "critical"),
        (Self::Alert, "alert"),
        (Self::Emergency, "emergency"),
    ];

    /// The level of this name.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, name)| *name == text)
            .map(|(level, _)| level)
    }

    /// The level that is as severe as this.
    pub(crate) fn of_severity(severity: u8) -> Option<Self> {
        let found = Self::ALL.get(usize::from(severity));
        found.map(|(level, _)| *level)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_named_as_in_the_specification() {
        for (level, name) in LogLevel::ALL {
            assert_eq!(LogLevel::from_wire(name), Some(level));
            assert_eq!(level.as_str(), name);
            assert_eq!(LogLevel::of_severity(level as u8), Some(level));
        }
        assert!(LogLevel::Debug < LogLevel::Emergency);
        assert_eq!(LogLevel::from_wire("loud"), None);
    }
}
