//! The current catalog and the one way to change it: a server's new offer is
//! merged, published, and only then told to the clients, so that whoever asks
//! again after the news sees what is new.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::catalog::{Catalog, Contribution, ServerIndex};
use crate::config::model::ServerConfig;
use crate::offer::{List, Offer};
use crate::serve::session::Sessions;
use crate::sync::Locked;

/// See the module.
#[derive(Debug)]
pub(crate) struct Board {
    entries: Mutex<Vec<Entry>>,
    catalog: ArcSwap<Catalog>,
    published: watch::Sender<u64>,
    sessions: Arc<Sessions>,
}

#[derive(Debug)]
struct Entry {
    config: ServerConfig,
    offer: Arc<Offer>,
    /// Read at least once, now or in an earlier run.
    known: bool,
}

impl Board {
    /// A board with what is known of each server from earlier runs.
    pub(crate) fn new(
        servers: Vec<(ServerConfig, Option<Offer>)>,
        sessions: Arc<Sessions>,
    ) -> Arc<Self> {
        let entries: Vec<_> = servers
            .into_iter()
            .map(|(config, offer)| Entry {
                config,
                known: offer.is_some(),
                offer: Arc::new(offer.unwrap_or_default()),
            })
            .collect();
        let catalog = merge(&entries);
        Arc::new(Self {
            entries: Mutex::new(entries),
            catalog: ArcSwap::from_pointee(catalog),
            published: watch::Sender::new(0),
            sessions,
        })
    }

    /// The current snapshot.
    pub(crate) fn catalog(&self) -> arc_swap::Guard<Arc<Catalog>> {
        self.catalog.load()
    }

    /// What one server offers.
    pub(crate) fn offer(&self, server: ServerIndex) -> Arc<Offer> {
        Arc::clone(&self.entries.locked()[server].offer)
    }

    /// Whether anything is known of it.
    pub(crate) fn is_known(&self, server: ServerIndex) -> bool {
        self.entries.locked()[server].known
    }

    /// Counts publications; changes with each one.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Publishes what a server offers now and tells the clients which lists changed.
    pub(crate) fn publish(&self, server: ServerIndex, offer: Offer) {
        let changed: Vec<List> = {
            let mut entries = self.entries.locked();
            let before = Arc::clone(&entries[server].offer);
            entries[server].known = true;
            let changed: Vec<_> = List::ALL
                .into_iter()
                .filter(|&list| before.list(list) != offer.list(list))
                .collect();
            if !changed.is_empty() {
                entries[server].offer = Arc::new(offer);
                self.catalog.store(Arc::new(merge(&entries)));
            }
            changed
        };
        self.published.send_modify(|count| *count += 1);
        let mut told: Vec<_> = changed.into_iter().map(List::changed).collect();
        told.dedup();
        for method in told {
            self.sessions
                .broadcast(server, &wire::notification(method, "").into());
        }
    }
}

fn merge(entries: &[Entry]) -> Catalog {
    let contributions: Vec<_> = entries
        .iter()
        .map(|entry| Contribution {
            server: &entry.config.name,
            naming: &entry.config.naming,
            filter: &entry.config.filter,
            offer: Arc::clone(&entry.offer),
        })
        .collect();
    Catalog::merge(&contributions)
}
