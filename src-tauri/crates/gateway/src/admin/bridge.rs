//! `/api/bridge`: the stdio bridge for clients that start a program, Claude Desktop first.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use process_wrap::tokio::{CommandWrap, KillOnDrop};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::problem::{Code, Problem};
use crate::core::Core;
use crate::serve::App;
use crate::words::Words;

/// The bridge answers in milliseconds; the gateway's first list may wait for servers.
const PATIENCE: Duration = Duration::from_secs(20);
const ENDED: &str = "it ended before it answered";
/// As much of what it prints to stderr is shown.
const STDERR: u64 = 16 * 1024;

/// How a client is told of the bridge.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct BridgeInfo {
    /// The program; `null` where it is not installed beside this one.
    pub(crate) command: Option<String>,
    /// What goes into Claude Desktop's configuration, ready to be pasted.
    pub(crate) entry: String,
    /// That file, as it is usually called on this system.
    pub(crate) config_file: String,
    /// The gateway's endpoint, which the bridge is given.
    pub(crate) url: String,
}

/// What the bridge saw.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct BridgeTry {
    /// The names of the tools.
    pub(crate) tools: Vec<String>,
    /// Milliseconds from its start to the list.
    pub(crate) took: u64,
    /// What it printed beside.
    pub(crate) stderr: String,
}

/// `GET /api/bridge`.
pub(crate) async fn get(State(app): State<App>) -> Json<BridgeInfo> {
    let core = &app.core;
    let command = core.bridge.as_ref().map(|path| path.display().to_string());
    let url = core.endpoint();
    let program = command.as_deref().unwrap_or("mcp-stdio-bridge");
    let mut server = json!({ "command": program, "args": [url] });
    if core.live().config.gateway.require_token {
        server["env"] = json!({ "MCP_GATEWAY_TOKEN": core.admin_token.reveal() });
    }
    let entry = json!({ "mcpServers": { "gateway": server } });
    Json(BridgeInfo {
        entry: serde_json::to_string_pretty(&entry).unwrap_or_default(),
        config_file: claude_desktop_file(),
        command,
        url,
    })
}

/// `POST /api/bridge/try`.
pub(crate) async fn run(State(app): State<App>) -> Result<Json<BridgeTry>, Problem> {
    let Some(program) = app.core.bridge.clone() else {
        return Err(Problem::new(
            Code::Unsupported,
            Words::new(
                "the bridge mcp-stdio-bridge is not installed beside the gateway",
                "网关旁边没有安装桥接程序 mcp-stdio-bridge",
            ),
        )
        .remedy(Words::new(
            "install the package again; it holds both",
            "请重新安装软件包，其中包含二者",
        )));
    };
    let began = Instant::now();
    let run = tokio::time::timeout(PATIENCE, converse(&app.core, &program)).await;
    let (tools, stderr) = match run {
        Ok(Ok(found)) => found,
        Ok(Err(why)) => return Err(failed(&program, &why)),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            return Err(failed(&program, &format!("no answer within {seconds} s")));
        }
    };
    Ok(Json(BridgeTry {
        tools,
        took: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        stderr,
    }))
}

/// Runs the bridge as a client does and asks it for the tools.
async fn converse(core: &Core, program: &Path) -> Result<(Vec<String>, String), String> {
    let text = |error: std::io::Error| match error.kind() {
        // It ended before it had read what it was sent.
        std::io::ErrorKind::BrokenPipe => ENDED.to_owned(),
        _ => error.to_string(),
    };
    let mut wrap = CommandWrap::with_new(program, |command| {
        command
            .arg(core.endpoint())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if core.live().config.gateway.require_token {
            // Not in the arguments, which every user of the machine can read.
            command.env("MCP_GATEWAY_TOKEN", core.admin_token.reveal());
        }
    });
    wrap.wrap(KillOnDrop);
    #[cfg(unix)]
    wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    wrap.wrap(process_wrap::tokio::JobObject);
    let mut child = wrap.spawn().map_err(text)?;
    let (Some(mut stdin), Some(stdout), Some(mut stderr)) = (
        child.stdin().take(),
        child.stdout().take(),
        child.stderr().take(),
    ) else {
        return Err("it has no pipes".to_owned());
    };
    let mut lines = BufReader::new(stdout).lines();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": wire::Version::LATEST.as_str(), "capabilities": {},
        "clientInfo": { "name": "mcp-gateway", "version": env!("CARGO_PKG_VERSION") },
    } });
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {} });
    let asked = async {
        stdin.write_all(format!("{hello}\n").as_bytes()).await?;
        answer(&mut lines, 1).await?;
        stdin
            .write_all(format!("{ready}\n{list}\n").as_bytes())
            .await?;
        answer(&mut lines, 2).await
    };
    let answered = asked.await.map_err(text);
    drop(stdin);
    let mut said = Vec::new();
    // What it says about a failure is over when it is; a bridge that stays is killed below.
    let mut last_words = (&mut stderr).take(STDERR);
    let reading = tokio::time::timeout(Duration::from_secs(2), last_words.read_to_end(&mut said));
    if reading.await.is_err() {
        tracing::debug!("the bridge did not leave by itself");
    }
    if let Err(error) = child.start_kill() {
        tracing::trace!(%error, "it has left");
    }
    if let Err(error) = child.wait().await {
        tracing::debug!(%error, "the bridge's end could not be learnt");
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let answered = answered.map_err(|why| format!("{why}\n{said}").trim().to_owned())?;
    let Some(tools) = answered["result"]["tools"].as_array() else {
        return Err(answered["error"]["message"]
            .as_str()
            .unwrap_or("the answer has no tools")
            .to_owned());
    };
    let names = tools.iter().filter_map(|tool| tool["name"].as_str());
    Ok((names.map(str::to_owned).collect(), said))
}

/// The answer to the request of this id; what else the bridge says passes.
async fn answer(
    lines: &mut tokio::io::Lines<impl tokio::io::AsyncBufRead + Unpin>,
    id: u64,
) -> std::io::Result<Value> {
    while let Some(line) = lines.next_line().await? {
        let message: Value = serde_json::from_str(&line)?;
        if message["id"] == id {
            return Ok(message);
        }
    }
    Err(std::io::Error::other(ENDED))
}

fn failed(program: &Path, why: &str) -> Problem {
    let program = program.display();
    Problem::new(
        Code::Failed,
        Words::new(
            format!("{program} does not reach the gateway: {why}"),
            format!("{program} 无法连接网关：{why}"),
        ),
    )
    .remedy(Words::new(
        "run it in a terminal with the same address to see more",
        "请在终端中用相同的地址运行它以查看更多信息",
    ))
}

/// Where Claude Desktop keeps its configuration (its own documentation).
fn claude_desktop_file() -> String {
    let file = "claude_desktop_config.json";
    let folders = directories::BaseDirs::new();
    // On Linux there are only unofficial builds; they use the XDG folder.
    let folder = folders.map_or_else(PathBuf::new, |folders| folders.config_dir().to_owned());
    folder.join("Claude").join(file).display().to_string()
}
