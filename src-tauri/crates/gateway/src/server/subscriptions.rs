//! Who subscribed to which of a server's resources.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;

use crate::listeners::Listener;
use crate::serve::session::Session;
use crate::sync::Locked;

/// See the module. Subscribers that are gone drop out by themselves.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_uri: Mutex<HashMap<String, Vec<Kept>>>,
}

/// Whoever wants to know of a resource, as its era has it.
#[derive(Debug, Clone)]
pub(crate) enum Subscriber {
    /// Legacy.
    Session(Arc<Session>),
    /// Modern.
    Listener(Arc<Listener>),
}

/// A subscriber that is not kept for being remembered.
#[derive(Debug)]
enum Kept {
    Session(Weak<Session>),
    Listener(Weak<Listener>),
}

// === impl Subscriptions ===

impl Subscriptions {
    /// Adds one.
    pub(crate) fn add(&self, uri: &str, subscriber: &Subscriber) {
        let mut by_uri = self.by_uri.locked();
        let kept = by_uri.entry(uri.to_owned()).or_default();
        kept.retain(|one| one.is_there() && !one.is(subscriber));
        kept.push(subscriber.kept());
    }

    /// Removes one; whether none is left that wants this resource.
    pub(crate) fn remove(&self, uri: &str, subscriber: &Subscriber) -> bool {
        let mut by_uri = self.by_uri.locked();
        let Some(kept) = by_uri.get_mut(uri) else {
            return true;
        };
        kept.retain(|one| one.is_there() && !one.is(subscriber));
        let unwanted = kept.is_empty();
        if unwanted {
            by_uri.remove(uri);
        }
        unwanted
    }

    /// Those to be told about a resource.
    pub(crate) fn of(&self, uri: &str) -> Vec<Subscriber> {
        let by_uri = self.by_uri.locked();
        let kept = by_uri.get(uri).into_iter().flatten();
        kept.filter_map(Kept::subscriber).collect()
    }

    /// Every resource that somebody still wants.
    pub(crate) fn uris(&self) -> Vec<String> {
        let mut by_uri = self.by_uri.locked();
        by_uri.retain(|_, kept| kept.iter().any(Kept::is_there));
        by_uri.keys().cloned().collect()
    }
}

// === impl Subscriber, Kept ===

impl Subscriber {
    /// Tells it what a server said about a resource.
    pub(crate) fn notify(&self, message: Bytes) {
        match self {
            Self::Session(session) => session.notify(eras::untagged(&message)),
            Self::Listener(listener) => listener.notify(&message),
        }
    }

    fn kept(&self) -> Kept {
        match self {
            Self::Session(session) => Kept::Session(Arc::downgrade(session)),
            Self::Listener(listener) => Kept::Listener(Arc::downgrade(listener)),
        }
    }
}

impl Kept {
    fn subscriber(&self) -> Option<Subscriber> {
        match self {
            Self::Session(session) => session.upgrade().map(Subscriber::Session),
            Self::Listener(listener) => listener.upgrade().map(Subscriber::Listener),
        }
    }

    fn is_there(&self) -> bool {
        match self {
            Self::Session(session) => session.strong_count() > 0,
            Self::Listener(listener) => listener.strong_count() > 0,
        }
    }

    fn is(&self, subscriber: &Subscriber) -> bool {
        match (self, subscriber) {
            (Self::Session(kept), Subscriber::Session(one)) => {
                std::ptr::eq(kept.as_ptr(), Arc::as_ptr(one))
            }
            (Self::Listener(kept), Subscriber::Listener(one)) => {
                std::ptr::eq(kept.as_ptr(), Arc::as_ptr(one))
            }
            _ => false,
        }
    }
}
