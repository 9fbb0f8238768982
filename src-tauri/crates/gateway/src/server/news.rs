//! What a server said has changed, coalesced until somebody looks.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::offer::List;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct News {
    lists: AtomicU8,
    arrived: Notify,
}

impl News {
    /// A list has changed.
    pub(crate) fn changed(&self, list: List) {
        self.lists.fetch_or(1 << list as u8, Ordering::SeqCst);
        self.arrived.notify_one();
    }

    /// All lists are to be read (again).
    pub(crate) fn all_changed(&self) {
        List::ALL.into_iter().for_each(|list| self.changed(list));
    }

    /// Waits for news and takes it.
    pub(crate) async fn take(&self) -> Vec<List> {
        loop {
            let bits = self.lists.swap(0, Ordering::SeqCst);
            if bits != 0 {
                return List::ALL
                    .into_iter()
                    .filter(|list| bits & (1 << *list as u8) != 0)
                    .collect();
            }
            self.arrived.notified().await;
        }
    }
}
