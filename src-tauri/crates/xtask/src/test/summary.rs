//! How the steps ended, as a table and one closing line for machines.

use std::fmt;
use std::time::Duration;

use crate::words::said;

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    /// What it works on does not exist here.
    Skipped(String),
    Failed(String),
    /// Not run, because this step failed.
    Hindered(&'static str),
}

/// One row.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// The table; its last line is `N passed, M failed`, always in English.
pub(super) fn table(lines: &[Line]) -> String {
    let mut text = String::from("\n");
    for line in lines {
        text.push_str(&format!(
            "{:<14}{:>8.1} s  {}\n",
            line.name,
            line.took.as_secs_f64(),
            line.verdict
        ));
    }
    let total: Duration = lines.iter().map(|line| line.took).sum();
    text.push_str(&format!(
        "{:<14}{:>8.1} s\n\n",
        said("together", "合计"),
        total.as_secs_f64()
    ));
    let passed = lines
        .iter()
        .filter(|line| line.verdict == Verdict::Passed)
        .count();
    let failed = lines.iter().filter(|line| !line.verdict.is_fine()).count();
    text.push_str(&format!("{passed} passed, {failed} failed\n"));
    text
}

// === impl Verdict ===

impl Verdict {
    /// Nothing to be mended.
    pub(super) fn is_fine(&self) -> bool {
        matches!(self, Self::Passed | Self::Skipped(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str(said("passed", "通过")),
            Self::Skipped(why) => write!(f, "{}: {why}", said("skipped", "跳过")),
            Self::Failed(why) => write!(f, "{}: {}", said("FAILED", "失败"), why.trim()),
            Self::Hindered(needed) => write!(
                f,
                "{} ({needed})",
                said(
                    "FAILED: not run, an earlier step failed",
                    "失败：前置步骤未通过，未运行"
                )
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_the_steps_and_a_skipped_one_is_neither() {
        let line = |verdict| Line {
            name: "x",
            verdict,
            took: Duration::from_millis(1500),
        };
        let text = table(&[
            line(Verdict::Passed),
            line(Verdict::Skipped("nothing there".to_owned())),
            line(Verdict::Failed("why".to_owned())),
            line(Verdict::Hindered("build")),
        ]);
        assert_eq!(text.lines().last(), Some("1 passed, 2 failed"));
        assert!(text.contains("1.5 s"), "{text}");
    }
}
