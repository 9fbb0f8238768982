//! The JSON-RPC envelope of one message, read in a single pass and kept as
//! byte positions in the text that arrived.
//!
//! Members that the gateway never looks at are checked to be JSON and
//! otherwise left alone. Source of the rules: JSON-RPC 2.0 sections 4 and 5,
//! MCP 2025-11-25 "Base Protocol / Messages" (ids are strings or numbers, never null).

use std::borrow::Cow;

use crate::json::string_text;
use crate::scan::{Fault, FaultKind, Scanner, Span};

const PROTOCOL_VERSION: &[u8] = crate::claim::meta::VERSION.as_bytes();

/// One message. All spans refer to the text given to [`parse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Request, notification or response.
    pub kind: Kind,
    /// The parts of `params` that a gateway routes by or rewrites.
    pub params: Params,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Expects an answer with the same id.
    Request {
        /// The id, as written.
        id: Span,
        /// The method, quotes included.
        method: Span,
    },
    /// Expects none.
    Notification {
        /// The method, quotes included.
        method: Span,
    },
    /// Answers a request.
    Response {
        /// The id, as written; `null` where the peer could not read ours.
        id: Span,
        /// The value of `result` or `error`.
        body: Span,
        /// Whether `body` is an error.
        failed: bool,
        /// `result.resultType`, where the result is an object that has one.
        result_type: Option<Span>,
    },
}

