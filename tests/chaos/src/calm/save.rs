//! From saving the file until a connected client has the new tools.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use testkit::wait::soon;
use testkit::{Gateway, Setup};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// What a save may take, beside the server's own start.
const PROMPT: Duration = Duration::from_secs(1);
/// It is saved so often, and each time has to do. Before each the server is started by itself,
/// so that whatever else the machine does hits both alike.
const SAVES: usize = 5;
const HELLO: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"chaos","version":"1"}}"#;

/// Measures it.
pub(super) async fn faults(setup: Setup) -> anyhow::Result<Vec<String>> {
    let mut former = "changing.script.json".to_owned();
    let gateway = setup.fake("changing", script("none")).start().await;
    gateway.await_tools("changing", 1).await;
    let client = gateway.client().await;
    let mut stream = client.listen().await;
    let (mut taken, mut starts, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..SAVES {
        let next = format!("fresh{turn}.script.json");
        let path = gateway.folder().join(&next);
        std::fs::write(&path, script(&format!("fresh{turn}")))?;
        let own = own_start(&gateway, &path).await?;
        let tool = format!("changing_fresh{turn}");

        let saved = Instant::now();
        gateway
            .setup()
            .edit_by_hand(|text| text.replacen(&former, &next, 1));
        while !client.tool_names().await.contains(&tool) {
            stream.message_of("notifications/tools/list_changed").await;
        }
        let took = saved.elapsed();
        faults.extend(too_late(took, own));
        taken.push(took);
        starts.push(own);
        former = next;
    }
    println!(
        "    from save to new tools {taken:.0?}, of which the server's own start {starts:.0?}"
    );
    Ok(faults)
}

/// A fake server with one tool.
fn script(tool: &str) -> String {
    json!({"tools": [{"name": tool}]}).to_string()
}

/// How long a fake server takes by itself from its start until it has listed its tools.
async fn own_start(gateway: &Gateway, script: &Path) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut server = tokio::process::Command::new(testkit::programs::fake_server())
        .arg(script)
        .env("FAKE_JOURNAL", gateway.folder().join("beside.journal"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = server.stdin.take().context("a pipe")?;
    let mut lines = BufReader::new(server.stdout.take().context("a pipe")?).lines();
    for (method, params) in [("initialize", HELLO), ("tools/list", "{}")] {
        let mut request = wire::request("1", method, params);
        request.push(b'\n');
        stdin.write_all(&request).await?;
        let answer = soon("an answer", lines.next_line()).await?;
        answer.context("a fake server does not answer")?;
    }
    let took = began.elapsed();
    drop(stdin);
    soon("it leaves", server.wait()).await?;
    Ok(took)
}

/// Whether it took too long. Pure.
fn too_late(took: Duration, own: Duration) -> Option<String> {
    let said = || {
        format!(
            "clients had what a save brings after {took:?}, of which the server's own start \
             takes {own:?}; {PROMPT:?} is allowed beside it"
        )
    };
    (took > PROMPT + own).then(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_may_take_a_second_beside_the_servers_own_start() {
        let own = Duration::from_millis(30);
        assert_eq!(too_late(Duration::from_millis(1_030), own), None);
        assert!(too_late(Duration::from_millis(1_031), own).is_some());
    }
}
