//! Messages that the gateway writes itself.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A JSON string literal.
pub fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("BUG: a string is always serializable")
}

/// A request; `id` and `params` are raw JSON, empty `params` are left out.
pub fn request(id: &str, method: &str, params: &str) -> Vec<u8> {
    let method = quote(method);
    if params.is_empty() {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method}}}"#).into_bytes()
    } else {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method},"params":{params}}}"#).into_bytes()
    }
}

/// A notification; `params` is raw JSON, left out where empty.
pub fn notification(method: &str, params: &str) -> Vec<u8> {
    let method = quote(method);
    if params.is_empty() {
        format!(r#"{{"jsonrpc":"2.0","method":{method}}}"#).into_bytes()
    } else {
        format!(r#"{{"jsonrpc":"2.0","method":{method},"params":{params}}}"#).into_bytes()
    }
}

/// A successful answer around a raw `result`.
pub fn result_response(id: &[u8], result: &[u8]) -> Vec<u8> {
    [
        br#"{"jsonrpc":"2.0","id":"#,
        id,
        br#","result":"#,
        result,
        b"}",
    ]
    .concat()
}

/// An error answer. `id` is raw JSON (`null` where the request's could not be
/// read); `data` goes along where given.
pub fn error_response(id: &[u8], code: i32, message: &str, data: Option<&RawValue>) -> Vec<u8> {
    let mut out = br#"{"jsonrpc":"2.0","id":"#.to_vec();
    out.extend_from_slice(id);
    out.extend_from_slice(
        format!(r#","error":{{"code":{code},"message":{}"#, quote(message)).as_bytes(),
    );
    if let Some(data) = data {
        out.extend_from_slice(br#","data":"#);
        out.extend_from_slice(data.get().as_bytes());
    }
    out.extend_from_slice(b"}}");
    out
}

/// The same JSON on one line, as stdio framing needs it. Line breaks cannot
/// stand inside a JSON string, so each one is white space between tokens.
pub fn one_line(message: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\n', b'\r', message).is_none() {
        return Cow::Borrowed(message);
    }
    Cow::Owned(
        message
            .iter()
            .map(|&byte| {
                if matches!(byte, b'\n' | b'\r') {
                    b' '
                } else {
                    byte
                }
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_messages_can_be_read_back() {
        let data = RawValue::from_string(r#"{"k":1.0}"#.to_owned()).expect("legal");
        for message in [
            request("1", "ping", ""),
            request("\"a\"", "tools/call", r#"{"name":"x"}"#),
            notification("notifications/initialized", ""),
            result_response(b"1", b"{}"),
            error_response(b"null", -32700, "line\n\"quoted\"", Some(&data)),
        ] {
            crate::parse(&message, 8)
                .unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(&message)));
        }
    }

    #[test]
    fn line_breaks_between_tokens_become_spaces() {
        assert_eq!(
            one_line(b"{\r\n \"a\": \"\\n\"\n}").as_ref(),
            b"{   \"a\": \"\\n\" }"
        );
        assert!(matches!(one_line(b"{}"), Cow::Borrowed(_)));
    }
}
