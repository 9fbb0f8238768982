//! The one task that starts a server's connections: at start, after a loss and
//! when the pool may grow. Being the only one makes starting single-flight.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::growth::GROW_AGAIN;
use super::{Server, offer};
use crate::config::model::Transport;
use crate::lifecycle::{Failure, Happened, Moment, START_DEADLINE, State};
use crate::log_level::LogLevel;
use crate::oauth::changed;
use crate::oauth::values::expanded;
use crate::pool::Removed;
use crate::sync::Locked;
use crate::upstream::{Connection, OwnCallError, http, process, stdio};
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
        match connect(&server).await {
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

/// Opens one connection and adds it to the pool.
async fn connect(server: &Arc<Server>) -> Result<(), Failure> {
    let closing = server.closing.child_token();
    let inbox = Arc::clone(&server.inbox);
    let expanded = expanded(&server.vault, &server.config);
    let expanded = server.closing.run_until_cancelled(expanded).await;
    let expanded = expanded.unwrap_or_else(|| Err(server.inbox.farewell()));
    let expanded = expanded.map_err(|why| Failure {
        message: why,
        remedy: None,
        last_lines: Vec::new(),
    })?;
    server.inbox.censor.learn(expanded.secrets);
    server.inbox.censor.learn_values(&expanded.server);
    let connection = match &expanded.server.transport {
        Transport::Local { .. } => {
            let (connection, child) = stdio::open(&expanded.server, &server.ledger, inbox, closing)
                .await
                .map_err(could_not_spawn)?;
            server.inbox.note(LogLevel::Info, &began(&connection));
            own(
                server,
                &connection,
                stdio::drive(Arc::clone(&connection), child),
            );
            connection
        }
        Transport::Remote { url, headers } => {
            let connection = http::open(url, headers, server.credential.clone(), inbox, closing)
                .map_err(|why| Failure {
                    message: why,
                    remedy: Some(Words::new(
                        "correct `url` or `headers`",
                        "请更正 `url` 或 `headers`",
                    )),
                    last_lines: Vec::new(),
                })?;
            own(server, &connection, http::drive(Arc::clone(&connection)));
            connection
        }
    };
    let deadline = START_DEADLINE.min(server.config.call_timeout);
    if let Err(error) = connection.handshake(deadline, server.config.roots).await {
        connection.closing.cancel();
        return Err(did_not_start(server, &error));
    }
    if connection.process.get().is_none() {
        server.inbox.note(LogLevel::Info, &began(&connection));
    }
    // Before it is added: its end, which may come at once, must find it ready.
    server.happened(Happened::Connected);
    if server.pool.add(connection) {
        return Ok(());
    }
    let message = Words::new(
        "it ended as soon as it had answered initialize",
        "它在回应 initialize 之后立即退出",
    );
    Err(failure(server, message, Stage::Use))
}

/// Runs a connection's driver and does what its end requires.
fn own(
    server: &Arc<Server>,
    connection: &Arc<Connection>,
    driver: impl Future<Output = Words> + Send + 'static,
) {
    // From now on it counts, until it is taken out below.
    server.pool.expect(connection);
    let (server, connection) = (Arc::clone(server), Arc::clone(connection));
    let born = Instant::now();
    server.tasks.clone().spawn(async move {
        let why = driver.await;
        let removed = server.pool.remove(&connection);
        let removed = removed.filter(|_| !server.closing.is_cancelled());
        let level = match removed {
            Some(_) => LogLevel::Warning,
            None => LogLevel::Info,
        };
        server.inbox.note(level, &ended(&connection, &why));
        if let Some(removed) = removed {
            lost(&server, removed, born.elapsed(), why);
        }
        // Rung last: the keeper must find the loss, and the pause that it may
        // ask for, already known.
        server.pool.needs_keeper.notify_one();
    });
}

/// What its log says of a new connection.
fn began(connection: &Connection) -> Words {
    match connection.process.get() {
        Some(id) => Words::new(
            format!("process {id} was started"),
            format!("已启动进程 {id}"),
        ),
        None => Words::new("a connection was opened", "已建立一条连接"),
    }
}

/// What its log says of a connection that is over.
fn ended(connection: &Connection, why: &Words) -> Words {
    let Words { en, zh } = why;
    match connection.process.get() {
        Some(id) => Words::new(
            format!("process {id} has ended: {en}"),
            format!("进程 {id} 已结束：{zh}"),
        ),
        None => Words::new(
            format!("a connection has ended: {en}"),
            format!("一条连接已结束：{zh}"),
        ),
    }
}

/// A connection that was in use has ended by itself.
fn lost(server: &Arc<Server>, removed: Removed, lived: Duration, why: Words) {
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

fn could_not_spawn(error: process::SpawnError) -> Failure {
    Failure {
        message: error.message,
        remedy: Some(error.remedy),
        last_lines: Vec::new(),
    }
}

fn did_not_start(server: &Server, error: &OwnCallError) -> Failure {
    let message = match error {
        OwnCallError::Timeout { after, .. } => Words::new(
            format!("no answer to initialize within {} s", after.as_secs_f32()),
            format!("{} 秒内没有回应 initialize", after.as_secs_f32()),
        ),
        OwnCallError::Refused { error, .. } => Words::new(
            format!("initialize was refused: {error}"),
            format!("initialize 被拒绝：{error}"),
        ),
        OwnCallError::Lost(why) => why.clone(),
    };
    failure(server, message, Stage::Start)
}

/// When something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before it had answered `initialize`.
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
