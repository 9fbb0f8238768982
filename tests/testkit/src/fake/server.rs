//! One fake server: receives raw messages, performs the steps of the script,
//! and puts raw messages out. Knows nothing of its transport.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::journal::Journal;
use super::mischief;
use super::raw::{argument, definition, raw_member, raws, text};
use super::script::{Ask, Script, Step, Tool};

/// Where raw messages go.
pub(super) type Outbox = mpsc::UnboundedSender<String>;

/// The two ways out: with the call that caused it, and outside of any call.
/// Over stdio they are the same.
#[derive(Clone)]
pub(super) struct Ways {
    pub(super) call: Outbox,
    pub(super) push: Outbox,
}

/// The parts of a message that matter here; everything stays raw.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    pub(super) method: Option<String>,
    #[serde(borrow)]
    pub(super) params: Option<&'a RawValue>,
}

/// The server.
pub(super) struct Fake {
    pub(super) script: Script,
    pub(super) journal: Journal,
    tools: Mutex<Vec<Tool>>,
    /// Questions asked and not yet answered, by raw id.
    questions: Mutex<HashMap<String, oneshot::Sender<String>>>,
    running: Mutex<HashMap<String, AbortHandle>>,
    next_question: AtomicU64,
    turn: tokio::sync::Mutex<()>,
    /// HTTP: counts up when all sessions are to be forgotten.
    pub(super) epoch: AtomicU64,
}

/// One request while its steps run.
struct Call {
    /// Raw; absent for a notification.
    id: Option<String>,
    method: String,
    params: String,
    ways: Ways,
    asked: String,
    answer: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fake {
    pub(super) fn new(mut script: Script, journal: Journal) -> Arc<Self> {
        Arc::new(Self {
            tools: Mutex::new(std::mem::take(&mut script.tools)),
            script,
            journal,
            questions: Mutex::default(),
            running: Mutex::default(),
            next_question: AtomicU64::new(1),
            turn: tokio::sync::Mutex::new(()),
            epoch: AtomicU64::new(0),
        })
    }

    /// Takes one raw message. The returned task, if any, ends when the message
    /// is dealt with; dropping its handle does not stop it.
    pub(super) fn receive(
        self: &Arc<Self>,
        raw: &str,
        ways: Ways,
    ) -> Option<tokio::task::JoinHandle<()>> {
        let Ok(message) = serde_json::from_str::<Message>(raw) else {
            send(
                &ways.call,
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#
                    .to_owned(),
            );
            return None;
        };
        let Some(method) = message.method else {
            if let Some(question) = message
                .id
                .and_then(|id| lock(&self.questions).remove(id.get()))
            {
                // A test may have stopped waiting; then nobody reads the answer.
                question.send(raw.to_owned()).ok();
            }
            return None;
        };
        let params = message
            .params
            .map_or_else(|| "{}".to_owned(), |params| params.get().to_owned());
        if method == "notifications/cancelled" {
            self.cancel(&params);
        }
        let id = message.id.map(|id| id.get().to_owned());
        let call = Call {
            id: id.clone(),
            method,
            params,
            ways,
            asked: "null".to_owned(),
            answer: String::new(),
        };
        let fake = self.clone();
        let task = tokio::spawn(async move { fake.perform(call).await });
        if let Some(id) = id {
            lock(&self.running).insert(id, task.abort_handle());
        }
        Some(task)
    }

    fn cancel(&self, params: &str) {
        #[derive(Deserialize)]
        struct Cancelled<'a> {
            #[serde(borrow, rename = "requestId")]
            id: &'a RawValue,
        }
        if let Ok(cancelled) = serde_json::from_str::<Cancelled>(params)
            && let Some(task) = lock(&self.running).remove(cancelled.id.get())
        {
            task.abort();
        }
    }

    async fn perform(&self, mut call: Call) {
        let steps = self.steps(&call);
        let turn = match self.script.serial && call.id.is_some() {
            true => Some(self.turn.lock().await),
            false => None,
        };
        for step in steps {
            self.step(step, &mut call).await;
        }
        drop(turn);
        if let Some(id) = &call.id {
            lock(&self.running).remove(id);
        }
    }

