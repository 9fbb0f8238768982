//! The ladder of checks that a modern message climbs before anything looks at what it asks for
//! (MCP 2026-07-28, "Base Protocol / `_meta`" and "Streamable HTTP / Server Validation").

use std::borrow::Cow;

use serde_json::value::RawValue;
use wire::header_value::{decode, encode};
use wire::{Claim, Envelope, Kind, MODERN, Mirrored, ParamHeader, Span, error_code, meta};

use crate::log_level::{LOG_LEVELS, severity};

const VERSION: &str = "MCP-Protocol-Version";
const METHOD: &str = "Mcp-Method";
const NAME: &str = "Mcp-Name";

/// The headers that repeat what a body says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heads<'a> {
    /// `MCP-Protocol-Version`.
    pub version: Given<'a>,
    /// `Mcp-Method`.
    pub method: Given<'a>,
    /// `Mcp-Name`.
    pub name: Given<'a>,
    /// All that begin with `Mcp-Param-`, in the order in which they came.
    pub params: Vec<(&'a str, &'a [u8])>,
}

/// What came of a header that may be there once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Given<'a> {
    /// Nothing.
    #[default]
    Absent,
    /// This value, without the white space around it.
    Once(&'a str),
    /// More than one value.
    Twice,
    /// Bytes that no header may hold.
    Unreadable,
}

/// Why a message is refused, as a JSON-RPC error; its HTTP status is 400.
#[derive(Debug)]
pub struct Rejection {
    /// The code.
    pub code: i32,
    /// What is wrong and what to do, in words.
    pub message: String,
    /// What the specification wants in `data`.
    pub data: Option<Box<RawValue>>,
}

/// Whether a modern message may be looked at: the first of these that is wrong, in this order.
///
/// | what | code |
/// |---|---|
/// | a response, which clients do not send | -32600 |
/// | version or capabilities of the client missing in `_meta`, or not of their type | -32602 |
/// | `MCP-Protocol-Version` missing, there twice, malformed, or not what the body says | -32020 |
/// | `Mcp-Method` likewise | -32020 |
/// | `Mcp-Name` likewise, where the method has one | -32020 |
/// | the version is none that is spoken here | -32022 |
/// | a log level that is none | -32602 |
///
/// What a notification needs is not defined in this version, so that each one passes.
///
/// # Errors
/// The first rung that breaks.
pub fn admit(
    text: &[u8],
    envelope: &Envelope,
    claim: &Claim,
    heads: &Heads<'_>,
) -> Result<(), Rejection> {
    match envelope.kind {
        Kind::Request { .. } => {}
        Kind::Notification { .. } => return Ok(()),
        Kind::Response { .. } => {
            return Err(Rejection::new(
                error_code::INVALID_REQUEST,
                format!(
                    "a client of MCP {MODERN} sends no responses; answer questions in \
                     `inputResponses` of the request, made once more"
                ),
            ));
        }
    }
    let string = |span: Span| wire::string_text(span.of(text));
    let version = claim.version.and_then(string);
    let version = version.ok_or_else(|| match heads.version {
        // It claims nothing itself, and may never have heard of `_meta`.
        Given::Once(asked) if claim.version.is_none() && asked != MODERN => unknown(asked),
        _ => lacks(meta::VERSION, "a string"),
    })?;
    if claim.capabilities.map(|span| text[span.start]) != Some(b'{') {
        return Err(lacks(meta::CLIENT_CAPABILITIES, "an object"));
    }

    Said::plain(VERSION).once(heads.version, &version)?;
    let method = envelope.method(text);
    Said::plain(METHOD).once(heads.method, &method)?;
    // A body without a name is refused for that by whoever looks for it.
    if let Some(name) = wire::name_of(&method, &envelope.params).and_then(string) {
        Said::encoded(NAME).once(heads.name, &name)?;
    }

    if version != MODERN {
        let claimed = claim.version.map_or(&b"null"[..], |span| span.of(text));
        return Err(unsupported(&version, claimed));
    }
    if let Some(level) = claim.log_level
        && string(level).is_none_or(|level| severity(&level).is_none())
    {
        return Err(Rejection::new(
            error_code::INVALID_PARAMS,
            format!(
                "`_meta[{:?}]` is no log level; use one of {}",
                meta::LOG_LEVEL,
                LOG_LEVELS.join(", ")
            ),
        ));
    }
    Ok(())
}

