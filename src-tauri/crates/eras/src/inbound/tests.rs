use super::*;
use serde_json::{Value, json};

mod arguments;

const GOOD: &str = "2026-07-28";

type Headers<'a> = [(&'a str, &'a str)];

fn heads<'a>(headers: &[(&'a str, &'a str)]) -> Heads<'a> {
    Heads::read(
        headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes())),
    )
}

fn admitted(message: &Value, headers: &Headers<'_>) -> Result<(), Rejection> {
    let text = message.to_string();
    let envelope = wire::parse(text.as_bytes(), 64).expect("legal");
    let claim = Claim::read(text.as_bytes(), &envelope.params);
    admit(text.as_bytes(), &envelope, &claim, &heads(headers))
}

/// A call of `get_weather` with these members in its `_meta`.
fn call(meta: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_weather", "_meta": meta}})
}

fn claiming(version: &str) -> Value {
    call(&json!({meta::VERSION: version, meta::CLIENT_CAPABILITIES: {}}))
}

const HEADERS: [(&str, &str); 3] = [
    (VERSION, GOOD),
    (METHOD, "tools/call"),
    (NAME, "get_weather"),
];

fn check(message: &Value, headers: &Headers<'_>, code: i32, says: &str) {
    let rejection = admitted(message, headers).expect_err(says);
    assert_eq!(rejection.code, code, "{message} {headers:?}: {rejection:?}");
    assert!(rejection.message.contains(says), "{says}: {rejection:?}");
}

#[test]
fn a_request_that_says_the_same_twice_passes() {
    let good = claiming(GOOD);
    for headers in [
        &HEADERS[..],
        &[
            ("mcp-protocol-version", GOOD),
            ("MCP-METHOD", "tools/call"),
            ("mcp-name", "\t get_weather  "),
        ],
        &[
            (NAME, "=?base64?Z2V0X3dlYXRoZXI=?="),
            (VERSION, GOOD),
            (METHOD, "tools/call"),
            ("accept", "a"),
            ("accept", "b"),
        ],
    ] {
        assert!(admitted(&good, headers).is_ok(), "{headers:?}");
    }
    // Neither who the client is nor anything else has to be said.
    let all = json!({
        meta::VERSION: GOOD, meta::CLIENT_CAPABILITIES: {"roots": {}}, meta::LOG_LEVEL: "warning",
        meta::CLIENT_INFO: {"name": "n", "version": "1"}, "traceparent": "00", "progressToken": 0,
    });
    assert!(admitted(&call(&all), &HEADERS).is_ok());
    let mut list = claiming(GOOD);
    list["method"] = json!("tools/list");
    assert!(admitted(&list, &[(VERSION, GOOD), (METHOD, "tools/list")]).is_ok());
    for (method, key) in [
        ("resources/read", "uri"),
        ("prompts/get", "name"),
        ("tasks/cancel", "taskId"),
    ] {
        let mut one = claiming(GOOD);
        one["method"] = json!(method);
        one["params"][key] = json!("ü");
        let headers = [(VERSION, GOOD), (METHOD, method), (NAME, "=?base64?w7w=?=")];
        assert!(admitted(&one, &headers).is_ok(), "{method}");
        check(
            &one,
            &headers[..2],
            error_code::HEADER_MISMATCH,
            "=?base64?w7w=?=",
        );
    }
}

#[test]
fn what_every_request_has_to_say_comes_first() {
    let invalid = error_code::INVALID_PARAMS;
    for headers in [
        &HEADERS[..],
        &[],
        &[(VERSION, GOOD), (VERSION, GOOD)],
        &[(VERSION, "v999")],
    ] {
        let none = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover"});
        check(&none, headers, invalid, meta::VERSION);
        check(&call(&json!(7)), headers, invalid, meta::VERSION);
        check(&call(&json!({})), headers, invalid, meta::VERSION);
        check(
            &call(&json!({meta::CLIENT_CAPABILITIES: {}})),
            headers,
            invalid,
            meta::VERSION,
        );
        for version in [json!(7), json!(null), json!([GOOD])] {
            let message = call(&json!({meta::VERSION: version, meta::CLIENT_CAPABILITIES: {}}));
            check(&message, headers, invalid, meta::VERSION);
        }
        check(
            &call(&json!({meta::VERSION: "v999"})),
            headers,
            invalid,
            meta::CLIENT_CAPABILITIES,
        );
        for capabilities in [json!(7), json!(null), json!([]), json!("{")] {
            let message =
                call(&json!({meta::VERSION: GOOD, meta::CLIENT_CAPABILITIES: capabilities}));
            check(&message, headers, invalid, meta::CLIENT_CAPABILITIES);
        }
    }
}

