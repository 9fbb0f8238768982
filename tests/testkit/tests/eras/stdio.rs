//! A fake server on pipes, line by line.

use std::process::Stdio;

use serde_json::{Value, json};
use testkit::Setup;
use testkit::wait::soon;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What a modern request has in its `_meta` at least.
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

pub(crate) struct Piped {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Piped {
    pub(crate) fn start(setup: &Setup, script: &Value) -> Self {
        let path = setup.path("fake.script.json");
        std::fs::write(&path, script.to_string()).expect("written");
        let mut command = setup.command(testkit::programs::fake_server());
        command
            .arg(path)
            .env("FAKE_JOURNAL", setup.journal("fake").path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut command = Command::from(command);
        let mut child = command.kill_on_drop(true).spawn().expect("it starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = child.stdout.take().expect("piped");
        Self {
            child,
            stdin,
            lines: BufReader::new(stdout).lines(),
        }
    }

    pub(crate) async fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.stdin
            .write_all(line.as_bytes())
            .await
            .expect("it reads");
    }

    pub(crate) async fn hear(&mut self) -> String {
        let line = soon("a line", self.lines.next_line()).await;
        line.expect("readable").expect("it goes on")
    }

    /// Says a request that claims the modern era; `params` are raw members.
    pub(crate) async fn ask_modern(&mut self, id: &str, method: &str, params: &str) {
        let comma = if params.is_empty() { "" } else { "," };
        let params = format!("{{{META}{comma}{params}}}");
        self.say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        ))
        .await;
    }

    pub(crate) async fn ask_initialize(&mut self, id: &str) {
        self.say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{{}},"clientInfo":{{"name":"t","version":"1"}}}}}}"#
        ))
        .await;
    }

    pub(crate) async fn hear_json(&mut self) -> Value {
        serde_json::from_str(&self.hear().await).expect("JSON")
    }

    pub(crate) async fn ended(mut self) -> Option<i32> {
        soon("its end", self.child.wait())
            .await
            .expect("an end")
            .code()
    }
}

/// In short what came back: an error's code, or the version of one era or the other.
pub(crate) async fn verdict(fake: &mut Piped) -> Value {
    let answer = fake.hear_json().await;
    match &answer["error"]["code"] {
        Value::Null => {
            let result = &answer["result"];
            let versions = [&result["supportedVersions"][0], &result["protocolVersion"]];
            versions
                .into_iter()
                .find(|version| !version.is_null())
                .cloned()
                .unwrap_or(json!("none"))
        }
        code => code.clone(),
    }
}
