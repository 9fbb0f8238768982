//! Sign-ins that were begun and not finished. Pure: the time is given.
//!
//! Each is known by its `state`, good for one use and ten minutes. What was
//! used or expired is remembered for a while, so that a replayed answer can be
//! told from a forged one. Only hashes of states are kept.
//!
//! The answer may start the app that has ended meanwhile, so each sign-in has a
//! document in the store as well, under its hash; whoever uses this takes away
//! the documents of [`ended`](Pending::ended) ones.

use std::collections::{HashMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::fault::LoginFault;

/// How long a sign-in may take, in seconds.
pub(crate) const LIFETIME: i64 = 600;
/// More at once are refused nobody: the oldest goes.
const AT_ONCE: usize = 1000;
/// How many past ones are remembered.
const REMEMBERED: usize = 1000;

/// The SHA-256 of a state, fit to be a key.
type Hash = String;

/// Sign-ins under way, each with what its end needs.
pub(crate) struct Pending<T> {
    open: HashMap<Hash, Login<T>>,
    past: VecDeque<(Hash, LoginFault)>,
    /// Whose answer has come and is being exchanged for tokens.
    exchanging: Vec<(String, Option<String>)>,
    ended: Vec<Hash>,
    next: u64,
}

struct Login<T> {
    provider: String,
    user: Option<String>,
    begun: i64,
    order: u64,
    value: T,
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self {
            open: HashMap::new(),
            past: VecDeque::new(),
            exchanging: Vec::new(),
            ended: Vec::new(),
            next: 0,
        }
    }
}

impl<T> Pending<T> {
    /// A sign-in begins; its key is that of [`key`].
    pub(crate) fn begin(
        &mut self,
        state: &str,
        provider: &str,
        user: Option<&str>,
        now: i64,
        value: T,
    ) {
        self.expire(now);
        self.put(key(state), provider, user, now, value);
    }

    /// A sign-in that had begun before a restart.
    pub(crate) fn restore(
        &mut self,
        key: String,
        provider: &str,
        user: Option<&str>,
        begun: i64,
        value: T,
    ) {
        self.put(key, provider, user, begun, value);
    }

    /// The keys of sign-ins that have ended since this was last asked.
    pub(crate) fn ended(&mut self) -> Vec<String> {
        std::mem::take(&mut self.ended)
    }

    fn put(&mut self, key: Hash, provider: &str, user: Option<&str>, begun: i64, value: T) {
        if self.open.len() >= AT_ONCE {
            // Strangers' browsers can begin as many as they like; they must
            // not push out the sign-in of somebody who is known.
            let oldest = self
                .open
                .iter()
                .min_by_key(|(_, login)| (login.user.is_some(), login.order))
                .map(|(hash, _)| hash.clone());
            if let Some(hash) = oldest {
                self.end(&hash, LoginFault::Expired);
            }
        }
        let order = self.next;
        self.next += 1;
        let login = Login {
            provider: provider.to_owned(),
            user: user.map(str::to_owned),
            begun,
            order,
            value,
        };
        self.open.insert(key, login);
    }

    /// What the end of a sign-in needs whose answer has not come yet.
    pub(crate) fn value(&self, state: &str) -> Option<&T> {
        Some(&self.open.get(&key(state))?.value)
    }

    /// The answer has come: the sign-in is used up, whatever becomes of it. It is under way
    /// until it is [`settled`](Self::settled).
    pub(crate) fn take(&mut self, state: &str, now: i64) -> Result<T, LoginFault> {
        self.expire(now);
        let hash = key(state);
        match self.end(&hash, LoginFault::Used) {
            Some(login) => {
                self.exchanging.push((login.provider, login.user));
                Ok(login.value)
            }
            None => Err(self
                .past
                .iter()
                .find(|(past, _)| *past == hash)
                .map_or(LoginFault::Unknown, |(_, fate)| fate.clone())),
        }
    }

    /// It is known what became of a sign-in whose answer has come.
    pub(crate) fn settled(&mut self, provider: &str, user: Option<&str>) {
        let of_user =
            |one: &(String, Option<String>)| one.0 == provider && one.1.as_deref() == user;
        if let Some(at) = self.exchanging.iter().position(of_user) {
            self.exchanging.swap_remove(at);
        }
    }

    /// Gives up every sign-in of this user at this provider; how many.
    pub(crate) fn cancel(&mut self, provider: &str, user: Option<&str>) -> usize {
        let given_up: Vec<Hash> = self
            .open
            .iter()
            .filter(|(_, login)| login.provider == provider && login.user.as_deref() == user)
            .map(|(hash, _)| hash.clone())
            .collect();
        for hash in &given_up {
            self.end(hash, LoginFault::Cancelled);
        }
        given_up.len()
    }

