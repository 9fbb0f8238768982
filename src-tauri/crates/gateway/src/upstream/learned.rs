//! What has been found out about a server by working with it.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use wire::Era;

use super::greeting::Manner;
use crate::sync::Locked;

/// For so long a server is not suspected again of what it was suspected of before.
const SUSPECTED: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// It works on several calls at once.
    pub(crate) concurrent: AtomicBool,
    /// It asks questions, so its connections serve one call at a time.
    pub(crate) asks: AtomicBool,
    /// How it is greeted.
    manner: Mutex<Known>,
    /// Of not speaking this era any more, since then.
    suspected: Mutex<Option<(Era, Instant)>>,
}

#[derive(Debug, Default)]
struct Known {
    manner: Option<Manner>,
    /// It has succeeded once.
    is_proved: bool,
    /// It has failed since it succeeded last.
    is_doubted: bool,
}

// === impl Learned ===

impl Learned {
    pub(crate) fn new(concurrent: bool, asks: bool, manner: Option<Manner>) -> Self {
        Self {
            concurrent: AtomicBool::new(concurrent),
            asks: AtomicBool::new(asks),
            manner: Mutex::new(Known {
                manner,
                is_proved: true,
                is_doubted: false,
            }),
            suspected: Mutex::default(),
        }
    }

    /// How it is greeted, where that is known.
    pub(crate) fn manner(&self) -> Option<Manner> {
        self.manner.locked().manner
    }

    /// How it is greeted from now on: that has succeeded.
    pub(crate) fn greet_so(&self, manner: Manner) {
        *self.manner.locked() = Known {
            manner: Some(manner),
            is_proved: true,
            is_doubted: false,
        };
    }

    /// How it is greeted from now on: the other way does not lead anywhere.
    pub(crate) fn try_so(&self, manner: Manner) {
        *self.manner.locked() = Known {
            manner: Some(manner),
            ..Known::default()
        };
    }

    /// To greet it so has failed, perhaps for another reason. What has succeeded before has to be
    /// found out anew the second time in a row; where nothing ever did, a server that ends in any
    /// case would only be started twice as often.
    pub(crate) fn doubt_manner(&self) {
        let mut known = self.manner.locked();
        if std::mem::replace(&mut known.is_doubted, true) && known.is_proved {
            *known = Known::default();
        }
    }

    /// It has to be found out anew how it is greeted.
    pub(crate) fn forget_manner(&self) {
        *self.manner.locked() = Known::default();
    }

    /// Suspects it not to speak this era any more; false where that was so a short time ago.
    pub(crate) fn suspect(&self, era: Era) -> bool {
        let mut suspected = self.suspected.locked();
        if suspected.is_some_and(|(of, since)| of == era && since.elapsed() < SUSPECTED) {
            return false;
        }
        *suspected = Some((era, Instant::now()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_twice_in_a_row_is_forgotten() {
        let learned = Learned::new(false, false, Some(Manner::Legacy));
        learned.doubt_manner();
        assert_eq!(learned.manner(), Some(Manner::Legacy));
        learned.greet_so(Manner::Legacy);
        learned.doubt_manner();
        assert_eq!(learned.manner(), Some(Manner::Legacy), "not in a row");
        learned.doubt_manner();
        assert_eq!(learned.manner(), None);
    }

    #[test]
    fn what_never_succeeded_is_kept() {
        let learned = Learned::default();
        learned.try_so(Manner::Legacy);
        for _ in 0..3 {
            learned.doubt_manner();
            assert_eq!(learned.manner(), Some(Manner::Legacy));
        }
    }

    #[test]
    fn a_server_is_suspected_once_of_each_era_in_turn() {
        let learned = Learned::default();
        assert!(learned.suspect(Era::Modern));
        assert!(!learned.suspect(Era::Modern));
        assert!(learned.suspect(Era::Legacy));
        assert!(!learned.suspect(Era::Legacy));
        assert!(learned.suspect(Era::Modern));
    }
}
