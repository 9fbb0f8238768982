//! `x-mcp-header` in the input schema of a tool: arguments that headers repeat
//! (MCP 2026-07-28, "Streamable HTTP / Custom Headers from Tool Parameters").

use std::collections::HashSet;

use crate::claim::plain;
use crate::json::string_text;
use crate::scan::{Fault, Scanner, Span};

/// What the names of all headers that repeat an argument begin with, in lower case.
pub const PARAM_HEADER: &str = "mcp-param-";

const ANNOTATION: &str = "x-mcp-header";

/// How many keys the paths of all annotations of a tool may have together. No request has room for
/// as many headers, and a schema that nests deeply must not grow when its paths are written out.
const MOST_KEYS: usize = 4096;

/// One argument that a header repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamHeader {
    /// The name of the header, in lower case: `mcp-param-region`.
    pub header: String,
    /// The keys that lead to the value in the arguments of a call.
    pub path: Vec<String>,
}

/// Why a tool cannot be called over HTTP: one annotation that is not allowed spoils all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnnotation {
    /// Not at a property that the root reaches by nothing but `properties`.
    #[error(
        "x-mcp-header stands where no argument has a fixed place; it may annotate only properties \
         that the root of inputSchema reaches by `properties` alone"
    )]
    NotReachable,
    /// No part of a header's name, or empty.
    #[error("x-mcp-header {0:?} cannot be part of a header's name (a token of RFC 9110)")]
    NotAToken(String),
    /// Something other than text.
    #[error("x-mcp-header is not a string")]
    NotAString,
    /// At a parameter that is neither string nor integer nor boolean.
    #[error(
        "x-mcp-header {0:?} annotates a parameter whose type is not string, integer or boolean"
    )]
    WrongType(String),
    /// The same name, whatever its case, a second time.
    #[error("x-mcp-header {0:?} is there twice; names of headers have no case")]
    Twice(String),
    /// More of them than a request could have headers.
    #[error("x-mcp-header is there too often; no request can have as many headers")]
    TooMany,
    /// The schema is no JSON.
    #[error("inputSchema is not readable: {0}")]
    Json(#[from] Fault),
}

/// The annotations of `input_schema`, in the order in which they stand there. `$ref` is not
/// followed, and nothing is looked for in values that stand in a schema as examples.
///
/// # Errors
/// The first thing about them that is not allowed.
pub fn param_headers(input_schema: &[u8]) -> Result<Vec<ParamHeader>, BadAnnotation> {
    if !may_annotate(input_schema) {
        return Ok(Vec::new());
    }
    let mut scanner = Scanner::new(input_schema, usize::MAX);
    scanner.space();
    if !scanner.eat(b'{') {
        return Ok(Vec::new());
    }
    let mut walk = Walk {
        text: input_schema,
        scanner,
        open: vec![Level::of(Part::Schema(Annotated::default()), None, true)],
        found: Vec::new(),
        keys: 0,
        names: HashSet::new(),
    };
    while let Some(level) = walk.open.pop() {
        walk.step(level)?;
    }
    Ok(walk.found)
}

/// Whether there can be an annotation anywhere in `text`, be it a schema or a list of tools. Hardly
/// any has one, and only two things can spell it.
pub fn may_annotate(text: &[u8]) -> bool {
    let spells = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    spells(ANNOTATION.as_bytes()) || spells(b"\\u")
}

/// A single pass over the schema, without recursion: it may nest as deeply as a message may.
struct Walk<'a> {
    text: &'a [u8],
    scanner: Scanner<'a>,
    open: Vec<Level>,
    found: Vec<ParamHeader>,
    /// How many keys the paths of those have together.
    keys: usize,
    /// Headers that are there already.
    names: HashSet<String>,
}

/// An object or array that is not at its end yet.
struct Level {
    part: Part,
    /// The property whose schema this is.
    property: Option<Span>,
    /// Whether nothing but `properties` leads here.
    reachable: bool,
    first: bool,
}

/// What the object or array means.
enum Part {
    Schema(Annotated),
    /// Schemas by names of the author's choice, like `properties`.
    Named,
    /// Schemas in a row.
    List,
}

/// What has been seen of a schema that matters at its end.
#[derive(Default)]
struct Annotated {
    header: Option<Span>,
    kind: Option<Span>,
}

