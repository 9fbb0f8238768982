//! Work that may have to wait for a file system that does not answer, such as a network drive,
//! done where it keeps nobody. What is given up goes on and holds a thread, so where it waits
//! again and again for the same, no more than one piece of it is ever under way.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Held by the work that is under way, by what it waits for.
static UNDER_WAY: LazyLock<StdMutex<HashMap<String, Arc<Mutex<()>>>>> =
    LazyLock::new(Default::default);

/// Does the work; `None` where it takes longer than `patience`. It goes on then, and what it
/// gives is dropped.
pub(crate) async fn apart<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    timeout(patience, spawn_blocking(work)).await.ok()?.ok()
}

/// The same, for what is tried again: `what` names the program or the folder that it waits for.
/// Where an earlier piece of work of that name is still under way, this one begins after it, and
/// not at all where that takes longer than `patience`.
pub(crate) async fn one_apart<T: Send + 'static>(
    what: &str,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let turn = turn_of(what);
    let done = async {
        let turn = turn.lock_owned().await;
        let done = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.ok()
    };
    timeout(patience, done).await.ok()?
}

fn turn_of(what: &str) -> Arc<Mutex<()>> {
    let mut turns = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    // Those that nobody holds or waits for.
    turns.retain(|_, turn| Arc::strong_count(turn) > 1);
    Arc::clone(turns.entry(what.to_owned()).or_default())
}
