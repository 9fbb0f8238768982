//! A legacy server is replaced while a call of it waits for what its modern client was asked.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{asking, modern, state_of};
use crate::support::setup;

/// What a person may take, and calls that are worked on get longer than this.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn its_successor_does_not_wait_for_a_person() {
    let gateway = setup()
        .fake("fake", asking("elicitation/create"))
        .start()
        .await;
    let client = modern(&gateway);
    state_of(&client.tool("fake_ask", "{}").await.result());

    let begun = Instant::now();
    let later = |form: &mut Value| form["callTimeout"] = json!(59_000);
    gateway.api().edit("fake", later).await.saved();
    modern(&gateway).tool("fake_echo", "{}").await.result();
    let taken = begun.elapsed();

    assert!(taken < SOON, "{taken:?}");
    let journal = gateway.journal("fake");
    assert_eq!(journal.starts(), 2);
    let refused = |raw: &String| raw.contains("ask-1") && raw.contains("decline");
    assert!(journal.received().iter().any(refused), "it is told so");
}