/// Whether the `Mcp-Param-*` headers of a call repeat its arguments as the tool has `declared`
/// ("Server Behavior for Custom Headers"). Those that the tool has not declared are to be
/// forwarded, as they came.
///
/// # Errors
/// The first one that does not.
pub fn param_headers<'a>(
    declared: &[ParamHeader],
    text: &[u8],
    envelope: &Envelope,
    heads: &Heads<'a>,
) -> Result<Vec<(&'a str, &'a [u8])>, Rejection> {
    let params = envelope.params.whole.map_or(&b""[..], |span| span.of(text));
    let values = wire::values_in(declared, params);
    for (header, value) in declared.iter().zip(values) {
        let mut given = Given::Absent;
        for (name, value) in &heads.params {
            if name.eq_ignore_ascii_case(&header.header) {
                given.add(value);
            }
        }
        if value == Mirrored::Ambiguous {
            return Err(mismatch(format!(
                "what the header {} repeats, {}, is there twice in the body or is no text; send it once",
                header.header,
                place(header)
            )));
        }
        let said = Said::encoded(&header.header);
        let wanted = value.text();
        let sent = said.read(given, wanted.as_deref())?;
        if value.agrees(sent.as_deref()) {
            continue;
        }
        let Some(wanted) = wanted else {
            return Err(mismatch(format!(
                "the header {} is there, but the body has no value for it at {}; leave the header out",
                header.header,
                place(header)
            )));
        };
        return Err(said.differs(sent.as_deref(), &wanted));
    }
    let unknown = |name: &str| {
        !declared
            .iter()
            .any(|header| name.eq_ignore_ascii_case(&header.header))
    };
    let mut others = heads.params.clone();
    others.retain(|(name, _)| unknown(name));
    Ok(others)
}

// === impl Heads ===

impl<'a> Heads<'a> {
    /// Picks them out of all headers of a request.
    pub fn read(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut heads = Self::default();
        for (name, value) in headers {
            if name.eq_ignore_ascii_case(VERSION) {
                heads.version.add(value);
            } else if name.eq_ignore_ascii_case(METHOD) {
                heads.method.add(value);
            } else if name.eq_ignore_ascii_case(NAME) {
                heads.name.add(value);
            } else if name
                .get(..wire::PARAM_HEADER.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(wire::PARAM_HEADER))
            {
                heads.params.push((name, value));
            }
        }
        heads
    }
}

impl<'a> Given<'a> {
    /// One more value of the header (RFC 9110, section 5.5: white space around it does not count).
    fn add(&mut self, value: &'a [u8]) {
        let legal = |byte: u8| matches!(byte, 0x20..=0x7e | b'\t');
        // To the end in any case, which takes many bytes at a time.
        let is_legal = value.iter().fold(true, |all, byte| all & legal(*byte));
        *self = match (*self, std::str::from_utf8(value)) {
            // Of what is white space, only these two are legal.
            (Self::Absent, Ok(text)) if is_legal => Self::Once(text.trim_ascii()),
            (Self::Absent, _) => Self::Unreadable,
            _ => Self::Twice,
        };
    }
}

// === one header against the body ===

/// A header whose value is compared.
struct Said<'h> {
    header: &'h str,
    /// Whether its value may be `=?base64?…?=`.
    encoded: bool,
}

impl<'h> Said<'h> {
    fn plain(header: &'h str) -> Self {
        Self {
            header,
            encoded: false,
        }
    }

    fn encoded(header: &'h str) -> Self {
        Self {
            header,
            encoded: true,
        }
    }

