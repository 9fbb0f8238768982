//! One conversation over a pair of streams: reads on while calls run, writes one message per line.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet, LocalSet};
use tokio::time::{Duration, timeout};

use super::answer::{Answer, Refusal, response};
use super::{catalog, tools};

/// Versions with a handshake; the last is offered to a client that asks for another.
const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// Severities of `logging/setLevel`, rising (RFC 5424).
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];
const INFO: usize = 1;

/// What a call may still take after the end of stdin; a client that pipes its messages in gets
/// the answers of quick tools, and nobody waits for slow ones.
const GRACE: Duration = Duration::from_millis(200);

/// Serves until `input` ends; calls still running shortly after are dropped.
pub(super) async fn serve(
    input: impl AsyncRead + Unpin + 'static,
    output: impl AsyncWrite + Unpin + 'static,
) -> std::io::Result<()> {
    let (sender, lines) = unbounded_channel();
    let mut session = Session {
        caller: Caller::new(sender),
        calls: JoinSet::new(),
        running: Rc::default(),
    };
    let work = async move {
        let mut input = BufReader::new(input).lines();
        while let Some(line) = input.next_line().await? {
            if !line.trim().is_empty() {
                session.receive(&line);
            }
            while session.calls.try_join_next().is_some() {}
        }
        let rest = async { while session.calls.join_next().await.is_some() {} };
        _ = timeout(GRACE, rest).await;
        // Dropping the session here ends its calls and closes the writer's queue.
        Ok(())
    };
    let local = LocalSet::new();
    let (read, written) = local
        .run_until(async { tokio::join!(work, write(lines, output)) })
        .await;
    read.and(written)
}

