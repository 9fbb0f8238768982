//! What a client is told whose call got no connection.

use super::Server;
use crate::lifecycle::State;
use crate::pool::{Refused, Scarcity};

impl Server {
    /// Words for a call that got no connection.
    pub(crate) fn refusal(&self, refused: &Refused) -> String {
        let name = &self.config.name;
        match (refused, self.state()) {
            (Refused::Unavailable(why), State::Failing { retry_at, .. }) => format!(
                "server `{name}` is not available: {}. It is started again in {} s",
                why.en,
                retry_at.seconds_left()
            ),
            (Refused::Unavailable(why), _) => {
                format!("server `{name}` is not available: {}", why.en)
            }
            (Refused::TooLong { .. }, State::Starting { .. }) => {
                format!("server `{name}` is still starting; try again in a moment")
            }
            (Refused::TooLong { scarcity, waited }, _) => {
                in_vain(name, *scarcity, waited.as_millis())
            }
        }
    }
}

/// Somebody waited for `waited` milliseconds.
fn in_vain(name: &str, scarcity: Scarcity, waited: u128) -> String {
    match scarcity {
        Scarcity::Busy => format!(
            "all connections to server `{name}` stayed busy for {waited} ms; raise its poolSize or pool.acquireTimeout"
        ),
        Scarcity::Asking => format!(
            "all connections to server `{name}` stayed busy for {waited} ms, as a call waits for what its client was asked; try again later, or raise its poolSize or pool.acquireTimeout"
        ),
        Scarcity::Taken => format!(
            "all connections to server `{name}` belong to other sessions that are still in use, and none became free within {waited} ms; raise its poolSize, or end sessions that are no longer needed"
        ),
        Scarcity::Absent => format!(
            "server `{name}` had no connection within {waited} ms: a former process has not ended yet, or its successor is not ready; try again in a moment"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scarcity_has_words_and_a_remedy_of_its_own() {
        let told = |scarcity| in_vain("db", scarcity, 11_250);
        let cases = [
            (Scarcity::Busy, "stayed busy for 11250 ms", "poolSize"),
            (Scarcity::Asking, "its client was asked", "poolSize"),
            (Scarcity::Taken, "belong to other sessions", "poolSize"),
            (Scarcity::Absent, "no connection within 11250 ms", "again"),
        ];
        for (scarcity, cause, remedy) in cases {
            let text = told(scarcity);
            assert!(text.contains(cause) && text.contains(remedy), "{text}");
        }
        assert!(!told(Scarcity::Absent).contains("poolSize"));
    }
}
