//! Calls that wait for a connection. Clients take turns, and each one's calls go in
//! order, so that a client with a thousand calls delays another by one.

use std::collections::{HashMap, VecDeque};

/// Who waits; see [`Claimant::number`](super::Claimant::number).
pub(super) type Client = u64;

/// See the module.
#[derive(Debug)]
pub(super) struct Queue<W> {
    lines: HashMap<Client, VecDeque<(u64, W)>>,
    /// Each client with a line, once, in the order in which they are served.
    turns: VecDeque<Client>,
    last_number: u64,
    len: usize,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    client: Client,
    number: u64,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            turns: VecDeque::new(),
            last_number: 0,
            len: 0,
        }
    }
}

impl<W> Queue<W> {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody does.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds one to the end of its client's line.
    pub(super) fn push(&mut self, client: Client, waiter: W) -> Ticket {
        self.last_number += 1;
        let number = self.last_number;
        let line = self.lines.entry(client).or_default();
        if line.is_empty() {
            self.turns.push_back(client);
        }
        line.push_back((number, waiter));
        self.len += 1;
        Ticket { client, number }
    }

    /// Takes one out who waits no more.
    pub(super) fn remove(&mut self, ticket: Ticket) {
        let Some(line) = self.lines.get_mut(&ticket.client) else {
            return;
        };
        if let Ok(at) = line.binary_search_by_key(&ticket.number, |(number, _)| *number) {
            line.remove(at);
            self.len -= 1;
        }
        if line.is_empty() {
            self.lines.remove(&ticket.client);
            self.turns.retain(|other| *other != ticket.client);
        }
    }

    /// Takes out the first in turn who can be served, with what it is served. Of the
    /// clients in turn the first `reach` are looked at; whoever `has_left` is passed over.
    pub(super) fn serve<S>(
        &mut self,
        reach: usize,
        has_left: impl Fn(&W) -> bool,
        mut served: impl FnMut(&W) -> Option<S>,
    ) -> Option<(W, S)> {
        let mut at = 0;
        while at < self.turns.len().min(reach) {
            let client = self.turns[at];
            let line = self.lines.entry(client).or_default();
            while line.pop_front_if(|(_, waiter)| has_left(waiter)).is_some() {
                self.len -= 1;
            }
            let what = line.front().and_then(|(_, waiter)| served(waiter));
            let found = what.and_then(|what| Some((line.pop_front()?.1, what)));
            let is_empty = line.is_empty();
            if is_empty {
                self.lines.remove(&client);
            }
            match found {
                Some(found) => {
                    self.len -= 1;
                    self.turns.remove(at);
                    if !is_empty {
                        self.turns.push_back(client);
                    }
                    return Some(found);
                }
                None if is_empty => {
                    self.turns.remove(at);
                }
                None => at += 1,
            }
        }
        None
    }

    /// Everybody who waits, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &W> {
        self.lines
            .values()
            .flat_map(|line| line.iter().map(|(_, waiter)| waiter))
    }

    /// Takes those out of whom something holds.
    pub(super) fn take(&mut self, holds: impl Fn(&W) -> bool) -> Vec<W> {
        let mut taken = Vec::new();
        self.lines.retain(|_, line| {
            for (number, waiter) in std::mem::take(line) {
                match holds(&waiter) {
                    true => taken.push(waiter),
                    false => line.push_back((number, waiter)),
                }
            }
            !line.is_empty()
        });
        self.turns.retain(|client| self.lines.contains_key(client));
        self.len -= taken.len();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = usize::MAX;

    fn next(queue: &mut Queue<&'static str>) -> Option<&'static str> {
        let (waiter, ()) = queue.serve(1, |_| false, |_| Some(()))?;
        Some(waiter)
    }

    #[test]
    fn clients_take_turns_and_each_ones_calls_go_in_order() {
        let mut queue = Queue::default();
        for call in ["a1", "a2", "a3"] {
            queue.push(1, call);
        }
        queue.push(2, "b1");
        queue.push(0, "c1");
        queue.push(2, "b2");
        assert_eq!(queue.len(), 6);
        let order: Vec<_> = std::iter::from_fn(|| next(&mut queue)).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert!(queue.is_empty());
        assert!(queue.lines.is_empty() && queue.turns.is_empty());
    }

    #[test]
    fn whoever_gives_up_or_has_left_is_passed_over() {
        let mut queue = Queue::default();
        let first = queue.push(1, "a1");
        queue.push(1, "a2");
        let only = queue.push(2, "b1");
        queue.push(3, "gone");
        queue.push(3, "c2");
        queue.remove(first);
        queue.remove(only);
        queue.remove(only);
        let has_left = |waiter: &&str| *waiter == "gone";
        assert_eq!(next(&mut queue), Some("a2"));
        let served = queue.serve(ALL, has_left, |_| Some(()));
        assert_eq!(served, Some(("c2", ())));
        assert!(queue.is_empty() && queue.turns.is_empty());
    }

    #[test]
    fn one_who_cannot_be_served_stands_in_nobodys_way_within_reach() {
        let mut queue = Queue::default();
        queue.push(1, "stuck");
        queue.push(2, "goes");
        let serve = |waiter: &&str| (*waiter == "goes").then_some(());
        assert!(queue.serve(1, |_| false, serve).is_none());
        assert_eq!(queue.serve(ALL, |_| false, serve), Some(("goes", ())));
        assert_eq!(queue.take(|_| true), ["stuck"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn those_who_are_taken_out_leave_the_others_in_order() {
        let mut queue = Queue::default();
        for (client, call) in [(1, "a1"), (2, "b1"), (1, "a2"), (3, "c1"), (1, "a3")] {
            queue.push(client, call);
        }
        let mut taken = queue.take(|call| ["a2", "b1"].contains(call));
        taken.sort_unstable();
        assert_eq!(taken, ["a2", "b1"]);
        assert_eq!((queue.len(), queue.iter().count()), (3, 3));
        let order: Vec<_> = std::iter::from_fn(|| next(&mut queue)).collect();
        assert_eq!(order, ["a1", "c1", "a3"]);
        assert!(queue.lines.is_empty() && queue.turns.is_empty());
    }
}
