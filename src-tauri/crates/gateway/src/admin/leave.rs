//! `POST /api/shutdown`: another gateway wants to go on in this one's place.

use axum::extract::State;
use axum::http::StatusCode;

use super::problem::{Code, Problem};
use crate::instance::Kind;
use crate::serve::App;
use crate::words::Words;

/// Leaves as at a signal, with what is in flight finished first. Only who runs in a terminal
/// does: a service would be started again, and the app goes when its user quits it.
pub(super) async fn leave(State(app): State<App>) -> Result<StatusCode, Problem> {
    let remedy = match app.core.instance.kind() {
        Kind::Headless => {
            app.core.asked_to_leave.cancel();
            return Ok(StatusCode::ACCEPTED);
        }
        Kind::Desktop => Words::new("quit the app from its tray icon", "请从托盘图标退出该应用"),
        Kind::Service { stop: Some(stop) } => Words::new(
            format!("stop it with: {stop}"),
            format!("请用以下命令停止它：{stop}"),
        ),
        Kind::Service { stop: None } => Words::new("stop its service", "请停止相应的服务"),
    };
    Err(Problem::new(
        Code::Unsupported,
        Words::new(
            "this gateway does not leave for another one",
            "该网关不会为其他网关让位",
        ),
    )
    .remedy(remedy))
}
