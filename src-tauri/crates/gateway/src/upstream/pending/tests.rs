use super::*;
use crate::serve::session::Session;

fn begin(pending: &Pending) -> CallId {
    let call = Call {
        slot: Slot::new(),
        progress_token: None,
        client: None,
        lease: None,
    };
    pending
        .register(call)
        .map_err(|unsent| unsent.1)
        .expect("open")
}

fn answer() -> Answer {
    let span = wire::Span { start: 0, end: 0 };
    Answer {
        text: Bytes::new(),
        id: span,
        body: span,
        failed: false,
        result_type: None,
    }
}

#[test]
fn only_an_answer_that_passes_a_waiting_call_shows_concurrency() {
    let pending = Pending::default();
    let (first, second, third) = (begin(&pending), begin(&pending), begin(&pending));
    assert_eq!(
        pending.complete(second, answer(), true),
        Some(Order::Overtook)
    );
    pending.abandon(first, Lost::Cancelled);
    assert!(!pending.contains(first));
    assert_eq!(
        pending.complete(third, answer(), true),
        Some(Order::InOrder)
    );
    assert_eq!(pending.complete(third, answer(), true), None, "once");
}

#[test]
fn a_call_is_lively_by_what_is_heard_of_it_or_while_a_person_is_asked() {
    let pending = Pending::default();
    let id = begin(&pending);
    let of_client = |id| {
        let mut table = pending.table.locked();
        table.calls.get_mut(&id).expect("a call").of_client = true;
    };
    let soon = || Instant::now() + Duration::from_secs(60);
    assert!(!pending.is_lively_since(Instant::now() - Duration::from_secs(60)));
    of_client(id);
    let before = Instant::now();
    assert!(!pending.is_lively_since(soon()));
    pending.progress(id, |_| Bytes::new());
    assert!(pending.is_lively_since(before));
    assert!(!pending.asks());
    pending.park(id, true);
    assert!(pending.asks());
    assert!(pending.is_lively_since(soon()));
    pending.abandon(id, Lost::Cancelled);
    assert!(!pending.is_lively_since(before));
}

#[test]
fn an_abandoned_call_is_still_told_from_others_but_keeps_no_session() {
    let inbox = crate::upstream::inbox::Inbox::stand_in();
    let open = || {
        let none = crate::serve::session::Said::default();
        let session = inbox
            .sessions
            .open(wire::Version::LATEST, none, None, "", None);
        session.expect("random")
    };
    let pending = Pending::default();
    let of = |client: &Arc<Session>| {
        let id = begin(&pending);
        let mut table = pending.table.locked();
        let entry = table.calls.get_mut(&id).expect("a call");
        entry.of_client = true;
        entry.call.client = Some(Client::Session(Arc::clone(client)));
        id
    };
    let (one, other) = (open(), open());
    pending.abandon(of(&one), Lost::Cancelled);
    let second = of(&one);
    assert_eq!(pending.undoubted().map(|call| call.id), Some(second));
    pending.abandon(second, Lost::Cancelled);
    of(&other);
    assert!(pending.undoubted().is_none(), "it could be about the first");

    inbox.sessions.close(&one);
    let gone = Arc::downgrade(&one);
    drop(one);
    assert_eq!(gone.strong_count(), 0);
    assert!(
        pending.undoubted().is_none(),
        "also once its client has left"
    );
}

#[tokio::test]
async fn a_silent_call_is_shown_to_go_on_unless_a_person_is_asked() {
    let pending = Pending::default();
    let slot = Slot::with_room(10);
    let id = begin(&pending);
    {
        let mut table = pending.table.locked();
        let entry = table.calls.get_mut(&id).expect("a call");
        entry.of_client = true;
        entry.call.slot = Arc::clone(&slot);
    }
    let is_shown = async || {
        let next = tokio::time::timeout(Duration::ZERO, slot.next()).await;
        matches!(next, Ok(crate::upstream::slot::Event::Silence))
    };
    pending.tell_of_silence(Duration::from_secs(60));
    assert!(!is_shown().await, "too early");
    pending.park(id, true);
    pending.tell_of_silence(Duration::ZERO);
    assert!(!is_shown().await, "its client knows");
    pending.park(id, false);
    pending.tell_of_silence(Duration::ZERO);
    assert!(is_shown().await);
}

fn of_client(pending: &Pending, id: CallId, change: impl FnOnce(&mut Entry)) {
    let mut table = pending.table.locked();
    let entry = table.calls.get_mut(&id).expect("a call");
    entry.of_client = true;
    change(entry);
}

#[test]
fn the_time_that_a_person_takes_is_none_of_the_calls() {
    let pending = Pending::default();
    let id = begin(&pending);
    let hour = Duration::from_secs(3600);
    pending.park(id, true);
    pending.park(id, true);
    of_client(&pending, id, |entry| {
        entry.begun -= hour;
        entry.parked_since = entry.parked_since.map(|since| since - hour);
    });
    pending.park(id, false);
    assert!(pending.older_than(hour / 2).is_empty(), "still asked");
    pending.park(id, false);
    assert!(pending.older_than(hour / 2).is_empty());
    of_client(&pending, id, |entry| entry.begun -= hour);
    assert_eq!(pending.older_than(hour / 2), [id]);
}

#[tokio::test]
async fn silence_begins_anew_with_the_request_that_takes_a_call_over() {
    let pending = Pending::default();
    let slot = Slot::with_room(10);
    let id = begin(&pending);
    let minute = Duration::from_secs(60);
    let long_ago = |entry: &mut Entry| {
        entry.call.slot = Arc::clone(&slot);
        entry.begun -= minute;
        entry.silent_since -= minute;
    };
    let is_shown = async || {
        pending.tell_of_silence(minute / 2);
        let next = tokio::time::timeout(Duration::ZERO, slot.next()).await;
        matches!(next, Ok(crate::upstream::slot::Event::Silence))
    };
    of_client(&pending, id, long_ago);
    pending.hand_over(id, None, None);
    assert!(!is_shown().await, "this one has only come");
    of_client(&pending, id, long_ago);
    pending.park(id, true);
    pending.park(id, false);
    assert!(!is_shown().await, "it was asked just now");
    of_client(&pending, id, long_ago);
    assert!(is_shown().await);
}
