//! `GET /oauth/callback`: the browser brings the answer of an authorization server.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use oauth_client::Params;
use oauth_server::message_page;

use super::sign_in::Purpose;
use crate::core::Core;
use crate::serve::App;
use crate::words::Words;

/// The route of the gateway's own port.
pub(crate) async fn route(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(&app.core, query.as_deref(), &headers).await
}

/// What the browser is shown, or where it goes on.
pub(super) async fn answer(core: &Arc<Core>, query: Option<&str>, headers: &HeaderMap) -> Response {
    let params = Params::from_query(query.unwrap_or_default());
    let purpose = match &params {
        Ok(params) => core.purpose_of(params).await,
        Err(_) => None,
    };
    match core.finish_sign_in(params).await {
        Err(why) => {
            tracing::warn!("a sign-in came to nothing: {}", why.en);
            if let Some(Purpose::Facade(then)) = purpose {
                // The way back: to try again, or to tell the client that it is refused.
                let facade = &core.oauth.facade;
                return facade.sign_in_failed(headers, &then, &given(&why));
            }
            let title = Words::new("Not signed in", "未能登录");
            page(headers, StatusCode::BAD_REQUEST, &title, &why)
        }
        Ok(signed) => match signed.purpose {
            Purpose::Facade(then) => {
                let name = signed.name.as_deref().unwrap_or_else(|| signed.user.name());
                let facade = &core.oauth.facade;
                facade.signed_in(headers, &then, signed.user.name(), name)
            }
            Purpose::Window => {
                let title = Words::new("Signed in", "登录成功");
                let text = Words::new(
                    "MCP Gateway has what it needs. You may close this page.",
                    "MCP Gateway 已获得所需的授权，您可以关闭此页面。",
                );
                page(headers, StatusCode::OK, &title, &text)
            }
        },
    }
}

fn page(headers: &HeaderMap, status: StatusCode, title: &Words, text: &Words) -> Response {
    message_page(headers, status, &given(title), &given(text))
}

fn given(words: &Words) -> oauth_server::Words {
    oauth_server::Words::new(&words.en, &words.zh)
}