/// Where the parts of `params` lie that concern routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params {
    /// The whole value.
    pub whole: Option<Span>,
    /// `params.name`: a tool or prompt.
    pub name: Option<Span>,
    /// `params.uri`: a resource.
    pub uri: Option<Span>,
    /// `params.requestId` of a cancellation.
    pub request_id: Option<Span>,
    /// `params.progressToken` of a progress notification.
    pub progress_token: Option<Span>,
    /// `params._meta`.
    pub meta: Option<Span>,
    /// `params._meta.progressToken` of a request.
    pub meta_progress_token: Option<Span>,
    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`, whatever it is: the request
    /// describes itself.
    pub claimed_version: Option<Span>,
    /// `params.taskId` of the tasks extension.
    pub task_id: Option<Span>,
    /// `params.requestState` of a request that is made once more.
    pub request_state: Option<Span>,
    /// `params.inputResponses` of a request that is made once more.
    pub input_responses: Option<Span>,
}

/// Why a text is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or beyond the depth limit.
    #[error("{0}")]
    Syntax(#[from] Fault),
    /// An array: a JSON-RPC batch, or nothing of ours.
    #[error("a JSON-RPC batch")]
    Batch,
    /// JSON, but no JSON-RPC message.
    #[error("{reason}")]
    Invalid {
        /// What is wrong, in words.
        reason: &'static str,
        /// The request's id where it could be read, so that the answer can carry it.
        id: Option<Span>,
    },
}

// === impl Envelope ===

impl Envelope {
    /// The method's name, empty for a response.
    pub fn method<'a>(&self, text: &'a [u8]) -> Cow<'a, str> {
        match self.kind {
            Kind::Request { method, .. } | Kind::Notification { method } => {
                string_text(method.of(text)).unwrap_or_default()
            }
            Kind::Response { .. } => Cow::Borrowed(""),
        }
    }

    /// The id of a request or response.
    pub fn id(&self) -> Option<Span> {
        match self.kind {
            Kind::Request { id, .. } | Kind::Response { id, .. } => Some(id),
            Kind::Notification { .. } => None,
        }
    }
}

/// Reads the envelope of `text`, which may not nest deeper than `depth_limit`.
///
/// # Errors
/// See [`EnvelopeError`]; the whole text is checked, not only what is used.
pub fn parse(text: &[u8], depth_limit: usize) -> Result<Envelope, EnvelopeError> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(Fault {
            at: error.valid_up_to(),
            kind: FaultKind::Utf8,
        }
        .into());
    }
    let mut scanner = Scanner::new(text, depth_limit);
    scanner.space();
    match scanner.peek() {
        Some(b'{') => {}
        Some(b'[') => {
            scanner.value()?;
            scanner.finish()?;
            return Err(EnvelopeError::Batch);
        }
        _ => {
            scanner.value()?;
            scanner.finish()?;
            return Err(EnvelopeError::Invalid {
                reason: "a message must be a JSON object",
                id: None,
            });
        }
    }
    let mut parts = Parts::default();
    parts.read(&mut scanner, text)?;
    scanner.finish()?;
    parts.classify(text)
}

/// The id in the beginning of a message of which the rest is missing or
/// unusable; `None` where it does not stand there.
pub fn id_in_head(head: &[u8]) -> Option<Span> {
    let mut scanner = Scanner::new(head, usize::MAX);
    scanner.space();
    if !scanner.eat(b'{') {
        return None;
    }
    let mut first = true;
    while let Some(key) = scanner.key(std::mem::take(&mut first)).ok()? {
        let value = scanner.value().ok()?;
        if key.of(head) == b"id" {
            // A number that reaches the end may go on beyond it.
            return (value.end < head.len()).then_some(value);
        }
    }
    None
}

/// The elements of a JSON-RPC batch (MCP 2025-03-26 only). `text` must have
/// been refused by [`parse`] as a batch; an empty batch is invalid and yields `None`.
pub fn batch_elements(text: &[u8]) -> Option<Vec<Span>> {
    crate::json::array_elements(text).filter(|elements| !elements.is_empty())
}

/// The members of the envelope as they are found.
#[derive(Default)]
struct Parts {
    jsonrpc: Option<Span>,
    id: Option<Span>,
    method: Option<Span>,
    result: Option<Span>,
    result_type: Option<Span>,
    error: Option<Span>,
    params: Params,
}

impl Parts {
    fn read(&mut self, scanner: &mut Scanner<'_>, text: &[u8]) -> Result<(), Fault> {
        object(scanner, text, |key, scanner| {
            match key {
                b"jsonrpc" => once(&mut self.jsonrpc, scanner)?,
                b"id" => once(&mut self.id, scanner)?,
                b"method" => once(&mut self.method, scanner)?,
                b"result" => self.result(scanner, text)?,
                b"error" => once(&mut self.error, scanner)?,
                b"params" => {
                    let start = scanner.at();
                    if self.params.whole.is_some() {
                        return Err(scanner.fault(FaultKind::Duplicate));
                    }
                    if scanner.peek() == Some(b'{') {
                        self.params.read(scanner, text)?;
                    } else {
                        scanner.value()?;
                    }
                    self.params.whole = Some(Span {
                        start,
                        end: scanner.at(),
                    });
                }
                _ => {
                    scanner.value()?;
                }
            }
            Ok(())
        })
    }

    fn result(&mut self, scanner: &mut Scanner<'_>, text: &[u8]) -> Result<(), Fault> {
        if self.result.is_some() {
            return Err(scanner.fault(FaultKind::Duplicate));
        }
        let start = scanner.at();
        if scanner.peek() == Some(b'{') {
            object(scanner, text, |key, scanner| match key {
                b"resultType" => once(&mut self.result_type, scanner),
                _ => scanner.value().map(drop),
            })?;
        } else {
            scanner.value()?;
        }
        self.result = Some(Span {
            start,
            end: scanner.at(),
        });
        Ok(())
    }

    fn classify(self, text: &[u8]) -> Result<Envelope, EnvelopeError> {
        let id_kind = self.id.and_then(|id| id.of(text).first().copied());
        let usable_id = self
            .id
            .filter(|_| matches!(id_kind, Some(b'"' | b'-' | b'0'..=b'9')));
        let invalid = |reason| {
            Err(EnvelopeError::Invalid {
                reason,
                id: usable_id,
            })
        };
        if self.jsonrpc.map(|value| value.of(text)) != Some(br#""2.0""#) {
            return invalid(r#"the member "jsonrpc" must be "2.0""#);
        }
        let kind = match (self.method, self.result, self.error) {
            (Some(method), None, None) => {
                if text[method.start] != b'"' {
                    return invalid(r#"the member "method" must be a string"#);
                }
                match (self.id, usable_id) {
                    (None, _) => Kind::Notification { method },
                    (Some(_), Some(id)) => Kind::Request { id, method },
                    (Some(_), None) => {
                        return invalid(
                            r#"the member "id" must be a string or a number, not null"#,
                        );
                    }
                }
            }
            (None, Some(body), None) | (None, None, Some(body)) => match self.id {
                Some(id) if usable_id.is_some() || id_kind == Some(b'n') => Kind::Response {
                    id,
                    body,
                    failed: self.error.is_some(),
                    result_type: self.result_type,
                },
                _ => return invalid("a response must carry the id of its request"),
            },
            (None, None, None) => {
                return invalid(r#"a message needs "method", "result" or "error""#);
            }
            _ => return invalid(r#"only one of "method", "result" and "error" may be present"#),
        };
        Ok(Envelope {
            kind,
            params: self.params,
        })
    }
}

impl Params {
    fn read(&mut self, scanner: &mut Scanner<'_>, text: &[u8]) -> Result<(), Fault> {
        object(scanner, text, |key, scanner| match key {
            b"name" => once(&mut self.name, scanner),
            b"uri" => once(&mut self.uri, scanner),
            b"requestId" => once(&mut self.request_id, scanner),
            b"progressToken" => once(&mut self.progress_token, scanner),
            b"taskId" => once(&mut self.task_id, scanner),
            b"requestState" => once(&mut self.request_state, scanner),
            b"inputResponses" => once(&mut self.input_responses, scanner),
            b"_meta" => {
                let start = scanner.at();
                if self.meta.is_some() {
                    return Err(scanner.fault(FaultKind::Duplicate));
                }
                if scanner.peek() == Some(b'{') {
                    object(scanner, text, |key, scanner| match key {
                        b"progressToken" => once(&mut self.meta_progress_token, scanner),
                        PROTOCOL_VERSION => once(&mut self.claimed_version, scanner),
                        _ => scanner.value().map(drop),
                    })?;
                } else {
                    scanner.value()?;
                }
                self.meta = Some(Span {
                    start,
                    end: scanner.at(),
                });
                Ok(())
            }
            _ => scanner.value().map(drop),
        })
    }
}

/// Walks an object whose `{` is under the cursor. `member` gets each decoded
/// key and must consume the value.
fn object(
    scanner: &mut Scanner<'_>,
    text: &[u8],
    mut member: impl FnMut(&[u8], &mut Scanner<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    scanner.expect(b'{')?;
    let mut first = true;
    while let Some(key) = scanner.key(std::mem::take(&mut first))? {
        let raw = key.of(text);
        if memchr::memchr(b'\\', raw).is_none() {
            member(raw, scanner)?;
        } else {
            // An escaped spelling of a known key must not slip past the routing.
            let quoted = &text[key.start - 1..key.end + 1];
            let decoded = string_text(quoted).ok_or_else(|| scanner.fault(FaultKind::String))?;
            member(decoded.as_bytes(), scanner)?;
        }
    }
    Ok(())
}

/// Takes a value that may appear once: two of them could be read differently
/// by the two sides of the gateway.
fn once(slot: &mut Option<Span>, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    if slot.is_some() {
        return Err(scanner.fault(FaultKind::Duplicate));
    }
    *slot = Some(scanner.value()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTH: usize = 64;

    fn reason(text: &str) -> &'static str {
        match parse(text.as_bytes(), DEPTH) {
            Err(EnvelopeError::Invalid { reason, .. }) => reason,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_request_is_read_with_what_routes_it() {
        let text = br#" {"params":{"name":"n\u0061me","x":{"name":1},"_meta":{"a":1,"progressToken":"t"}},"id":12345678901234567890,"jsonrpc":"2.0","method":"tools/call","extra":[1]}"#;
        let envelope = parse(text, DEPTH).expect("legal");
        let Kind::Request { id, .. } = envelope.kind else {
            panic!("{envelope:?}")
        };
        assert_eq!(id.of(text), b"12345678901234567890");
        assert_eq!(envelope.method(text), "tools/call");
        assert_eq!(
            envelope
                .params
                .name
                .and_then(|span| string_text(span.of(text)))
                .as_deref(),
            Some("name")
        );
        assert_eq!(
            envelope
                .params
                .meta_progress_token
                .map(|span| span.of(text)),
            Some(&b"\"t\""[..])
        );
        assert_eq!(envelope.params.uri, None);
    }

    #[test]
    fn notifications_and_responses_are_told_apart() {
        let text = br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1.0}}"#;
        let envelope = parse(text, DEPTH).expect("legal");
        assert!(matches!(envelope.kind, Kind::Notification { .. }));
        assert_eq!(
            envelope.params.progress_token.map(|span| span.of(text)),
            Some(&b"7"[..])
        );

        let text = br#"{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"x"}}"#;
        let envelope = parse(text, DEPTH).expect("legal");
        assert!(matches!(envelope.kind, Kind::Response { failed: true, .. }));

        let text =
            br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"resultType":1}],"result\u0054ype":"task"}}"#;
        let envelope = parse(text, DEPTH).expect("legal");
        let Kind::Response {
            result_type: Some(kind),
            ..
        } = envelope.kind
        else {
            panic!("{envelope:?}")
        };
        assert_eq!(kind.of(text), b"\"task\"");
        assert!(matches!(
            parse(br#"{"jsonrpc":"2.0","id":null,"error":{}}"#, DEPTH)
                .map(|envelope| envelope.kind),
            Ok(Kind::Response { .. })
        ));
    }

    #[test]
    fn what_is_no_message_says_why() {
        assert!(reason(r#"{"id":1,"method":"x"}"#).contains("jsonrpc"));
        assert!(reason(r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#).contains("not null"));
        assert!(reason(r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#).contains("string or a number"));
        assert!(reason(r#"{"jsonrpc":"2.0","id":1}"#).contains("method"));
        assert!(reason(r#"{"jsonrpc":"2.0","id":1,"method":"x","result":1}"#).contains("only one"));
        assert!(reason(r#"{"jsonrpc":"2.0","method":3}"#).contains("must be a string"));
        assert!(reason("3").contains("object"));
        assert_eq!(parse(b"[1]", DEPTH), Err(EnvelopeError::Batch));
        assert!(matches!(parse(b"[1", DEPTH), Err(EnvelopeError::Syntax(_))));
    }

    #[test]
    fn an_invalid_request_keeps_its_id_for_the_answer() {
        let text = br#"{"id":"abc","method":"x"}"#;
        let Err(EnvelopeError::Invalid { id: Some(id), .. }) = parse(text, DEPTH) else {
            panic!("must carry the id")
        };
        assert_eq!(id.of(text), b"\"abc\"");
    }

    #[test]
    fn the_id_is_found_in_a_beginning() {
        let id = |head: &'static str| id_in_head(head.as_bytes()).map(|id| &head[id.range()]);
        assert_eq!(
            id(r#"{"jsonrpc":"2.0","id":17,"result":{"a":"bc"#),
            Some("17")
        );
        assert_eq!(id(r#"{"result":{"id":1},"id":"x","#), Some("\"x\""));
        assert_eq!(id(r#"{"result":{"id":1,"#), None);
        assert_eq!(id(r#"{"id":17"#), None);
        assert_eq!(id("[1"), None);
    }

    #[test]
    fn ambiguous_members_are_refused_however_they_are_spelt() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"name":"a","n\u0061me":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{},"params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"requestState":"a","requestStat\u0065":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"a","resultType":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#,
        ] {
            assert!(
                matches!(
                    parse(text.as_bytes(), DEPTH),
                    Err(EnvelopeError::Syntax(Fault {
                        kind: FaultKind::Duplicate,
                        ..
                    }))
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn depth_and_encoding_are_checked() {
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{}{}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert!(matches!(
            parse(deep.as_bytes(), 512),
            Err(EnvelopeError::Syntax(Fault {
                kind: FaultKind::Depth,
                ..
            }))
        ));
        assert!(matches!(
            parse(b"{\"a\":\"\xff\"}", DEPTH),
            Err(EnvelopeError::Syntax(Fault {
                kind: FaultKind::Utf8,
                at: 6
            }))
        ));
    }
}
