use super::*;
use bytes::Bytes;
use eras::Question;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::upstream::Link;
use crate::upstream::inbox::Inbox;
use crate::upstream::outbox::Outbox;
use crate::upstream::pending::Call;
use crate::user::User;

fn parking(parked_calls: usize) -> Arc<Parking> {
    let mut limits = Inbox::stand_in().limits;
    limits.parked_calls = parked_calls;
    limits.question_timeout = Duration::from_secs(60);
    Parking::new(StateKey::derived_from(&[1; 32]), &limits)
}

fn caller(name: &str) -> Caller {
    Caller::proved(User::new(name))
}

/// A call that waits, and what its server gets to hear.
fn lot(caller: &Caller) -> (Lot, oneshot::Receiver<Bytes>) {
    let link = Link::Stdio(Outbox::new(1_000));
    let connection = Connection::new(link, Inbox::stand_in(), CancellationToken::new());
    let slot = Slot::new();
    let call = connection.pending.register(Call {
        slot: Arc::clone(&slot),
        progress_token: None,
        client: None,
        lease: None,
    });
    let answered = slot.ask(Question::Roots, None, Bytes::from_static(b"1"));
    let lot = Lot {
        slot,
        connection,
        call: call.map_err(|unsent| unsent.1).expect("open"),
        attempts_left: 0,
        may_have_run: false,
        asks: Vec::new(),
        caller: caller.clone(),
        since: Instant::now(),
    };
    (lot, answered.expect("there"))
}

#[test]
fn a_call_is_taken_once_and_by_its_own_user() {
    let parking = parking(5);
    let (ann, ben) = (caller("ann"), caller("ben"));
    let id = parking.park(lot(&ann).0).expect("room");
    assert!(parking.take(id, &ben).is_none());
    assert!(parking.take(id, &ann).is_some());
    assert!(parking.take(id, &ann).is_none());
}

#[test]
fn each_user_has_so_many_places() {
    let parking = parking(2);
    let (ann, ben) = (caller("ann"), caller("ben"));
    let first = parking.park(lot(&ann).0).expect("room");
    assert!(parking.park(lot(&ann).0).is_some());
    assert!(parking.park(lot(&ann).0).is_none());
    assert!(parking.park(lot(&ben).0).is_some());
    assert!(parking.take(first, &ann).is_some());
    assert!(parking.park(lot(&ann).0).is_some());
}

#[tokio::test]
async fn a_call_is_ended_when_its_client_can_come_back_no_more() {
    let parking = parking(5);
    let end = CancellationToken::new();
    let (lasting, leaving) = (caller("ann"), caller("ben").until(end.clone()));
    let ((kept, _open), (lot, answered)) = (lot(&lasting), lot(&leaving));
    let (connection, call) = (Arc::clone(&lot.connection), lot.call);
    let kept = parking.park(kept).expect("room");
    parking.park(lot).expect("room");
    end.cancel();
    parking.expire(Instant::now());
    assert!(answered.await.is_err(), "what was asked is refused");
    assert!(!connection.pending.contains(call));

    parking.expire(Instant::now() + Duration::from_secs(61));
    assert!(parking.take(kept, &lasting).is_none());
}

#[tokio::test]
async fn nothing_waits_any_more_once_the_gateway_goes() {
    let parking = parking(5);
    let ann = caller("ann");
    let (before, refused) = lot(&ann);
    parking.park(before).expect("room");
    parking.close();
    assert!(refused.await.is_err());
    assert!(parking.park(lot(&ann).0).is_none());
}

#[test]
fn what_is_lost_leaves_its_place_to_others_and_an_answer_stays() {
    let parking = parking(2);
    let ann = caller("ann");
    let (lost, answered) = (lot(&ann).0, lot(&ann).0);
    for lot in [&lost, &answered] {
        lot.connection.closing.cancel();
    }
    let span = wire::Span { start: 0, end: 0 };
    answered.slot.finish(Ok(crate::upstream::slot::Answer {
        text: Bytes::new(),
        id: span,
        body: span,
        failed: false,
        result_type: None,
    }));
    let (lost, answered) = (parking.park(lost), parking.park(answered));
    let next = parking.park(lot(&ann).0);
    assert!(next.is_some());
    assert!(parking.take(lost.expect("room"), &ann).is_none());
    assert!(parking.park(lot(&ann).0).is_none());
    assert!(parking.take(answered.expect("room"), &ann).is_some());
}

#[tokio::test]
async fn a_server_takes_back_what_it_has_asked_while_its_call_waits() {
    let parking = parking(2);
    let ann = caller("ann");
    let (mut lot, refused) = lot(&ann);
    let slot = Arc::clone(&lot.slot);
    if let crate::upstream::slot::Event::Asked(asks) = slot.next().await {
        lot.asks = asks;
    }
    let id = parking.park(lot).expect("room");
    parking.withdraw(&slot, b"2");
    parking.withdraw(&slot, b"1");
    assert!(refused.await.is_err());
    assert!(parking.take(id, &ann).expect("it waits").asks.is_empty());
}
