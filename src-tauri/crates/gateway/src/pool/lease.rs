//! The right to have one call in flight on a connection.

use std::sync::Arc;

use super::Pool;
use crate::upstream::Connection;

/// Counts as one call until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<Pool>,
    connection: Arc<Connection>,
}

impl Lease {
    pub(super) fn take(pool: &Arc<Pool>, connection: Arc<Connection>) -> Self {
        connection.occupy();
        Self {
            pool: Arc::clone(pool),
            connection,
        }
    }

    /// The connection to use.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.connection.vacate();
        self.pool.returned();
    }
}
