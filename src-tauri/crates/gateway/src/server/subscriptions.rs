//! Which sessions subscribed to which of a server's resources.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use crate::serve::session::Session;
use crate::sync::Locked;

/// See the module. Sessions that are gone drop out by themselves.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_uri: Mutex<HashMap<String, Vec<Weak<Session>>>>,
}

impl Subscriptions {
    /// Adds a session.
    pub(crate) fn add(&self, uri: &str, session: &Arc<Session>) {
        let mut by_uri = self.by_uri.locked();
        let sessions = by_uri.entry(uri.to_owned()).or_default();
        sessions.retain(|one| {
            one.strong_count() > 0 && !std::ptr::eq(one.as_ptr(), Arc::as_ptr(session))
        });
        sessions.push(Arc::downgrade(session));
    }

    /// Removes a session; whether none is left that wants this resource.
    pub(crate) fn remove(&self, uri: &str, session: &Arc<Session>) -> bool {
        let mut by_uri = self.by_uri.locked();
        let Some(sessions) = by_uri.get_mut(uri) else {
            return true;
        };
        sessions.retain(|one| {
            one.strong_count() > 0 && !std::ptr::eq(one.as_ptr(), Arc::as_ptr(session))
        });
        let unwanted = sessions.is_empty();
        if unwanted {
            by_uri.remove(uri);
        }
        unwanted
    }

    /// The sessions to be told about a resource.
    pub(crate) fn of(&self, uri: &str) -> Vec<Arc<Session>> {
        self.by_uri
            .locked()
            .get(uri)
            .into_iter()
            .flatten()
            .filter_map(Weak::upgrade)
            .collect()
    }

    /// Every resource that somebody still wants.
    pub(crate) fn uris(&self) -> Vec<String> {
        let mut by_uri = self.by_uri.locked();
        by_uri.retain(|_, sessions| sessions.iter().any(|session| session.strong_count() > 0));
        by_uri.keys().cloned().collect()
    }
}
