//! The least MCP server: what `echo-server` says, as a function on bytes. It speaks both eras, each
//! request being answered in its own.

use crate::scan::members;

/// Appends the answer to one line, newline included; nothing for a
/// notification. `tools/call` gives its `message` back, or `size` bytes of text.
pub fn answer(line: &[u8], out: &mut Vec<u8>) {
    let [Some(method), Some(id), params] = members(line, ["method", "id", "params"]) else {
        return;
    };
    let params = params.map(|range| &line[range]).unwrap_or_default();
    let modern = is_modern(params);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(&line[id]);
    match (&line[method], modern) {
        (br#""tools/call""#, _) => call(params, modern, out),
        (br#""initialize""#, false) => initialize(params, out),
        (br#""server/discover""#, true) => out.extend_from_slice(
            br#","result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"echo","version":"1"}}}}"#,
        ),
        (br#""tools/list""#, _) => {
            out.extend_from_slice(br#","result":{"#);
            if modern {
                out.extend_from_slice(
                    br#""resultType":"complete","ttlMs":0,"cacheScope":"public","#,
                );
            }
            out.extend_from_slice(
                br#""tools":[{"name":"echo","description":"Gives its message back","inputSchema":{"type":"object","properties":{"message":{"type":"string"},"size":{"type":"integer","minimum":0}}}}]}}"#,
            );
        }
        (br#""ping""#, false) => out.extend_from_slice(br#","result":{}}"#),
        _ => out.extend_from_slice(br#","error":{"code":-32601,"message":"Method not found"}}"#),
    }
    out.push(b'\n');
}

/// Whether a request says in which version it is made.
fn is_modern(params: &[u8]) -> bool {
    let [meta] = members(params, ["_meta"]);
    let [version] = members(
        meta.map(|range| &params[range]).unwrap_or_default(),
        ["io.modelcontextprotocol/protocolVersion"],
    );
    version.is_some()
}

fn initialize(params: &[u8], out: &mut Vec<u8>) {
    let [version] = members(params, ["protocolVersion"]);
    out.extend_from_slice(br#","result":{"protocolVersion":"#);
    out.extend_from_slice(version.map_or(br#""2025-11-25""#, |range| &params[range]));
    out.extend_from_slice(
        br#","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}}}"#,
    );
}

fn call(params: &[u8], modern: bool, out: &mut Vec<u8>) {
    let [arguments] = members(params, ["arguments"]);
    let arguments = arguments.map(|range| &params[range]).unwrap_or_default();
    let [message, size] = members(arguments, ["message", "size"]);
    out.extend_from_slice(br#","result":{"#);
    if modern {
        out.extend_from_slice(br#""resultType":"complete","#);
    }
    out.extend_from_slice(br#""content":[{"type":"text","text":"#);
    match (
        size.and_then(|range| {
            std::str::from_utf8(&arguments[range])
                .ok()?
                .parse::<usize>()
                .ok()
        }),
        message,
    ) {
        (Some(size), _) => {
            out.push(b'"');
            out.resize(out.len() + size, b'x');
            out.push(b'"');
        }
        (None, Some(message)) => out.extend_from_slice(&arguments[message]),
        (None, None) => out.extend_from_slice(br#""""#),
    }
    out.extend_from_slice(b"}]}}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let mut out = Vec::new();
        answer(line.as_bytes(), &mut out);
        String::from_utf8(out).expect("echo answers in UTF-8")
    }

    #[test]
    fn a_call_gets_its_message_back_as_it_was_written() {
        assert_eq!(
            said(
                r#"{"jsonrpc":"2.0","id":"a\"1","method":"tools/call","params":{"name":"echo","arguments":{"message":"h\u00e9"}}}"#
            ),
            "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"1\",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"h\\u00e9\"}]}}\n"
        );
    }

    #[test]
    fn a_size_is_answered_with_that_many_bytes() {
        let text = said(
            r#"{"id":1,"method":"tools/call","params":{"arguments":{"size":5,"message":"m"}}}"#,
        );
        assert!(text.contains(r#""text":"xxxxx"}"#), "{text}");
    }

    #[test]
    fn the_version_offered_is_the_version_agreed() {
        let text =
            said(r#"{"id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}"#);
        assert!(text.contains(r#""protocolVersion":"2025-03-26""#), "{text}");
    }

    #[test]
    fn notifications_are_not_answered_and_unknown_methods_are_refused() {
        assert_eq!(
            said(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
            ""
        );
        assert!(said(r#"{"id":1,"method":"resources/list"}"#).contains("-32601"));
    }

    #[test]
    fn a_request_is_answered_in_its_own_era() {
        let asked = |method: &str, meta: &str| {
            said(&format!(
                r#"{{"id":1,"method":"{method}","params":{{{meta}"arguments":{{"message":"m"}}}}}}"#
            ))
        };
        let claim = format!(r#""_meta":{{{}}},"#, crate::era::CLAIM);
        for method in ["tools/call", "tools/list"] {
            assert!(asked(method, &claim).contains(r#""resultType":"complete""#));
            assert!(!asked(method, r#""_meta":{"progressToken":1},"#).contains("resultType"));
        }
        for (modern, legacy) in [("server/discover", "initialize"), ("x", "ping")] {
            assert!(asked(legacy, &claim).contains("-32601"));
            assert!(asked(modern, "").contains("-32601"));
            assert!(asked(legacy, "").contains("result"));
        }
        assert!(asked("server/discover", &claim).contains(crate::era::MODERN));
    }

    #[test]
    fn every_answer_is_json() {
        for method in [
            "initialize",
            "server/discover",
            "tools/list",
            "tools/call",
            "ping",
            "x",
        ] {
            for params in [
                "{}".to_owned(),
                format!(r#"{{"_meta":{{{}}}}}"#, crate::era::CLAIM),
            ] {
                let text = said(&format!(
                    r#"{{"id":1,"method":"{method}","params":{params}}}"#
                ));
                serde_json::from_str::<serde_json::Value>(&text).expect("an answer is JSON");
            }
        }
    }
}
