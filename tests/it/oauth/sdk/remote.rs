//! npm's `mcp-remote`: for clients that speak stdio alone it signs in at a server elsewhere. It
//! opens its user's browser as any program does, by the command that the desktop names.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;
use testkit::{Gateway, wait};

use super::{Person, allow};
use crate::oauth::town::Town;
use crate::support::{StdioClient, peers};

/// It, running, and the client in front of it.
pub(super) struct Remote {
    process: StdioClient,
    next: u64,
}

// === impl Remote ===

impl Remote {
    /// Starts it; what it remembers lies in the test's home, so the next one goes on with it.
    pub(super) fn start(gateway: &Gateway, endpoint: &str) -> Self {
        let mut command = gateway.setup().command("node");
        command
            .arg(peers().join("node_modules/mcp-remote/dist/proxy.js"))
            .arg(endpoint)
            .arg(callback(gateway).to_string())
            .args(["--auth-timeout", "120", "--silent"])
            .env("BROWSER", browser(gateway))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        Self {
            process: StdioClient::from_command(&mut command),
            next: 1,
        }
    }

    /// Says hello, while its user goes through the pages that it opens.
    pub(super) async fn greet_with(&mut self, town: &Town, person: Person) {
        let before = opened(&town.gateway).len();
        let pages = async {
            let page = wait::until("it opens a browser", async || {
                opened(&town.gateway).get(before).cloned()
            });
            allow(town, &page.await, person).await;
        };
        tokio::join!(self.process.greet(), pages);
    }

    /// Says hello; nobody is there who could sign in.
    pub(super) async fn greet(&mut self) {
        self.process.greet().await;
    }

    /// Calls a tool.
    pub(super) async fn call(&mut self, tool: &str) -> String {
        let id = self.next;
        self.next += 1;
        let call = serde_json::json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": tool, "arguments": {}}});
        self.process.send(&call.to_string()).await;
        let said = self.process.response(id).await;
        let text = said["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("no answer: {said}"))
            .to_owned()
    }

    pub(super) async fn leave(self) {
        self.process.leave().await;
    }
}

/// Where its user's browser comes back to: a port that follows from the gateway's own, below
/// those that systems give to connections. One of these could be in use when it is wanted.
fn callback(gateway: &Gateway) -> u16 {
    let first = 5_000 + gateway.port() % 10_000;
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..).find(is_free).expect("a free port")
}

/// The access token that it keeps.
pub(super) fn token(gateway: &Gateway) -> String {
    let kept = find(gateway.folder().join("home/.mcp-auth"), "_tokens.json");
    let text = std::fs::read_to_string(kept).expect("it keeps something");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    let token = kept["access_token"].as_str();
    token.expect("it keeps a token").to_owned()
}

/// The pages that it has opened so far.
pub(super) fn opened(gateway: &Gateway) -> Vec<String> {
    let text = std::fs::read_to_string(gateway.folder().join("opened")).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(str::to_owned).collect()
}

/// A browser that writes down what it is to open.
fn browser(gateway: &Gateway) -> PathBuf {
    let path = gateway.folder().join("browser");
    let list = gateway.folder().join("opened");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", list.display());
    std::fs::write(&path, script).expect("the browser is written");
    let rights = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, rights).expect("it can be started");
    path
}

fn find(folder: PathBuf, ending: &str) -> PathBuf {
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                return path;
            }
        }
    }
    panic!("there is no {ending}");
}
