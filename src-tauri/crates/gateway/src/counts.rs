//! What the gateway holds at a moment beside its servers. What only ever grows, leaks.

use serde::Serialize;
use tokio::runtime::Handle;

use crate::core::Core;

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Counts {
    /// Open event streams that belong to no call.
    pub streams: usize,
    /// Tasks alive on the gateway's runtime.
    pub tasks: usize,
}

/// Counts; outside of a runtime there are no tasks to be counted.
pub(crate) fn now(core: &Core) -> Counts {
    let runtime = Handle::try_current();
    Counts {
        streams: core.streams.len(),
        tasks: runtime.map_or(0, |runtime| runtime.metrics().num_alive_tasks()),
    }
}
