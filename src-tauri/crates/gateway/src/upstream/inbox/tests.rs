use futures_util::poll;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::upstream::outbox::Outbox;
use crate::upstream::pending::Call;
use crate::upstream::slot::Slot;
use crate::upstream::{Hello, Link};

#[tokio::test]
async fn an_acknowledgment_is_for_a_subscription_and_for_no_call() {
    let link = Link::Stdio(Outbox::new(1_000));
    let connection = Connection::new(link, Inbox::stand_in(), CancellationToken::new());
    let hello = Hello::modern(&Bytes::from_static(b"{}"));
    connection.hello.set(hello).expect("the first");
    let slots = [Slot::with_room(1_000), Slot::with_room(1_000)];
    let [call, lasting] = slots.each_ref().map(|slot| Call {
        slot: Arc::clone(slot),
        progress_token: None,
        client: None,
        lease: None,
    });
    let ids = [
        connection.pending.register(call),
        connection.pending.register_lasting(lasting),
    ];
    for id in ids {
        let id = id.map_err(drop).expect("it is open").to_string();
        let text = eras::acknowledged(id.as_bytes(), &eras::Filter::default());
        receive(&connection, text);
    }
    let [call, lasting] = &slots;
    assert!(poll!(Box::pin(lasting.next())).is_ready());
    assert!(poll!(Box::pin(call.next())).is_pending());
}
