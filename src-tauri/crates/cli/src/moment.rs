//! Points in time, as a terminal shows them.

use time::OffsetDateTime;

/// A day and a time of day that sort and read the same everywhere.
pub(crate) fn date(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .map_or_else(String::new, |at| {
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02} UTC",
                at.year(),
                u8::from(at.month()),
                at.day(),
                at.hour(),
                at.minute()
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_sort_as_text() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(1_795_266_300), "2026-11-21 13:05 UTC");
    }
}
