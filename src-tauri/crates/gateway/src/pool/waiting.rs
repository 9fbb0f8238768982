//! Those who wait for a connection: until when, what they are told, and when they are served.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::claimant::Waits;
use super::queue::Ticket;
use super::{Claimant, Lease, Pool, State};
use crate::config::model::Sharing;
use crate::lifecycle::START_DEADLINE;
use crate::sync::Locked;
use crate::words::Words;

/// Somebody who waits.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) client: Waits,
    pub(super) give: oneshot::Sender<Result<Lease, Words>>,
}

/// A waiter's place in the queue, given up when nobody waits there any more: also where
/// whoever waited is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) pool: &'a Pool,
    pub(super) ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.locked();
        state.queue.remove(self.ticket);
        self.pool.count_waiting(&state);
    }
}

impl Pool {
    /// Ends when a call has waited long enough. `acquireTimeout` is for connections that are
    /// busy. Where there is none yet, because its server is still being started or is woken
    /// by this very call, the start may take as long as starts may, and the clock runs anew
    /// once it has come.
    pub(super) async fn too_long(&self, client: Claimant<'_>) {
        self.begun.cancelled().await;
        let started = Instant::now() + START_DEADLINE;
        sleep(self.limits.acquire_timeout).await;
        let arrival = self.arrived.notified();
        if self.awaits_a_start(client) {
            tokio::select! {
                () = arrival => sleep(self.limits.acquire_timeout).await,
                () = sleep_until(started) => {}
            }
        }
    }

    /// Whether a caller can only be served by a connection that is still to come.
    fn awaits_a_start(&self, client: Claimant<'_>) -> bool {
        let state = self.state.locked();
        !self.may_be_served(&state, client) && state.open() < self.most()
    }

    /// For the look at the return of a lease, which takes no lock.
    pub(super) fn count_waiting(&self, state: &State) {
        self.waiting.store(state.queue.len(), Ordering::SeqCst);
    }

    /// No further connection can be had for now: whoever waits and cannot be served by one
    /// that is there is told.
    pub(crate) fn refuse(self: &Arc<Self>, why: &Words) {
        let mut state = self.state.locked();
        if !state.is_shut {
            state.refusal = Some(why.clone());
        }
        let mut queue = std::mem::take(&mut state.queue);
        let turned_away =
            queue.take(|waiter| !self.may_be_served(&state, waiter.client.claimant()));
        state.queue = queue;
        self.count_waiting(&state);
        drop(state);
        for waiter in turned_away {
            // A waiter that has given up meanwhile needs no answer.
            drop(waiter.give.send(Err(why.clone())));
        }
        // Where connections are left, calls need no longer wait for a new one.
        self.serve_queue();
    }

    /// The same for good.
    pub(crate) fn shut(self: &Arc<Self>, why: &Words) {
        // In one step: nothing may let calls wait in between.
        let mut state = self.state.locked();
        state.refusal = Some(why.clone());
        state.is_shut = true;
        drop(state);
        self.refuse(why);
    }

    /// Lets calls wait for a connection again.
    pub(crate) fn allow(&self) {
        let mut state = self.state.locked();
        if !state.is_shut {
            state.refusal = None;
        }
    }

    /// Gives connections to those who wait, as far as they go.
    pub(super) fn serve_queue(self: &Arc<Self>) {
        loop {
            let (waiter, lease) = {
                let mut guard = self.state.locked();
                let state = &mut *guard;
                // Whoever is next in turn comes first; where each session has its own
                // connection, nobody stands in another's way.
                let reach = match self.sharing {
                    Sharing::Shared => 1,
                    Sharing::Session => usize::MAX,
                };
                let mut queue = std::mem::take(&mut state.queue);
                let has_left = |waiter: &Waiter| waiter.give.is_closed();
                let served = queue.serve(reach, has_left, |waiter| {
                    self.pick(state, waiter.client.claimant())
                });
                state.queue = queue;
                self.count_waiting(state);
                let Some((waiter, connection)) = served else {
                    return;
                };
                (waiter, Lease::take(self, connection))
            };
            // Outside the lock: a lease that nobody takes any more returns here.
            drop(waiter.give.send(Ok(lease)));
        }
    }
}