impl Level {
    fn of(part: Part, property: Option<Span>, reachable: bool) -> Self {
        Self {
            part,
            property,
            reachable,
            first: true,
        }
    }
}

impl Walk<'_> {
    /// Takes one member or element of `level`, which stays open until it has none left.
    fn step(&mut self, mut level: Level) -> Result<(), BadAnnotation> {
        let first = std::mem::take(&mut level.first);
        let reachable = level.reachable;
        match &mut level.part {
            Part::List => {
                self.scanner.space();
                if self.scanner.eat(b']') {
                    return Ok(());
                }
                if !first {
                    self.scanner.expect(b',')?;
                    self.scanner.space();
                }
                self.open.push(level);
                self.unreachable()
            }
            Part::Named => {
                let Some(key) = self.scanner.key(first)? else {
                    return Ok(());
                };
                self.open.push(level);
                if self.scanner.eat(b'{') {
                    let schema = Part::Schema(Annotated::default());
                    self.open.push(Level::of(schema, Some(key), reachable));
                    return Ok(());
                }
                self.unreachable()
            }
            Part::Schema(annotated) => {
                let Some(key) = self.scanner.key(first)? else {
                    self.open.push(level);
                    let annotation = self.annotation();
                    self.open.pop();
                    return annotation;
                };
                match &*plain(key.of(self.text)) {
                    ANNOTATION => annotated.header = Some(self.scanner.value()?),
                    "type" => annotated.kind = Some(self.scanner.value()?),
                    // Values, no schemas.
                    "default" | "const" | "enum" | "examples" => drop(self.scanner.value()?),
                    name => {
                        let by_name = matches!(
                            name,
                            "properties"
                                | "patternProperties"
                                | "$defs"
                                | "definitions"
                                | "dependentSchemas"
                                | "dependencies"
                        );
                        let here = reachable && name == "properties";
                        self.open.push(level);
                        if by_name && self.scanner.eat(b'{') {
                            self.open.push(Level::of(Part::Named, None, here));
                            return Ok(());
                        }
                        return self.unreachable();
                    }
                }
                self.open.push(level);
                Ok(())
            }
        }
    }

    /// Goes into a value that may hold schemas, none of them at a fixed place in the arguments.
    fn unreachable(&mut self) -> Result<(), BadAnnotation> {
        let part = match self.scanner.peek() {
            Some(b'{') => Part::Schema(Annotated::default()),
            Some(b'[') => Part::List,
            _ => {
                self.scanner.value()?;
                return Ok(());
            }
        };
        self.scanner.expect(if matches!(part, Part::List) {
            b'['
        } else {
            b'{'
        })?;
        self.open.push(Level::of(part, None, false));
        Ok(())
    }

    /// At the end of a schema, which is the last one of those that are open.
    fn annotation(&mut self) -> Result<(), BadAnnotation> {
        let Some(Level {
            part:
                Part::Schema(Annotated {
                    header: Some(header),
                    kind,
                }),
            property,
            reachable,
            ..
        }) = self.open.last()
        else {
            return Ok(());
        };
        // The root is no property.
        if !reachable || property.is_none() {
            return Err(BadAnnotation::NotReachable);
        }
        let name = string_text(header.of(self.text)).ok_or(BadAnnotation::NotAString)?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(BadAnnotation::NotAToken(name.into_owned()));
        }
        let kind = kind.and_then(|kind| string_text(kind.of(self.text)));
        if !matches!(kind.as_deref(), Some("string" | "integer" | "boolean")) {
            return Err(BadAnnotation::WrongType(name.into_owned()));
        }
        let header = format!("{PARAM_HEADER}{}", name.to_ascii_lowercase());
        if !self.names.insert(header.clone()) {
            return Err(BadAnnotation::Twice(name.into_owned()));
        }
        let path = self.open.iter().filter_map(|level| level.property);
        self.keys += path.clone().count();
        if self.keys > MOST_KEYS {
            return Err(BadAnnotation::TooMany);
        }
        let path = path
            .map(|key| plain(key.of(self.text)).into_owned())
            .collect();
        self.found.push(ParamHeader { header, path });
        Ok(())
    }
}

/// `tchar` of RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
