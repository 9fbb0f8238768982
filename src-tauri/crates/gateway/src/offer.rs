//! What one server offers: its four lists, each definition the bytes that the
//! server sent.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wire::{ParamHeader, Span, members, param_headers, splice_one, string_text};

/// One definition out of a server's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Tool or prompt name, resource URI, or URI template; decoded.
    pub(crate) key: String,
    /// The definition as the server wrote it.
    pub(crate) raw: Bytes,
    /// Where the key's value lies in `raw`.
    key_span: Span,
    pub(crate) repeat: Repeat,
    /// Of a tool: the arguments that headers repeat; `None` for nearly all.
    pub(crate) params: Option<Arc<[ParamHeader]>>,
    /// Of a tool: the pages that it names.
    pub(crate) pages: Vec<String>,
}

/// How long a server's list may be kept, and by whom (MCP 2026-07-28, "Caching").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hint {
    pub(crate) ttl_ms: u64,
    /// Not for one user alone.
    pub(crate) public: bool,
}

/// What it does to make a call twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The tool says that it changes nothing, or nothing more the second time.
    Harmless,
    /// It is not known to be harmless.
    #[default]
    Unknown,
}

/// Everything that one server offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) tools: Vec<Item>,
    pub(crate) prompts: Vec<Item>,
    pub(crate) resources: Vec<Item>,
    pub(crate) templates: Vec<Item>,
    /// What the server says of each list, where it says something.
    pub(crate) hints: [Option<Hint>; 4],
}

/// The four kinds of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

// === impl List ===

impl List {
    pub(crate) const ALL: [Self; 4] =
        [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];

    /// The list method.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Prompts => "prompts/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
        }
    }

    /// The member of the result that holds the definitions.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The member of a definition that identifies it.
    const fn key(self) -> &'static [u8] {
        match self {
            Self::Tools | Self::Prompts => b"name",
            Self::Resources => b"uri",
            Self::Templates => b"uriTemplate",
        }
    }

    /// The same list for those who know of nothing but bytes.
    pub(crate) const fn in_bytes(self) -> eras::List {
        match self {
            Self::Tools => eras::List::Tools,
            Self::Prompts => eras::List::Prompts,
            Self::Resources => eras::List::Resources,
            Self::Templates => eras::List::Templates,
        }
    }

    /// What a client is told when this list changes. Templates have no
    /// notification of their own.
    pub(crate) const fn changed(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources | Self::Templates => "notifications/resources/list_changed",
        }
    }
}

// === impl Item, Offer ===

impl Item {
    /// Reads one definition; `None` where its key is missing or no string.
    pub(crate) fn read(list: List, raw: Bytes) -> Option<Self> {
        let found = members(&raw).find(|member| member.key.of(&raw) == list.key())?;
        let key = string_text(found.value.of(&raw))?.into_owned();
        let (repeat, params, pages) = match list {
            List::Tools => (Repeat::of_tool(&raw), mirrored(&raw), eras::pages_of(&raw)),
            List::Prompts | List::Resources | List::Templates => {
                (Repeat::Unknown, None, Vec::new())
            }
        };
        Some(Self {
            key,
            key_span: found.value,
            raw,
            repeat,
            params,
            pages,
        })
    }

    /// Its name or URI as a JSON string, as the server wrote it.
    pub(crate) fn own_name(&self) -> Bytes {
        self.raw.slice(self.key_span.range())
    }

    /// The definition under another name.
    pub(crate) fn under(&self, name: &str) -> Bytes {
        if name == self.key {
            return self.raw.clone();
        }
        splice_one(&self.raw, self.key_span, wire::quote(name).as_bytes()).into()
    }
}

/// Which arguments of a tool headers repeat. Where its annotations break their rules, none do, and
/// clients that go by them do not use the tool.
fn mirrored(definition: &[u8]) -> Option<Arc<[ParamHeader]>> {
    let schema = members(definition).find(|member| member.key.of(definition) == b"inputSchema")?;
    let declared = param_headers(schema.value.of(definition)).ok()?;
    (!declared.is_empty()).then(|| declared.into())
}

