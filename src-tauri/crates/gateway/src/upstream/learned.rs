//! What has been found out about a server by working with it.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use super::greeting::Manner;
use crate::sync::Locked;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// It works on several calls at once.
    pub(crate) concurrent: AtomicBool,
    /// It asks questions, so its connections serve one call at a time.
    pub(crate) asks: AtomicBool,
    /// How it is greeted.
    manner: Mutex<Option<Manner>>,
}

// === impl Learned ===

impl Learned {
    pub(crate) fn new(concurrent: bool, asks: bool, manner: Option<Manner>) -> Self {
        Self {
            concurrent: AtomicBool::new(concurrent),
            asks: AtomicBool::new(asks),
            manner: Mutex::new(manner),
        }
    }

    /// How it is greeted, where that is known.
    pub(crate) fn manner(&self) -> Option<Manner> {
        *self.manner.locked()
    }

    /// How it is greeted from now on.
    pub(crate) fn greet_so(&self, manner: Manner) {
        *self.manner.locked() = Some(manner);
    }

    /// It has to be found out anew how it is greeted.
    pub(crate) fn forget_manner(&self) {
        *self.manner.locked() = None;
    }
}
