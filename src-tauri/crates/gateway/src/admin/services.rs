//! `POST /config/services` (predecessor A): one more Alibaba Cloud service, written into the
//! file and in force at once.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::IntoResponse;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem};
use super::{Body, allowed, token_wanted};
use crate::config::edit::{Edit, NewService};
use crate::config::model::Site;
use crate::serve::App;
use crate::words::Words;

/// A service to be added. What is left out stays as the file says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Add {
    alias: String,
    path: String,
    site: Option<String>,
    client_id: Option<String>,
}

/// What there is after that.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ServiceAdded {
    success: bool,
    alias: String,
    path: String,
    /// Alias → path, of all of them.
    #[cfg_attr(test, ts(type = "Record<string, string>"))]
    services: serde_json::Map<String, serde_json::Value>,
}

/// The route, which wants the admin token as everything under `/api` does.
pub(crate) async fn add(State(app): State<App>, request: Request) -> Response {
    if !allowed(&app, &request) {
        return token_wanted().into_response();
    }
    match added(&app, request).await {
        Ok(added) => added.into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn added(app: &App, request: Request) -> Result<Json<ServiceAdded>, Problem> {
    let Body(add) = Body::<Add>::from_request(request, app).await?;
    let site = add.site.as_deref().map(|site| {
        Site::of(site).ok_or_else(|| {
            Problem::new(
                Code::Invalid,
                Words::new("`site` is `intl` or `cn`", "`site` 只能是 `intl` 或 `cn`"),
            )
        })
    });
    let edit = Edit::AddService(NewService {
        alias: add.alias.clone(),
        path: add.path.clone(),
        site: site.transpose()?,
        client_id: add.client_id,
    });
    let done = app.core.change(None, &edit).await;
    done.map_err(|refusal| Problem::of_refusal(refusal, None))?;
    let live = app.core.live();
    let services = live
        .config
        .aliyun
        .iter()
        .flat_map(|aliyun| &aliyun.services);
    Ok(Json(ServiceAdded {
        success: true,
        alias: add.alias,
        path: add.path,
        services: services
            .map(|(alias, path)| (alias.clone(), path.clone().into()))
            .collect(),
    }))
}
