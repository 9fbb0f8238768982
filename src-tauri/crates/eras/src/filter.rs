//! What a client asks to be told by `subscriptions/listen`, and what of it is honored (MCP
//! 2026-07-28, "Subscriptions / Notification Filter"; `taskIds` by the tasks extension).

use wire::{Span, quote};

use crate::list::List;
use crate::look;

/// What one subscription is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `toolsListChanged`
    pub tools: bool,
    /// `promptsListChanged`
    pub prompts: bool,
    /// `resourcesListChanged`
    pub resources: bool,
    /// `resourceSubscriptions`, each once.
    pub uris: Vec<String>,
    /// `taskIds` of the tasks extension, each once.
    pub tasks: Vec<String>,
}

/// What can be honored here: what the capabilities say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Can {
    /// `tools.listChanged`
    pub tools: bool,
    /// `prompts.listChanged`
    pub prompts: bool,
    /// `resources.listChanged`
    pub resources: bool,
    /// `resources.subscribe`
    pub subscribe: bool,
    /// The tasks extension.
    pub tasks: bool,
}

// === impl Filter ===

impl Filter {
    /// Reads the params of a request, or those of an acknowledgment; unknown members are left
    /// alone.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn read(params: &[u8]) -> Result<Self, &'static str> {
        let object = look::member(params, look::whole(params), "notifications")
            .filter(|&place| look::is_object(params, place))
            .ok_or("the params need an object \"notifications\"")?;
        let mut filter = Self::default();
        for (key, value) in look::each(params, object) {
            match &*key {
                "toolsListChanged" => filter.tools = flag(params, value)?,
                "promptsListChanged" => filter.prompts = flag(params, value)?,
                "resourcesListChanged" => filter.resources = flag(params, value)?,
                "resourceSubscriptions" => filter.uris = strings(params, value)?,
                "taskIds" => filter.tasks = strings(params, value)?,
                _ => {}
            }
        }
        Ok(filter)
    }

    /// As much of it as can be honored. Which URIs and tasks there are is not known here.
    pub fn honored(self, can: &Can) -> Self {
        let kept = |all: Vec<String>, can: bool| if can { all } else { Vec::new() };
        Self {
            tools: self.tools && can.tools,
            prompts: self.prompts && can.prompts,
            resources: self.resources && can.resources,
            uris: kept(self.uris, can.subscribe),
            tasks: kept(self.tasks, can.tasks),
        }
    }

    /// The object `notifications`; what is not asked for is left out, never `false`.
    pub fn written(&self) -> String {
        let flags = [
            (self.tools, "toolsListChanged"),
            (self.prompts, "promptsListChanged"),
            (self.resources, "resourcesListChanged"),
        ];
        let lists = [
            (&self.uris, "resourceSubscriptions"),
            (&self.tasks, "taskIds"),
        ];
        let mut members: Vec<String> = flags
            .into_iter()
            .filter(|(on, _)| *on)
            .map(|(_, key)| format!(r#""{key}":true"#))
            .collect();
        for (list, key) in lists.into_iter().filter(|(list, _)| !list.is_empty()) {
            let quoted: Vec<_> = list.iter().map(|text| quote(text)).collect();
            members.push(format!(r#""{key}":[{}]"#, quoted.join(",")));
        }
        format!("{{{}}}", members.join(","))
    }

    /// Whether a change of this list is to be told. Templates have no notification of their own.
    pub fn wants(&self, list: List) -> bool {
        match list {
            List::Tools => self.tools,
            List::Prompts => self.prompts,
            List::Resources | List::Templates => self.resources,
        }
    }

    /// Whether it asks for nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn flag(text: &[u8], value: Span) -> Result<bool, &'static str> {
    match value.of(text) {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err("toolsListChanged, promptsListChanged and resourcesListChanged are true or false"),
    }
}

fn strings(text: &[u8], value: Span) -> Result<Vec<String>, &'static str> {
    const WRONG: &str = "resourceSubscriptions and taskIds are arrays of strings";
    if value.of(text).first() != Some(&b'[') {
        return Err(WRONG);
    }
    let mut seen = std::collections::HashSet::new();
    let mut strings = Vec::new();
    for element in look::elements(text, value) {
        let string = look::string(text, element).ok_or(WRONG)?.into_owned();
        if seen.insert(string.clone()) {
            strings.push(string);
        }
    }
    Ok(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filter: &str) -> Result<Filter, &'static str> {
        Filter::read(format!(r#"{{"_meta":{{}},"notifications" : {filter}}}"#).as_bytes())
    }

    #[test]
    fn what_is_asked_for_is_read_and_written_back() {
        let all = r#"{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["a://b","c:\"d"],"taskIds":["7"]}"#;
        let filter = read(all).expect("legal");
        assert_eq!(filter.uris, ["a://b", "c:\"d"]);
        assert_eq!(filter.written(), all);
        assert!(List::ALL.iter().all(|&list| filter.wants(list)));
        let none = read(r#"{"toolsListChanged":false,"resourceSubscriptions":[],"x/later":{}}"#);
        let none = none.expect("legal");
        assert!(none.is_empty());
        assert_eq!(none.written(), "{}");
        let twice = read(r#"{"resourceSubscriptions":["a:b","\u0061:b","a:c","a:b"]}"#);
        assert_eq!(twice.expect("legal").uris, ["a:b", "a:c"]);
    }

    #[test]
    fn each_list_is_wanted_for_itself() {
        for (asked, wanted) in [
            ("tools", vec![List::Tools]),
            ("prompts", vec![List::Prompts]),
            ("resources", vec![List::Resources, List::Templates]),
        ] {
            let filter = read(&format!(r#"{{"{asked}ListChanged":true}}"#)).expect("legal");
            let found: Vec<_> = List::ALL.into_iter().filter(|&l| filter.wants(l)).collect();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn malformed_filters_are_refused() {
        for params in [
            "{}",
            "[]",
            r#"{"notifications":[]}"#,
            r#"{"notifications":null}"#,
        ] {
            assert!(Filter::read(params.as_bytes()).is_err(), "{params}");
        }
        for filter in [
            r#"{"toolsListChanged":1}"#,
            r#"{"promptsListChanged":null}"#,
            r#"{"resourcesListChanged":"true"}"#,
            r#"{"resourceSubscriptions":"a:b"}"#,
            r#"{"resourceSubscriptions":{"a":"b"}}"#,
            r#"{"resourceSubscriptions":["a:b",7]}"#,
            r#"{"taskIds":[null]}"#,
        ] {
            assert!(read(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn only_what_can_be_honored_is() {
        let asked = read(r#"{"toolsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["a:b"],"taskIds":["7"]}"#).expect("legal");
        assert!(asked.clone().honored(&Can::default()).is_empty());
        let every = Can {
            tools: true,
            prompts: true,
            resources: true,
            subscribe: true,
            tasks: true,
        };
        assert_eq!(asked.clone().honored(&every), asked);
        let written = |can: Can| asked.clone().honored(&can).written();
        let can = Can::default();
        assert_eq!(
            written(Can { tools: true, ..can }),
            r#"{"toolsListChanged":true}"#
        );
        assert_eq!(
            written(Can {
                resources: true,
                ..can
            }),
            r#"{"resourcesListChanged":true}"#
        );
        assert_eq!(
            written(Can {
                subscribe: true,
                ..can
            }),
            r#"{"resourceSubscriptions":["a:b"]}"#
        );
        assert_eq!(written(Can { tasks: true, ..can }), r#"{"taskIds":["7"]}"#);
        assert_eq!(
            written(Can {
                prompts: true,
                ..can
            }),
            "{}"
        );
    }
}