    /// What the header says, decoded; `wanted` is what it should say.
    fn read<'a>(
        &self,
        given: Given<'a>,
        wanted: Option<&str>,
    ) -> Result<Option<Cow<'a, str>>, Rejection> {
        let header = self.header;
        match given {
            Given::Absent => Ok(None),
            Given::Once(value) if self.encoded => match decode(value) {
                Some(value) => Ok(Some(value)),
                None => Err(mismatch(format!(
                    "the value of the header {header} is marked as base64, but is not the padded \
                     standard base64 of UTF-8 text; {}",
                    self.remedy(wanted)
                ))),
            },
            Given::Once(value) => Ok(Some(Cow::Borrowed(value))),
            Given::Twice => Err(mismatch(format!(
                "the header {header} is there more than once; send it once"
            ))),
            Given::Unreadable => Err(mismatch(format!(
                "the header {header} holds characters that no header may; {}",
                self.remedy(wanted)
            ))),
        }
    }

    /// That the header says just this.
    fn once(&self, given: Given<'_>, wanted: &str) -> Result<(), Rejection> {
        let sent = self.read(given, Some(wanted))?;
        if sent.as_deref() == Some(wanted) {
            return Ok(());
        }
        Err(self.differs(sent.as_deref(), wanted))
    }

    fn differs(&self, sent: Option<&str>, wanted: &str) -> Rejection {
        let remedy = self.remedy(Some(wanted));
        mismatch(match sent {
            Some(sent) => format!(
                "{} header value {} does not match body value {}; {remedy}, or correct the body",
                self.header,
                short(sent),
                short(wanted)
            ),
            None => format!("the header {} is missing; {remedy}", self.header),
        })
    }

    fn remedy(&self, wanted: Option<&str>) -> String {
        match wanted {
            None => "leave it out, as the body says nothing for it".to_owned(),
            Some(wanted) if self.encoded => format!("send {}", short(&encode(wanted))),
            Some(wanted) => format!("send {}", short(wanted)),
        }
    }
}

// === refusals ===

impl Rejection {
    fn new(code: i32, message: String) -> Self {
        Self {
            code,
            message,
            data: None,
        }
    }
}

fn mismatch(what: String) -> Rejection {
    Rejection::new(
        error_code::HEADER_MISMATCH,
        format!("Header mismatch: {what}"),
    )
}

fn lacks(key: &str, kind: &str) -> Rejection {
    Rejection::new(
        error_code::INVALID_PARAMS,
        format!(
            "`params._meta[{key:?}]` is missing or not {kind}; every request of MCP {MODERN} carries \
             it (clients of earlier versions begin with `initialize`)"
        ),
    )
}

/// A header alone asks for this version.
fn unknown(asked: &str) -> Rejection {
    Rejection::new(
        error_code::INVALID_PARAMS,
        format!(
            "the header {VERSION} says {}, which is no version that is spoken here; send the one \
             that `initialize` was answered with, or {MODERN} with `params._meta[{:?}]` in every \
             request",
            short(asked),
            meta::VERSION
        ),
    )
}

/// `claimed` is the version as it is written in the body.
fn unsupported(version: &str, claimed: &[u8]) -> Rejection {
    let claimed = String::from_utf8_lossy(claimed);
    let data = format!(r#"{{"supported":["{MODERN}"],"requested":{claimed}}}"#);
    Rejection {
        code: error_code::UNSUPPORTED_VERSION,
        message: format!(
            "Unsupported protocol version {}; use {MODERN}, or begin with `initialize` for an earlier one",
            short(version)
        ),
        data: Some(RawValue::from_string(data).expect("BUG: made of JSON")),
    }
}

/// Where in the arguments a header's value is.
fn place(header: &ParamHeader) -> String {
    short(&format!("arguments.{}", header.path.join(".")))
}

/// In quotes; of a long text the beginning.
fn short(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?} (cut)", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests;
