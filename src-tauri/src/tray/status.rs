//! What the tray reads of the gateway's status; see `GET /api/status`.

use gateway::words::Words;
use serde::Deserialize;

use crate::said::Said;

/// How the core fares, as far as the tray shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// It reads its configuration and takes its port.
    Starting,
    /// It starts as soon as something else has ended.
    Waiting(Words),
    /// It could not start.
    Failed(Words),
    /// It serves.
    Running(Status),
}

/// The gateway's status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Status {
    /// In one word.
    pub(crate) state: Overall,
    /// The address for clients.
    pub(crate) endpoint: String,
    /// In the order of the configuration.
    pub(crate) servers: Vec<Server>,
    /// What is wrong with the configuration file, for which an earlier text is in force.
    #[serde(default, rename = "configProblems")]
    pub(crate) config_problems: Vec<ConfigProblem>,
    /// How much the doctor found when it looked last; nothing where it has not looked.
    #[serde(default)]
    pub(crate) findings: Option<usize>,
    /// How many clients wait until they are let in.
    #[serde(default)]
    pub(crate) approvals: usize,
    /// What they are called; see `GET /api/approvals`.
    #[serde(skip)]
    pub(crate) asking: Vec<String>,
}

/// One thing wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ConfigProblem {
    /// Of which key; empty for the file as a whole.
    pub(crate) key: String,
    /// In which line; 0 where it is in none.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) message: Said,
}

/// The gateway's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Overall {
    /// Every server that should run does.
    Ok,
    /// Some are being started for the first time.
    Initializing,
    /// At least one cannot be used.
    Degraded,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Server {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// How it fares.
    pub(crate) state: ServerState,
    /// Tools that clients see.
    pub(crate) tools: usize,
    /// Why it fails, or what is wrong with it.
    pub(crate) error: Option<Failure>,
    /// The demo that runs without a configuration file, where it cannot be switched off.
    #[serde(default)]
    pub(crate) built_in: bool,
}

/// A server's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ServerState {
    /// Being started.
    Starting,
    /// It answers.
    Ready,
    /// It is used, but something is wrong with it.
    Degraded,
    /// It could not be started.
    Failing,
    /// Its account is signed out, and only the user can help.
    #[serde(rename = "needsSignIn")]
    NeedsSignIn,
    /// Nobody used it; the next call starts it.
    Stopped,
    /// Not wanted.
    Disabled,
}

/// Why a server fails.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Failure {
    /// For a person.
    pub(crate) message: Said,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_document_is_read_whatever_else_is_in_it() {
        let status: Status = serde_json::from_str(
            r#"{"version":"1","state":"degraded","uptime":3,"endpoint":"http://localhost:4298/mcp","new":1,
                "configProblems":[{"key":"","line":3,"column":1,"message":{"en":"x","zh":"x"},"remedy":null}],
                "servers":[{"name":"git","transport":"stdio","state":"failing","tools":0,"builtIn":true,
                "error":{"message":{"en":"gone","zh":"没了"},"remedy":null,"lastLines":[]}}]}"#,
        )
        .expect("a status");
        assert_eq!(status.state, Overall::Degraded);
        let [server] = &status.servers[..] else {
            panic!("{status:?}")
        };
        assert_eq!(server.state, ServerState::Failing);
        assert!(server.built_in);
        assert_eq!((status.approvals, status.asking.len()), (0, 0));
        assert_eq!(status.config_problems.len(), 1);
        let error = server.error.clone().expect("an error");
        assert_eq!(Words::from(error.message), Words::new("gone", "没了"));
    }

    #[test]
    fn a_server_without_its_account_is_told_from_one_that_fails() {
        let state: ServerState = serde_json::from_str(r#""needsSignIn""#).expect("a state");
        assert_eq!(state, ServerState::NeedsSignIn);
    }
}
