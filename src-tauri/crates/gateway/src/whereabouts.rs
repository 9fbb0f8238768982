//! Where resources were found that no server lists, for some time: to find them, servers are
//! asked one and all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::sync::Locked;
use crate::user::User;

/// As many are remembered.
const MOST: usize = 1_000;
/// A longer URI is not.
const LONGEST: usize = 2_000;
/// For so long.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// A user, who has servers of its own, and a URI.
type Key = (Option<User>, String);

/// See the module.
#[derive(Debug)]
pub(crate) struct Whereabouts<T = Server> {
    known: Mutex<HashMap<Key, (Weak<T>, Instant)>>,
}

impl<T> Default for Whereabouts<T> {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
        }
    }
}

impl<T> Whereabouts<T> {
    /// The server that had it.
    pub(crate) fn of(&self, user: Option<&User>, uri: &str) -> Option<Arc<T>> {
        let key = (user.cloned(), uri.to_owned());
        let known = self.known.locked();
        let (server, since) = known.get(&key)?;
        server.upgrade().filter(|_| since.elapsed() < KEPT)
    }

    /// It was found there.
    pub(crate) fn remember(&self, user: Option<&User>, uri: &str, server: &Arc<T>) {
        if uri.len() > LONGEST {
            return;
        }
        let key = (user.cloned(), uri.to_owned());
        let mut known = self.known.locked();
        if known.len() >= MOST && !known.contains_key(&key) {
            known.retain(|_, (server, since)| server.strong_count() > 0 && since.elapsed() < KEPT);
            let oldest = known.iter().min_by_key(|(_, (_, since))| *since);
            let oldest = oldest.map(|(key, _)| key.clone());
            if let Some(oldest) = oldest.filter(|_| known.len() >= MOST) {
                known.remove(&oldest);
            }
        }
        known.insert(key, (Arc::downgrade(server), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_known_to_their_user_while_their_server_is_there() {
        let (found, server) = (Whereabouts::default(), Arc::new(()));
        let user = User::new("a");
        found.remember(Some(&user), "x://y", &server);
        assert!(found.of(Some(&user), "x://y").is_some());
        assert!(found.of(None, "x://y").is_none(), "another user");
        for n in 0..MOST {
            found.remember(None, &format!("x://{n}"), &server);
        }
        assert!(found.of(Some(&user), "x://y").is_none(), "the oldest");
        assert!(found.of(None, "x://0").is_some());
        assert_eq!(found.known.locked().len(), MOST);
        let long = "x".repeat(LONGEST + 1);
        found.remember(None, &long, &server);
        assert!(found.of(None, &long).is_none());
        drop(server);
        assert!(found.of(None, "x://0").is_none());
    }
}