    fn steps(&self, call: &Call) -> Vec<Step> {
        if let Some(steps) = self.script.on.get(&call.method) {
            return steps.clone();
        }
        if call.method == "tools/call"
            && let Some(name) = argument(&call.params, &["name"])
            && let Some(tool) = lock(&self.tools)
                .iter()
                .find(|tool| name == tool.name.as_str())
        {
            return tool.does.clone();
        }
        vec![Step::Default]
    }

    async fn step(&self, step: Step, call: &mut Call) {
        match step {
            Step::Delay(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Step::DelayArg(name) => {
                let ms = argument(&call.params, &["arguments", &name])
                    .and_then(|ms| ms.as_u64())
                    .unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            Step::Gate(path) => gate(&path).await,
            Step::Touch(path) => {
                if let Err(error) = std::fs::write(&path, "") {
                    eprintln!("cannot touch {}: {error}", path.display());
                }
            }
            Step::Progress(times) => self.progress(times, call),
            Step::Ask(question) => call.asked = self.ask(&question, &call.ways).await,
            Step::Notify(raw) => send(&call.ways.call, raw.get().to_owned()),
            Step::Push(raw) => send(&call.ways.push, raw.get().to_owned()),
            Step::Print(line) => send(&call.ways.call, line),
            Step::Stderr(line) => eprintln!("{line}"),
            Step::Giant(bytes) => send(&call.ways.call, "x".repeat(bytes)),
            Step::Tools(tools) => *lock(&self.tools) = tools,
            Step::Hang => std::future::pending().await,
            Step::Crash(code) => self.journal.exit(code, "crash"),
            Step::CrashOnce(path) => {
                if !path.exists() {
                    if let Err(error) = std::fs::write(&path, "") {
                        eprintln!("cannot create {}: {error}", path.display());
                    }
                    // What it has said before is on its way.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    self.journal.exit(1, "crash");
                }
            }
            Step::ForgetSessions => {
                self.epoch.fetch_add(1, Ordering::SeqCst);
            }
            Step::Default => self.usual(call),
            Step::Echo => call.result(&format!(
                r#"{{"content":[],"structuredContent":{}}}"#,
                call.params
            )),
            Step::EchoText => call.result(&text(&call.params)),
            Step::Asked => call.result(&format!(
                r#"{{"content":[],"structuredContent":{}}}"#,
                call.asked
            )),
            Step::Pid => call.result(&text(&std::process::id().to_string())),
            Step::Env(name) => call.result(&text(&std::env::var(name).unwrap_or_default())),
            Step::Text(words) => call.result(&text(&words)),
            Step::Big(bytes) => call.result(&text(&"x".repeat(bytes))),
            Step::Result(raw) => call.result(raw.get()),
            Step::Error(raw) => call.error(raw.get()),
            Step::AnswerAs(id) => {
                let answer = format!(
                    r#"{{"jsonrpc":"2.0","id":{},"result":{}}}"#,
                    id.get(),
                    text("under another id")
                );
                send(&call.ways.call, answer);
            }
            Step::Again => send(&call.ways.call, call.answer.clone()),
            Step::Flood(lines) => mischief::flood(lines),
            Step::CrashFirst(f) => mischief::crash_first(&f, &call.params, &self.journal).await,
            Step::Freeze => mischief::freeze(),
        }
    }

    fn progress(&self, times: u64, call: &Call) {
        let Some(token) =
            raw_member(&call.params, "_meta").and_then(|meta| raw_member(&meta, "progressToken"))
        else {
            return;
        };
        for step in 1..=times {
            send(
                &call.ways.call,
                format!(
                    r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{step},"total":{times}.0,"message":"step {step}"}}}}"#
                ),
            );
        }
    }

    async fn ask(&self, question: &Ask, ways: &Ways) -> String {
        let id = format!(
            "\"ask-{}\"",
            self.next_question.fetch_add(1, Ordering::SeqCst)
        );
        let (answered, answer) = oneshot::channel();
        lock(&self.questions).insert(id.clone(), answered);
        let params = question
            .params
            .as_ref()
            .map_or_else(String::new, |raw| format!(r#","params":{}"#, raw.get()));
        send(
            &ways.call,
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":{}{params}}}"#,
                json!(question.method)
            ),
        );
        answer.await.unwrap_or_default()
    }

    /// What a decent small server does.
    fn usual(&self, call: &mut Call) {
        match call.method.as_str() {
            "initialize" => call.result(&self.initialize_result(&call.params)),
            "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => {
                call.result("{}")
            }
            "tools/list" => {
                let tools: Vec<String> = lock(&self.tools).iter().map(definition).collect();
                self.list("tools", &tools, call);
            }
            "prompts/list" => self.list("prompts", &raws(&self.script.prompts), call),
            "resources/list" => self.list("resources", &raws(&self.script.resources), call),
            "resources/templates/list" => {
                self.list("resourceTemplates", &raws(&self.script.templates), call)
            }
            "prompts/get" => {
                let text = json!(format!("prompt {}", call.params));
                call.result(&format!(r#"{{"messages":[{{"role":"user","content":{{"type":"text","text":{text}}}}}]}}"#));
            }
            "resources/read" => {
                let uri = raw_member(&call.params, "uri").unwrap_or_else(|| "\"\"".to_owned());
                call.result(&format!(
                    r#"{{"contents":[{{"uri":{uri},"text":"content of {}"}}]}}"#,
                    uri.trim_matches('"')
                ));
            }
            "completion/complete" => {
                call.result(r#"{"completion":{"values":["one","two"],"total":2,"hasMore":false}}"#)
            }
            "tools/call" => call.error(r#"{"code":-32602,"message":"Unknown tool"}"#),
            method if method.starts_with("notifications/") => {}
            _ if self.script.exit_on_unknown_method => self.journal.exit(1, "unknown method"),
            method => call.error(&format!(
                r#"{{"code":-32601,"message":{}}}"#,
                json!(format!("Method not found: {method}"))
            )),
        }
    }

    fn initialize_result(&self, params: &str) -> String {
        let script = &self.script;
        let asked =
            raw_member(params, "protocolVersion").unwrap_or_else(|| "\"2025-11-25\"".to_owned());
        let version = script
            .protocol_version
            .as_ref()
            .map_or(asked, |version| json!(version).to_string());
        let capabilities = script.capabilities.as_ref().map_or(
            r#"{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"logging":{},"completions":{}}"#,
            |raw| raw.get(),
        );
        let name = json!(script.name.as_deref().unwrap_or("fake"));
        let instructions = match &script.instructions {
            Some(words) => format!(r#","instructions":{}"#, json!(words)),
            None => String::new(),
        };
        format!(
            r#"{{"protocolVersion":{version},"capabilities":{capabilities},"serverInfo":{{"name":{name},"version":"1.0"}}{instructions}}}"#
        )
    }

    fn list(&self, key: &str, items: &[String], call: &mut Call) {
        let from = argument(&call.params, &["cursor"])
            .and_then(|cursor| {
                cursor
                    .as_str()
                    .and_then(|cursor| cursor.parse::<usize>().ok())
            })
            .unwrap_or(0)
            .min(items.len());
        let size = if self.script.page_size == 0 {
            items.len()
        } else {
            self.script.page_size
        };
        let to = (from + size).min(items.len());
        let next = if to < items.len() {
            format!(r#","nextCursor":"{to}""#)
        } else {
            String::new()
        };
        call.result(&format!(
            r#"{{"{key}":[{}]{next}}}"#,
            items[from..to].join(",")
        ));
    }
}

impl Call {
    fn result(&mut self, result: &str) {
        self.finish(&format!(r#""result":{result}"#));
    }

    fn error(&mut self, error: &str) {
        self.finish(&format!(r#""error":{error}"#));
    }

    fn finish(&mut self, outcome: &str) {
        if let Some(id) = &self.id {
            self.answer = format!(r#"{{"jsonrpc":"2.0","id":{id},{outcome}}}"#);
            send(&self.ways.call, self.answer.clone());
        }
    }
}

fn send(outbox: &Outbox, raw: String) {
    // Nobody is left to read once the transport is gone.
    outbox.send(raw).ok();
}

async fn gate(path: &Path) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
