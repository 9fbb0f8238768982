//! A client that signs in by itself, as a process: told to call its tool, it says which page its
//! user has to open, and what the tool said.

use std::path::PathBuf;

use serde_json::Value;
use testkit::Gateway;

use super::{Person, allow};
use crate::oauth::town::Town;
use crate::support::{StdioClient, peers, python};

/// One of the official SDKs with its own OAuth client.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sdk {
    TypeScript,
    Python,
}

/// Such a client, running.
pub(super) struct Client {
    process: StdioClient,
}

// === impl Sdk ===

impl Sdk {
    /// Starts it; what it remembers lies in the gateway's folder, so the next one goes on with it.
    pub(super) fn start(self, gateway: &Gateway, endpoint: &str, tool: &str) -> Client {
        let (program, script) = match self {
            Self::TypeScript => (PathBuf::from("node"), "ts-oauth.mjs"),
            Self::Python => (python(), "py-oauth.py"),
        };
        let mut command = gateway.setup().command(program);
        command
            .arg(peers().join(script))
            .arg(endpoint)
            .arg(self.store(gateway))
            .arg(tool);
        Client {
            process: StdioClient::from_command(&mut command),
        }
    }

    /// The access token that it keeps.
    pub(super) fn token(self, gateway: &Gateway) -> String {
        let text = std::fs::read_to_string(self.store(gateway)).expect("it keeps something");
        let kept: Value = serde_json::from_str(&text).expect("JSON");
        let token = kept["tokens"]["access_token"].as_str();
        token.expect("it keeps a token").to_owned()
    }

    fn store(self, gateway: &Gateway) -> PathBuf {
        gateway.folder().join(format!("{self:?}.json"))
    }
}

// === impl Client ===

impl Client {
    /// Calls the tool, and walks its user through the pages if it asks for that.
    pub(super) async fn call_with(&mut self, town: &Town, person: Person) -> String {
        self.process.send("call").await;
        let said = self.process.message().await;
        let page = said["open"]
            .as_str()
            .unwrap_or_else(|| panic!("no sign-in: {said}"));
        allow(town, page, person).await;
        text(&self.process.message().await)
    }

    /// Calls the tool; nobody is there who could sign in.
    pub(super) async fn call(&mut self) -> String {
        self.process.send("call").await;
        text(&self.process.message().await)
    }

    pub(super) async fn leave(self) {
        self.process.leave().await;
    }
}

fn text(said: &Value) -> String {
    let text = said["text"].as_str();
    text.unwrap_or_else(|| panic!("no answer: {said}"))
        .to_owned()
}
