//! One-time codes that let a browser in: the address that `mcp-gateway ui` prints may end
//! up in a history or on a screen, the admin token must not.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::sync::Locked;

/// A code that was not used by then is void.
const LIFE: Duration = Duration::from_secs(60);
/// Codes that are open at once; the oldest go first.
const OPEN: usize = 16;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    open: Mutex<Vec<(String, Instant)>>,
}

impl Codes {
    /// A new code.
    ///
    /// # Errors
    /// Where the system has no randomness.
    pub(crate) fn issue(&self) -> Result<String, getrandom::Error> {
        let mut random = [0; 24];
        getrandom::fill(&mut random)?;
        let code = URL_SAFE_NO_PAD.encode(random);
        let mut open = self.open.locked();
        open.retain(|(_, born)| born.elapsed() < LIFE);
        if open.len() == OPEN {
            open.remove(0);
        }
        open.push((code.clone(), Instant::now()));
        Ok(code)
    }

    /// Whether this code is open; it no longer is afterwards.
    pub(crate) fn redeem(&self, code: &str) -> bool {
        let mut open = self.open.locked();
        open.retain(|(_, born)| born.elapsed() < LIFE);
        let found = open.iter().position(|(one, _)| one == code);
        found.map(|position| open.remove(position)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once() {
        let codes = Codes::default();
        let code = codes.issue().expect("random");
        assert!(!codes.redeem("guess"));
        assert!(codes.redeem(&code));
        assert!(!codes.redeem(&code));
    }

    #[test]
    fn codes_are_few() {
        let codes = Codes::default();
        let first = codes.issue().expect("random");
        for _ in 0..OPEN {
            codes.issue().expect("random");
        }
        assert!(!codes.redeem(&first));
    }
}
