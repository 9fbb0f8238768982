use super::*;

fn written(text: &str, name: Option<&str>, crossing: &Crossing<'_>) -> String {
    let envelope = wire::parse(text.as_bytes(), 64).expect("legal");
    let out = Outgoing {
        text: text.as_bytes(),
        envelope: &envelope,
        renamed: envelope.params.name.zip(name.map(str::as_bytes)),
    };
    String::from_utf8(write(&out, "41", crossing)).expect("text")
}

const MODERN_CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"fake_echo","arguments":{"n":1.0},"_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},"traceparent":"00-…"}}}"#;

#[test]
fn a_modern_call_loses_its_claim_for_a_legacy_server() {
    assert_eq!(
        written(MODERN_CALL, Some("\"echo\""), &Crossing::ModernToLegacy),
        r#"{"jsonrpc":"2.0","id":41,"method":"tools/call","params":{"name":"echo","arguments":{"n":1.0},"_meta":{"progressToken":41,"traceparent":"00-…"}}}"#
    );
    // As one that is made once more, with a claim that stands alone and escaped keys.
    assert_eq!(
        written(
            r#"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"inputResponses":{"q1":{}},"name":"a","requestStat\u0065":"AQI","_meta":{"io.modelcontextprotocol\/protocolVersion":"2026-07-28"}}}"#,
            None,
            &Crossing::ModernToLegacy
        ),
        r#"{"jsonrpc":"2.0","id":41,"method":"tools/call","params":{"name":"a"}}"#
    );
    // Nothing to take out.
    for params in ["", r#","params":{"_meta":{}}"#, r#","params":{"_meta":7}"#] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":8,"method":"x"{params}}}"#);
        let wanted = text.replace('8', "41");
        assert_eq!(written(&text, None, &Crossing::ModernToLegacy), wanted);
    }
}

#[test]
fn a_modern_call_stays_one_for_a_modern_server() {
    let retried = MODERN_CALL.replace(
        r#""name":"#,
        r#""inputResponses":{"k\u0031":{ }},"requestState":"AQI","name":"#,
    );
    let wanted = retried
        .replace(r#""id":7"#, r#""id":41"#)
        .replace(r#""p""#, "41")
        .replace("fake_echo", "echo");
    let to = |state| {
        written(
            &retried,
            Some("\"echo\""),
            &Crossing::ModernToModern { state },
        )
    };
    assert_eq!(to(None), wanted);
    assert_eq!(
        to(Some(br#""x\/y""#)),
        wanted.replace(r#""AQI""#, r#""x\/y""#)
    );
}

#[test]
fn a_legacy_call_passes_as_it_is_to_a_legacy_server() {
    let text = r#" {"params":{ "_meta":{"progressToken":-0 ,"io.modelcontextprotocol/protocolVersion":"2025-11-25"},"requestState":1,"name":"a"},"id":1.0,"jsonrpc":"2.0","method":"tools/call"} "#;
    assert_eq!(
        written(text, Some("\"b\""), &Crossing::LegacyToLegacy),
        text.replace("-0", "41")
            .replace("1.0", "41")
            .replace("\"a\"", "\"b\"")
    );
}

fn modern(text: &str, retry: Option<Retry<'_>>) -> String {
    written(
        text,
        Some("\"own\""),
        &Crossing::LegacyToModern {
            claim: r#""c":1"#,
            retry,
        },
    )
}

#[test]
fn a_legacy_call_speaks_for_itself_to_a_modern_server() {
    let claim = claim_of(
        r#"{"elicitation":{}}"#,
        Some(r#"{"name":"n","version":"1"}"#),
        None,
    );
    let text = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"m_ask","arguments":{}}}"#;
    let crossing = Crossing::LegacyToModern {
        claim: &claim,
        retry: None,
    };
    let first = written(text, Some("\"ask\""), &crossing);
    assert_eq!(
        first,
        r#"{"jsonrpc":"2.0","id":41,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},"io.modelcontextprotocol/clientInfo":{"name":"n","version":"1"}},"name":"ask","arguments":{}}}"#
    );
    let retry = Retry {
        responses: Some(r#"{"k\u0031":{"action":"accept"}}"#),
        state: Some(r#""x\/y""#),
    };
    let crossing = Crossing::LegacyToModern {
        claim: &claim,
        retry: Some(retry),
    };
    assert_eq!(
        written(text, Some("\"ask\""), &crossing),
        first.replace(
            r#""name":"ask""#,
            r#""inputResponses":{"k\u0031":{"action":"accept"}},"requestState":"x\/y","name":"ask""#
        )
    );
}

#[test]
fn the_claim_finds_its_place() {
    let around =
        |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params},"z":1}}"#);
    for (params, wanted) in [
        ("", r#","params":{"_meta":{"c":1}}"#),
        (r#","params":null"#, r#","params":{"_meta":{"c":1}}"#),
        (r#","params":{}"#, r#","params":{"_meta":{"c":1}}"#),
        (r#","params":[1]"#, r#","params":[1]"#),
        (
            r#","params":{"_meta":null}"#,
            r#","params":{"_meta":{"c":1}}"#,
        ),
        (
            r#","params":{"name":"a","_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2025-11-25"}}"#,
            r#","params":{"name":"own","_meta":{"c":1,"progressToken":41}}"#,
        ),
        // Not what a legacy client means by it.
        (
            r#","params":{"requestState":"forged","a":1,"inputResponses":{}}"#,
            r#","params":{"_meta":{"c":1},"a":1}"#,
        ),
    ] {
        let wanted = around(wanted).replace(r#""id":1"#, r#""id":41"#);
        assert_eq!(modern(&around(params), None), wanted, "{params}");
    }
    let state_alone = Retry {
        responses: None,
        state: Some("\"s\""),
    };
    assert!(
        modern(&around(""), Some(state_alone))
            .contains(r#","params":{"_meta":{"c":1},"requestState":"s"},"z":1"#)
    );
}

#[test]
fn what_is_no_request_keeps_all_but_its_name() {
    let text = r#"{"jsonrpc":"2.0","method":"notifications/x","params":{"name":"a","_meta":{"progressToken":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
    let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(modern(response, None), response);
    let wanted = text.replace("\"a\"", "\"own\"");
    assert_eq!(modern(text, None), wanted);
    assert_eq!(
        written(text, Some("\"own\""), &Crossing::ModernToLegacy),
        wanted
    );
}

#[test]
fn a_claim_says_what_the_client_said_and_can_use() {
    let capabilities = |raw: &str| modern_capabilities(raw);
    assert_eq!(capabilities("7"), "{}");
    assert_eq!(capabilities(" {} "), "{}");
    assert_eq!(
        capabilities(r#"{"tasks":{"list":{}},"roots":{"listChanged":true}}"#),
        r#"{"roots":{"listChanged":true}}"#
    );
    assert_eq!(
        capabilities(r#"{"extensions":{"x/y":{},"io.modelcontextprotocol/ui":{"n":1.0}},"a":1e0}"#),
        r#"{"extensions":{"io.modelcontextprotocol/ui":{"n":1.0}},"a":1e0}"#
    );
    assert_eq!(capabilities(r#"{"extensions":{"x/y":{}}}"#), "{}");
    let level = |level| claim_of("{}", None, Some(level));
    assert!(level("error").ends_with(r#","io.modelcontextprotocol/logLevel":"error""#));
    assert_eq!(level("loud"), claim_of("{}", None, None));
}
