//! What an examination finds, as the window and the command line show it.

use serde::Serialize;

use super::fix::Fix;
use crate::words::Words;

/// How much a finding matters; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "DoctorSeverity"))]
pub enum Severity {
    /// Something does not work.
    Problem,
    /// It works, and may not for long or not for everybody.
    Warning,
    /// It was looked at and is in order.
    Ok,
    /// It could not be looked at; the text says why.
    Skipped,
}

/// Something that the doctor can do about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "DoctorFix"))]
pub struct Offer {
    /// What to ask for.
    pub id: String,
    /// What would be done.
    pub label: Words,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "DoctorFinding"))]
pub struct Finding {
    /// The check, and what of several things it concerns; unique within a report.
    pub id: String,
    /// The server that it concerns.
    pub subject: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// What is the matter.
    pub title: Words,
    /// Why, with what was looked at.
    pub cause: Option<Words>,
    /// What to do about it.
    pub remedy: Option<Words>,
    /// What the doctor can do about it when asked.
    pub fix: Option<Offer>,
    #[serde(skip)]
    pub(super) cure: Option<Fix>,
}

/// Everything that an examination found, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "DoctorReport"))]
pub struct Report {
    /// Of the gateway.
    pub version: &'static str,
    /// The operating system and the kind of processor.
    pub system: String,
    /// What was looked at.
    pub findings: Vec<Finding>,
}

// === impl Finding ===

impl Finding {
    /// Something that is in order.
    pub(super) fn ok(id: impl Into<String>, title: Words) -> Self {
        Self::new(id, Severity::Ok, title)
    }

    /// Something that could not be looked at.
    pub(super) fn skipped(id: impl Into<String>, title: Words) -> Self {
        Self::new(id, Severity::Skipped, title)
    }

    /// Something that may become a problem.
    pub(super) fn warning(id: impl Into<String>, title: Words) -> Self {
        Self::new(id, Severity::Warning, title)
    }

    /// Something that does not work.
    pub(super) fn problem(id: impl Into<String>, title: Words) -> Self {
        Self::new(id, Severity::Problem, title)
    }

    fn new(id: impl Into<String>, severity: Severity, title: Words) -> Self {
        Self {
            id: id.into(),
            subject: None,
            severity,
            title,
            cause: None,
            remedy: None,
            fix: None,
            cure: None,
        }
    }

    /// The same about one server.
    pub(super) fn of(mut self, server: &str) -> Self {
        self.subject = Some(server.to_owned());
        self
    }

    /// The same with its reason.
    pub(super) fn because(mut self, cause: Words) -> Self {
        self.cause = Some(cause);
        self
    }

    /// The same with what to do.
    pub(super) fn remedy(mut self, remedy: Words) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// The same with what the doctor can do.
    pub(super) fn cured_by(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix.as_ref().map(|fix| Offer {
            id: self.id.clone(),
            label: fix.label(),
        });
        self.cure = fix;
        self
    }
}

// === impl Report ===

impl Report {
    pub(super) fn new(mut findings: Vec<Finding>) -> Self {
        // Within one severity the order of the checks stays.
        findings.sort_by_key(|finding| finding.severity);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            findings,
        }
    }

    /// How much does not work, or may not for long.
    pub fn count(&self) -> usize {
        let matters =
            |one: &&Finding| matches!(one.severity, Severity::Problem | Severity::Warning);
        self.findings.iter().filter(matters).count()
    }

    /// Whether anything does not work.
    pub fn has_problems(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first_and_the_rest_keeps_its_order() {
        let words = || Words::new("x", "某");
        let report = Report::new(vec![
            Finding::ok("a", words()),
            Finding::warning("b", words()),
            Finding::problem("c", words()),
            Finding::warning("d", words()),
        ]);
        let ids: Vec<_> = report.findings.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["c", "b", "d", "a"]);
        assert!(report.has_problems());
        assert_eq!(report.count(), 3);
    }
}
