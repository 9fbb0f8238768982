//! `/api/settings` and `/api/config`: what concerns the gateway as a whole.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Body;
use super::problem::{Code, Problem};
use super::saved::{Saved, saved};
use crate::config::edit::Edit;
use crate::config::{PortFrom, names_port};
use crate::core::Core;
use crate::serve::App;
use crate::words::Words;

/// The gateway's own settings.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Settings {
    /// The port that is asked for; 0 lets the system choose.
    pub(crate) port: u16,
    /// What decides about it.
    pub(crate) port_from: PortFrom,
    /// The address for clients, with the port that is really listened on.
    pub(crate) endpoint: String,
    /// The configuration file; `null` where there is none.
    pub(crate) config_path: Option<String>,
    /// Which text of it is in force.
    pub(crate) revision: Option<String>,
    /// Where the gateway keeps what it keeps.
    pub(crate) data_dir: String,
    /// Of the gateway.
    pub(crate) version: &'static str,
    /// A `tracing` filter.
    pub(crate) log_level: String,
}

/// The configuration file as it is now.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ConfigText {
    /// Where it is; `null` where there is none.
    pub(crate) path: Option<String>,
    /// Which text it is.
    pub(crate) revision: Option<String>,
    /// The text.
    pub(crate) text: Option<String>,
}

/// What can be set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    port: u32,
}

/// `GET /api/settings`.
pub(crate) async fn get(State(app): State<App>) -> Json<Settings> {
    let core = &app.core;
    let live = core.live_full();
    let text = match &live.path {
        Some(path) => core.text_of(path).await.ok().flatten(),
        None => None,
    };
    let in_file = text.as_deref().is_some_and(names_port);
    Json(Settings {
        port: live.config.gateway.port,
        port_from: overriding(core).unwrap_or(if in_file {
            PortFrom::File
        } else {
            PortFrom::Default
        }),
        endpoint: core.endpoint(),
        config_path: live.path.as_ref().map(|path| path.display().to_string()),
        revision: live.revision.clone(),
        data_dir: core.data_dir.display().to_string(),
        version: env!("CARGO_PKG_VERSION"),
        log_level: live.config.log_level.clone(),
    })
}

/// `PATCH /api/settings`.
pub(crate) async fn patch(
    State(app): State<App>,
    Body(change): Body<Change>,
) -> Result<Json<Saved>, Problem> {
    let port = u16::try_from(change.port).map_err(|_| {
        at_port(Words::new(
            "a port is a number from 0 to 65535",
            "端口是 0 到 65535 之间的数字",
        ))
    })?;
    match overriding(&app.core) {
        Some(PortFrom::CommandLine) => {
            return Err(at_port(Words::new(
                "the port was given with --port, which outranks the file; start the gateway without it to choose the port here",
                "端口由 --port 指定，优先于配置文件；如需在此设置，请去掉该参数后重新启动网关",
            )));
        }
        Some(_) => {
            return Err(at_port(Words::new(
                "the port is given by the variable MCP_GATEWAY_PORT, which outranks the file; unset it and start the gateway again to choose the port here",
                "端口由环境变量 MCP_GATEWAY_PORT 指定，优先于配置文件；如需在此设置，请取消该变量后重新启动网关",
            )));
        }
        None => {}
    }
    saved(app.core.change(None, &Edit::SetPort(port)).await, None)
}

/// `GET /api/config`.
pub(crate) async fn config(State(app): State<App>) -> Result<Json<ConfigText>, Problem> {
    let path = app.core.live().path.clone();
    let text = match &path {
        Some(path) => app
            .core
            .text_of(path)
            .await
            .map_err(|refusal| Problem::of_refusal(refusal, None))?,
        None => None,
    };
    Ok(Json(ConfigText {
        path: path.map(|path| path.display().to_string()),
        revision: text
            .as_ref()
            .map(|text| crate::config::revision(text.as_bytes())),
        text,
    }))
}

fn overriding(core: &Core) -> Option<PortFrom> {
    core.source.as_ref()?.port_override()
}

fn at_port(message: Words) -> Problem {
    Problem::new(Code::Invalid, message.clone()).field("port", message)
}
