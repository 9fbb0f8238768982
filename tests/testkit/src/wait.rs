//! Waiting for what will become true. A test waits for a condition with a
//! deadline, never for a length of time.

use std::time::{Duration, Instant};

/// How long a test waits for anything that should happen at once. Generous,
/// because two cores may be busy compiling; nothing ever waits it out unless it fails.
pub const SOON: Duration = Duration::from_secs(20);

/// Waits until `condition` yields a value.
///
/// # Panics
/// After [`SOON`], naming what was awaited.
pub async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(
            Instant::now() < deadline,
            "waited {SOON:?} in vain until {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until `condition` holds.
///
/// # Panics
/// As [`until`] does.
pub async fn until_true(what: &str, mut condition: impl FnMut() -> bool) {
    until(what, async || condition().then_some(())).await;
}

/// Waits for a future that should be done soon.
///
/// # Panics
/// After [`SOON`], naming what was awaited.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(SOON, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {SOON:?} in vain for {what}"),
    }
}
