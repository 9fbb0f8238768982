use proptest::prelude::*;

use super::*;

fn declared(properties: &Value) -> Vec<ParamHeader> {
    let schema = json!({"type": "object", "properties": properties}).to_string();
    wire::param_headers(schema.as_bytes()).expect("allowed")
}

/// Which of `headers` are left to be forwarded by a call with these raw arguments, or why it is refused.
fn repeated(arguments: &str, headers: &[(&str, &[u8])]) -> Result<Vec<String>, String> {
    let declared = declared(&json!({
        "region": {"type": "string", "x-mcp-header": "Region"},
        "deep": {"properties": {"count": {"type": "integer", "x-mcp-header": "Count"}}},
        "flag": {"type": "boolean", "x-mcp-header": "Flag"},
    }));
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","arguments":{arguments}}}}}"#
    );
    let envelope = wire::parse(text.as_bytes(), 64).expect("legal");
    let heads = Heads::read(headers.iter().copied());
    match param_headers(&declared, text.as_bytes(), &envelope, &heads) {
        Ok(others) => Ok(others.iter().map(|(name, _)| (*name).to_owned()).collect()),
        Err(rejection) => {
            assert_eq!(rejection.code, error_code::HEADER_MISMATCH);
            Err(rejection.message)
        }
    }
}

#[test]
fn headers_repeat_the_arguments_that_are_there() {
    let nothing: [(&str, &[u8]); 0] = [];
    for (arguments, headers) in [
        (
            r#"{"region":"us-west1"}"#,
            &[("Mcp-Param-Region", &b" us-west1 "[..])][..],
        ),
        (
            r#"{"region":"Hello"}"#,
            &[("mcp-param-region", b"=?base64?SGVsbG8=?=")],
        ),
        (
            r#"{"region":"SGVsbG8="}"#,
            &[("mcp-param-region", b"SGVsbG8=")],
        ),
        (
            r#"{"region":"=?base64?SGVsbG8="}"#,
            &[("mcp-param-region", b"=?base64?SGVsbG8=")],
        ),
        (r#"{"region":""}"#, &[("mcp-param-region", b"")]),
        (
            r#"{"deep":{"count":42},"flag":false}"#,
            &[("MCP-PARAM-COUNT", b"42.0"), ("mcp-param-flag", b"false")],
        ),
        (r#"{"region":null,"deep":{},"other":1}"#, &nothing),
        ("{}", &nothing),
    ] {
        assert_eq!(repeated(arguments, headers), Ok(Vec::new()), "{arguments}");
    }
}

#[test]
fn headers_that_do_not_repeat_them_are_refused() {
    let nothing: [(&str, &[u8]); 0] = [];
    let region = "mcp-param-region";
    let twice: [(&str, &[u8]); 2] = [(region, b"a"), ("Mcp-Param-Region", b"a")];
    for (arguments, headers, says) in [
        (
            r#"{"region":"test-value"}"#,
            &nothing[..],
            "mcp-param-region is missing; send \"test-value\"",
        ),
        (r#"{"region":" a"}"#, &nothing, "send \"=?base64?IGE=?=\""),
        (
            r#"{"region":"a"}"#,
            &[(region, b"b")],
            "header value \"b\" does not match body value \"a\"",
        ),
        (r#"{"region":"a"}"#, &[(region, b"A")], "does not match"),
        (r#"{"region":"a"}"#, &twice, "more than once"),
        (
            r#"{"region":"Hello"}"#,
            &[(region, b"=?base64?SGVsbG8?=")],
            "base64",
        ),
        (
            r#"{"region":"Hello"}"#,
            &[(region, b"=?base64?SGVs!!!bG8=?=")],
            "base64",
        ),
        (
            r#"{"region":"Hello"}"#,
            &[(region, b"Hell\xf6")],
            "characters",
        ),
        ("{}", &[(region, b"Hell\xf6")], "leave it out"),
        (
            "{}",
            &[(region, b"a")],
            "no value for it at \"arguments.region\"; leave",
        ),
        (r#"{"region":null}"#, &[(region, b"null")], "no value"),
        (r#"{"region":null}"#, &[(region, b"")], "no value"),
        (
            r#"{"deep":{"count":42}}"#,
            &[("mcp-param-count", b"43")],
            "does not match",
        ),
        (
            r#"{"deep":{"count":42}}"#,
            &[("mcp-param-count", b"0x2a")],
            "does not match",
        ),
        (
            r#"{"count":42}"#,
            &[("mcp-param-count", b"42")],
            "\"arguments.deep.count\"",
        ),
        (r#"{"region":"a","region":"b"}"#, &[(region, b"a")], "twice"),
        (r#"{"region":"a","region":"b"}"#, &[(region, b"b")], "twice"),
    ] {
        let refused = repeated(arguments, headers).expect_err(arguments);
        assert!(refused.contains(says), "{arguments} {says}: {refused}");
    }
}

#[test]
fn what_the_tool_has_not_declared_is_forwarded_as_it_came() {
    let headers: [(&str, &[u8]); 5] = [
        ("mcp-param-other", b"=?base64?not?="),
        ("mcp-param-region", b"a"),
        ("Mcp-Param-Raw", b"\xff"),
        ("mcp-param-other", b"again"),
        ("mcp-params", b"no"),
    ];
    let others = repeated(r#"{"region":"a"}"#, &headers);
    let wanted = ["mcp-param-other", "Mcp-Param-Raw", "mcp-param-other"];
    assert_eq!(others, Ok(wanted.map(str::to_owned).to_vec()));
}

proptest! {
    /// What we send ourselves is admitted; with one header left out, doubled or changed it is not.
    #[test]
    fn every_header_counts(
        named in prop_oneof![Just(("tools/call", "name")), Just(("prompts/get", "name")), Just(("resources/read", "uri")), Just(("tasks/get", "taskId"))],
        name in any::<String>(), region in any::<String>(), count in any::<i32>(), flag in any::<bool>(),
        at in any::<prop::sample::Index>(), how in 0..4,
    ) {
        let (method, key) = named;
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {
            key: name, "arguments": {"region": region, "count": count, "flag": flag},
            "_meta": {meta::VERSION: GOOD, meta::CLIENT_CAPABILITIES: {}},
        }});
        let declared = if method == "tools/call" { declared(&json!({
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": "integer", "x-mcp-header": "Count"},
            "flag": {"type": "boolean", "x-mcp-header": "Flag"},
        })) } else { Vec::new() };
        let text = message.to_string();
        let envelope = wire::parse(text.as_bytes(), 64).expect("legal");
        let claim = Claim::read(text.as_bytes(), &envelope.params);
        let passes = |headers: &[(String, String)]| {
            let heads = Heads::read(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
            admit(text.as_bytes(), &envelope, &claim, &heads)?;
            param_headers(&declared, text.as_bytes(), &envelope, &heads)
                .map(|others| others.len())
        };
        let mut headers = wire::mirror(text.as_bytes(), &envelope, &declared);
        prop_assert_eq!(headers.len(), 3 + declared.len());
        prop_assert_eq!(passes(&headers).expect("what we send"), 0);
        let at = at.index(headers.len());
        match how {
            0 => drop(headers.remove(at)),
            1 => headers.push(headers[at].clone()),
            2 => headers[at].1.push('x'),
            _ => headers[at].1.push('\u{e9}'),
        }
        prop_assert!(passes(&headers).is_err(), "{:?}", headers);
    }
}
