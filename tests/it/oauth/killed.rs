//! The gateway dies in the middle of a refresh.

use std::collections::HashSet;
use std::time::Duration;

use testkit::aliyun::{Kind, Rotation, Trouble};
use testkit::wait;

use super::town::Town;

/// How often it dies.
const TIMES: u32 = 200;
/// How long the answer to a refresh is on its way.
const ANSWER_TAKES: Trouble = Trouble::Late(10);
/// How long after it has asked for a refresh the gateway dies at the latest: some time before
/// the answer is there, while it is kept, or after that.
const LONGEST: Duration = Duration::from_millis(20);

/// The owner is signed in, and the gateway is dead.
async fn dead(rotation: Rotation) -> Town {
    let mut town = Town::start().await;
    town.aliyun.behave(|behaviour| {
        behaviour.rotation = rotation;
        behaviour.always(Kind::Refresh, ANSWER_TAKES);
    });
    town.owner_signs_in("alice").await;
    town.gateway.kill();
    town
}

fn refreshes(town: &Town) -> u64 {
    town.aliyun.counts().asked(Kind::Refresh)
}

/// Starts the gateway with a token that has expired, and kills it in the middle of its refresh.
async fn lives_for_a_moment(town: &mut Town, round: u32) {
    town.aliyun.expire("alice");
    let before = refreshes(town);
    town.gateway.restart().await;
    wait::until_true("a refresh was asked for", || refreshes(town) > before).await;
    tokio::time::sleep(LONGEST * (round % 20) / 20).await;
    town.gateway.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_reuse_grace_nobody_is_ever_signed_out() {
    let mut town = dead(Rotation::Grace(30)).await;
    for round in 0..TIMES {
        lives_for_a_moment(&mut town, round).await;
        let refused = town.aliyun.counts().refused(Kind::Refresh);
        assert_eq!(refused, 0, "round {round}");
    }
    town.gateway.restart().await;
    town.await_account("signedIn").await;
    let token = town.owners_token().await;
    let client = town.client("/ecs/mcp", &token).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");

    let asked = town.aliyun.seen(Kind::Refresh);
    let tokens: HashSet<_> = asked.iter().map(|seen| &seen.body).collect();
    assert!(tokens.len() < asked.len(), "no answer was ever lost");
    assert!(tokens.len() > 1, "no answer was ever kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_grace_the_worst_is_one_clean_wish_for_a_sign_in() {
    let mut town = dead(Rotation::Strict).await;
    let mut wishes = 0;
    for round in 0..TIMES / 5 {
        lives_for_a_moment(&mut town, round).await;
        let before = refreshes(&town);
        town.gateway.restart().await;
        let state = wait::until("it is known where the account stands", async || {
            let server = town.gateway.server_status("ecs").await;
            let state = server["state"].as_str()?.to_owned();
            ["ready", "needsSignIn"]
                .contains(&state.as_str())
                .then_some(state)
        })
        .await;
        assert!(refreshes(&town) - before <= 1, "round {round}: a storm");
        if state == "needsSignIn" {
            town.await_account("needsSignIn").await;
            town.owner_signs_in("alice").await;
            wishes += 1;
        }
        town.gateway.kill();
    }
    assert!(wishes > 0, "no answer was ever lost");
}
