//! What is followed as it happens: `/api/events`, and a server's log and numbers.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wire::encode_sse;

use super::Name;
use super::problem::Problem;
use crate::logs::LogLine;
use crate::serve::{App, respond};
use crate::server::history::Sample;
use crate::server::log::Log;
use crate::status;

/// Lines of a log as they come.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LogLines {
    /// The new ones, oldest first.
    pub(crate) lines: Vec<LogLine>,
}

/// A server's last minutes.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct History {
    /// Milliseconds between two samples.
    pub(crate) step: u32,
    /// `[at, active, total, waiting, calls, memory, cpu]`, oldest first.
    #[cfg_attr(test, ts(type = "Sample[]"))]
    pub(crate) samples: Vec<Sample>,
}

/// `GET /api/events`.
pub(crate) async fn events(State(app): State<App>) -> Response {
    let core = &app.core;
    let (mut status, pulse) = (core.hub.status.subscribe(), core.hub.pulse.subscribe());
    let accounts = core.hub.accounts.subscribe();
    status.mark_unchanged();
    core.hub.welcome();
    let now = serde_json::to_vec(&status::status(core)).unwrap_or_default();
    let first = Bytes::from(encode_sse(Some("status"), &now));
    let first = futures_util::stream::iter([Ok::<_, Infallible>(first)]);
    let ending = (core.ending.draining.clone(), core.streams.token());
    let state = (status, pulse, accounts, ending);
    let rest = futures_util::stream::unfold(
        state,
        |(mut status, mut pulse, mut accounts, ending)| async {
            let event = tokio::select! {
                news = next(&mut status) => encode_sse(Some("status"), &news?),
                news = next(&mut pulse) => encode_sse(Some("pulse"), &news?),
                changed = accounts.changed() => {
                    changed.ok()?;
                    encode_sse(Some("accounts"), b"{}")
                }
                () = ending.0.cancelled() => return None,
            };
            Some((Ok(Bytes::from(event)), (status, pulse, accounts, ending)))
        },
    );
    respond::listening(futures_util::StreamExt::chain(first, rest))
}

/// Which lines of a log are wanted, and whether those to come are, too.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default = "yes")]
    follow: bool,
    /// Those after this number.
    #[serde(default)]
    after: u64,
}

fn yes() -> bool {
    true
}

/// `GET /api/servers/{name}/log`: what is kept and then what comes, as a stream that ends with
/// the server; with `follow=false` what is kept, as one answer.
pub(crate) async fn log(
    State(app): State<App>,
    Name(name): Name,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let live = app.core.live_full();
    let server = live.named(&name).ok_or_else(|| Problem::no_server(&name))?;
    let log = Arc::clone(&server.inbox.log);
    Ok(told(&app, log, wanted))
}

/// `GET /api/log`: the same of the gateway itself.
pub(crate) async fn own_log(State(app): State<App>, Query(wanted): Query<Wanted>) -> Response {
    let log = Arc::clone(app.core.journal.log());
    told(&app, log, wanted)
}

fn told(app: &App, log: Arc<Log>, wanted: Wanted) -> Response {
    if !wanted.follow {
        let lines = log.after(wanted.after);
        return Json(LogLines { lines }).into_response();
    }
    let mut ticks = interval(respond::KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one comes at once and opens the stream where there is no line yet.
    let state = Following::new(log, wanted.after, app.core.ending.draining.clone());
    let state = (state, ticks, app.core.streams.token());
    let stream = futures_util::stream::unfold(state, |(mut state, mut ticks, counted)| async {
        let event = tokio::select! {
            biased;
            lines = state.next() => encode_sse(Some("lines"), &lines?).into(),
            _ = ticks.tick() => respond::COMMENT,
        };
        Some((Ok::<_, Infallible>(event), (state, ticks, counted)))
    });
    respond::listening(stream)
}

/// `GET /api/servers/{name}/history`.
pub(crate) async fn history(
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<History>, Problem> {
    let live = app.core.live_full();
    let server = live.named(&name).ok_or_else(|| Problem::no_server(&name))?;
    Ok(Json(History {
        step: 1000,
        samples: server.history.samples(),
    }))
}

/// A log with how far it has been read.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) log: Arc<Log>,
    grown: watch::Receiver<u64>,
    pub(super) seen: u64,
    /// There will be no more lines.
    over: CancellationToken,
    /// Nobody is to wait any longer.
    end: CancellationToken,
}

impl Following {
    /// Follows a log from the line after number `seen` on, until it is over or until `end`.
    pub(super) fn new(log: Arc<Log>, seen: u64, end: CancellationToken) -> Self {
        Self {
            grown: log.follow(),
            over: log.ended(),
            log,
            seen,
            end,
        }
    }

    /// Waits for new lines; `None` once there will be no more. Cancelling loses nothing.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            // Asked first: what came before the end is told.
            let is_over = self.over.is_cancelled();
            let lines = self.log.after(self.seen);
            if let Some(last) = lines.last() {
                self.seen = last.seq;
                return serde_json::to_vec(&LogLines { lines }).ok();
            }
            if is_over {
                return None;
            }
            tokio::select! {
                grown = self.grown.changed() => grown.ok()?,
                () = self.over.cancelled() => {}
                () = self.end.cancelled() => return None,
            }
        }
    }
}

/// The next value of a channel; `None` once its sender is gone.
async fn next(news: &mut watch::Receiver<Bytes>) -> Option<Bytes> {
    news.changed().await.ok()?;
    Some(news.borrow_and_update().clone())
}
