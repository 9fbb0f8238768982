//! One fake server: receives raw messages, performs the steps of the script,
//! and puts raw messages out. Knows nothing of its transport.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;

use super::call::{Call, Ways, send};
use super::journal::Journal;
use super::listens::Listens;
use super::raw::{argument, definition, raw_member, text};
use super::script::{Era, Probe, Script, Step, Tool};
use super::tasks::Tasks;
use super::{mischief, modern, rounds};

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
    pub(super) tools: Mutex<Vec<Tool>>,
    pub(super) listens: Listens,
    pub(super) tasks: Tasks,
    /// [`Era::Lock`]: whether it is the modern one.
    locked: OnceLock<bool>,
    /// How many messages have come.
    received: watch::Sender<u64>,
    /// Questions asked and not yet answered, by raw id.
    pub(super) questions: Mutex<HashMap<String, oneshot::Sender<String>>>,
    running: Mutex<HashMap<String, AbortHandle>>,
    pub(super) next_question: AtomicU64,
    turn: tokio::sync::Mutex<()>,
    /// HTTP: counts up when all sessions are to be forgotten.
    pub(super) epoch: AtomicU64,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fake {
    pub(super) fn new(mut script: Script, journal: Journal) -> Arc<Self> {
        let tools = std::mem::take(&mut script.tools);
        script.has_tasks = tools
            .iter()
            .flat_map(|tool| &tool.does)
            .any(|step| matches!(step, Step::TaskStart(_)));
        Arc::new(Self {
            tools: Mutex::new(tools),
            listens: Listens::default(),
            tasks: Tasks::default(),
            locked: OnceLock::new(),
            received: watch::Sender::new(0),
            script,
            journal,
            questions: Mutex::default(),
            running: Mutex::default(),
            next_question: AtomicU64::new(1),
            turn: tokio::sync::Mutex::new(()),
            epoch: AtomicU64::new(0),
        })
    }

    /// Whether a message belongs to the modern era, where need be by the version that its
    /// headers name.
    pub(super) fn is_modern(&self, message: &Message<'_>, header: Option<&str>) -> bool {
        let method = message.method.as_deref().unwrap_or_default();
        let params = message.params.map_or("{}", RawValue::get);
        let is_claimed =
            modern::has_claim(params) || header == Some(modern::VERSION) && method != "initialize";
        match self.script.era {
            Era::Legacy => false,
            Era::Modern => true,
            Era::Both => is_claimed,
            // What it never answers decides nothing.
            Era::Lock if message.id.is_some() && !self.is_ignored(method) => {
                *self.locked.get_or_init(|| is_claimed)
            }
            Era::Lock => self.locked.get().copied().unwrap_or(is_claimed),
        }
    }

    /// The era it has settled on, where it speaks but one.
    pub(super) fn is_modern_only(&self) -> bool {
        match self.script.era {
            Era::Modern => true,
            Era::Lock => self.locked.get() == Some(&true),
            Era::Legacy | Era::Both => false,
        }
    }

    fn is_ignored(&self, method: &str) -> bool {
        method == "server/discover" && matches!(self.script.probe, Probe::Silent | Probe::Exit)
    }

    /// Takes one raw message. The returned task, if any, ends when the message
    /// is dealt with; dropping its handle does not stop it.
    pub(super) fn receive(
        self: &Arc<Self>,
        raw: &str,
        ways: Ways,
    ) -> Option<tokio::task::JoinHandle<()>> {
        self.received.send_modify(|received| *received += 1);
        let Ok(message) = serde_json::from_str::<Message>(raw) else {
            send(
                &ways.call,
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#
                    .to_owned(),
            );
            return None;
        };
        let is_modern = self.is_modern(&message, ways.version.as_deref());
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
        let call = Call::new(id.clone(), method, params, ways, is_modern);
        let fake = self.clone();
        let later = self.received.subscribe();
        let task = tokio::spawn(async move { fake.perform(call, later).await });
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
        let Ok(cancelled) = serde_json::from_str::<Cancelled>(params) else {
            return;
        };
        self.listens.forget(cancelled.id.get());
        if let Some(task) = lock(&self.running).remove(cancelled.id.get()) {
            task.abort();
        }
    }

    async fn perform(&self, mut call: Call, mut later: watch::Receiver<u64>) {
        if call.method == "server/discover" {
            match self.script.probe {
                Probe::Answer => {}
                Probe::Silent => std::future::pending().await,
                Probe::Exit => self.journal.exit(1, "probe"),
                // The sender is this server's own, so that it lasts.
                Probe::Late => later.changed().await.unwrap_or_default(),
            }
        }
        let steps = match self.admitted(&mut call) {
            Ok(steps) => steps,
            Err(error) => {
                call.error(&error);
                Vec::new()
            }
        };
        let turn = match self.script.serial && call.id.is_some() {
            true => Some(self.turn.lock().await),
            false => None,
        };
        for step in steps {
            self.step(step, &mut call).await;
            if call.is_over {
                break;
            }
        }
        drop(turn);
        if let Some(id) = &call.id {
            lock(&self.running).remove(id);
        }
    }

    /// The raw definition of the tool that a request calls.
    pub(super) fn definition_for(&self, method: &str, params: &str) -> Option<String> {
        let name = argument(params, &["name"]).filter(|_| method == "tools/call")?;
        let tools = lock(&self.tools);
        let tool = tools.iter().find(|tool| name == tool.name.as_str())?;
        Some(definition(tool))
    }

    /// What a call makes it do, or the error of one that it may not make.
    fn admitted(&self, call: &mut Call) -> Result<Vec<Step>, String> {
        if call.is_modern && call.id.is_some() {
            modern::admit(&self.script, &call.method, &call.params)?;
        }
        let steps = self.steps(call);
        if call.is_modern {
            call.rounds_behind = rounds::behind(&steps, &call.params)?;
            call.responses = raw_member(&call.params, "inputResponses");
            call.state = raw_member(&call.params, "requestState");
        }
        Ok(steps)
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
            Step::Ask(_) if call.is_modern => {
                call.error(&modern::error(
                    -32603,
                    "A modern server asks by inputRequired",
                    None,
                ));
                call.is_over = true;
            }
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
            Step::Echo => self.result(&structured(&call.params), call),
            Step::EchoText => self.result(&text(&call.params), call),
            Step::Asked => self.result(&structured(&call.asked), call),
            Step::Pid => self.result(&text(&std::process::id().to_string()), call),
            Step::Env(name) => self.result(&text(&std::env::var(name).unwrap_or_default()), call),
            Step::Text(words) => self.result(&text(&words), call),
            Step::Big(bytes) => self.result(&text(&"x".repeat(bytes)), call),
            Step::Result(raw) => self.result(raw.get(), call),
            Step::Bare(raw) => call.result(raw.get()),
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
            Step::InputRequired(round) => self.round(&round, call).await,
            Step::SawResponses => {
                let seen = rounds::seen(call.responses.as_deref(), call.state.as_deref());
                self.result(&structured(&seen), call);
            }
            Step::TaskStart(_) if !modern::declares(&call.params, modern::TASKS) => {
                call.error(&modern::tasks_needed());
            }
            Step::TaskStart(plan) => call.result(&self.tasks.start(plan)),
            Step::ListenPush(push) => self.tell(&push, call),
            Step::ListenEnd(how) => self.listens.end(how),
        }
    }
}

fn structured(raw: &str) -> String {
    format!(r#"{{"content":[],"structuredContent":{raw}}}"#)
}

async fn gate(path: &Path) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
