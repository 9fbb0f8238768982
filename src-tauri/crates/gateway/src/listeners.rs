//! The open subscriptions of modern clients (MCP 2026-07-28, "Subscriptions"): each is told what
//! it has asked for, under its own id, and nothing else.

use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use eras::Filter;

use crate::catalog::ServerIndex;
use crate::mailbox::{self, Receiver, Sender, Untaken};
use crate::offer::List;
use crate::sync::Locked;
use crate::user::User;

/// All of them. Those that are gone drop out by themselves.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    open: Mutex<Vec<Weak<Listener>>>,
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The id of the request that opened it, as written.
    id: Bytes,
    /// The one server that its endpoint stands for; `None` for all.
    pub(crate) scope: Option<ServerIndex>,
    pub(crate) user: Option<User>,
    /// Which lists it is about.
    filter: Filter,
    /// `None` once its client was too slow.
    stream: Mutex<Option<Sender>>,
}

// === impl Listeners ===

impl Listeners {
    /// Tells the subscriptions concerned that these lists have changed.
    pub(crate) fn changed(&self, lists: &[List], concerned: impl Fn(&Listener) -> bool) {
        let open: Vec<_> = self
            .open
            .locked()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for listener in open.iter().filter(|one| concerned(one)) {
            let wanted = lists.iter().filter(|list| listener.wants(**list));
            let mut methods: Vec<_> = wanted.map(|list| list.changed()).collect();
            methods.dedup();
            for method in methods {
                listener.notify(&wire::notification(method, "").into());
            }
        }
    }

    /// From now on it is told of changes.
    pub(crate) fn add(&self, listener: &Arc<Listener>) {
        let mut open = self.open.locked();
        open.retain(|one| one.strong_count() > 0);
        open.push(Arc::downgrade(listener));
    }
}

// === impl Listener ===

impl Listener {
    /// A subscription that nobody tells anything yet, and its messages, of which so many bytes
    /// may wait.
    pub(crate) fn new(
        id: Bytes,
        (scope, user): (Option<ServerIndex>, Option<User>),
        filter: Filter,
        room: usize,
    ) -> (Arc<Self>, Receiver) {
        let (sender, receiver) = mailbox::channel(room);
        let listener = Self {
            id,
            scope,
            user,
            filter,
            stream: Mutex::new(Some(sender)),
        };
        (Arc::new(listener), receiver)
    }

    /// The id of the request that opened it, as written.
    pub(crate) fn id(&self) -> &Bytes {
        &self.id
    }

    /// Sends it a notification, under its id. A client that does not read is hung up on: it
    /// subscribes again and reads anew what it may have missed.
    pub(crate) fn notify(&self, notification: &Bytes) {
        let mut stream = self.stream.locked();
        let Some(sender) = &*stream else { return };
        let sent = sender.send(eras::tagged(notification, &self.id));
        if let Err(Untaken::Full(_)) = sent {
            tracing::warn!(
                "a subscription ends, because its client reads too slowly: {} bytes wait for it (limits.waitingBytes)",
                sender.room()
            );
            *stream = None;
        }
    }

    /// Whether news about a server concern it. `owner` is whose the server is, where it is not
    /// everybody's.
    pub(crate) fn sees(&self, server: ServerIndex, owner: Option<&User>) -> bool {
        self.scope.is_none_or(|scope| scope == server)
            && (owner.is_none() || owner == self.user.as_ref())
    }

    fn wants(&self, list: List) -> bool {
        match list {
            List::Tools => self.filter.tools,
            List::Prompts => self.filter.prompts,
            List::Resources | List::Templates => self.filter.resources,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 2_000;

    fn listener(
        listeners: &Listeners,
        scope: Option<usize>,
        filter: Filter,
    ) -> (Arc<Listener>, Receiver) {
        let id = Bytes::from_static(b"-1");
        let (listener, messages) = Listener::new(id, (scope, None), filter, ROOM);
        listeners.add(&listener);
        (listener, messages)
    }

    #[test]
    fn each_is_told_what_it_asked_for_once_and_under_its_id() {
        let listeners = Listeners::default();
        let resources = Filter {
            resources: true,
            ..Filter::default()
        };
        let (_kept, mut messages) = listener(&listeners, None, resources.clone());
        let (_other, mut elsewhere) = listener(&listeners, Some(3), resources);
        let lists = [List::Tools, List::Resources, List::Templates];
        listeners.changed(&lists, |one| one.sees(1, None));
        let said = messages.try_recv().expect("a message");
        assert_eq!(
            said,
            &br#"{"jsonrpc":"2.0","method":"notifications/resources/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":-1}}}"#[..]
        );
        assert!(messages.try_recv().is_err() && elsewhere.try_recv().is_err());
    }

    #[test]
    fn a_client_that_does_not_read_is_hung_up_on_after_what_waits() {
        let listeners = Listeners::default();
        let tools = Filter {
            tools: true,
            ..Filter::default()
        };
        let (_kept, mut messages) = listener(&listeners, None, tools);
        for _ in 0..100 {
            listeners.changed(&[List::Tools], |_| true);
        }
        let mut got = 0;
        let end = loop {
            match messages.try_recv() {
                Ok(message) => got += message.len(),
                Err(end) => break end,
            }
        };
        assert_eq!(end, tokio::sync::mpsc::error::TryRecvError::Disconnected);
        assert!((1..=ROOM).contains(&got), "{got}");
    }
}