#[test]
fn then_each_header_in_its_turn_and_then_the_version() {
    let mismatch = error_code::HEADER_MISMATCH;
    // Each message has all the faults that come later, too.
    let bad = call(
        &json!({meta::VERSION: "v999", meta::CLIENT_CAPABILITIES: {}, meta::LOG_LEVEL: "loud"}),
    );
    let version = (VERSION, "v999");
    let method = (METHOD, "tools/call");
    for (headers, says) in [
        (
            &[][..],
            "the header MCP-Protocol-Version is missing; send \"v999\"",
        ),
        (
            &[(VERSION, GOOD)],
            "MCP-Protocol-Version header value \"2026-07-28\" does not match body value \"v999\"",
        ),
        (
            &[version, version],
            "MCP-Protocol-Version is there more than once",
        ),
        (
            &[(VERSION, "v999\u{e9}")],
            "MCP-Protocol-Version holds characters",
        ),
        (&[(VERSION, "V999")], "does not match"),
        (&[(VERSION, "=?base64?djk5OQ==?=")], "does not match"),
        (&[version], "the header Mcp-Method is missing"),
        (
            &[version, (METHOD, "TOOLS/CALL")],
            "Mcp-Method header value \"TOOLS/CALL\"",
        ),
        (
            &[version, method, method],
            "Mcp-Method is there more than once",
        ),
        (
            &[version, (METHOD, "tools/call\0")],
            "Mcp-Method holds characters",
        ),
        (
            &[version, method],
            "the header Mcp-Name is missing; send \"get_weather\"",
        ),
        (
            &[version, method, (NAME, "foo")],
            "Header mismatch: Mcp-Name header value \"foo\" does not match body value \"get_weather\"",
        ),
        (
            &[
                version,
                method,
                (NAME, "get_weather"),
                (NAME, "get_weather"),
            ],
            "Mcp-Name is there more than once",
        ),
        (
            &[version, method, (NAME, "=?base64?Z2V0X3dlYXRoZXI?=")],
            "Mcp-Name is marked as base64",
        ),
        (
            &[version, method, (NAME, "get_weather\u{7f}")],
            "Mcp-Name holds characters",
        ),
    ] {
        check(&bad, headers, mismatch, says);
    }
    let headers = [version, method, (NAME, "get_weather")];
    check(&bad, &headers, error_code::UNSUPPORTED_VERSION, "v999");
    let data = admitted(&bad, &headers)
        .expect_err("still")
        .data
        .expect("data");
    assert_eq!(
        data.get(),
        r#"{"supported":["2026-07-28"],"requested":"v999"}"#
    );
    let later = claiming("2031-01-01");
    check(
        &later,
        &[(VERSION, "2031-01-01"), method, HEADERS[2]],
        error_code::UNSUPPORTED_VERSION,
        GOOD,
    );
}

#[test]
fn last_comes_what_the_request_asks_for_beside() {
    for level in [json!("loud"), json!("Info"), json!(3), json!(null)] {
        let message = call(
            &json!({meta::VERSION: GOOD, meta::CLIENT_CAPABILITIES: {}, meta::LOG_LEVEL: level}),
        );
        check(
            &message,
            &HEADERS,
            error_code::INVALID_PARAMS,
            "debug, info, notice",
        );
    }
}

#[test]
fn only_requests_climb_the_ladder() {
    let notification =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    assert!(admitted(&notification, &[(VERSION, GOOD)]).is_ok());
    let response = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    check(
        &response,
        &HEADERS,
        error_code::INVALID_REQUEST,
        "inputResponses",
    );
}

#[test]
fn a_long_value_is_told_by_its_beginning() {
    let long = "é".repeat(5000);
    let rejection = admitted(&claiming(GOOD), &[HEADERS[0], (METHOD, &"m".repeat(5000))]);
    assert!(rejection.expect_err("differs").message.len() < 400);
    let rejection = admitted(&claiming(&long), &[]).expect_err("missing");
    assert!(rejection.message.len() < 400, "{rejection:?}");
}

#[test]
fn who_has_never_heard_of_meta_is_told_of_the_header() {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    check(
        &request,
        &[(VERSION, "2099-01-01")],
        error_code::INVALID_PARAMS,
        "the header MCP-Protocol-Version says \"2099-01-01\"",
    );
    check(
        &request,
        &[(VERSION, GOOD)],
        error_code::INVALID_PARAMS,
        "is missing or not a string",
    );
}
