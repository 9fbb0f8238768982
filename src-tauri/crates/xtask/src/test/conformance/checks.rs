//! What a run of the suite said, and how two runs differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// The statuses by their check. Remarks of the suite are left out: they judge nothing.
#[derive(Debug, Default)]
pub(super) struct Verdicts(BTreeMap<String, Check>);

/// One check of the suite.
#[derive(Debug, Clone, Deserialize)]
struct Check {
    id: String,
    status: String,
    #[serde(rename = "errorMessage", default)]
    why: String,
}

/// What is known to be otherwise, each with its reason: the lines of a file
/// `scenario/check#occurrence: reason`.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<String, String>);

// === impl Verdicts ===

impl Verdicts {
    /// Reads what the suite left in a folder: one folder per scenario.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut verdicts = Self::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let file = entry.path().join("checks.json");
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let checks: Vec<Check> = serde_json::from_str(&text)?;
            verdicts.add(scenario_in(&name), checks);
        }
        ensure!(!verdicts.0.is_empty(), "the suite said nothing");
        Ok(verdicts)
    }

    /// Reads what it left of clients: the scenarios of a group lie in a folder of their own. What
    /// a client said of itself, by ending with `done` or not, is a check, too.
    pub(super) fn of_clients(folder: &Path) -> anyhow::Result<Self> {
        let mut verdicts = Self::default();
        verdicts.add_clients(folder, "")?;
        ensure!(!verdicts.0.is_empty(), "the suite said nothing");
        Ok(verdicts)
    }

    fn add_clients(&mut self, folder: &Path, group: &str) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder)? {
            let folder = entry?.path();
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let file = folder.join("checks.json");
            if !file.exists() {
                self.add_clients(&folder, &format!("{group}{name}/"))?;
                continue;
            }
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let mut checks: Vec<Check> = serde_json::from_str(&text)?;
            let said = fs::read_to_string(folder.join("stdout.txt"))?;
            let complained = fs::read_to_string(folder.join("stderr.txt"))?;
            checks.push(Check::of_client(&said, &complained));
            self.add(&format!("{group}{}", scenario_in(&name)), checks);
        }
        Ok(())
    }

    fn add(&mut self, scenario: &str, checks: Vec<Check>) {
        let mut seen = BTreeMap::<String, u32>::new();
        for check in checks.into_iter().filter(|check| check.status != "INFO") {
            let occurrence = seen.entry(check.id.clone()).or_default();
            *occurrence += 1;
            let key = format!("{scenario}/{}#{occurrence}", check.id);
            self.0.insert(key, check);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Checks that were not passed, each with a line about it.
    pub(super) fn failures(&self) -> BTreeMap<String, String> {
        self.0
            .iter()
            .filter(|(_, check)| check.status == "FAILURE" || check.status == "WARNING")
            .map(|(key, check)| (key.clone(), check.line()))
            .collect()
    }

    /// Checks that came out otherwise than here, each with a line about it.
    pub(super) fn differences(&self, other: &Self) -> BTreeMap<String, String> {
        let keys: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        keys.into_iter()
            .filter_map(|key| {
                let (here, there) = (self.0.get(key), other.0.get(key));
                let line = |check: Option<&Check>| check.map_or("nothing".to_owned(), Check::line);
                (here.map(|check| &check.status) != there.map(|check| &check.status))
                    .then(|| (key.clone(), format!("{} -> {}", line(here), line(there))))
            })
            .collect()
    }
}

impl Check {
    /// What a client said of itself.
    fn of_client(said: &str, complained: &str) -> Self {
        let is_done = said.lines().next_back() == Some("done");
        // What its gateway said comes first.
        let why = complained.lines().next_back().unwrap_or("it said nothing");
        Self {
            id: "client".to_owned(),
            status: if is_done { "SUCCESS" } else { "FAILURE" }.to_owned(),
            why: why.to_owned(),
        }
    }

    fn line(&self) -> String {
        match self.why.lines().next() {
            None => self.status.clone(),
            Some(why) => format!(
                "{} ({})",
                self.status,
                why.chars().take(300).collect::<String>()
            ),
        }
    }
}

/// `server-tools-list-2026-01-01T00-00-00-000Z` is of the scenario `tools-list`.
fn scenario_in(folder: &str) -> &str {
    let name = folder.strip_prefix("server-").unwrap_or(folder);
    let stamp = "-2026-01-01T00-00-00-000Z".len();
    name.len()
        .checked_sub(stamp)
        .and_then(|end| name.get(..end))
        .unwrap_or(name)
}

// === impl Known ===

impl Known {
    /// Reads a file; one that does not exist knows nothing.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        Self::parse(&fs::read_to_string(file)?).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut known = Self::default();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, reason) = line
                .split_once(": ")
                .with_context(|| format!("no reason is given: {line}"))?;
            known.0.insert(key.to_owned(), reason.to_owned());
        }
        Ok(known)
    }

    /// Complaints about what was found: what is not known, and what is known but was not found.
    pub(super) fn complaints(&self, found: &BTreeMap<String, String>) -> Vec<String> {
        let new = found
            .iter()
            .filter(|(key, _)| !self.0.contains_key(*key))
            .map(|(key, line)| format!("{key}: {line}"));
        let stale = self
            .0
            .keys()
            .filter(|key| !found.contains_key(*key))
            .map(|key| format!("{key}: this is listed, but no longer so"));
        new.chain(stale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(checks: &[(&str, &str)]) -> Verdicts {
        let checks = checks.iter().map(|(id, status)| Check {
            id: (*id).to_owned(),
            status: (*status).to_owned(),
            why: String::new(),
        });
        let mut verdicts = Verdicts::default();
        verdicts.add("s", checks.collect());
        verdicts
    }

    #[test]
    fn scenarios_are_named_by_their_folders() {
        for prefix in ["server-", ""] {
            let folder = format!("{prefix}json-schema-2020-12-2026-11-21T20-10-11-123Z");
            assert_eq!(scenario_in(&folder), "json-schema-2020-12");
        }
    }

    #[test]
    fn a_client_that_does_not_end_well_fails_a_check() {
        let mut verdicts = Verdicts::default();
        verdicts.add("well", vec![Check::of_client("done\n", "x\n")]);
        verdicts.add("ill", vec![Check::of_client("", "x\nwhy\n")]);
        verdicts.add("mute", vec![Check::of_client("", "")]);
        let failures: Vec<_> = verdicts.failures().into_iter().collect();
        let pair = |key: &str, line: &str| (key.to_owned(), line.to_owned());
        assert_eq!(
            failures,
            [
                pair("ill/client#1", "FAILURE (why)"),
                pair("mute/client#1", "FAILURE (it said nothing)"),
            ]
        );
    }

    #[test]
    fn a_check_that_occurs_twice_is_two() {
        let alone = verdicts(&[("a", "SUCCESS"), ("log", "INFO"), ("a", "SUCCESS")]);
        let behind = verdicts(&[("a", "SUCCESS"), ("a", "FAILURE")]);
        let differences = alone.differences(&behind);
        assert_eq!(differences.keys().collect::<Vec<_>>(), ["s/a#2"]);
        assert_eq!(behind.failures().len(), 1);
        assert!(alone.differences(&alone).is_empty() && alone.failures().is_empty());
    }

    #[test]
    fn a_check_that_only_one_run_made_is_a_difference() {
        let alone = verdicts(&[("a", "SUCCESS"), ("b", "SUCCESS")]);
        let behind = verdicts(&[("a", "SUCCESS"), ("b", "INFO")]);
        assert_eq!(alone.differences(&behind)["s/b#1"], "SUCCESS -> nothing");
        assert_eq!(behind.differences(&alone)["s/b#1"], "nothing -> SUCCESS");
    }

    #[test]
    fn what_is_known_needs_a_reason_and_must_still_be_so() {
        assert!(Known::parse("s/a#1\n").is_err());
        let known = Known::parse("# why\n\ns/a#1: because\ns/b#1: because\n").expect("two lines");
        let found = BTreeMap::from([
            ("s/a#1".to_owned(), "FAILURE".to_owned()),
            ("s/c#1".to_owned(), "FAILURE".to_owned()),
        ]);
        let complaints = known.complaints(&found);
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints[0].starts_with("s/c#1") && complaints[1].starts_with("s/b#1"));
    }
}
