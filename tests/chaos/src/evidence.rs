//! Gathers what everybody has written down.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::Value;
use testkit::Gateway;

use crate::call::{End, Record};
use crate::client::Diary;
use crate::gateway_log;
use crate::oracle::{Evidence, Execution, Outage};
use crate::town;

/// What a process has printed before its end has been read within this time.
const READ_WITHIN: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);
/// So many calls are told as the slowest ones.
const SLOWEST: usize = 3;

/// Everything but the fake servers' journals, which lie on disk.
#[derive(Debug, Default)]
pub(crate) struct Papers {
    records: Vec<Record>,
    strays: Vec<String>,
    /// The log of each gateway that has ended, one after the other.
    pub(crate) log: String,
    pub(crate) outages: Vec<Outage>,
    rounds: Vec<&'static str>,
}

impl Papers {
    /// What the clients of a round bring home.
    pub(crate) fn diaries(&mut self, round: &'static str, diaries: Vec<Diary>) {
        self.rounds.push(round);
        for diary in diaries {
            self.records.extend(diary.records);
            self.strays.extend(diary.strays);
        }
    }

    /// Takes the log of a gateway that has ended.
    pub(crate) async fn log_of(&mut self, gateway: &Gateway) -> anyhow::Result<()> {
        let deadline = Instant::now() + READ_WITHIN;
        while !gateway.stderr_is_whole() && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
        self.log.push_str(&gateway.stderr());
        ensure!(
            gateway.stderr_is_whole(),
            "the log of a gateway that has ended does not end within {READ_WITHIN:?}"
        );
        Ok(())
    }

    pub(crate) fn evidence(&self, gateway: &Gateway) -> Evidence {
        Evidence {
            calls: self.records.clone(),
            strays: self.strays.clone(),
            gateway: gateway_log::read(&self.log),
            executions: executions(gateway),
            outages: self.outages.clone(),
            rounds: self.rounds.clone(),
        }
    }

    /// How many calls ended how.
    pub(crate) fn ends(&self) -> String {
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for record in &self.records {
            let end = match &record.end {
                End::Answer(_) => "answered".to_owned(),
                End::Error(code, _) => format!("error {code}"),
                End::Status(status, _) => format!("HTTP {status}"),
                End::Silence => "cancelled".to_owned(),
                End::Left => "left by the client".to_owned(),
                End::Cut(_) => "cut".to_owned(),
                End::Lost => "lost".to_owned(),
            };
            *counted.entry(end).or_default() += 1;
        }
        let counted = counted.iter().map(|(end, count)| format!("{count} {end}"));
        counted.collect::<Vec<_>>().join(", ")
    }

    /// The calls that took longest, for reading.
    pub(crate) fn slowest(&self) -> Vec<String> {
        let mut records: Vec<_> = self.records.iter().collect();
        records.sort_by_key(|record| std::cmp::Reverse(record.took()));
        let told = |record: &&Record| {
            let (call, took) = (&record.call, record.took().as_secs_f32());
            format!(
                "{took:.1} s {} {}: {:?}",
                call.token,
                call.tool(),
                record.end
            )
        };
        records.iter().take(SLOWEST).map(told).collect()
    }

    /// For reading.
    pub(crate) fn of_clients(&self) -> String {
        let records = self.records.iter().map(|record| format!("{record:?}\n"));
        let strays = self.strays.iter().map(|stray| format!("stray: {stray}\n"));
        records.chain(strays).collect()
    }
}

fn executions(gateway: &Gateway) -> Vec<Execution> {
    let mut executions = Vec::new();
    for server in town::names() {
        // A process id may come again, so that it is the process's start that counts.
        let mut started: HashMap<u32, usize> = HashMap::new();
        for (at, entry) in gateway.journal(server).entries().into_iter().enumerate() {
            if entry.event == "start" {
                started.insert(entry.pid, at);
            }
            if entry.event != "recv" {
                continue;
            }
            let Ok(message) = serde_json::from_str::<Value>(&entry.raw) else {
                continue;
            };
            if message["method"] != "tools/call" {
                continue;
            }
            let token = message["params"]["arguments"]["token"].as_str();
            executions.push(Execution {
                token: token.unwrap_or_default().to_owned(),
                server: server.to_owned(),
                process: started.get(&entry.pid).copied().unwrap_or_default(),
            });
        }
    }
    executions
}

/// The servers' processes that have been started so far, and theirs.
pub(crate) fn processes(gateway: &Gateway) -> Vec<u32> {
    let mut pids = Vec::new();
    for server in town::names() {
        for entry in gateway.journal(server).entries() {
            match entry.event.as_str() {
                "start" => pids.push(entry.pid),
                "grandchild" => pids.extend(entry.raw.parse::<u32>()),
                _ => {}
            }
        }
    }
    pids
}
