//! `requestState`: what the fixture wants to remember between two rounds, under a seal.
//!
//! The key is always the same, so that every process of the fixture takes up what another began:
//! modern requests may reach any of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

const KEY: &[u8] = b"a key that protects nothing but a fixture";

/// The state as the client gets it, good for one tool.
pub(super) fn seal(tool: &str, state: &Value) -> String {
    let body = URL_SAFE_NO_PAD.encode(state.to_string());
    format!("{body}.{}", digest(tool, &body))
}

/// What was sealed, unless the client or anybody else changed it.
pub(super) fn open(tool: &str, sealed: &str) -> Option<Value> {
    let (body, seal) = sealed.split_once('.')?;
    if seal != digest(tool, body) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

fn digest(tool: &str, body: &str) -> String {
    let inner = Sha256::new()
        .chain_update(KEY)
        .chain_update(tool)
        .chain_update([0_u8])
        .chain_update(body)
        .finalize();
    let outer = Sha256::new()
        .chain_update(KEY)
        .chain_update(inner)
        .finalize();
    URL_SAFE_NO_PAD.encode(outer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_sealed_comes_back() {
        let state = json!({ "step": 2, "name": "Álice" });
        assert_eq!(open("tool", &seal("tool", &state)), Some(state));
    }

    #[test]
    fn a_changed_state_and_that_of_another_tool_are_refused() {
        let sealed = seal("tool", &json!({ "step": 1 }));
        assert_eq!(open("tool", &format!("{sealed}-TAMPERED")), None);
        assert_eq!(open("other", &sealed), None);
        assert_eq!(open("tool", ""), None);
    }
}