    /// Whether this user is signing in at this provider.
    pub(crate) fn under_way(&self, provider: &str, user: Option<&str>, now: i64) -> bool {
        let mut exchanging = self.exchanging.iter();
        self.open.values().any(|login| {
            login.provider == provider && login.user.as_deref() == user && !over(login.begun, now)
        }) || exchanging.any(|(of, whose)| of == provider && whose.as_deref() == user)
    }

    fn expire(&mut self, now: i64) {
        let expired: Vec<Hash> = self
            .open
            .iter()
            .filter(|(_, login)| over(login.begun, now))
            .map(|(hash, _)| hash.clone())
            .collect();
        for hash in expired {
            self.end(&hash, LoginFault::Expired);
        }
    }

    fn end(&mut self, hash: &str, fate: LoginFault) -> Option<Login<T>> {
        let login = self.open.remove(hash)?;
        if self.past.len() >= REMEMBERED {
            self.past.pop_front();
        }
        self.past.push_back((hash.to_owned(), fate));
        self.ended.push(hash.to_owned());
        Some(login)
    }
}

/// Whether a sign-in has taken too long.
pub(crate) fn over(begun: i64, now: i64) -> bool {
    now.saturating_sub(begun) >= LIFETIME
}

/// The key of the sign-in with this state.
pub(crate) fn key(state: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(state.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_under_way_until_it_is_known_what_became_of_it() {
        let mut pending = begun(&["s"]);
        let under_way = |pending: &Pending<_>| pending.under_way("p", Some("local"), 1);
        assert!(pending.take("s", 1).is_ok() && under_way(&pending));
        pending.settled("p", Some("other"));
        assert!(under_way(&pending));
        pending.settled("p", Some("local"));
        assert!(!under_way(&pending));
    }

    fn begun(states: &[&str]) -> Pending<String> {
        let mut pending = Pending::default();
        for state in states {
            pending.begin(state, "p", Some("local"), 0, format!("value of {state}"));
        }
        pending
    }

    #[test]
    fn a_sign_in_is_used_once() {
        let mut pending = begun(&["one", "two"]);
        assert_eq!(pending.take("one", 1), Ok("value of one".into()));
        assert_eq!(pending.take("one", 2), Err(LoginFault::Used));
        assert_eq!(pending.take("two", 3), Ok("value of two".into()));
    }

    #[test]
    fn a_restored_sign_in_is_used_once_too() {
        let mut pending = Pending::default();
        pending.restore(key("one"), "p", None, 0, 1);
        pending.restore(key("two"), "p", None, 0, 2);
        assert_eq!(pending.take("one", LIFETIME - 1), Ok(1));
        assert_eq!(pending.take("one", LIFETIME - 1), Err(LoginFault::Used));
        assert_eq!(pending.take("two", LIFETIME), Err(LoginFault::Expired));
        assert_eq!(pending.ended(), [key("one"), key("two")]);
        assert!(pending.ended().is_empty());
    }

    #[test]
    fn a_forged_state_does_nothing() {
        let mut pending = begun(&["one"]);
        assert_eq!(pending.take("other", 1), Err(LoginFault::Unknown));
        assert_eq!(pending.take("", 1), Err(LoginFault::Unknown));
        assert_eq!(pending.take("one", 1), Ok("value of one".into()));
    }

    #[test]
    fn ten_minutes_and_no_longer() {
        assert!(begun(&["one"]).take("one", LIFETIME - 1).is_ok());
        let mut pending = begun(&["one"]);
        assert!(pending.under_way("p", Some("local"), LIFETIME - 1));
        assert!(!pending.under_way("p", Some("local"), LIFETIME));
        assert_eq!(pending.take("one", LIFETIME), Err(LoginFault::Expired));
    }

    #[test]
    fn cancelling_ends_the_sign_ins_of_one_user_at_one_provider() {
        let mut pending = begun(&["one"]);
        pending.begin("two", "p", None, 0, String::new());
        pending.begin("three", "q", Some("local"), 0, String::new());
        assert_eq!(pending.cancel("p", Some("local")), 1);
        assert_eq!(pending.take("one", 1), Err(LoginFault::Cancelled));
        assert!(pending.take("two", 1).is_ok());
        assert!(pending.take("three", 1).is_ok());
    }

    #[test]
    fn a_flood_of_strangers_does_not_push_out_who_is_known() {
        let mut pending = begun(&["mine"]);
        for i in 0..3 * AT_ONCE {
            pending.begin(&format!("s{i}"), "p", None, 1, String::new());
        }
        assert_eq!(pending.open.len(), AT_ONCE);
        assert!(pending.past.len() <= REMEMBERED);
        assert!(pending.take("mine", 2).is_ok());
        assert!(pending.take(&format!("s{}", 3 * AT_ONCE - 1), 2).is_ok());
    }
}
