//! `/api/servers`: the servers one by one, as the file has them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem};
use super::saved::{Saved, saved};
use super::{Body, Name, no_content};
use crate::change::Refusal;
use crate::config::edit::{self, Edit, EditError};
use crate::config::form::ServerForm;
use crate::config::model::ServerConfig;
use crate::core::Core;
use crate::serve::App;
use crate::status::{self, ServerStatus};
use crate::words::Words;

/// One server with what the file says about it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ServerDetail {
    /// How it fares.
    pub(crate) server: ServerStatus,
    /// What the file says about it.
    pub(crate) form: ServerForm,
    /// Which text of the file that is.
    pub(crate) revision: Option<String>,
    /// The entry as it stands in the file, comments included.
    pub(crate) entry: Option<String>,
    /// What holds where the file says nothing.
    pub(crate) defaults: Defaults,
}

/// What holds for a server where the file says nothing.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Defaults {
    /// In milliseconds.
    pub(crate) call_timeout: u64,
    /// Most connections.
    pub(crate) pool_size: usize,
    /// Before each tool's name.
    pub(crate) prefix: String,
}

/// A server as it is to be written, and the text that whoever wrote it has seen.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Write {
    revision: Option<String>,
    form: ServerForm,
}

/// A server that is to be added.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Add {
    form: ServerForm,
}

/// What can be set with one click.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Switch {
    enabled: bool,
}

/// `GET /api/servers/{name}`.
pub(crate) async fn get(
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<ServerDetail>, Problem> {
    match detail(&app.core, &name).await? {
        Some(detail) => Ok(Json(detail)),
        None => Err(Problem::no_server(&name)),
    }
}

/// `POST /api/servers`.
pub(crate) async fn add(
    State(app): State<App>,
    Body(write): Body<Add>,
) -> Result<Json<Saved>, Problem> {
    // A new server changes nothing that anybody could have seen differently: no revision.
    let edit = Edit::AddServer(write.form);
    saved(app.core.change(None, &edit).await, new_position(&app.core))
}

/// `PUT /api/servers/{name}`.
pub(crate) async fn put(
    State(app): State<App>,
    Name(name): Name,
    Body(write): Body<Write>,
) -> Result<Json<Saved>, Problem> {
    let core = &app.core;
    editable(core, &name)?;
    let edit = Edit::ChangeServer {
        name: name.clone(),
        form: write.form,
    };
    match core.change(Some(write.revision), &edit).await {
        Err(Refusal::Conflict { revision }) => {
            readable(core, &edit).await?;
            let problem = Problem::of_refusal(Refusal::Conflict { revision }, None);
            let present = detail(core, &name).await?;
            // What runs and is in the file no more is not what the file says.
            Err(problem.current(present.filter(|present| present.entry.is_some())))
        }
        done => saved(done, position(core, &name)),
    }
}

/// `PATCH /api/servers/{name}`.
pub(crate) async fn patch(
    State(app): State<App>,
    Name(name): Name,
    Body(switch): Body<Switch>,
) -> Result<Json<Saved>, Problem> {
    editable(&app.core, &name)?;
    let edit = Edit::SetEnabled {
        name: name.clone(),
        on: switch.enabled,
    };
    saved(
        app.core.change(None, &edit).await,
        position(&app.core, &name),
    )
}

/// `DELETE /api/servers/{name}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<Saved>, Problem> {
    editable(&app.core, &name)?;
    let edit = Edit::RemoveServer { name };
    saved(app.core.change(None, &edit).await, None)
}

/// `POST /api/servers/{name}/restart`.
pub(crate) async fn restart(State(app): State<App>, Name(name): Name) -> Result<Response, Problem> {
    let restarted = app.core.start_anew(&name).await;
    if restarted.map_err(|refusal| Problem::of_refusal(refusal, None))? {
        Ok(no_content())
    } else {
        Err(Problem::no_server(&name))
    }
}

/// A server that runs only because there is no file cannot be edited in it.
pub(super) fn editable(core: &Core, name: &str) -> Result<(), Problem> {
    let live = core.live();
    if live.path.is_none() && live.named(name).is_some() {
        let message = Words::new(
            format!("\"{name}\" is built in and runs because there is no configuration file"),
            format!("“{name}”是内置服务器，仅在没有配置文件时运行"),
        );
        let remedy = Words::new(
            "add a server of your own; the built-in one goes then",
            "请添加您自己的服务器；届时内置服务器将不再出现",
        );
        return Err(Problem::new(Code::Unsupported, message)
            .remedy(remedy)
            .status(axum::http::StatusCode::CONFLICT));
    }
    Ok(())
}

/// A file with mistakes says nothing that a form could be held against.
async fn readable(core: &Core, edit: &Edit) -> Result<(), Problem> {
    match text(core).await?.map(|text| edit::apply(&text, edit)) {
        Some(Err(error @ EditError::Broken(_))) => {
            Err(Problem::of_refusal(Refusal::Edit(error), None))
        }
        _ => Ok(()),
    }
}

/// The file's text now; `None` where there is none.
async fn text(core: &Core) -> Result<Option<String>, Problem> {
    let Some(path) = core.live().path.clone() else {
        return Ok(None);
    };
    let text = core.text_of(&path).await;
    text.map_err(|refusal| Problem::of_refusal(refusal, None))
}

/// Where a server stands in the file's list, so that mistakes land at its form.
fn position(core: &Core, name: &str) -> Option<usize> {
    let live = core.live();
    live.servers
        .iter()
        .position(|server| server.config.name == name)
}

fn new_position(core: &Core) -> Option<usize> {
    let live = core.live();
    // Without a file the built-in server is not in the list that is to be written.
    let listed = live.servers.iter();
    let listed = listed.filter(|server| !server.config.from_services);
    Some(live.path.as_ref().map_or(0, |_| listed.count()))
}

/// What there is to know about a server. It may be in the file and not in force yet, or
/// the other way round, where the file was changed by hand.
pub(super) async fn detail(core: &Core, name: &str) -> Result<Option<ServerDetail>, Problem> {
    let live = core.live_full();
    let text = text(core).await?;
    let Some(server) = live.named(name) else {
        return Ok(None);
    };
    let config = live.config_of(name).unwrap_or(&server.config);
    let written = text.as_deref().and_then(|text| edit::form_of(text, name));
    Ok(Some(ServerDetail {
        server: status::server(core, &live, server),
        form: written.unwrap_or_else(|| ServerForm::of_config(config)),
        revision: text
            .as_ref()
            .map(|text| crate::config::revision(text.as_bytes())),
        entry: text.as_deref().and_then(|text| edit::entry_of(text, name)),
        defaults: defaults(config),
    }))
}

fn defaults(config: &ServerConfig) -> Defaults {
    let (call_timeout, pool_size) = crate::config::defaults();
    Defaults {
        call_timeout,
        pool_size,
        prefix: config.name.clone(),
    }
}
