//! The servers of the town, each with its own way of going wrong, what may be asked of them,
//! and which ends of a call are right.

use std::path::PathBuf;

use serde_json::{Value, json};
use testkit::Setup;
use wire::error_code::{INVALID_PARAMS, REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE};

/// Something that a client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) server: &'static str,
    pub(crate) tool: &'static str,
    /// How often it is asked for beside the others.
    pub(crate) weight: u64,
    /// Whether an answer is a right end.
    pub(crate) answered: bool,
    /// Codes of the errors that are right ends.
    pub(crate) errors: &'static [i32],
    /// A second time does no harm, as the tool itself says.
    pub(crate) harmless: bool,
    /// How the client behaves.
    pub(crate) manner: Manner,
}

/// How a client treats a call of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Waits for its end.
    Waits,
    /// Hangs up before.
    Leaves,
    /// Cancels it, and expects no answer.
    Cancels,
}

const GOOD: Deed = Deed {
    server: "",
    tool: "work",
    weight: 10,
    answered: true,
    errors: &[],
    harmless: false,
    manner: Manner::Waits,
};

/// What clients ask for. A server that is only odd must answer everything; one that dies or
/// hangs must at least fail each call once and in the right words.
pub(crate) const DEEDS: &[Deed] = &[
    Deed {
        server: "steady",
        weight: 20,
        ..GOOD
    },
    Deed {
        server: "slow",
        ..GOOD
    },
    Deed {
        server: "slow",
        weight: 2,
        manner: Manner::Leaves,
        ..GOOD
    },
    Deed {
        server: "serial",
        ..GOOD
    },
    Deed {
        server: "noisy",
        ..GOOD
    },
    Deed {
        server: "babbling",
        ..GOOD
    },
    Deed {
        server: "echoing",
        ..GOOD
    },
    Deed {
        server: "stubborn",
        ..GOOD
    },
    Deed {
        server: "parent",
        ..GOOD
    },
    Deed {
        server: "stillborn",
        weight: 3,
        answered: false,
        errors: &[INVALID_PARAMS, UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "stumbling",
        weight: 5,
        errors: &[UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "stumbling",
        tool: "die",
        weight: 1,
        answered: false,
        errors: &[UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "mortal",
        weight: 8,
        errors: &[UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "mortal",
        tool: "die",
        weight: 2,
        answered: false,
        errors: &[UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "mortal",
        tool: "again",
        weight: 3,
        errors: &[UPSTREAM_UNAVAILABLE],
        harmless: true,
        ..GOOD
    },
    // Its callTimeout is short, which a busy machine may let pass for any of its calls. A process
    // that hangs is replaced, and takes along what else it had been sent.
    Deed {
        server: "hanging",
        weight: 5,
        errors: &[REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "hanging",
        tool: "hang",
        weight: 1,
        answered: false,
        errors: &[REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "hanging",
        tool: "hang",
        weight: 1,
        answered: false,
        errors: &[REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE],
        manner: Manner::Cancels,
        ..GOOD
    },
    Deed {
        server: "frozen",
        weight: 5,
        errors: &[REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
    Deed {
        server: "frozen",
        tool: "freeze",
        weight: 1,
        answered: false,
        errors: &[REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE],
        ..GOOD
    },
];

/// What only the clients of [`with_session`] ask for, each with a process of its own.
pub(crate) const STICKY: Deed = Deed {
    server: "sticky",
    ..GOOD
};

/// Whether a client also uses the server that gives each session a process.
pub(crate) fn with_session(client: usize) -> bool {
    client.is_multiple_of(8)
}

/// The one server that never works.
pub(crate) const STILLBORN: &str = "stillborn";

/// Every server's name.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = DEEDS.iter().map(|deed| deed.server).collect();
    names.push(STICKY.server);
    names.dedup();
    names.sort_unstable();
    names.dedup();
    names
}

/// Calls of these servers that show no sign of life are given up after so long.
const SHORT_MS: u64 = 2_000;

/// A gateway in front of the town. Each call is told in its log.
pub(crate) fn setup(gateway: PathBuf) -> Setup {
    let setup = Setup::new(gateway)
        .arg("--log-level")
        .arg("info,call=debug")
        .env("MCP_GATEWAY_KEYCHAIN", "off")
        .config(
            "pool",
            json!({"acquireTimeout": 60_000, "idleTimeout": 1_500}),
        );
    let marks = setup.path("marks");
    let stumbles = setup.path("stumbles");
    let several = json!({"poolSize": 3});
    let impatient = json!({"poolSize": 3, "callTimeout": SHORT_MS});
    let work = |steps: Value| tool("work", steps);
    let again = json!({"name": "again", "does": [{"delay": 2}, {"crashFirst": marks}, "echo"], "definition": {
        "name": "again", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": true},
    }});
    let die = tool("die", json!([{"delay": 5}, {"crash": 1}]));
    setup
        .fake_with("steady", tools(&[work(json!(["echo"]))]), several.clone())
        .fake_with("slow", tools(&[work(json!([{"delayArg": "ms"}, "echo"]))]), several.clone())
        .fake_with("serial", json!({"serial": true, "tools": [work(json!([{"delay": 4}, "echo"]))]}), several.clone())
        .fake_with("sticky", tools(&[work(json!(["echo"]))]), json!({"sharing": "session", "poolSize": 16}))
        .fake_with("noisy", tools(&[work(json!([{"flood": 40}, "echo"]))]), several.clone())
        .fake_with("babbling", tools(&[work(json!([
            {"print": "Welcome to the babbling server!"}, {"print": r#"{"jsonrpc":"2.0","id":"#}, {"print": "[]"},
            {"giant": 20_000}, {"answerAs": 987_654_321_012_u64}, {"answerAs": "nobody"}, "echo", {"print": "}"},
        ]))]), several.clone())
        .fake_with("echoing", tools(&[work(json!(["echo", "again"]))]), several.clone())
        .fake_with("stubborn", json!({"ignoreEof": true, "ignoreSigterm": true, "tools": [work(json!(["echo"]))]}), several.clone())
        .fake_with("parent", json!({"grandchild": true, "ignoreSigterm": true, "tools": [work(json!(["echo"]))]}), several.clone())
        .fake("stillborn", json!({"start": {"stderr": ["I will not"], "exit": 3}}))
        .fake_with("stumbling", json!({
            "start": {"stumble": stumbles}, "tools": [work(json!(["echo"])), die.clone()],
        }), several.clone())
        .fake_with("mortal", tools(&[work(json!([{"delayArg": "ms"}, "echo"])), die, again]), several)
        .fake_with("hanging", tools(&[work(json!(["echo"])), tool("hang", json!(["hang"]))]), impatient.clone())
        .fake_with("frozen", tools(&[work(json!(["echo"])), tool("freeze", json!(["freeze"]))]), impatient)
}

fn tool(name: &str, steps: Value) -> Value {
    json!({"name": name, "does": steps})
}

fn tools(tools: &[Value]) -> Value {
    json!({"tools": tools})
}
