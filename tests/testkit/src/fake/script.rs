//! The script of a fake server: which tools it has and, step by step, what a
//! request makes it do.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Everything an instance is told.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Script {
    pub(super) era: Era,
    /// What `server/discover` meets with, whatever the era.
    pub(super) probe: Probe,
    /// Modern: the versions it speaks and names.
    pub(super) supported: Supported,
    /// Modern: what goes along with results that may be kept for a while.
    pub(super) hints: Hints,
    /// `serverInfo.name`.
    pub(super) name: Option<String>,
    /// `capabilities` instead of the usual ones.
    pub(super) capabilities: Option<Box<RawValue>>,
    /// The version answered instead of the client's.
    pub(super) protocol_version: Option<String>,
    pub(super) instructions: Option<String>,
    pub(super) tools: Vec<Tool>,
    /// Raw definitions.
    pub(super) prompts: Vec<Box<RawValue>>,
    /// Raw definitions.
    pub(super) resources: Vec<Box<RawValue>>,
    /// Raw definitions.
    pub(super) templates: Vec<Box<RawValue>>,
    /// Items per page of a list; 0 for all at once.
    pub(super) page_size: usize,
    /// Answers one request after the other, in order.
    pub(super) serial: bool,
    /// What a method (request or notification) does instead of the usual.
    pub(super) on: HashMap<String, Vec<Step>>,
    pub(super) start: Start,
    pub(super) exit_on_unknown_method: bool,
    pub(super) ignore_eof: bool,
    /// How long it stays after the end of its stdin.
    pub(super) linger_ms: u64,
    pub(super) ignore_sigterm: bool,
    /// Starts a child of its own that only a signal to the group ends.
    pub(super) grandchild: bool,
    /// The same, in a group of its own, where no signal to the server's group finds it.
    pub(super) detached: bool,
    pub(super) http: Http,
    /// Whether a tool starts tasks; found out at the start.
    #[serde(skip)]
    pub(super) has_tasks: bool,
}

/// Before the first message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Start {
    pub(super) stderr: Vec<String>,
    pub(super) exit: Option<i32>,
    pub(super) delay_ms: u64,
    /// Every other process ends at once; this file says whose turn it is.
    pub(super) stumble: Option<PathBuf>,
}

/// The Streamable HTTP mode.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Http {
    /// Answers as an event stream rather than as one JSON body.
    pub(super) sse: bool,
    pub(super) sessions: bool,
    /// Offers the GET stream.
    pub(super) get: bool,
    /// Breaks each message over two `data:` lines, as a pretty printer would.
    pub(super) pretty: bool,
    /// HTTP+SSE: the data of the `endpoint` event instead of the usual path; `{port}` and
    /// `{session}` are filled in.
    pub(super) endpoint: Option<String>,
}

/// The versions that it speaks: with an `initialize` handshake, or with a claim in each request.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Era {
    #[default]
    Legacy,
    Modern,
    /// Each message is taken for what it is.
    Both,
    /// The process keeps the era of its first request.
    Lock,
}

/// What becomes of `server/discover`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Probe {
    /// What its era has to say.
    #[default]
    Answer,
    Silent,
    /// Ends the process.
    Exit,
    /// Answers as soon as another message has come.
    Late,
}

#[derive(Debug, Deserialize)]
pub(super) struct Supported(pub(super) Vec<String>);

impl Default for Supported {
    fn default() -> Self {
        Self(vec![super::modern::VERSION.to_owned()])
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Hints {
    pub(super) ttl_ms: u64,
    pub(super) cache_scope: String,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            ttl_ms: 0,
            cache_scope: "private".to_owned(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            sse: false,
            sessions: true,
            get: true,
            pretty: false,
            endpoint: None,
        }
    }
}

/// A tool and what a call of it does.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) name: String,
    /// The raw definition; a minimal one when absent.
    #[serde(default)]
    pub(super) definition: Option<Box<RawValue>>,
    /// Echoes its params when absent.
    #[serde(default = "echo")]
    pub(super) does: Vec<Step>,
}

fn echo() -> Vec<Step> {
    vec![Step::Echo]
}

impl Tool {
    pub(super) fn named(name: String) -> Self {
        Self {
            name,
            definition: None,
            does: echo(),
        }
    }
}

