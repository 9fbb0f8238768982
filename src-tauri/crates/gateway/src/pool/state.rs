//! The connections of a pool at a moment.

use std::sync::Arc;

use super::queue::Queue;
use super::waiting::Waiter;
use super::{Claimant, Removed};
use crate::upstream::Connection;
use crate::words::Words;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct State {
    /// In use, the primary one first.
    pub(super) connections: Vec<Arc<Connection>>,
    /// Those that hang.
    pub(super) aside: Vec<Arc<Connection>>,
    /// Those that are being started and those that are on their way out.
    pub(super) passing: Vec<Arc<Connection>>,
    pub(super) queue: Queue<Waiter>,
    /// No connection is to be had for now; why.
    pub(super) refusal: Option<Words>,
    /// None ever will be again.
    pub(super) is_shut: bool,
}

impl State {
    /// Those that calls run on.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.connections.iter().chain(&self.aside)
    }

    /// As many as may have a process.
    pub(super) fn counted(&self) -> usize {
        self.connections.len() + self.aside.len() + self.passing.len()
    }

    /// How many are in use and not on their way out.
    pub(super) fn open(&self) -> usize {
        self.connections.iter().filter(|one| one.is_open()).count()
    }

    /// How many hang and stay all the same, because a call goes on there.
    pub(super) fn lingering(&self) -> usize {
        self.aside.iter().filter(|one| !one.is_condemned()).count()
    }

    pub(super) fn take_out(&mut self, connection: &Arc<Connection>) -> Option<Removed> {
        let mut connections = self.connections.iter();
        let position = connections.position(|other| Arc::ptr_eq(other, connection))?;
        self.connections.remove(position);
        Some(Removed {
            was_primary: position == 0,
            left: self.connections.len(),
        })
    }

    /// Whether a caller has a connection that is its alone.
    pub(super) fn has_own(&self, client: Claimant<'_>) -> bool {
        let mut open = self.connections.iter().filter(|one| one.is_open());
        open.any(|one| one.owner().is(client))
    }
}

/// Takes a connection out of a list.
pub(super) fn strike(list: &mut Vec<Arc<Connection>>, connection: &Arc<Connection>) {
    list.retain(|other| !Arc::ptr_eq(other, connection));
}
