//! Which arguments of a server's tools headers repeat (MCP 2026-07-28, "Streamable HTTP / Custom
//! Headers from Tool Parameters"), by the tools' own names.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use wire::ParamHeader;

/// Those of the tools that have any.
type ByTool = HashMap<String, Arc<[ParamHeader]>>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Annotations(watch::Sender<Arc<ByTool>>);

impl Annotations {
    /// The tools were listed anew, be they the same or others.
    pub(super) fn learn(&self, by_tool: ByTool) {
        self.0.send_replace(Arc::new(by_tool));
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
