//! What comes back when a server is asked how it is to be spoken to.

use wire::Span;

use crate::look;

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<'a> {
    /// The answer's `result`.
    Result(&'a [u8]),
    /// The answer's `error`.
    Error {
        /// `error.code`
        code: i64,
        /// `error.data`
        data: Option<&'a [u8]>,
    },
    /// An HTTP response that has not been read as an answer.
    Http {
        /// Its status.
        status: u16,
        /// Its body, whatever it is.
        body: &'a [u8],
    },
    /// Nothing, for as long as one can wait.
    Silent,
    /// The process has ended, or there was no connection.
    Gone,
}

impl<'a> Reply<'a> {
    /// The answer in an HTTP body; `None` where it is none. An error need not carry an id, so this
    /// is no message in the sense of [`wire::parse`].
    pub(crate) fn in_body(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice::<&serde_json::value::RawValue>(body).ok()?;
        let whole = look::whole(body);
        if let Some(error) = look::member(body, whole, "error") {
            let of = |span: Span| span.of(body);
            let code = look::member(body, error, "code").map(of)?;
            return Some(Self::Error {
                code: std::str::from_utf8(code).ok()?.parse().ok()?,
                data: look::member(body, error, "data").map(of),
            });
        }
        look::member(body, whole, "result").map(|result| Self::Result(result.of(body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_in_bodies_and_nothing_else_is() {
        let body = br#" {"error":{"message":"","data":{"x":1.0},"code":-32022},"jsonrpc":"2.0"}"#;
        let error = Reply::Error {
            code: -32022,
            data: Some(br#"{"x":1.0}"#),
        };
        assert_eq!(Reply::in_body(body), Some(error));
        assert_eq!(
            Reply::in_body(br#"{"jsonrpc":"2.0","id":1,"result":{ }}"#),
            Some(Reply::Result(b"{ }"))
        );
        let deep = [&b"{\"result\":"[..], &b"[".repeat(100_000)].concat();
        for body in [
            &b""[..],
            b"<html>",
            b"{}",
            b"[]",
            br#"{"error":"x"}"#,
            br#"{"error":{"code":"-32022"}}"#,
            br#"{"error":{"code":-32022.5}}"#,
            br#"{"error":{"code":-32022}"#,
            b"{\"result\":\"\xff\"}",
            &deep,
        ] {
            assert_eq!(Reply::in_body(body), None);
        }
    }
}