async fn write(
    mut lines: UnboundedReceiver<Value>,
    mut output: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    while let Some(message) = lines.recv().await {
        output.write_all(format!("{message}\n").as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}

struct Session {
    caller: Caller,
    calls: JoinSet<()>,
    /// Calls by their ids (as JSON text), for `notifications/cancelled`.
    running: Rc<RefCell<HashMap<String, AbortHandle>>>,
}

/// What a tool may do with its client.
#[derive(Clone)]
pub(super) struct Caller(Rc<Conversation>);

struct Conversation {
    sender: UnboundedSender<Value>,
    questions: RefCell<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
    asked: Cell<u64>,
    elicitation: Cell<bool>,
    level: Cell<usize>,
}

// === impl Session ===

impl Session {
    /// Takes one line: a request, a notification, or the answer to a question of ours.
    fn receive(&mut self, line: &str) {
        let message: Value = match serde_json::from_str(line) {
            Ok(message) => message,
            Err(_) => {
                return self
                    .caller
                    .send(response(&Value::Null, Err(Refusal::unparsable())));
            }
        };
        let params = message.get("params").cloned().unwrap_or_else(|| json!({}));
        match (
            message.get("method").and_then(Value::as_str),
            message.get("id"),
        ) {
            (Some("tools/call"), Some(id)) => self.call(id.clone(), params),
            (Some(method), Some(id)) => {
                self.caller.send(response(id, self.answer(method, &params)))
            }
            (Some("notifications/cancelled"), None) => self.cancel(&params),
            // Other notifications ask for nothing.
            (Some(_), None) => {}
            (None, Some(id))
                if message.get("result").is_some() || message.get("error").is_some() =>
            {
                self.caller.answered(id, &message);
            }
            (None, id) => {
                let id = id.cloned().unwrap_or(Value::Null);
                self.caller
                    .send(response(&id, Err(Refusal::not_a_message())));
            }
        }
    }

    fn answer(&self, method: &str, params: &Value) -> Answer {
        match method {
            "initialize" => Ok(self.initialize(params)),
            "ping" => Ok(json!({})),
            "logging/setLevel" => self.caller.set_level(params),
            "tools/list" => Ok(catalog::tools()),
            "prompts/list" => Ok(catalog::prompts()),
            "prompts/get" => catalog::prompt(params),
            "resources/list" => Ok(catalog::resources()),
            "resources/templates/list" => Ok(catalog::templates()),
            "resources/read" => catalog::resource(params),
            "completion/complete" => catalog::complete(params),
            _ => Err(Refusal::unknown_method(method)),
        }
    }

    fn initialize(&self, params: &Value) -> Value {
        self.caller
            .0
            .elicitation
            .set(params.pointer("/capabilities/elicitation").is_some());
        let asked = params.get("protocolVersion").and_then(Value::as_str);
        let version = asked
            .filter(|version| VERSIONS.contains(version))
            .unwrap_or(VERSIONS[VERSIONS.len() - 1]);
        json!({
            "protocolVersion": version,
            "capabilities": { "tools": {}, "prompts": {}, "resources": {}, "completions": {}, "logging": {} },
            "serverInfo": { "name": "demo", "title": "Demo / 演示", "version": env!("CARGO_PKG_VERSION") },
            "instructions": "A few harmless tools to try MCP Gateway with. / 几个无害的工具，用于试用 MCP Gateway。"
        })
    }

    /// Starts a call beside the others; its answer leaves when it is done.
    fn call(&mut self, id: Value, params: Value) {
        let (caller, running, key) = (
            self.caller.clone(),
            Rc::clone(&self.running),
            id.to_string(),
        );
        let done = key.clone();
        let handle = self.calls.spawn_local(async move {
            let answer = tools::call(&params, &caller).await;
            running.borrow_mut().remove(&done);
            caller.send(response(&id, answer));
        });
        self.running.borrow_mut().insert(key, handle);
    }

    /// A cancelled call is not answered (2025-11-25, basic/utilities/cancellation).
    fn cancel(&self, params: &Value) {
        let id = params
            .get("requestId")
            .map(Value::to_string)
            .unwrap_or_default();
        if let Some(call) = self.running.borrow_mut().remove(&id) {
            call.abort();
        }
    }
}

// === impl Caller ===

impl Caller {
    fn new(sender: UnboundedSender<Value>) -> Self {
        Self(Rc::new(Conversation {
            sender,
            questions: RefCell::default(),
            asked: Cell::new(0),
            elicitation: Cell::new(false),
            level: Cell::new(INFO),
        }))
    }

    fn send(&self, message: Value) {
        // The queue closes only when writing failed, which ends the process with that error.
        _ = self.0.sender.send(message);
    }

    pub(super) fn notify(&self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// A log message of level `info`, if the client wants that much.
    pub(super) fn log(&self, text: &str) {
        if self.0.level.get() <= INFO {
            self.notify(
                "notifications/message",
                json!({ "level": LEVELS[INFO], "logger": "demo", "data": text }),
            );
        }
    }

    /// Whether the client said that it can put questions to its user.
    pub(super) fn can_be_asked(&self) -> bool {
        self.0.elicitation.get()
    }

    /// Sends a request to the client and waits for its result.
    pub(super) async fn ask(&self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.0.asked.get();
        self.0.asked.set(id + 1);
        let (sender, answer) = oneshot::channel();
        self.0.questions.borrow_mut().insert(id, sender);
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        answer
            .await
            .unwrap_or_else(|_| Err("the question was dropped / 问题已被放弃".to_owned()))
    }

    fn answered(&self, id: &Value, message: &Value) {
        let Some(question) = id
            .as_u64()
            .and_then(|id| self.0.questions.borrow_mut().remove(&id))
        else {
            return;
        };
        let answer = match (
            message.get("result"),
            message.pointer("/error/message").and_then(Value::as_str),
        ) {
            (Some(result), _) => Ok(result.clone()),
            (None, why) => Err(format!(
                "the client refused / 客户端拒绝：{}",
                why.unwrap_or_default()
            )),
        };
        // A call cancelled meanwhile no longer waits for its answer.
        _ = question.send(answer);
    }

    fn set_level(&self, params: &Value) -> Answer {
        let name = catalog::string(params, "level")?;
        let level = LEVELS.iter().position(|level| *level == name);
        let level = level
            .ok_or_else(|| Refusal::bad_params(format!("unknown level / 未知级别：{name}")))?;
        self.0.level.set(level);
        Ok(json!({}))
    }
}
