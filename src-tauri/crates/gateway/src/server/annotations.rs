//! Which arguments of a server's tools headers repeat (MCP 2026-07-28, "Streamable HTTP / Custom
//! Headers from Tool Parameters"), by the tools' own names.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use wire::{BadAnnotation, ParamHeader, members, param_headers};

use crate::offer::Item;

/// Those of the tools that have any.
type ByTool = HashMap<String, Arc<[ParamHeader]>>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Annotations(watch::Sender<Arc<ByTool>>);

impl Annotations {
    /// Takes the tools as they were listed, be they the same as before or others, and gives back
    /// those that can be called; the others are told of.
    pub(super) fn learn(
        &self,
        mut tools: Vec<Item>,
        mut spoiled: impl FnMut(&Item, BadAnnotation),
    ) -> Vec<Item> {
        let mut by_tool = ByTool::new();
        tools.retain(|tool| match declared(&tool.raw) {
            Ok(none) if none.is_empty() => true,
            Ok(some) => {
                by_tool.insert(tool.key.clone(), some.into());
                true
            }
            Err(why) => {
                spoiled(tool, why);
                false
            }
        });
        self.0.send_replace(Arc::new(by_tool));
        tools
    }

    /// Those of a tool.
    pub(crate) fn of(&self, tool: &str) -> Arc<[ParamHeader]> {
        self.0.borrow().get(tool).cloned().unwrap_or_default()
    }

    /// Rings whenever the tools have been listed.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<ByTool>> {
        self.0.subscribe()
    }
}

fn declared(definition: &[u8]) -> Result<Vec<ParamHeader>, BadAnnotation> {
    let mut all = members(definition);
    let schema = all.find(|member| member.key.of(definition) == b"inputSchema");
    schema.map_or(Ok(Vec::new()), |schema| {
        param_headers(schema.value.of(definition))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::List;

    #[test]
    fn a_tool_with_a_bad_annotation_is_left_out_and_the_others_are_known() {
        let tool = |name: &str, kind: &str| {
            let raw = format!(
                r#"{{"name":"{name}","inputSchema":{{"type":"object","properties":{{"r":{{"type":"{kind}","x-mcp-header":"Region"}}}}}}}}"#
            );
            Item::read(List::Tools, raw.into()).expect("a tool")
        };
        let plain = Item::read(List::Tools, r#"{"name":"plain"}"#.into()).expect("a tool");
        let annotations = Annotations::default();
        let mut watch = annotations.watch();
        let mut spoiled = Vec::new();
        let listed = vec![tool("bad", "object"), plain, tool("good", "string")];
        let left = annotations.learn(listed, |tool, _| spoiled.push(tool.key.clone()));
        let names: Vec<_> = left.iter().map(|tool| tool.key.as_str()).collect();
        assert_eq!(names, ["plain", "good"]);
        assert_eq!(spoiled, ["bad"]);
        assert!(watch.has_changed().expect("open"));
        watch.mark_unchanged();
        let of = |tool| {
            annotations
                .of(tool)
                .iter()
                .map(|one| one.header.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("good"), ["mcp-param-region"]);
        assert!(of("plain").is_empty());
        annotations.learn(left, |_, _| {});
        assert!(
            watch.has_changed().expect("open"),
            "the same lists ring, too"
        );
    }
}
