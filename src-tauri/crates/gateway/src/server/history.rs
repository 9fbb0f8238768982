//! A server's last minutes in numbers, one sample a second: its pool, and what it takes of the
//! machine.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Serialize, Serializer};

use crate::pool::Pool;
use crate::sync::Locked;
use crate::usage::Usage;

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
    /// What its processes take; `None` where there are none on this machine.
    pub(crate) usage: Option<Usage>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct History {
    samples: Mutex<VecDeque<Sample>>,
    /// Calls finished at the last sample; starts again with each successor.
    counted: AtomicU64,
    /// As it was measured last.
    usage: Mutex<Option<Usage>>,
}

impl Serialize for Sample {
    /// As an array: there are many of them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let memory = self.usage.map(|usage| usage.memory);
        let cpu = self.usage.map(|usage| usage.cpu);
        let Self {
            at,
            active,
            total,
            waiting,
            calls,
            ..
        } = self;
        (at, active, total, waiting, calls, memory, cpu).serialize(serializer)
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
            usage: self.usage(),
        };
        let mut samples = self.samples.locked();
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
        sample
    }

    /// What its processes take now.
    pub(crate) fn measured(&self, usage: Option<Usage>) {
        *self.usage.locked() = usage;
    }

    /// What they took when they were looked at last.
    pub(crate) fn usage(&self) -> Option<Usage> {
        *self.usage.locked()
    }

    /// The samples, oldest first.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.samples.locked().iter().copied().collect()
    }
}
