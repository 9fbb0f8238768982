//! The one task that starts a server's connections: at start, after a loss and
//! when the pool may grow. Being the only one makes starting single-flight.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::growth::GROW_AGAIN;
use super::{Server, offer, opening};
use crate::config::model::Transport;
use crate::lifecycle::{Failure, Happened, Moment, State};
use crate::log_level::LogLevel;
use crate::oauth::changed;
use crate::pool::Removed;
use crate::sync::Locked;
use crate::words::Words;

/// Log lines that go with a failure.
const LAST_LINES: usize = 12;

/// Keeps connections until the server is closed.
pub(super) async fn keep(server: Arc<Server>) {
    // Started once even where no connection is kept warm, to learn what it offers.
    let mut first = !server.is_asleep();
    loop {
        if let State::Failing { retry_at, .. } = server.state() {
            tokio::select! {
                () = server.closing.cancelled() => return,
                () = tokio::time::sleep_until(retry_at.at.into()) => {}
            }
        }
        if !std::mem::take(&mut first) && !server.pool.wants_another() {
            // Where none is kept warm the next call is the next attempt.
            if server.growth.locked().rests(Instant::now()).is_none() {
                server.pool.allow();
            }
            server.is_complete();
            tokio::select! {
                () = server.closing.cancelled() => return,
                () = server.pool.needs_keeper.notified() => continue,
            }
        }
        if server.closing.is_cancelled() {
            return;
        }
        let rest = server.growth.locked().rests(Instant::now());
        if let Some(until) = rest.filter(|_| server.pool.counts().total > 0) {
            tokio::select! {
                () = server.closing.cancelled() => return,
                () = last_one_lost(&server) => {}
                () = tokio::time::sleep_until(until.into()) => {}
            }
            server.pool.allow();
            continue;
        }
        // From before the look: a sign-in right after it must not be missed.
        let news = server.credential.as_ref().and_then(|one| one.watch());
        // A keychain may ask its user first, and wait for that.
        let needed = sign_in_needed(&server);
        let Some(needed) = server.closing.run_until_cancelled(needed).await else {
            return;
        };
        if let Some((why, news)) = needed.zip(news) {
            wait_for_sign_in(&server, why, changed(news)).await;
            first = true;
            continue;
        }
        server.happened(Happened::Attempt);
        match opening::connect(&server).await {
            Ok(()) => {
                if server.pool.counts().total == 1 {
                    // The first of them; a further copy offers the same.
                    server.inbox.news.all_changed();
                }
                server.apply_log_level();
            }
            Err(_) if server.closing.is_cancelled() => return,
            Err(failure) => {
                tracing::warn!(server = %server.config.name, "could not be started: {}", failure.message.en);
                server.inbox.note(LogLevel::Error, &not_started(&failure));
                let why = failure.message.clone();
                server.happened(Happened::Failed {
                    left: server.pool.counts().total,
                    failure,
                    now: Moment::now(),
                    jitter: jitter(),
                });
                if let State::Failing { failure, .. } = server.state() {
                    server.pool.refuse(&failure.message);
                } else {
                    // It still works on what it has; growing is tried again later.
                    server.pool.refuse(&why);
                    tokio::select! {
                        () = server.closing.cancelled() => return,
                        () = last_one_lost(&server) => {}
                        () = tokio::time::sleep(GROW_AGAIN) => {}
                    }
                    server.pool.allow();
                }
            }
        }
    }
}

/// Waits until no connection is left to work on.
async fn last_one_lost(server: &Server) {
    while server.pool.counts().total > 0 {
        server.pool.needs_keeper.notified().await;
    }
}

/// Why nothing can be started before the user has signed in, if that is so.
async fn sign_in_needed(server: &Server) -> Option<Words> {
    let withheld = server.credential.as_ref()?.bearer().await.err()?;
    withheld.needs_sign_in.then_some(withheld.why)
}

/// Refuses calls until there may be an account.
async fn wait_for_sign_in(server: &Server, why: Words, changed: impl Future<Output = ()>) {
    server.pool.refuse(&why);
    server.happened(Happened::SignInNeeded { why });
    // Nothing is offered that cannot be used.
    server.board.withdraw(server.seat);
    tokio::select! {
        () = server.closing.cancelled() => {}
        () = changed => {}
    }
    server.pool.allow();
}

/// A connection that was in use has ended by itself.
pub(super) fn lost(server: &Arc<Server>, removed: Removed, lived: Duration, why: Words) {
    if removed.was_primary && removed.left > 0 {
        offer::resubscribe(server);
    }
    if removed.left > 0 && server.growth.locked().lost_one(lived, Instant::now()) {
        // Calls need not wait for another one.
        server.pool.refuse(&why);
    }
    server.happened(Happened::Lost {
        left: removed.left,
        lived,
        failure: failure(server, why, Stage::Use),
        now: Moment::now(),
        jitter: jitter(),
    });
    if let State::Failing { failure, .. } = server.state() {
        tracing::warn!(server = %server.config.name, "keeps ending: {}", failure.message.en);
        server.pool.refuse(&failure.message);
    }
}

/// In 0..1, to spread what many servers do at once.
fn jitter() -> f64 {
    f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX)
}

/// What its log says of an attempt in vain.
fn not_started(failure: &Failure) -> Words {
    let Words { en, zh } = &failure.message;
    Words::new(
        format!("it could not be started: {en}"),
        format!("无法启动：{zh}"),
    )
}

/// When something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before it had been greeted.
    Start,
    /// Since then: it speaks MCP.
    Use,
}

/// A cause with what to do about it and what the server printed last.
pub(super) fn failure(server: &Server, message: Words, stage: Stage) -> Failure {
    let last_lines = server.inbox.log.last(LAST_LINES);
    let remedy = match server.config.transport {
        Transport::Local { .. } if last_lines.is_empty() && stage == Stage::Use => Words::new(
            "it printed nothing that explains it; run its command in a terminal to try it alone, or update the server",
            "它没有输出任何说明；可在终端单独运行该命令，或更新该服务器",
        ),
        Transport::Local { .. } if last_lines.is_empty() => Words::new(
            "it printed nothing that explains it; check that the command is an MCP server that speaks stdio",
            "它没有输出任何说明；请检查该命令是否为支持 stdio 的 MCP 服务器",
        ),
        Transport::Local { .. } => Words::new(
            "see the last lines it printed; run its command in a terminal to try it alone",
            "请查看它最后的输出；也可在终端单独运行该命令",
        ),
        Transport::Remote { .. } => Words::new(
            "check that `url` is its MCP endpoint and that it runs",
            "请检查 `url` 是其 MCP 端点且服务正在运行",
        ),
    };
    let clean = |text: &str| server.inbox.censor.clean(text).into_owned();
    Failure {
        message: Words::new(clean(&message.en), clean(&message.zh)),
        remedy: Some(remedy),
        last_lines,
    }
}
