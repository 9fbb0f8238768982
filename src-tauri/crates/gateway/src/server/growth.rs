//! How soon a further connection is started beside those that work. Pure.
//!
//! A second process may end again and again although the first one works: it finds a lock, a
//! port or a profile in use. That is no reason to call the server broken, nor to start
//! processes without end.

use std::time::{Duration, Instant};

/// After a further connection could not be opened, or has ended at once twice.
pub(super) const GROW_AGAIN: Duration = Duration::from_secs(30);
/// One that ends this soon was of no use.
const QUICK_END: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Growth {
    quick_ends: u32,
    rest_until: Option<Instant>,
}

impl Growth {
    /// A connection has ended beside others after `lived`. Whether no further one is to be
    /// started for a while; once is forgiven.
    pub(super) fn lost_one(&mut self, lived: Duration, now: Instant) -> bool {
        if lived >= QUICK_END {
            *self = Self::default();
            return false;
        }
        self.quick_ends += 1;
        let rests = self.quick_ends > 1;
        if rests {
            self.rest_until = Some(now + GROW_AGAIN);
        }
        rests
    }

    /// Until when no further connection is to be started.
    pub(super) fn rests(&self, now: Instant) -> Option<Instant> {
        self.rest_until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_that_end_at_once_are_not_started_without_end() {
        let (mut growth, now) = (Growth::default(), Instant::now());
        let quick = Duration::from_secs(1);
        assert!(!growth.lost_one(quick, now));
        assert_eq!(growth.rests(now), None);
        assert!(growth.lost_one(quick, now));
        assert_eq!(growth.rests(now), Some(now + GROW_AGAIN));
        let later = now + GROW_AGAIN;
        assert_eq!(growth.rests(later), None);
        assert!(growth.lost_one(quick, later), "it has not got better");

        assert!(!growth.lost_one(QUICK_END, later));
        assert!(!growth.lost_one(quick, later), "counted anew");
    }
}
