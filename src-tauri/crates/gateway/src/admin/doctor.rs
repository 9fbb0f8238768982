//! `/api/doctor`: what is wrong with the gateway and its surroundings, and its repair.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::Body;
use super::problem::{Code, Problem};
use crate::doctor::{Doctor, Fixed, Report};
use crate::serve::App;

/// What is to be repaired.
#[derive(Debug, Deserialize)]
pub(crate) struct Fix {
    id: String,
}

/// `GET /api/doctor`.
pub(crate) async fn examine(State(app): State<App>) -> Json<Report> {
    let report = Doctor::of(Arc::clone(&app.core)).examine().await;
    app.core.hub.set_findings(report.count());
    app.core.changed.notify_one();
    Json(report)
}

/// `POST /api/doctor/fix`.
pub(crate) async fn fix(
    State(app): State<App>,
    Body(fix): Body<Fix>,
) -> Result<Json<Fixed>, Problem> {
    let doctor = Doctor::of(Arc::clone(&app.core));
    let fixed = doctor.fix(&fix.id).await;
    fixed
        .map(Json)
        .map_err(|why| Problem::new(Code::Failed, why))
}
