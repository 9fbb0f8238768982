//! A configuration file that is edited by hand: put in force as soon as it is saved and sound,
//! and told with all its mistakes as long as it is not.
//!
//! The text decides, not the event: a look reads the file and compares it with what is in
//! force, so the gateway's own changes, and saves without a change, lead to nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::change::{Refusal, blocking};
use crate::config::watch::Watch;
use crate::config::{Severity, disk, place_of_port, renew_schema_beside, revision};
use crate::core::Core;
use crate::differences::Differences;
use crate::instance::PortHolder;
use crate::words::Words;

/// Looks without an occasion, where nothing can be watched.
const BLIND: Duration = Duration::from_secs(1);
/// The same where it can: on a network drive nothing is told of what others write.
const IN_CASE: Duration = Duration::from_secs(5);
/// A file that is empty or gone for no longer than this is being written.
const UNFINISHED: Duration = Duration::from_secs(1);
/// How soon such a file is looked at again.
const AGAIN: Duration = Duration::from_millis(200);

/// Something wrong with the file on disk, for which what was in force stays in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigProblem {
    /// The key, such as `servers[2].command`; empty for the file as a whole.
    pub key: String,
    /// Line, from 1; 0 where it is in no line of the file.
    pub line: usize,
    /// Column in characters, from 1; 0 like `line`.
    pub column: usize,
    /// What is wrong; a mistake's own remedy is part of it.
    pub message: Words,
    /// What to do, where the message does not say it.
    pub remedy: Option<Words>,
}

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// What is in force, now at the latest.
    InForce,
    /// Nothing, or not yet anything.
    Unfinished,
    /// Something that cannot be put in force.
    Refused,
}

/// Follows the file until `end`.
pub(crate) async fn follow(core: Arc<Core>, end: CancellationToken) {
    if core.source.is_none() {
        return;
    }
    renew_schema(&core).await;
    end.run_until_cancelled(following(&core)).await;
}

async fn following(core: &Arc<Core>) {
    let mut watch = Watch::default();
    let (mut told_blind, mut unfinished) = (false, None);
    loop {
        // Watched before it is looked at: no save falls between the two.
        let watched;
        (watch, watched) = arm(core, watch).await;
        if let Err(trouble) = &watched
            && !std::mem::replace(&mut told_blind, true)
        {
            tracing::warn!("{trouble}");
        }
        let waited = unfinished.is_some_and(|since: Instant| since.elapsed() >= UNFINISHED);
        let found = core.look(!waited).await;
        unfinished = match found {
            Found::InForce => None,
            Found::Unfinished | Found::Refused => unfinished.or_else(|| Some(Instant::now())),
        };
        let pause = match found {
            Found::Unfinished => AGAIN,
            Found::InForce | Found::Refused if watched.is_err() => BLIND,
            // What is in the way may go without a word, too: a port, a permission.
            Found::InForce | Found::Refused => IN_CASE,
        };
        drop(tokio::time::timeout(pause, watch.stirred()).await);
    }
}

/// The schema beside the file is this version's.
async fn renew_schema(core: &Core) {
    let Some(path) = core.live().path.clone() else {
        return;
    };
    let renewed = blocking(move || renew_schema_beside(&path)).await;
    if let Err(error) = renewed.and_then(std::convert::identity) {
        tracing::warn!(%error, "the schema beside the configuration file is that of another version");
    }
}

/// Watches wherever the file is now; the error says in words why that cannot be done.
async fn arm(core: &Core, mut watch: Watch) -> (Watch, Result<(), String>) {
    let Some(path) = core.file() else {
        return (watch, Ok(()));
    };
    let armed = blocking(move || {
        let followed = watch.follow(&path).map_err(|error| blind(&path, &error));
        (watch, followed)
    });
    match armed.await {
        Ok(armed) => armed,
        Err(error) => (Watch::default(), Err(error.to_string())),
    }
}

fn blind(path: &Path, error: &notify::Error) -> String {
    let path = path.display();
    let remedy = match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "; other programs watch as many files as the system allows: raise fs.inotify.max_user_watches"
        }
        _ => "",
    };
    format!(
        "changes of {path} are not told by the system ({error}), so it is looked at once a second{remedy}"
    )
}

impl Core {
    /// Where the file is, or where a first one would be found.
    fn file(&self) -> Option<std::path::PathBuf> {
        let path = self.live().path.clone();
        path.or_else(|| self.source.as_ref()?.first_path())
    }

    /// Reads the file, and puts it in force where it says something else. `patient`: one that
    /// is empty or gone is taken for one that is being written.
    async fn look(self: &Arc<Self>, patient: bool) -> Found {
        // Without the lock first: a change of the gateway's own may hold it for a moment.
        if self.file().is_none() || self.is_in_force().await {
            return Found::InForce;
        }
        let _alone = self.changing.lock().await;
        let Some(bytes) = self.bytes().await else {
            return self.read_and_tell().await;
        };
        if self.says_what_is_in_force(bytes.as_deref()) {
            self.told_of_file(Vec::new());
            return Found::InForce;
        }
        let is_blank = |bytes: &Vec<u8>| bytes.iter().all(u8::is_ascii_whitespace);
        if patient && bytes.as_ref().is_none_or(is_blank) {
            return Found::Unfinished;
        }
        self.read_and_tell().await
    }

