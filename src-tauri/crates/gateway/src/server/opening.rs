//! Opens one connection to a server and finds out how it is to be greeted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use wire::Era;

use super::keeper::{Stage, failure, lost};
use super::{Server, offer};
use crate::config::model::{Protocol, Transport};
use crate::lifecycle::{Failure, Happened, START_DEADLINE};
use crate::log_level::LogLevel;
use crate::oauth::values::expanded;
use crate::upstream::greeting::{Greeted, Greeting, Manner};
use crate::upstream::{Connection, OwnCallError, http, process, stdio};
use crate::words::Words;

/// Connections that are opened in one attempt to find out how a server is greeted: one that does
/// not survive the question, one that refuses the other way, and one more.
const OPENED_IN_A_ROW: u32 = 3;

/// Opens one connection and adds it to the pool; where the first one shows that the server is to
/// be greeted in another manner, another one.
pub(super) async fn connect(server: &Arc<Server>) -> Result<(), Failure> {
    let learned = &server.inbox.learned;
    let mut before = None;
    for _ in 0..OPENED_IN_A_ROW {
        let known = learned.manner();
        let (connection, driver) = open(server).await?;
        let greeting = Greeting {
            wanted: server.config.protocol,
            known,
            patience: patience(server),
            roots: server.config.roots,
        };
        match greeting.say(&connection).await {
            Ok(Greeted::Ready(manner)) => {
                if let Some(manner) = manner {
                    learned.greet_so(manner);
                }
                connection.heard().await;
                return use_it(server, connection);
            }
            Ok(Greeted::Fresh(manner, why)) => {
                learned.try_so(manner);
                server.inbox.note(LogLevel::Info, &again(manner, &why));
                connection.condemn(&why);
                // No process more than there may be.
                driver.await.ok();
                before = Some((manner, why));
            }
            Err(error) => {
                connection.closing.cancel();
                // One that ended as a legacy server is greeted in the same manner once more: what
                // ended it may be something else, and it was started twice already.
                let is_lost = matches!(error, OwnCallError::Lost(_) | OwnCallError::Wrong(_));
                if is_lost && known == Some(Manner::Legacy) {
                    learned.doubt_manner();
                } else {
                    learned.forget_manner();
                }
                // That it ended, or said nothing, says less than what comes of `initialize`.
                let before = before.filter(|(manner, _)| *manner != Manner::Legacy);
                return Err(did_not_start(server, &error, before.map(|(_, why)| why)));
            }
        }
    }
    learned.forget_manner();
    let why = before.map_or_else(|| server.inbox.farewell(), |(_, why)| why);
    Err(failure(server, undecided(&why), Stage::Start))
}

/// How long an answer to a greeting may take.
fn patience(server: &Server) -> Duration {
    START_DEADLINE.min(server.config.call_timeout)
}

/// Opens a connection; nothing has been sent yet.
async fn open(server: &Arc<Server>) -> Result<(Arc<Connection>, JoinHandle<()>), Failure> {
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
    match &expanded.server.transport {
        Transport::Local { .. } => {
            let (connection, child) = stdio::open(&expanded.server, &server.ledger, inbox, closing)
                .await
                .map_err(could_not_spawn)?;
            server.inbox.note(LogLevel::Info, &began(&connection));
            let driver = stdio::drive(Arc::clone(&connection), child);
            let driver = own(server, &connection, driver);
            Ok((connection, driver))
        }
        Transport::Remote { url, headers } => {
            let credential = server.credential.clone();
            let events = server.inbox.learned.manner() == Some(Manner::Events)
                && server.config.protocol != Protocol::Modern;
            let opened = if events {
                http::events::open(url, headers, credential, inbox, closing)
            } else {
                http::open(url, headers, credential, inbox, closing)
            };
            let connection = opened.map_err(|why| Failure {
                message: why,
                remedy: Some(Words::new(
                    "correct `url` or `headers`",
                    "请更正 `url` 或 `headers`",
                )),
                last_lines: Vec::new(),
            })?;
            let again = Arc::clone(&connection);
            let driver = if events {
                own(server, &connection, http::events::drive(again))
            } else {
                own(server, &connection, http::drive(again))
            };
            Ok((connection, driver))
        }
    }
}

