//! What a change of the configuration answers.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Body;
use super::problem::Problem;
use crate::change::{Done, Refusal};
use crate::config::render;
use crate::serve::App;
use crate::words::{Language, Words};

/// A change that was made: it is in the file, and it is in force.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Saved {
    /// Which text of the file is in force now.
    pub(crate) revision: String,
    /// Takes the change back; `null` where nothing was changed.
    pub(crate) undo: Option<String>,
    /// The file.
    pub(crate) path: String,
    /// What in the file has no effect or will surprise.
    pub(crate) notices: Vec<Words>,
}

/// What is to be taken back.
#[derive(Debug, Deserialize)]
pub(crate) struct Undo {
    undo: String,
}

/// The answer to a change. `position` is that of the server in question in the file.
pub(super) fn saved(
    outcome: Result<Done, Refusal>,
    position: Option<usize>,
) -> Result<Json<Saved>, Problem> {
    let done = outcome.map_err(|refusal| Problem::of_refusal(refusal, position))?;
    let notices = done.warnings.iter().map(|warning| {
        let text = |language| render(std::slice::from_ref(warning), Some(&done.path), language);
        Words::new(text(Language::English), text(Language::Chinese))
    });
    Ok(Json(Saved {
        notices: notices.collect(),
        path: done.path.display().to_string(),
        revision: done.revision,
        undo: done.undo,
    }))
}

/// `POST /api/undo`.
pub(crate) async fn undo(
    State(app): State<App>,
    Body(undo): Body<Undo>,
) -> Result<Json<Saved>, Problem> {
    saved(app.core.undo(&undo.undo).await, None)
}

/// `POST /api/config/reload`.
pub(crate) async fn reload(State(app): State<App>) -> Result<Json<Saved>, Problem> {
    saved(app.core.read_again().await, None)
}
