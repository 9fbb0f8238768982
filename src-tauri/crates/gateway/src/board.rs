//! The current catalog and the one way to change it: what a server offers now, or
//! what the configuration says now, is merged, published, and only then told to the
//! clients, so that whoever asks again after the news sees what is new.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::catalog::{Catalog, Contribution, ServerIndex};
use crate::config::model::{Naming, ServerConfig, ToolFilter};
use crate::offer::{List, Offer};
use crate::serve::session::Sessions;
use crate::sync::Locked;

/// See the module.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    catalog: ArcSwap<Catalog>,
    published: watch::Sender<u64>,
    sessions: Arc<Sessions>,
    changed: Arc<Notify>,
}

/// A server's place on the board. A name keeps its index for as long as the gateway
/// runs; of several servers that had it one after another, the last one may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) index: ServerIndex,
    turn: u64,
}

/// What the configuration says about the catalog.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) seat: Seat,
    pub(crate) config: &'a ServerConfig,
    /// What is known of a server that is new here from an earlier run.
    pub(crate) kept: Option<Offer>,
}

#[derive(Debug, Default)]
struct State {
    /// By index.
    names: Vec<String>,
    turns: Vec<u64>,
    /// In the order of the configuration.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    seat: Seat,
    name: String,
    naming: Naming,
    filter: ToolFilter,
    offer: Arc<Offer>,
    /// Read at least once, now or in an earlier run.
    known: bool,
}

impl Board {
    /// A board without servers. `changed` is rung at every publication.
    pub(crate) fn new(sessions: Arc<Sessions>, changed: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            catalog: ArcSwap::from_pointee(Catalog::merge(&[])),
            published: watch::Sender::new(0),
            sessions,
            changed,
        })
    }

    /// A seat for a server of this name; whoever had it before publishes no more.
    pub(crate) fn take_seat(&self, name: &str) -> Seat {
        let mut state = self.state.locked();
        let known = state.names.iter().position(|other| other == name);
        let index = known.unwrap_or_else(|| {
            state.names.push(name.to_owned());
            state.turns.push(0);
            state.names.len() - 1
        });
        state.turns[index] += 1;
        Seat {
            index,
            turn: state.turns[index],
        }
    }

    /// The current snapshot.
    pub(crate) fn catalog(&self) -> arc_swap::Guard<Arc<Catalog>> {
        self.catalog.load()
    }

    /// What one server offers.
    pub(crate) fn offer(&self, server: ServerIndex) -> Arc<Offer> {
        let state = self.state.locked();
        let entry = state.entry(server);
        entry.map_or_else(Arc::default, |entry| Arc::clone(&entry.offer))
    }

    /// Whether anything is known of it.
    pub(crate) fn is_known(&self, server: ServerIndex) -> bool {
        let state = self.state.locked();
        state.entry(server).is_some_and(|entry| entry.known)
    }

    /// Counts publications; changes with each one.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Puts the servers of a configuration in place of those before it, and tells
    /// the clients which lists changed by that.
    pub(crate) fn arrange(&self, listings: Vec<Listing<'_>>) {
        let (before, after) = {
            let mut state = self.state.locked();
            let mut former = std::mem::take(&mut state.entries);
            state.entries = listings
                .into_iter()
                .map(|listing| {
                    let known = former.iter().position(|one| one.seat == listing.seat);
                    let known = known.map(|position| former.swap_remove(position));
                    let (offer, known) = match known {
                        Some(entry) => (entry.offer, entry.known),
                        None => {
                            let known = listing.kept.is_some();
                            (Arc::new(listing.kept.unwrap_or_default()), known)
                        }
                    };
                    Entry {
                        seat: listing.seat,
                        name: listing.config.name.clone(),
                        naming: listing.config.naming.clone(),
                        filter: listing.config.filter.clone(),
                        offer,
                        known,
                    }
                })
                .collect();
            let after = Arc::new(Catalog::merge(&contributions(&state.entries)));
            (self.catalog.swap(Arc::clone(&after)), after)
        };
        self.published.send_modify(|count| *count += 1);
        self.changed.notify_one();
        for (scope, lists) in before.differences(&after) {
            self.tell(lists, |message| self.sessions.tell(scope, message));
        }
    }

    /// Publishes what a server offers now and tells the clients which lists changed.
    pub(crate) fn publish(&self, seat: Seat, offer: Offer) {
        let changed: Vec<List> = {
            let mut state = self.state.locked();
            let entry = state.entries.iter_mut().find(|entry| entry.seat == seat);
            // Its name has gone to another one, or out of the configuration.
            let Some(entry) = entry else { return };
            let before = Arc::clone(&entry.offer);
            entry.known = true;
            let changed: Vec<_> = List::ALL
                .into_iter()
                .filter(|&list| before.list(list) != offer.list(list))
                .collect();
            if !changed.is_empty() {
                entry.offer = Arc::new(offer);
                let contributions = contributions(&state.entries);
                let catalog = self.catalog.load().with(&contributions, seat.index);
                self.catalog.store(Arc::new(catalog));
            }
            changed
        };
        self.published.send_modify(|count| *count += 1);
        self.changed.notify_one();
        self.tell(changed, |message| {
            self.sessions.broadcast(seat.index, message);
        });
    }

    fn tell(&self, lists: Vec<List>, send: impl Fn(&bytes::Bytes)) {
        let mut methods: Vec<_> = lists.into_iter().map(List::changed).collect();
        methods.dedup();
        for method in methods {
            send(&wire::notification(method, "").into());
        }
    }
}

impl State {
    fn entry(&self, server: ServerIndex) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.seat.index == server)
    }
}

fn contributions(entries: &[Entry]) -> Vec<Contribution<'_>> {
    entries
        .iter()
        .map(|entry| Contribution {
            index: entry.seat.index,
            server: &entry.name,
            naming: &entry.naming,
            filter: &entry.filter,
            offer: Arc::clone(&entry.offer),
        })
        .collect()
}