/// Adds a connection to the pool that has been greeted.
fn use_it(server: &Arc<Server>, connection: Arc<Connection>) -> Result<(), Failure> {
    if connection.process.get().is_none() {
        server.inbox.note(LogLevel::Info, &began(&connection));
    }
    if connection.era() == Era::Modern && server.pool.counts().total == 0 {
        // Calls need not wait until the tools that were kept are listed again.
        let kept = server.offer().tools.clone();
        drop(offer::callable(server, connection.era(), kept));
    }
    // Before it is added: its end, which may come at once, must find it ready.
    server.happened(Happened::Connected);
    if server.pool.add(connection) {
        return Ok(());
    }
    let message = Words::new(
        "it ended as soon as it had been greeted",
        "它在握手完成后立即退出",
    );
    Err(failure(server, message, Stage::Use))
}

/// Runs a connection's driver and does what its end requires.
fn own(
    server: &Arc<Server>,
    connection: &Arc<Connection>,
    driver: impl Future<Output = Words> + Send + 'static,
) -> JoinHandle<()> {
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
    })
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

fn could_not_spawn(error: process::SpawnError) -> Failure {
    Failure {
        message: error.message,
        remedy: Some(error.remedy),
        last_lines: Vec::new(),
    }
}

/// What its log says where it is to be greeted in another manner.
fn again(manner: Manner, why: &Words) -> Words {
    let Words { en, zh } = why;
    let with = match manner {
        Manner::Legacy => "initialize",
        Manner::Modern => "server/discover",
        Manner::Events => "HTTP+SSE",
    };
    Words::new(
        format!("{en}; it is tried once more, with {with}"),
        format!("{zh}；将改用 {with} 再试一次"),
    )
}

fn undecided(why: &Words) -> Words {
    let Words { en, zh } = why;
    Words::new(
        format!("neither `initialize` nor `server/discover` leads anywhere: {en}"),
        format!("`initialize` 与 `server/discover` 均未成功：{zh}"),
    )
}

/// Where it is `callTimeout` that has left it no more time, that is said. The probe gets half of
/// `patience`.
fn no_answer(method: &str, after: Duration, patience: Duration) -> Words {
    let seconds = after.as_secs_f32();
    let words = Words::new(
        format!("no answer to {method} within {seconds} s"),
        format!("{seconds} 秒内没有回应 {method}"),
    );
    let is_cut_short = patience < START_DEADLINE && [patience, patience / 2].contains(&after);
    if !is_cut_short {
        return words;
    }
    Words::new(
        format!(
            "{}, as `callTimeout` leaves it no more; raise that if it takes longer to start",
            words.en
        ),
        format!(
            "{}（受 `callTimeout` 所限）；若它启动较慢，请调大该值",
            words.zh
        ),
    )
}

/// `before` is why it was not to be greeted in another manner.
fn did_not_start(server: &Server, error: &OwnCallError, before: Option<Words>) -> Failure {
    let message = match error {
        OwnCallError::Timeout { method, after } => no_answer(method, *after, patience(server)),
        OwnCallError::Refused { method, error } => Words::new(
            format!("{method} was refused: {error}"),
            format!("{method} 被拒绝：{error}"),
        ),
        OwnCallError::Lost(why) | OwnCallError::Wrong(why) => why.clone(),
    };
    let mut failure = failure(
        server,
        match before {
            Some(before) if before != message => Words::new(
                format!("{}; {}", before.en, message.en),
                format!("{}；{}", before.zh, message.zh),
            ),
            _ => message,
        },
        Stage::Start,
    );
    if matches!(error, OwnCallError::Wrong(_)) {
        // What goes for any server like it would only contradict.
        failure.remedy = None;
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_that_cuts_a_start_short_is_named() {
        let named = |after, patience| {
            let words = no_answer(
                "initialize",
                Duration::from_secs(after),
                Duration::from_secs(patience),
            );
            let says = |text: &str| text.contains("`callTimeout`");
            assert_eq!(says(&words.en), says(&words.zh));
            says(&words.en)
        };
        assert!(named(8, 8) && named(4, 8));
        assert!(!named(60, 60) && !named(30, 60));
        // The probe has a limit of its own.
        assert!(!named(10, 40));
    }
}
