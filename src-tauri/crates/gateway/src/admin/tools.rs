//! `/api/servers/{name}/tools`: a server's own tools, those that are hidden included.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::problem::{Code, Problem};
use super::saved::{Saved, saved};
use super::servers::editable;
use super::{Body, Name};
use crate::config::edit::Edit;
use crate::config::model::ServerConfig;
use crate::core::Core;
use crate::offer::Item;
use crate::serve::App;
use crate::server::Server;
use crate::words::Words;
use crate::{catalog, naming};

/// One of a server's tools.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ToolRow {
    /// The server's own name for it.
    pub(crate) own: String,
    /// The name that clients see; `null` where it is switched off.
    pub(crate) exposed: Option<String>,
    /// Whether clients see it.
    pub(crate) on: bool,
    /// The name that the file gives it.
    pub(crate) rename: Option<String>,
    /// Its title.
    pub(crate) title: Option<String>,
    /// What the server says about it.
    pub(crate) description: Option<String>,
    /// It says that it changes nothing.
    pub(crate) read_only: Option<bool>,
    /// It says that it may destroy something.
    pub(crate) destructive: Option<bool>,
}

/// A server's tools, in its own order.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ToolRows {
    /// All of them.
    pub(crate) tools: Vec<ToolRow>,
}

/// What is to be changed about one tool.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    tool: String,
    #[serde(default)]
    on: Option<bool>,
    /// Absent: as it is. `null`: its usual name.
    #[serde(default, deserialize_with = "present")]
    rename: Option<Option<String>>,
}

/// `GET /api/servers/{name}/tools`.
pub(crate) async fn get(
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<ToolRows>, Problem> {
    let live = app.core.live_full();
    let server = live.named(&name).ok_or_else(|| Problem::no_server(&name))?;
    let config = live.config_of(&name).unwrap_or(&server.config);
    Ok(Json(ToolRows {
        tools: rows(&app.core, server, config),
    }))
}

/// `PATCH /api/servers/{name}/tools`.
pub(crate) async fn patch(
    State(app): State<App>,
    Name(name): Name,
    Body(change): Body<Change>,
) -> Result<Json<Saved>, Problem> {
    editable(&app.core, &name)?;
    known(&app.core, &name, &change.tool)?;
    let edit = Edit::SetTool {
        server: name,
        tool: change.tool,
        on: change.on,
        rename: change.rename,
    };
    saved(app.core.change(None, &edit).await, None)
}

/// What a server offers may not be known yet; once it is, a name has to be one of its tools
/// or one that the file speaks of.
fn known(core: &Core, server: &str, tool: &str) -> Result<(), Problem> {
    let live = core.live();
    let found = live.named(server).zip(live.config_of(server));
    let Some((server, config)) = found.filter(|(server, _)| core.board.is_known(server.index()))
    else {
        return Ok(());
    };
    let (filter, mut renames) = (&config.filter, config.naming.rename.iter());
    let is_named = renames.any(|(own, _)| own == tool)
        || filter.exclude.iter().any(|name| name == tool)
        || filter.include.iter().flatten().any(|name| name == tool);
    if is_named || server.offer().tools.iter().any(|one| one.key == tool) {
        return Ok(());
    }
    Err(Problem::new(
        Code::NotFound,
        Words::new(
            format!("the server has no tool named \"{tool}\""),
            format!("该服务器没有名为“{tool}”的工具"),
        ),
    )
    .remedy(Words::new(
        "look at the list of its tools; it may have changed",
        "请查看其工具列表；列表可能已变化",
    )))
}

fn rows(core: &Core, server: &Server, config: &ServerConfig) -> Vec<ToolRow> {
    let catalog = core.board.catalog(server.owner.as_ref());
    let view = catalog.view(None);
    let mut exposed: HashMap<&str, &catalog::ListedTool> = view
        .listed_tools()
        .iter()
        .filter(|tool| tool.server == server.index())
        .map(|tool| (tool.own.as_str(), tool))
        .collect();
    let offer = server.offer();
    let rows = offer.tools.iter().map(|tool| {
        let exposed = exposed.remove(tool.key.as_str());
        row(tool, config, exposed.map(|tool| tool.exposed.clone()))
    });
    rows.collect()
}

/// One tool under a configuration. `exposed` is the name that clients see now.
pub(super) fn row(tool: &Item, config: &ServerConfig, exposed: Option<String>) -> ToolRow {
    // A definition is whatever the server wrote: what cannot be read is not shown.
    let definition: Value = serde_json::from_slice(&tool.raw).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let hint = |name: &str| definition["annotations"][name].as_bool();
    let on = naming::is_exposed(&config.filter, &tool.key);
    let mut renames = config.naming.rename.iter();
    ToolRow {
        own: tool.key.clone(),
        exposed: exposed.filter(|_| on),
        on,
        rename: renames
            .find(|(own, _)| *own == tool.key)
            .map(|(_, name)| name.clone()),
        title: text(&definition["title"]).or_else(|| text(&definition["annotations"]["title"])),
        description: text(&definition["description"]),
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
    }
}

/// Tells `null` from what is not there.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}
