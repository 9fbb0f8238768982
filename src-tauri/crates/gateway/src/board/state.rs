//! What stands on the board: each server with what it offers, and who is offered it.

use std::sync::Arc;

use super::{Listing, Seat};
use crate::catalog::{Contribution, ServerIndex};
use crate::config::model::{Naming, ToolFilter};
use crate::offer::Offer;
use crate::user::User;

#[derive(Debug, Default)]
pub(super) struct State {
    /// By index.
    pub(super) names: Vec<String>,
    pub(super) turns: Vec<u64>,
    /// In the order of the configuration.
    pub(super) entries: Vec<Entry>,
    /// Servers with accounts for users other than the gateway's own, each with the index of
    /// the server in whose place it stands for its user.
    pub(super) guests: Vec<(ServerIndex, Entry)>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) seat: Seat,
    pub(super) owner: Option<User>,
    pub(super) name: String,
    pub(super) naming: Naming,
    pub(super) filter: ToolFilter,
    pub(super) offer: Arc<Offer>,
    /// Read at least once, now or in an earlier run.
    pub(super) known: bool,
}

// === impl State, Entry ===

impl State {
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        let guests = self.guests.iter().map(|(_, guest)| guest);
        self.entries.iter().chain(guests)
    }

    pub(super) fn entry(&self, server: ServerIndex) -> Option<&Entry> {
        self.all().find(|entry| entry.seat.index == server)
    }

    pub(super) fn seated(&mut self, seat: Seat) -> Option<&mut Entry> {
        let guests = self.guests.iter_mut().map(|(_, guest)| guest);
        let mut entries = self.entries.iter_mut().chain(guests);
        entries.find(|entry| entry.seat == seat)
    }

    /// What a user is offered, in the order of the configuration; without a user what
    /// everybody is.
    pub(super) fn contributions(&self, user: Option<&User>) -> Vec<Contribution<'_>> {
        let shares = user.is_none_or(User::is_invited);
        let own = |entry: &&Entry| {
            (entry.owner.is_none() && shares)
                || (entry.owner.is_some() && entry.owner.as_ref() == user)
        };
        let guest = |place: ServerIndex| {
            let mut guests = self.guests.iter();
            let found = guests.find(|(at, guest)| *at == place && guest.owner.as_ref() == user);
            found.map(|(_, guest)| guest)
        };
        self.entries
            .iter()
            .filter_map(|entry| Some(entry).filter(own).or_else(|| guest(entry.seat.index)))
            .map(Entry::contribution)
            .collect()
    }
}

impl Entry {
    pub(super) fn new(listing: &Listing<'_>, offer: Arc<Offer>, known: bool) -> Self {
        Self {
            seat: listing.seat,
            owner: listing.owner.clone(),
            name: listing.config.name.clone(),
            naming: listing.config.naming.clone(),
            filter: listing.config.filter.clone(),
            offer,
            known,
        }
    }

    pub(super) fn contribution(&self) -> Contribution<'_> {
        Contribution {
            index: self.seat.index,
            server: &self.name,
            naming: &self.naming,
            filter: &self.filter,
            offer: Arc::clone(&self.offer),
        }
    }
}
