//! Who subscribed to which of a server's resources.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;

use crate::catalog::Shown;
use crate::listeners::Listener;
use crate::serve::session::Session;
use crate::sync::Locked;

/// See the module. Subscribers that are gone drop out by themselves.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_uri: Mutex<HashMap<String, Vec<Kept>>>,
}

/// Somebody to be told about a resource.
#[derive(Debug)]
pub(crate) struct Told {
    subscriber: Subscriber,
    shown: Option<Arc<Shown>>,
}

/// Whoever wants to know of a resource, as its era has it.
#[derive(Debug, Clone)]
pub(crate) enum Subscriber {
    /// Legacy.
    Session(Arc<Session>),
    /// Modern.
    Listener(Arc<Listener>),
}

/// What is remembered of a subscriber.
#[derive(Debug)]
struct Kept {
    who: Who,
    /// What its endpoint calls the server's things.
    shown: Option<Arc<Shown>>,
}

/// A subscriber that is not kept for being remembered.
#[derive(Debug)]
enum Who {
    Session(Weak<Session>),
    Listener(Weak<Listener>),
}

// === impl Subscriptions ===

impl Subscriptions {
    /// Adds one. `uri` is the server's own; `shown` what the subscriber's endpoint calls it.
    pub(crate) fn add(&self, uri: &str, subscriber: &Subscriber, shown: Option<&Arc<Shown>>) {
        let mut by_uri = self.by_uri.locked();
        let kept = by_uri.entry(uri.to_owned()).or_default();
        kept.retain(|one| one.who.is_there() && !one.who.is(subscriber));
        kept.push(Kept {
            who: subscriber.who(),
            shown: shown.cloned(),
        });
    }

    /// Removes one; whether none is left that wants this resource.
    pub(crate) fn remove(&self, uri: &str, subscriber: &Subscriber) -> bool {
        let mut by_uri = self.by_uri.locked();
        let Some(kept) = by_uri.get_mut(uri) else {
            return true;
        };
        kept.retain(|one| one.who.is_there() && !one.who.is(subscriber));
        let unwanted = kept.is_empty();
        if unwanted {
            by_uri.remove(uri);
        }
        unwanted
    }

    /// Those to be told about a resource.
    pub(crate) fn of(&self, uri: &str) -> Vec<Told> {
        let by_uri = self.by_uri.locked();
        let kept = by_uri.get(uri).into_iter().flatten();
        kept.filter_map(|one| {
            Some(Told {
                subscriber: one.who.subscriber()?,
                shown: one.shown.clone(),
            })
        })
        .collect()
    }

    /// Every resource that somebody still wants.
    pub(crate) fn uris(&self) -> Vec<String> {
        let mut by_uri = self.by_uri.locked();
        by_uri.retain(|_, kept| kept.iter().any(|one| one.who.is_there()));
        by_uri.keys().cloned().collect()
    }
}

// === impl Told, Subscriber, Who ===

impl Told {
    /// Tells it what a server said about a resource.
    pub(crate) fn notify(&self, message: Bytes) {
        let message = match &self.shown {
            Some(shown) => shown.notification(message),
            None => message,
        };
        match &self.subscriber {
            Subscriber::Session(session) => session.notify(eras::untagged(&message)),
            Subscriber::Listener(listener) => listener.notify(&message),
        }
    }
}

impl Subscriber {
    fn who(&self) -> Who {
        match self {
            Self::Session(session) => Who::Session(Arc::downgrade(session)),
            Self::Listener(listener) => Who::Listener(Arc::downgrade(listener)),
        }
    }
}

impl Who {
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
