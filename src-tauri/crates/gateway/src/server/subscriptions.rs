//! Who subscribed to which of a server's resources and tasks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use eras::Filter;
use tokio::sync::OwnedMutexGuard;

use crate::catalog::Shown;
use crate::listeners::Listener;
use crate::serve::session::Session;
use crate::sync::Locked;

/// See the module. Subscribers that are gone drop out by themselves.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_topic: Mutex<HashMap<Topic, Vec<Kept>>>,
    turns: Mutex<HashMap<Topic, Weak<Turn>>>,
}

/// See [`Subscriptions::turn`].
type Turn = tokio::sync::Mutex<()>;

/// From so many on, those that nobody holds are cleared away.
const TURNS: usize = 64;

/// What somebody wants to know of, by the server's own name for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// By its URI.
    Resource(String),
    /// By its id (extension "Tasks").
    Task(String),
}

/// Somebody to be told.
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
    /// Adds one; whether it was not among them. `shown` is what the subscriber's endpoint calls
    /// the server's things.
    pub(crate) fn add(
        &self,
        topic: &Topic,
        subscriber: &Subscriber,
        shown: Option<&Arc<Shown>>,
    ) -> bool {
        let mut by_topic = self.by_topic.locked();
        let kept = by_topic.entry(topic.clone()).or_default();
        let is_new = !kept.iter().any(|one| one.who.is(subscriber));
        kept.retain(|one| one.who.is_there() && !one.who.is(subscriber));
        kept.push(Kept {
            who: subscriber.who(),
            shown: shown.cloned(),
        });
        is_new
    }

    /// Removes one; whether none is left that wants to know of this.
    pub(crate) fn remove(&self, topic: &Topic, subscriber: &Subscriber) -> bool {
        let mut by_topic = self.by_topic.locked();
        let Some(kept) = by_topic.get_mut(topic) else {
            return true;
        };
        kept.retain(|one| one.who.is_there() && !one.who.is(subscriber));
        let unwanted = kept.is_empty();
        if unwanted {
            by_topic.remove(topic);
        }
        unwanted
    }

    /// Held while a legacy server is told that something is wanted, or is not any more: what it
    /// hears last is what is so. Whoever holds it looks once more whether it is.
    pub(crate) async fn turn(&self, topic: &Topic) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.locked();
            if turns.len() >= TURNS {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            let present = turns.get(topic).and_then(Weak::upgrade);
            present.unwrap_or_else(|| {
                let turn = Arc::new(Turn::default());
                turns.insert(topic.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }

    /// Whether somebody wants to know of this.
    pub(crate) fn is_wanted(&self, topic: &Topic) -> bool {
        let by_topic = self.by_topic.locked();
        let mut kept = by_topic.get(topic).into_iter().flatten();
        kept.any(|one| one.who.is_there())
    }

    /// Whether somebody wants to know of anything.
    pub(crate) fn any(&self) -> bool {
        let by_topic = self.by_topic.locked();
        by_topic.values().flatten().any(|one| one.who.is_there())
    }

    /// Those to be told.
    pub(crate) fn of(&self, topic: &Topic) -> Vec<Told> {
        let by_topic = self.by_topic.locked();
        let kept = by_topic.get(topic).into_iter().flatten();
        kept.filter_map(|one| {
            Some(Told {
                subscriber: one.who.subscriber()?,
                shown: one.shown.clone(),
            })
        })
        .collect()
    }

    /// Every resource and task that somebody still wants to know of, in one order.
    pub(crate) fn wanted(&self) -> Filter {
        let mut by_topic = self.by_topic.locked();
        by_topic.retain(|_, kept| kept.iter().any(|one| one.who.is_there()));
        let mut wanted = Filter::default();
        for topic in by_topic.keys() {
            match topic {
                Topic::Resource(uri) => wanted.uris.push(uri.clone()),
                Topic::Task(id) => wanted.tasks.push(id.clone()),
            }
        }
        wanted.uris.sort_unstable();
        wanted.tasks.sort_unstable();
        wanted
    }
}

// === impl Told, Subscriber, Who ===

impl Told {
    /// Tells it what a server said.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn listener() -> Arc<Listener> {
        let id = Bytes::from_static(b"1");
        Listener::new(id, (None, None), Filter::default(), 1_000).0
    }

    #[test]
    fn something_is_wanted_for_as_long_as_somebody_is_there_who_wants_it() {
        let subscriptions = Subscriptions::default();
        let topic = Topic::Resource("x://a".to_owned());
        let (one, two) = (listener(), listener());
        let subscribers = [&one, &two].map(|one| Subscriber::Listener(Arc::clone(one)));
        assert!(!subscriptions.any() && !subscriptions.is_wanted(&topic));
        for subscriber in &subscribers {
            assert!(subscriptions.add(&topic, subscriber, None));
            assert!(!subscriptions.add(&topic, subscriber, None), "it is there");
        }
        assert!(!subscriptions.remove(&topic, &subscribers[0]));
        assert!(subscriptions.any() && subscriptions.is_wanted(&topic));
        drop((subscribers, two));
        assert!(!subscriptions.any() && !subscriptions.is_wanted(&topic));
    }

    #[tokio::test]
    async fn of_those_who_speak_of_one_thing_one_speaks_at_a_time() {
        let subscriptions = Subscriptions::default();
        let topic = |number| Topic::Resource(format!("x://{number}"));
        let held = subscriptions.turn(&topic(0)).await;
        for number in 1..200 {
            drop(subscriptions.turn(&topic(number)).await);
        }
        assert!(subscriptions.turns.locked().len() <= TURNS);
        let first = topic(0);
        let mut next = Box::pin(subscriptions.turn(&first));
        let waits = futures_util::poll!(&mut next).is_pending();
        assert!(waits, "the turn is another's");
        drop(held);
        next.await;
    }
}
