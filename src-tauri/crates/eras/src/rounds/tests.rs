use super::*;

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn read(text: &str) -> Result<Required, NotUsable> {
    split(&bytes(text))
}

const FORM: &str = r#"{"message":"?","requestedSchema":{"type": "object"}}"#;

#[test]
fn what_a_server_wants_stays_as_it_is_written() {
    let text = format!(
        r#" {{"resultType":"input_required","inputRequests":{{"k\u0031":{{"method":"elicitation\/create","params":{FORM}}},"r":{{"params":null,"method":"roots/list"}}}},"requestState":"x\/y"}}"#
    );
    let required = read(&text).expect("usable");
    let asked = |key: &str, question, params: Option<&str>| Asked {
        key: bytes(key),
        question,
        params: params.map(bytes),
    };
    let first = asked(r#""k\u0031""#, Question::Elicitation, Some(FORM));
    assert_eq!(
        required.asked,
        [first.clone(), asked("\"r\"", Question::Roots, None)]
    );
    assert_eq!(required.state.as_deref(), Some(&br#""x\/y""#[..]));

    let question = as_legacy_question(&first, "\"gateway-5\"");
    let wanted = format!(
        r#"{{"jsonrpc":"2.0","id":"gateway-5","method":"elicitation/create","params":{FORM}}}"#
    );
    assert_eq!(String::from_utf8_lossy(&question), wanted);
    let roots = as_legacy_question(&required.asked[1], "6");
    assert_eq!(roots, br#"{"jsonrpc":"2.0","id":6,"method":"roots/list"}"#);

    let results = [
        bytes(r#"{"action":"accept","content":{"n":1.0}}"#),
        bytes(r#"{"roots":[]}"#),
    ];
    assert_eq!(
        responses(required.asked.iter().map(|asked| &asked.key).zip(&results)),
        r#"{"k\u0031":{"action":"accept","content":{"n":1.0}},"r":{"roots":[]}}"#
    );
    assert_eq!(responses([]), "{}");
}

#[test]
fn a_state_alone_is_enough_and_nothing_is_not() {
    let alone = read(r#"{"inputRequests":{},"requestState":""}"#).expect("usable");
    assert_eq!(
        alone,
        Required {
            asked: Vec::new(),
            state: Some(bytes("\"\""))
        }
    );
    assert_eq!(
        read(r#"{"requestState":"","inputRequests":null}"#),
        Ok(alone)
    );
    for nothing in [
        "{}",
        "7",
        r#"{"inputRequests":{}}"#,
        r#"{"requestState":null}"#,
    ] {
        assert_eq!(read(nothing), Err(NotUsable::Nothing), "{nothing}");
    }
}

#[test]
fn what_a_client_cannot_be_asked_is_refused() {
    let one = |entry: &str| read(&format!(r#"{{"inputRequests":{{"a":{entry}}}}}"#));
    let a = || "\"a\"".to_owned();
    for entry in ["7", "{}", r#"{"method":1}"#, r#"{"method":"ping"}"#] {
        assert_eq!(one(entry), Err(NotUsable::Method(a())), "{entry}");
    }
    for entry in [
        r#"{"method":"sampling/createMessage"}"#,
        r#"{"method":"elicitation/create","params":null}"#,
        r#"{"method":"roots/list","params":[]}"#,
    ] {
        assert_eq!(one(entry), Err(NotUsable::Params(a())), "{entry}");
    }
    let twice =
        r#"{"inputRequests":{"a":{"method":"roots/list"},"\u0061":{"method":"roots/list"}}}"#;
    assert_eq!(read(twice), Err(NotUsable::Twice(a())));
    assert_eq!(read(r#"{"inputRequests":[]}"#), Err(NotUsable::Requests));
    assert_eq!(read(r#"{"requestState":1}"#), Err(NotUsable::State));
}

#[test]
fn a_legacy_servers_question_is_told_to_a_modern_client() {
    let required = Required {
        asked: vec![Asked::numbered(1, Question::Elicitation, Some(bytes(FORM)))],
        state: Some(bytes("\"AQI\"")),
    };
    let wanted = format!(
        r#"{{"resultType":"input_required","inputRequests":{{"q1":{{"method":"elicitation/create","params":{FORM}}}}},"requestState":"AQI"}}"#
    );
    assert_eq!(
        String::from_utf8_lossy(&input_required(&required, None)),
        wanted
    );
    let neither = input_required(&Required::default(), None);
    let wanted = r#"{"resultType":"input_required","inputRequests":{}}"#;
    assert_eq!(String::from_utf8_lossy(&neither), wanted);
    let known = input_required(&required, Some(b"{}"));
    assert!(
        String::from_utf8_lossy(&known)
            .ends_with(r#""AQI","_meta":{"io.modelcontextprotocol/serverInfo":{}}}"#)
    );

    let answers =
        bytes(r#" {"q9":{},"q\u0031":{ "action":"accept" },"q2":"no","q3":{"action":"decline"}}"#);
    let asked = [1, 2, 3, 4].map(|number| Asked::numbered(number, Question::Elicitation, None));
    let given = given(&answers, &asked);
    let wanted = [
        Some(r#"{ "action":"accept" }"#),
        None,
        Some(r#"{"action":"decline"}"#),
        None,
    ];
    assert_eq!(given, wanted.map(|raw| raw.map(bytes)));
    let agreed: Vec<bool> = given.iter().flatten().map(|raw| accepted(raw)).collect();
    assert_eq!(agreed, [true, false]);
}

#[test]
fn an_address_gets_the_id_that_legacy_clients_need() {
    let ask = |params: &str, id: &str| {
        let asked = Asked::numbered(1, Question::Elicitation, Some(bytes(params)));
        String::from_utf8(as_legacy_question(&asked, id)).expect("text")
    };
    let url = r#"{"mode":"u\u0072l","url":"https://a","message":"m"}"#;
    let wanted = url.replace(r#"{"mode"#, r#""params":{"elicitationId":"g-5","mode"#);
    assert!(ask(url, "\"g-5\"").ends_with(&format!("{wanted}}}")));
    assert!(ask(url, "5").contains(r#"{"elicitationId":"5","mode""#));
    let named = r#"{"mode":"url","elicitationId":"e","url":"https://a"}"#;
    assert!(ask(named, "5").contains(named));
    let null = r#"{"mode":"url","elicitationId":null}"#;
    assert!(ask(null, "5").contains(r#""params":{"elicitationId":"5","mode":"url"}"#));
    assert!(!ask(FORM, "5").contains("elicitationId"));
}

#[test]
fn addresses_to_be_visited_first_become_questions() {
    let error = |code: &str, list: &str| {
        url_elicitations(&bytes(&format!(
            r#"{{"code":{code},"message":"m","data":{{"elicitations":{list}}}}}"#
        )))
    };
    let (one, two) = (
        r#"{"mode":"url","elicitationId":"e","url":"https://a","message":"m"}"#,
        r#"{"url":"https://b","mode":"url"}"#,
    );
    let list = format!("[{one}, {two}]");
    let wanted = [(1, one), (2, two)]
        .map(|(number, raw)| Asked::numbered(number, Question::Elicitation, Some(bytes(raw))));
    assert_eq!(error("-32042", &list), Some(wanted.to_vec()));
    assert_eq!(error("-32041", &list), None);
    for list in [
        "[]",
        "{}",
        r#"[{"mode":"form","url":"a"}]"#,
        r#"[{"mode":"url","url":1}]"#,
        "[7]",
    ] {
        assert_eq!(error("-32042", list), None, "{list}");
    }
    assert_eq!(url_elicitations(&bytes("\"x\"")), None);
}

#[test]
fn questions_are_known_by_their_methods() {
    for (question, method) in Question::ALL {
        assert_eq!(
            (Question::of(method), question.method()),
            (Some(question), method)
        );
    }
    assert_eq!(Question::of("ping"), None);
}
