//! Environment variables as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// Variables by name, as the system tells names apart: Windows takes no notice of case.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Variables(BTreeMap<OsString, (OsString, OsString)>);

// === impl Variables ===

impl Variables {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// What a variable says; one that says nothing counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.0.get(&key(OsStr::new(name)))?;
        Some(value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// What a variable says, even if that is nothing.
    pub(super) fn value(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.0.get(&key(OsStr::new(name)))?;
        Some(value)
    }

    /// Whether a variable is there, even one that says nothing.
    pub(super) fn has(&self, name: &OsStr) -> bool {
        self.0.contains_key(&key(name))
    }

    /// Sets one.
    pub(super) fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = name.into();
        self.0.insert(key(&name), (name, value.into()));
    }

    /// Keeps those that are wanted, by name.
    pub(super) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        // A name that is not Unicode is none of those that anybody here speaks of.
        self.0
            .retain(|_, (name, _)| name.to_str().is_none_or(&wanted));
    }

    /// Each with its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .values()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut variables = Self::default();
        for (name, value) in pairs {
            variables.set(name, value);
        }
        variables
    }
}

/// Names only: values may be secrets.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

fn key(name: &OsStr) -> OsString {
    if cfg!(windows) {
        name.to_ascii_uppercase()
    } else {
        name.to_owned()
    }
}
