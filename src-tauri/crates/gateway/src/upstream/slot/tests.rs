use super::*;

fn ask(slot: &Slot, id: &'static str) -> Option<oneshot::Receiver<Bytes>> {
    slot.ask(Question::Roots, None, Bytes::from_static(id.as_bytes()))
}

async fn asked(slot: &Slot) -> Vec<Ask> {
    match slot.next().await {
        Event::Asked(asks) => asks,
        other => panic!("no question but {other:?}"),
    }
}

#[tokio::test]
async fn questions_are_named_once_and_asked_together_even_of_who_takes_no_messages() {
    let slot = Slot::new();
    slot.deafen();
    let waiting = (ask(&slot, "1"), ask(&slot, "2"));
    let mut asks = asked(&slot).await;
    assert_eq!(asks[0].asked.key, r#""q1""#);
    assert_eq!(asks[1].asked.key, r#""q2""#);
    assert!(!slot.is_untold());

    slot.ask_again(asks.remove(1));
    let third = ask(&slot, "3").expect("there");
    assert!(slot.withdraw(b"3") && !slot.withdraw(b"3"));
    assert!(third.await.is_err());
    let again = asked(&slot).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].asked.key, r#""q2""#);
    drop(waiting);
}

#[tokio::test]
async fn who_has_left_refuses_what_is_asked() {
    let slot = Slot::new();
    let open = ask(&slot, "1").expect("there");
    slot.leave();
    assert!(open.await.is_err());
    assert!(ask(&slot, "2").is_none());
}

#[tokio::test]
async fn an_answer_comes_before_a_question_that_nobody_waits_for() {
    let slot = Slot::new();
    let _open = ask(&slot, "1");
    slot.finish(Err(Lost::Cancelled));
    assert!(matches!(
        slot.next().await,
        Event::Done(Err(Lost::Cancelled))
    ));
}

#[tokio::test]
async fn who_takes_messages_is_shown_once_for_each_request_that_its_call_goes_on() {
    let slot = Slot::with_room(10);
    let next = async || tokio::time::timeout(std::time::Duration::ZERO, slot.next()).await;
    slot.is_silent();
    slot.is_silent();
    assert!(matches!(next().await, Ok(Event::Silence)));
    assert!(next().await.is_err(), "once");
    slot.deafen();
    slot.is_silent();
    assert!(next().await.is_err());
    slot.hear();
    slot.is_silent();
    assert!(matches!(next().await, Ok(Event::Silence)));
    slot.is_silent();
    slot.finish(Err(Lost::Cancelled));
    assert!(matches!(next().await, Ok(Event::Done(_))));
}

#[tokio::test]
async fn so_much_may_be_asked_at_once_and_what_is_over_makes_room() {
    let slot = Slot::with_room(10);
    let long = |len: usize| {
        let params = Some(Bytes::from(vec![b'1'; len]));
        slot.ask(Question::Roots, params, Bytes::from_static(b"1"))
    };
    assert!(long(11).is_none());
    let first = long(6);
    assert!(first.is_some() && long(5).is_none());
    drop(asked(&slot).await);
    assert!(long(10).is_some());
    drop(asked(&slot).await);

    let open = (0..100).filter_map(|_| ask(&slot, "1")).count();
    assert_eq!(open, 64);
    drop(asked(&slot).await);
    assert!(ask(&slot, "1").is_some());
}
