//! The levels of log messages, as they are written on the wire (RFC 5424, section 6.2.1).

/// All of them, the least severe first.
pub const LOG_LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

/// How severe a level is: its place in [`LOG_LEVELS`]. `None` for what is no level.
pub fn severity(level: &str) -> Option<usize> {
    LOG_LEVELS.iter().position(|known| *known == level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_compared_as_written() {
        assert_eq!(severity("debug"), Some(0));
        assert!(severity("warning") < severity("error"));
        assert_eq!(severity("Error"), None);
    }
}