    async fn is_in_force(&self) -> bool {
        let bytes = self.bytes().await;
        bytes.is_some_and(|bytes| self.says_what_is_in_force(bytes.as_deref()))
            && self.hub.problems().is_empty()
    }

    /// The file's bytes, if there is one; `None` where it cannot be read.
    async fn bytes(&self) -> Option<Option<Vec<u8>>> {
        let path = self.file()?;
        blocking(move || disk::read(&path)).await.ok()?.ok()
    }

    fn says_what_is_in_force(&self, bytes: Option<&[u8]>) -> bool {
        bytes.map(revision) == self.live().revision
    }

    async fn read_and_tell(self: &Arc<Self>) -> Found {
        match self.read_alone().await {
            Ok(_) => Found::InForce,
            Err(_) => Found::Refused,
        }
    }

    /// Tells what is wrong with the file, unless it has been told.
    pub(crate) fn told_of_file(&self, problems: Vec<ConfigProblem>) {
        let before = self.hub.problems();
        if *before == problems {
            return;
        }
        for problem in &problems {
            tracing::warn!("{}", problem.line_for_log());
        }
        if problems.is_empty() {
            tracing::info!("the configuration file is in order again");
        } else {
            tracing::warn!(
                "the configuration file cannot be put in force; what was in force stays in force"
            );
        }
        self.hub.set_problems(problems);
        self.changed.notify_one();
    }

    /// What is wrong with the file, as it is told.
    pub(crate) async fn problems_of(&self, refusal: &Refusal) -> Vec<ConfigProblem> {
        let whole = |message, remedy| ConfigProblem {
            key: String::new(),
            line: 0,
            column: 0,
            message,
            remedy,
        };
        match refusal {
            Refusal::Mistakes(mistakes) => mistakes
                .iter()
                .filter(|mistake| mistake.severity == Severity::Error)
                .map(ConfigProblem::of)
                .collect(),
            Refusal::Unreadable(path, why) => {
                let path = path.display();
                let message = Words::new(
                    format!("{path} cannot be read: {}", why.en),
                    format!("无法读取 {path}：{}", why.zh),
                );
                let remedy = Words::new(
                    "Put the file back, or make it readable for you",
                    "请恢复该文件，或确保您有读取它的权限",
                );
                vec![whole(message, Some(remedy))]
            }
            Refusal::Listen {
                host,
                port,
                source,
                holder,
            } => {
                let text = self.bytes().await.flatten().unwrap_or_default();
                let (line, column) = place_of_port(&String::from_utf8_lossy(&text));
                let message = if source.kind() == std::io::ErrorKind::AddrInUse {
                    let who = PortHolder::name_of(holder.as_ref());
                    Words::new(
                        format!("Port {port} is taken by {}", who.en),
                        format!("端口 {port} 已被{}占用", who.zh),
                    )
                } else {
                    Words::new(
                        format!("The gateway cannot listen on {host}:{port}: {source}"),
                        format!("网关无法监听 {host}:{port}：{source}"),
                    )
                };
                let remedy = Words::new(
                    "Choose another port, or end the program that has this one",
                    "请换一个端口，或结束占用该端口的程序",
                );
                vec![ConfigProblem {
                    key: "gateway.port".to_owned(),
                    line,
                    column,
                    ..whole(message, Some(remedy))
                }]
            }
            // A read leads to no other.
            _ => Vec::new(),
        }
    }

    /// Says in the log what a text that was put in force has changed.
    pub(crate) fn log_differences(&self, before: &crate::live::Live) {
        let after = self.live_full();
        let is_anew = |name: &str| match (before.named(name), after.named(name)) {
            (Some(one), Some(other)) => !Arc::ptr_eq(one, other),
            _ => false,
        };
        let differences = Differences::between(&before.config, &after.config, is_anew);
        tracing::info!("the configuration file was read again: {differences}");
        for warning in &after.notices {
            if !before.notices.contains(warning) {
                tracing::warn!("{}", warning.en);
            }
        }
    }
}

// === impl ConfigProblem ===

impl ConfigProblem {
    fn of(mistake: &crate::config::Problem) -> Self {
        Self {
            key: mistake.path.clone(),
            line: mistake.line,
            column: mistake.column,
            message: mistake.words.clone(),
            remedy: None,
        }
    }

    fn line_for_log(&self) -> String {
        let mut line = String::new();
        if self.line > 0 {
            line.push_str(&format!("line {}, column {}: ", self.line, self.column));
        }
        if !self.key.is_empty() {
            line.push_str(&format!("{}: ", self.key));
        }
        line.push_str(&self.message.en);
        if let Some(remedy) = &self.remedy {
            line.push_str(&format!("; {}", remedy.en));
        }
        line
    }
}