impl Repeat {
    /// By a tool's annotations (MCP, "Schema Reference / ToolAnnotations").
    fn of_tool(definition: &[u8]) -> Self {
        let annotations =
            members(definition).find(|member| member.key.of(definition) == b"annotations");
        let Some(annotations) = annotations else {
            return Self::Unknown;
        };
        let annotations = annotations.value.of(definition);
        let is_harmless = members(annotations).any(|member| {
            let key = member.key.of(annotations);
            (key == b"readOnlyHint" || key == b"idempotentHint")
                && member.value.of(annotations) == b"true"
        });
        if is_harmless {
            Self::Harmless
        } else {
            Self::Unknown
        }
    }
}

impl Hint {
    /// In the result of a list method, or of one page of it; `None` where it does not say both.
    pub(crate) fn read(result: &[u8]) -> Option<Self> {
        let member = |name: &str| {
            let found = members(result).find(|one| one.key.of(result) == name.as_bytes());
            found.map(|one| one.value.of(result))
        };
        let ttl = std::str::from_utf8(member("ttlMs")?).ok()?;
        let scope = string_text(member("cacheScope")?)?;
        Some(Self {
            ttl_ms: ttl.parse().ok()?,
            public: scope == "public",
        })
    }

    /// Of both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            ttl_ms: self.ttl_ms.min(other.ttl_ms),
            public: self.public && other.public,
        }
    }
}

impl Offer {
    /// The items of one list.
    pub(crate) fn list(&self, list: List) -> &Vec<Item> {
        match list {
            List::Tools => &self.tools,
            List::Prompts => &self.prompts,
            List::Resources => &self.resources,
            List::Templates => &self.templates,
        }
    }

    /// The same, to be replaced.
    pub(crate) fn list_mut(&mut self, list: List) -> &mut Vec<Item> {
        match list {
            List::Tools => &mut self.tools,
            List::Prompts => &mut self.prompts,
            List::Resources => &mut self.resources,
            List::Templates => &mut self.templates,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_says_itself_that_calling_it_twice_does_no_harm() {
        let repeat = |annotations: &str| {
            let raw = format!(r#"{{"name":"x"{annotations},"inputSchema":{{}}}}"#);
            Item::read(List::Tools, raw.into()).expect("a tool").repeat
        };
        for harmless in ["readOnlyHint", "idempotentHint"] {
            let annotations = format!(r#","annotations":{{"title":"x","{harmless}": true}}"#);
            assert_eq!(repeat(&annotations), Repeat::Harmless);
        }
        assert_eq!(repeat(""), Repeat::Unknown);
        for unknown in [
            r#","annotations":{"readOnlyHint":false,"idempotentHint":"true"}"#,
            r#","annotations":{"destructiveHint":true}"#,
            r#","annotations":true"#,
            r#","readOnlyHint":true"#,
        ] {
            assert_eq!(repeat(unknown), Repeat::Unknown, "{unknown}");
        }
    }

    #[test]
    fn a_tool_knows_its_headers_and_pages() {
        let read = |raw: &str| Item::read(List::Tools, raw.to_owned().into()).expect("a tool");
        let tool = read(
            r#"{"name":"x","_meta":{"ui":{"resourceUri":"ui://p"}},"inputSchema":{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}}}"#,
        );
        let headers = tool.params.as_deref().unwrap_or_default();
        let headers: Vec<_> = headers.iter().map(|one| one.header.as_str()).collect();
        assert_eq!(
            (headers, tool.pages),
            (vec!["mcp-param-region"], vec!["ui://p".to_owned()])
        );
        let spoiled = read(
            r#"{"name":"x","inputSchema":{"type":"object","properties":{"r":{"type":"object","x-mcp-header":"Region"}}}}"#,
        );
        assert_eq!((spoiled.params, spoiled.pages), (None, Vec::new()));
    }

    #[test]
    fn what_may_be_kept_is_the_least_that_everyone_allows() {
        let long = Hint::read(br#"{"tools":[],"ttlMs":900,"cacheScope":"public"}"#);
        let short = Hint::read(br#"{"cacheScope":"private","ttlMs":5}"#);
        let (long, short) = (long.expect("a hint"), short.expect("a hint"));
        assert!(long.public && long.ttl_ms == 900);
        assert_eq!(long.and(short), short);
        for nothing in [
            "{}",
            r#"{"ttlMs":5}"#,
            r#"{"ttlMs":-1,"cacheScope":"public"}"#,
            r#"{"ttlMs":"5","cacheScope":"public"}"#,
        ] {
            assert_eq!(Hint::read(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