/// One thing done because of a message. Steps run in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Step {
    /// Waits, in milliseconds.
    Delay(u64),
    /// Waits as many milliseconds as the named argument of the call says.
    DelayArg(String),
    /// Waits until this file exists.
    Gate(PathBuf),
    /// Creates this file.
    Touch(PathBuf),
    /// Reports progress this many times, on the call's own token.
    Progress(u64),
    /// Asks the client and keeps the raw answer for `asked`.
    Ask(Ask),
    /// Sends a raw message on the stream of the call.
    Notify(Box<RawValue>),
    /// Sends a raw message outside of any call.
    Push(Box<RawValue>),
    /// Prints a line that is no JSON-RPC.
    Print(String),
    /// Prints to stderr.
    Stderr(String),
    /// Prints a line of this many bytes without meaning.
    Giant(usize),
    /// Has other tools from now on.
    Tools(Vec<Tool>),
    /// Never goes on.
    Hang,
    /// Ends the process.
    Crash(i32),
    /// Ends the process, unless this file exists, which it creates.
    CrashOnce(PathBuf),
    /// HTTP: all sessions are gone.
    ForgetSessions,
    /// What it would have done without a script.
    Default,
    /// Answers with the received params as `structuredContent`, byte for byte.
    Echo,
    /// Answers with a text that holds the received params.
    EchoText,
    /// Answers with the last `ask`'s whole raw answer as `structuredContent`.
    Asked,
    /// Answers with its process id as a text.
    Pid,
    /// Answers with a variable of its environment as a text.
    Env(String),
    /// Answers with a text.
    Text(String),
    /// Answers with a text of this many bytes.
    Big(usize),
    /// Answers with a raw result.
    Result(Box<RawValue>),
    /// Answers with a raw error.
    Error(Box<RawValue>),
    /// Answers under another id.
    AnswerAs(Box<RawValue>),
    /// Sends the last answer again.
    Again,
    /// Prints so many lines to stderr.
    Flood(usize),
    /// Ends the process at the first call with the `token` in its arguments, which it notes in
    /// this folder.
    CrashFirst(PathBuf),
    /// Stops the process, as SIGSTOP does.
    Freeze,
    /// Answers with a raw result to which nothing is added, whatever the era.
    Bare(Box<RawValue>),
    /// Modern: answers with questions, until they are answered; the steps behind it are for the
    /// client that comes back. Legacy: asks them one after the other.
    InputRequired(Round),
    /// Answers with the raw `inputResponses` and `requestState` that arrived as `structuredContent`.
    SawResponses,
    /// Modern: answers with a task.
    TaskStart(TaskPlan),
    /// Tells a change: modern, on the open listens that asked for it; legacy, outside of any call.
    ListenPush(Push),
    /// Modern: ends all open listens.
    ListenEnd(ListenEnd),
}

/// One round of questions, each part raw.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Round {
    /// The questions by key, `{key: {method, params}}`.
    #[serde(default)]
    pub(super) requests: Option<Box<RawValue>>,
    /// A JSON string.
    #[serde(default)]
    pub(super) state: Option<Box<RawValue>>,
}

/// The life of a task.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TaskPlan {
    /// A JSON string; counted where absent.
    pub(super) id: Option<Box<RawValue>>,
    /// How often it is found working before it goes on.
    pub(super) polls: u64,
    /// Raw questions that it has, once, before it can end.
    pub(super) requests: Option<Box<RawValue>>,
    /// How it ends; where neither is there, with the answers it got.
    pub(super) result: Option<Box<RawValue>>,
    pub(super) error: Option<Box<RawValue>>,
    pub(super) poll_interval_ms: u64,
}

impl Default for TaskPlan {
    fn default() -> Self {
        Self {
            id: None,
            polls: 1,
            requests: None,
            result: None,
            error: None,
            poll_interval_ms: 10,
        }
    }
}

/// A notification of a change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Push {
    pub(super) method: String,
    #[serde(default)]
    pub(super) params: Option<Box<RawValue>>,
    /// Also tells those who did not ask for it, as no server may.
    #[serde(default)]
    pub(super) anyway: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ListenEnd {
    /// With a result.
    Graceful,
    /// Without one: HTTP breaks the stream off, stdio cancels it.
    Cut,
}

/// A question of the server.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ask {
    pub(super) method: String,
    #[serde(default)]
    pub(super) params: Option<Box<RawValue>>,
}

impl Script {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("cannot use {}", path.display()))
    }
}
