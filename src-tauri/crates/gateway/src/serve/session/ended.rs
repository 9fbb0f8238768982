//! The ids of sessions that have ended for good, the last ones.

use std::collections::{HashSet, VecDeque};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ended {
    ids: HashSet<String>,
    /// Oldest first.
    order: VecDeque<String>,
}

impl Ended {
    /// Whether an id is one of them.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Adds one; of more than `limit` the oldest go.
    pub(super) fn add(&mut self, id: &str, limit: usize) {
        if self.ids.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        while self.order.len() > limit.max(1) {
            if let Some(oldest) = self.order.pop_front() {
                self.ids.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_ended_last_are_remembered() {
        let mut ended = Ended::default();
        for id in ["a", "b", "b", "c"] {
            ended.add(id, 2);
        }
        assert!(!ended.ids.contains("a"));
        assert!(ended.ids.contains("b") && ended.ids.contains("c"));
        assert_eq!((ended.ids.len(), ended.order.len()), (2, 2));
    }
}
