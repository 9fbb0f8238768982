//! What one server offers: its four lists, each definition the bytes that the
//! server sent.

use bytes::Bytes;
use wire::{Span, members, splice_one, string_text};

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
        let repeat = match list {
            List::Tools => Repeat::of_tool(&raw),
            List::Prompts | List::Resources | List::Templates => Repeat::Unknown,
        };
        Some(Self {
            key,
            key_span: found.value,
            raw,
            repeat,
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
}
