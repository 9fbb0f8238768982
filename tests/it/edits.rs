//! Changing the configuration through the admin API: the file and what runs.

mod by_hand;
mod conflict;
mod file;
mod first;
mod guards;
mod refused;
mod restarts;
mod seal;
mod succession;
mod tools;
mod undo;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::wait::until_true;
use testkit::{Gateway, Setup};

/// The permissions of a file or folder.
fn mode(path: &Path) -> u32 {
    let metadata = std::fs::metadata(path).unwrap_or_else(|error| panic!("{error}: {path:?}"));
    metadata.permissions().mode() & 0o777
}

/// Sets the permissions of a file or folder.
fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
}

/// What lies in a folder, sorted; nothing where there is none.
pub(crate) fn listing(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// The former texts that are kept, oldest first.
fn backups(gateway: &Gateway) -> Vec<String> {
    let kept = listing(&gateway.folder().join("data/backups")).into_iter();
    kept.map(|path| std::fs::read_to_string(path).expect("a text"))
        .collect()
}

/// A server with a tool that tells its process and one that waits for the file
/// `NAME.gate`.
fn worker(setup: &Setup, name: &str) -> Value {
    let gate = setup.path(&format!("{name}.gate"));
    json!({"tools": [
        {"name": "pid", "does": ["pid"]},
        {"name": "wait", "does": [{"gate": gate}, {"text": "finished"}]},
        {"name": "hang", "does": ["hang"]},
    ]})
}

/// Opens what `wait` of a worker waits for.
fn open_gate(gateway: &Gateway, name: &str) {
    std::fs::write(gateway.folder().join(format!("{name}.gate")), "").expect("the gate opens");
}

/// A call that is under way: begun, and known to have reached its server.
struct InFlight(tokio::task::JoinHandle<Value>);

impl InFlight {
    /// Calls the tool `wait` or `hang` of a worker.
    async fn begin(gateway: &Gateway, server: &str, tool: &str) -> Self {
        let client = gateway.client().await;
        let name = format!("{server}_{tool}");
        let journal = gateway.journal(server);
        let before = journal.received_of("tools/call").len();
        let call = tokio::spawn(async move {
            let response = client.tool(&name, "{}").await.response();
            serde_json::from_str(&response).expect("JSON")
        });
        until_true("the call has arrived", || {
            journal.received_of("tools/call").len() > before
        })
        .await;
        Self(call)
    }

    fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    /// The whole answer.
    async fn answer(self) -> Value {
        testkit::wait::soon("the answer", self.0)
            .await
            .expect("no panic")
    }

    /// The text that it answers.
    async fn text(self) -> String {
        let answer = self.answer().await;
        let text = answer["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("no text in {answer}"))
            .to_owned()
    }

    /// The words of the error that it answers.
    async fn error(self) -> String {
        let answer = self.answer().await;
        let text = answer["error"]["message"].as_str();
        text.unwrap_or_else(|| panic!("no error in {answer}"))
            .to_owned()
    }
}

/// The one living process of a fake server.
fn process(gateway: &Gateway, name: &str) -> u32 {
    match gateway.journal(name).alive()[..] {
        [pid] => pid,
        ref alive => panic!("{name} has {} processes", alive.len()),
    }
}
