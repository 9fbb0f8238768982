//! A server's last minutes in numbers, one sample a second.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Serialize, Serializer};

use crate::pool::Pool;
use crate::sync::Locked;

/// Samples that are kept: ten minutes.
const SAMPLES: usize = 600;

/// A server's pool at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    /// Connections with a call in flight.
    pub(crate) active: u32,
    /// Open connections.
    pub(crate) total: u32,
    /// Calls that wait for a connection.
    pub(crate) waiting: u32,
    /// Calls that finished since the sample before.
    pub(crate) calls: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct History {
    samples: Mutex<VecDeque<Sample>>,
    /// Calls finished at the last sample; starts again with each successor.
    counted: AtomicU64,
}

impl Serialize for Sample {
    /// As an array: there are many of them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.at, self.active, self.total, self.waiting, self.calls).serialize(serializer)
    }
}

impl History {
    /// Adds what a pool looks like now.
    pub(crate) fn sample(&self, pool: &Pool, at: u64) -> Sample {
        let counts = pool.counts();
        let finished = pool.finished();
        let before = self.counted.swap(finished, Ordering::Relaxed);
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let sample = Sample {
            at,
            active: narrow(counts.active),
            total: narrow(counts.total),
            waiting: narrow(counts.waiting),
            // A successor's pool counts from nothing again.
            calls: u32::try_from(finished.checked_sub(before).unwrap_or(finished))
                .unwrap_or(u32::MAX),
        };
        let mut samples = self.samples.locked();
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
        sample
    }

    /// The samples, oldest first.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.samples.locked().iter().copied().collect()
    }
}
