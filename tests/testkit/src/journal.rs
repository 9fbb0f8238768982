//! Reading what the instances of a fake server left behind.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process;

/// The journal of one fake server, all its instances together.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

/// One line of a journal.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The instance.
    pub pid: u32,
    /// `start`, `recv`, `mirrored`, `closed`, `exit`, `eof`, `sigterm`, `grandchild`.
    pub event: String,
    /// The exact message received, or the reason of an exit.
    pub raw: String,
    /// The HTTP method by which it came, empty where it did not.
    pub http: String,
    /// Headers, where it came over HTTP. In a `mirrored` entry what those of a modern request
    /// repeat of its body: `{version, method, name, params}`, decoded.
    pub headers: Value,
}

impl Journal {
    /// The journal in this file, which need not exist yet.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .map(|entry| Entry {
                pid: entry["pid"].as_u64().unwrap_or_default() as u32,
                event: entry["event"].as_str().unwrap_or_default().to_owned(),
                raw: entry["raw"].as_str().unwrap_or_default().to_owned(),
                http: entry["http"].as_str().unwrap_or_default().to_owned(),
                headers: entry["headers"].clone(),
            })
            .collect()
    }

    /// The exact messages received, oldest first.
    pub fn received(&self) -> Vec<String> {
        self.entries()
            .into_iter()
            .filter(|entry| entry.event == "recv")
            .map(|entry| entry.raw)
            .collect()
    }

    /// The exact messages received with this method.
    pub fn received_of(&self, method: &str) -> Vec<String> {
        let is_it = |raw: &String| {
            wire::parse(raw.as_bytes(), 100_000)
                .is_ok_and(|message| message.method(raw.as_bytes()) == method)
        };
        self.received().into_iter().filter(is_it).collect()
    }

    /// What the headers of modern requests with this method repeated of their bodies, all of it
    /// compared by the server: `{version, method, name, params}`.
    pub fn mirrored_of(&self, method: &str) -> Vec<Value> {
        self.entries()
            .into_iter()
            .filter(|entry| entry.event == "mirrored" && entry.headers["method"] == method)
            .map(|entry| entry.headers)
            .collect()
    }

    /// The modern requests whose clients closed the connection before the answer.
    pub fn closed(&self) -> Vec<String> {
        self.entries()
            .into_iter()
            .filter(|entry| entry.event == "closed")
            .map(|entry| entry.raw)
            .collect()
    }

    /// How many instances ever started.
    pub fn starts(&self) -> usize {
        self.entries()
            .iter()
            .filter(|entry| entry.event == "start")
            .count()
    }

    /// How many instances ran side by side at most. One that was killed left no word of
    /// its end and counts for ever.
    pub fn most_at_once(&self) -> usize {
        let (mut running, mut most) = (HashSet::new(), 0);
        for entry in self.entries() {
            // At the end of stdin and told to end in the same moment, one may say so twice.
            match entry.event.as_str() {
                "start" => running.insert(entry.pid),
                "exit" => running.remove(&entry.pid),
                _ => false,
            };
            most = most.max(running.len());
        }
        most
    }

    /// Instances that run now.
    pub fn alive(&self) -> Vec<u32> {
        let started: HashSet<u32> = self.pids("start");
        started
            .into_iter()
            .filter(|pid| process::is_alive(*pid))
            .collect()
    }

    /// Processes that the instances started themselves and that run now.
    pub fn grandchildren_alive(&self) -> Vec<u32> {
        let grandchildren = self
            .entries()
            .into_iter()
            .filter(|entry| entry.event == "grandchild");
        grandchildren
            .filter_map(|entry| entry.raw.parse().ok())
            .filter(|pid| process::is_alive(*pid))
            .collect()
    }

    fn pids(&self, event: &str) -> HashSet<u32> {
        self.entries()
            .into_iter()
            .filter(|entry| entry.event == event)
            .map(|entry| entry.pid)
            .collect()
    }
}
