use super::*;

const INFO: &[u8] = br#"{"name":"s", "version":"1.0"}"#;

fn facts(server: Era, client: Era, cacheable: bool) -> Facts<'static> {
    Facts {
        server,
        client,
        cacheable,
        server_info: Some(INFO),
    }
}

fn crossing() -> Facts<'static> {
    facts(Era::Legacy, Era::Modern, false)
}

fn with<T>(text: &str, seen: impl FnOnce(&Answer<'_>) -> T) -> T {
    let envelope = wire::parse(text.as_bytes(), 64).expect("legal");
    seen(&Answer::of(text.as_bytes(), &envelope).expect("a response"))
}

fn written(text: &str, id: &str, facts: &Facts<'_>) -> (String, Option<i64>) {
    let Written { text, code } = with(text, |answer| write(answer, id.as_bytes(), facts, &[]));
    wire::parse(&text, 64).expect("still legal");
    (String::from_utf8(text).expect("text"), code)
}

/// What becomes of a result on its way from a legacy server to a modern client.
fn result(raw: &str, cacheable: bool) -> String {
    let text = format!(r#"{{"jsonrpc":"2.0","id":41,"result":{raw}}}"#);
    let (out, code) = written(&text, "7", &facts(Era::Legacy, Era::Modern, cacheable));
    assert_eq!(code, None);
    let out = out.strip_prefix(r#"{"jsonrpc":"2.0","id":7,"result":"#);
    let out = out.and_then(|out| out.strip_suffix('}'));
    out.expect("the rest stays").to_owned()
}

const SERVER: &str = r#""io.modelcontextprotocol/serverInfo":{"name":"s", "version":"1.0"}"#;

#[test]
fn a_legacy_result_says_what_a_modern_one_has_to() {
    let meta = format!(r#""_meta":{{{SERVER}}}"#);
    let all = format!(r#""resultType":"complete",{meta}"#);
    let hints = r#""ttlMs":0,"cacheScope":"private""#;
    for (raw, cacheable, wanted) in [
        (
            r#"{"content":[],"structuredContent":{"n":1.0}}"#,
            false,
            format!(r#"{{{all},"content":[],"structuredContent":{{"n":1.0}}}}"#),
        ),
        ("{}", false, format!("{{{all}}}")),
        ("{ }", true, format!("{{{all},{hints} }}")),
        (
            r#"{ "ttlMs":5e1,"contents":[]}"#,
            true,
            format!(r#"{{{all},"cacheScope":"private", "ttlMs":5e1,"contents":[]}}"#),
        ),
        (
            r#"{"resultType":"c\u006fmplete","a":1}"#,
            false,
            format!(r#"{{{meta},"resultType":"c\u006fmplete","a":1}}"#),
        ),
        // Only a modern server can mean this.
        (
            r#"{"a":1,"resultType":"input_required"}"#,
            false,
            format!(r#"{{{meta},"a":1,"resultType":"complete"}}"#),
        ),
        (
            r#"{"_meta":{"x":1},"a":2}"#,
            false,
            format!(r#"{{"resultType":"complete","_meta":{{{SERVER},"x":1}},"a":2}}"#),
        ),
        (
            r#"{"a":2,"_meta":null}"#,
            false,
            format!(r#"{{"resultType":"complete","a":2,"_meta":{{{SERVER}}}}}"#),
        ),
        (
            r#"{"_meta":{"io.modelcontextprotocol\/serverInfo":1}}"#,
            false,
            r#"{"resultType":"complete","_meta":{"io.modelcontextprotocol\/serverInfo":1}}"#
                .to_owned(),
        ),
    ] {
        assert_eq!(result(raw, cacheable), wanted, "{raw}");
    }
}

#[test]
fn within_an_era_and_towards_legacy_clients_only_the_id_changes() {
    let text = r#" {"id" :41, "result":{"resultType":"complete","_meta":{}},"jsonrpc":"2.0"}"#;
    let failed = r#"{"jsonrpc":"2.0","error":{"code":-32002,"message":"x"},"id":41}"#;
    for (server, client) in [
        (Era::Legacy, Era::Legacy),
        (Era::Modern, Era::Modern),
        (Era::Modern, Era::Legacy),
    ] {
        // An id keeps its type and spelling.
        for id in ["1", "1.0", "\"1\"", "-0", r#""\u0061""#] {
            let facts = facts(server, client, true);
            assert_eq!(written(text, id, &facts), (text.replace("41", id), None));
            let wanted = (failed.replace("41", id), Some(-32002));
            assert_eq!(written(failed, id, &facts), wanted);
        }
    }
}

#[test]
fn a_code_is_replaced_and_nothing_around_it() {
    let error = |code: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":41,"error":{{"data":{{"code":-32002}},"cod\u0065": {code} ,"message":"m"}}}}"#
        )
    };
    let changed = |code: &str, to: &str, told| {
        let (out, code) = written(&error(code), "41", &crossing());
        assert_eq!((out, code), (error(to), Some(told)));
    };
    changed("-32002", "-32602", -32602);
    changed("-32021", "-32603", -32603);
    changed("-32000", "-32000", -32000);
    // Nothing is known of it, and the client will say so.
    changed("\"x\"", "\"x\"", -32603);
}

#[test]
fn what_is_no_answer_for_its_client_becomes_an_error() {
    for (raw, what) in [(r#""result":[1]"#, "result"), (r#""error":"x""#, "error")] {
        let text = format!(r#"{{{raw},"jsonrpc":"2.0","id":41}}"#);
        let wanted = format!(
            r#"{{"error":{{"code":-32603,"message":"the server's {what} is no object"}},"jsonrpc":"2.0","id":"a"}}"#
        );
        let out = written(&text, "\"a\"", &crossing());
        assert_eq!(out, (wanted, Some(-32603)));
        assert_eq!(
            with(&text, |answer| ended(answer, &crossing())),
            Ended::Failed(-32603)
        );
    }
    let facts = facts(Era::Modern, Era::Legacy, false);
    for kind in ["\"task\"", "\"input_required\"", "\"else\"", "7"] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":41,"result":{{"resultType":{kind}}}}}"#);
        let (out, code) = written(&text, "1", &facts);
        assert!(
            out.contains("not a complete one") && !out.contains("result\":"),
            "{out}"
        );
        assert_eq!(code, Some(-32603));
    }
}

#[test]
fn changes_of_the_caller_go_along() {
    let text =
        r#"{"jsonrpc":"2.0","id":41,"result":{"resultType":"input_required","requestState":"s"}}"#;
    let facts = facts(Era::Modern, Era::Modern, false);
    let out = with(text, |answer| {
        let Ended::InputRequired {
            requests: None,
            state: Some(state),
        } = ended(answer, &facts)
        else {
            panic!("{answer:?}")
        };
        write(answer, b"8", &facts, &[(state, b"\"AQI\"".to_vec())])
    });
    let wanted = text.replace("41", "8").replace("\"s\"", "\"AQI\"");
    assert_eq!(String::from_utf8_lossy(&out.text), wanted);
}

#[test]
fn changes_of_the_caller_go_with_what_they_change() {
    let text = r#"{"jsonrpc":"2.0","id":41,"result":["a"]}"#;
    let out = with(text, |answer| {
        let inside = Span {
            start: answer.body.start + 1,
            end: answer.body.end - 1,
        };
        write(answer, b"8", &crossing(), &[(inside, b"1".to_vec())])
    });
    let (wanted, _) = written(text, "8", &crossing());
    assert_eq!(String::from_utf8_lossy(&out.text), wanted);
}

#[test]
fn only_a_modern_server_can_answer_with_less_than_a_result() {
    let how = |raw: &str, server, client| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":41,{raw}}}"#);
        with(&text, |answer| {
            let of = |span: Option<Span>| {
                span.map(|span| String::from_utf8_lossy(span.of(text.as_bytes())).into_owned())
            };
            match ended(answer, &facts(server, client, false)) {
                Ended::Complete => "complete".to_owned(),
                Ended::InputRequired { requests, state } => {
                    format!("asks {:?} {:?}", of(requests), of(state))
                }
                Ended::Task { id } => format!("task {:?}", of(id)),
                Ended::Failed(code) => code.to_string(),
            }
        })
    };
    let (legacy, modern) = (Era::Legacy, Era::Modern);
    let asks =
        r#""result":{"resultType":"input\u005frequired","inputRequests":{},"requestState":null}"#;
    assert_eq!(how(asks, modern, modern), r#"asks Some("{}") None"#);
    assert_eq!(how(asks, modern, legacy), r#"asks Some("{}") None"#);
    assert_eq!(how(asks, legacy, modern), "complete");
    assert_eq!(how(asks, legacy, legacy), "complete");
    let task = r#""result":{"resultType":"task","taskId":"t"}"#;
    assert_eq!(how(task, modern, modern), r#"task Some("\"t\"")"#);
    assert_eq!(how(task, modern, legacy), "-32603");
    assert_eq!(how(task, legacy, modern), "complete");
    assert_eq!(how(r#""result":7"#, legacy, legacy), "complete");
    assert_eq!(how(r#""result":{}"#, modern, legacy), "complete");
    assert_eq!(how(r#""error":{"code":-32002}"#, legacy, modern), "-32602");
    assert_eq!(how(r#""error":{"code":-32002}"#, legacy, legacy), "-32002");
}
