use super::*;

#[test]
fn a_session_is_resumed_by_its_id_alone_but_not_after_its_end() {
    let key = || SessionKey::from_bytes([7; 32]);
    let before = Sessions::new(key(), 10);
    let session = before
        .open(
            Version::V2025_06_18,
            Said {
                capabilities: r#"{"sampling":{},"elicitation":{}}"#.into(),
                client_info: Some(r#"{"name":"one","version":"1"}"#.into()),
            },
            None,
            "",
            None,
        )
        .expect("random");
    let after = Sessions::new(key(), 10);
    let resumed = after
        .find(&session.id, None, None, String::new)
        .expect("resumed");
    assert_eq!(
        (resumed.version, resumed.capabilities),
        (Version::V2025_06_18, Capabilities::from_bits(5))
    );
    assert!(
        after
            .find(&session.id, Some(0), None, || "other".to_owned())
            .is_none(),
        "another endpoint"
    );
    let stranger = User::new("stranger");
    for sessions in [&before, &after, &Sessions::new(key(), 10)] {
        let found = sessions.find(&session.id, None, Some(&stranger), String::new);
        assert!(found.is_none(), "another user");
    }
    after.close(&resumed);
    assert!(
        after.find(&session.id, None, None, String::new).is_none(),
        "deleted"
    );
    assert!(
        Sessions::new(SessionKey::from_bytes([8; 32]), 10)
            .find(&session.id, None, None, String::new)
            .is_none(),
        "forged"
    );
}

#[test]
fn a_server_is_told_the_level_of_those_who_see_it() {
    let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 10);
    let (ann, ben) = (User::new("ann"), User::new("ben"));
    let open = |scope, user| {
        let none = Said::default();
        let session = sessions.open(Version::LATEST, none, scope, "", user);
        session.expect("random")
    };
    let level = |name: &str| LogLevel::from_wire(name).expect("a level");
    open(None, Some(&ann)).set_log_level(level("debug"));
    open(Some(7), Some(&ben)).set_log_level(level("error"));
    open(None, None);
    for (server, owner, lowest) in [
        (1, Some(&ann), Some("debug")),
        (1, None, Some("debug")),
        (1, Some(&ben), None),
        (7, Some(&ben), Some("error")),
    ] {
        assert_eq!(
            sessions.lowest_log_level(server, owner),
            lowest.map(level),
            "{server} of {owner:?}"
        );
    }
}

#[test]
fn a_session_ends_with_the_access_that_it_is_used_by() {
    let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 10);
    let user = User::new("ann");
    let open = || {
        let none = Said::default();
        let session = sessions.open(Version::LATEST, none, None, "", Some(&user));
        session.expect("random")
    };
    let access = CancellationToken::new();
    let caller = Caller::proved(user.clone()).until(access.clone());
    let (gone, stays) = (open(), open());
    gone.used_by(&caller);
    sessions.close_taken_back();
    assert_eq!(sessions.count(), 2);

    access.cancel();
    sessions.close_taken_back();
    let found = |id: &str| sessions.find(id, None, Some(&user), String::new).is_some();
    assert!(!found(&gone.id) && found(&stays.id));
}

#[test]
fn memory_is_bounded_and_nothing_is_lost_by_it() {
    let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 2);
    let open = || {
        sessions
            .open(Version::LATEST, Said::default(), None, "", None)
            .expect("random")
    };
    let first = open();
    open();
    open();
    assert_eq!(sessions.count(), 2);
    assert!(sessions.find(&first.id, None, None, String::new).is_some());
}

#[test]
fn a_session_with_state_goes_last_and_for_good() {
    let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 2);
    let open = || {
        let none = Said::default();
        let session = sessions.open(Version::LATEST, none, None, "", None);
        session.expect("random")
    };
    let found = |session: &Session| sessions.find(&session.id, None, None, String::new);
    let first = open();
    first.has_state();
    let second = open();
    let third = open();
    third.has_state();
    assert!(found(&first).is_some(), "it has more to lose");
    assert!(found(&second).is_some(), "resumed, at the cost of another");
    let left = [&first, &third].map(|one| found(one).is_some());
    assert_ne!(left[0], left[1], "one of them has ended for good");
    assert_eq!(sessions.count(), 2);
}

#[test]
fn requests_say_at_a_modern_server_what_their_client_has_said() {
    let key = || SessionKey::from_bytes([7; 32]);
    let said = |capabilities: &str| Said {
        capabilities: capabilities.into(),
        client_info: Some(r#"{"name":"one"}"#.into()),
    };
    let before = Sessions::new(key(), 10);
    let open = |said| before.open(Version::LATEST, said, None, "", None);
    let session = open(said(r#"{"elicitation": {"x":1.0}}"#)).expect("random");
    session.set_log_level(LogLevel::Notice);
    let of = |name: &str, raw: &str| format!(r#""io.modelcontextprotocol/{name}":{raw}"#);
    let [version, info] = [
        of("protocolVersion", r#""2026-07-28""#),
        of("clientInfo", r#"{"name":"one"}"#),
    ];
    let own = of("clientCapabilities", r#"{"elicitation": {"x":1.0}}"#);
    let level = of("logLevel", r#""notice""#);
    assert_eq!(
        session.claim(),
        [version.clone(), own, info, level].join(",")
    );

    let resumed = Sessions::new(key(), 10).find(&session.id, None, None, String::new);
    let known = of("clientCapabilities", r#"{"elicitation":{"form":{}}}"#);
    let anew = [version, known].join(",");
    assert_eq!(resumed.expect("resumed").claim(), anew);

    let huge = format!(r#"{{"elicitation":{{}},"x":"{}"}}"#, "x".repeat(70_000));
    assert_eq!(open(said(&huge)).expect("random").claim(), anew);
}
