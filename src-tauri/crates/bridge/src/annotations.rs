//! Which arguments of tools headers repeat, as lists of tools say (MCP
//! 2026-07-28, "Streamable HTTP / Custom Headers from Tool Parameters").

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wire::{ParamHeader, Span, array_elements, members, string_text};

/// Those of the tools that have any.
#[derive(Debug, Default)]
pub(crate) struct Annotations(Mutex<HashMap<String, Arc<[ParamHeader]>>>);

impl Annotations {
    /// Learns from the result of a `tools/list`. With its first page a list
    /// begins anew.
    pub(crate) fn learn(&self, result: &[u8], is_first_page: bool) {
        let mut by_tool = self.by_tool();
        if is_first_page {
            by_tool.clear();
        }
        if !wire::may_annotate(result) {
            return;
        }
        let Some(tools) = member(result, b"tools").map(|tools| tools.of(result)) else {
            return;
        };
        for tool in array_elements(tools).unwrap_or_default() {
            let tool = tool.of(tools);
            let name = member(tool, b"name").and_then(|name| string_text(name.of(tool)));
            // With an annotation that is not allowed, no header is looked for.
            let declared = member(tool, b"inputSchema")
                .and_then(|schema| wire::param_headers(schema.of(tool)).ok())
                .filter(|declared| !declared.is_empty());
            if let (Some(name), Some(declared)) = (name, declared) {
                by_tool.insert(name.into_owned(), declared.into());
            }
        }
    }

    /// Those of a tool.
    pub(crate) fn of(&self, tool: &str) -> Arc<[ParamHeader]> {
        self.by_tool().get(tool).cloned().unwrap_or_default()
    }

    fn by_tool(&self) -> MutexGuard<'_, HashMap<String, Arc<[ParamHeader]>>> {
        // Half a list is as good as a stale one: a call that goes wrong has it listed anew.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value of a member that is known by this key, which nobody writes with escapes.
pub(crate) fn member(object: &[u8], key: &[u8]) -> Option<Span> {
    let found = members(object).find(|member| member.key.of(object) == key)?;
    Some(found.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_learned_page_by_page_and_forgotten_with_the_next() {
        let page = |name: &str, header: &str| {
            format!(
                r#"{{"tools":[{{"name":"plain","inputSchema":{{}}}},{{"name":"{name}","inputSchema":{{"properties":{{"r":{{"type":"string","x-mcp-header":"{header}"}}}}}}}}]}}"#
            )
        };
        let annotations = Annotations::default();
        let of = |tool| {
            let declared = annotations.of(tool);
            declared
                .iter()
                .map(|one| one.header.clone())
                .collect::<Vec<_>>()
        };
        annotations.learn(page("one", "Region").as_bytes(), true);
        annotations.learn(page("two", "Zone").as_bytes(), false);
        assert_eq!(of("one"), ["mcp-param-region"]);
        assert_eq!(of("two"), ["mcp-param-zone"]);
        assert!(of("plain").is_empty());
        annotations.learn(page("one", "not a token").as_bytes(), true);
        assert!(of("one").is_empty() && of("two").is_empty());
        annotations.learn(page("one", "Region").as_bytes(), false);
        annotations.learn(br#"{"tools":[{"name":"one"}]}"#, true);
        assert!(of("one").is_empty());
    }
}
