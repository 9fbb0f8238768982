//! Keeps one `subscriptions/listen` open at a modern server: by it the server tells what has
//! changed (MCP 2026-07-28, "Subscriptions").
//!
//! What is asked for are the changes of every list that the server says it can tell, and the
//! resources that somebody has subscribed to. When these become others, the new subscription is
//! acknowledged before the old one ends, so that nothing is missed; where one broke, the lists
//! are read again once there is another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eras::{Can, Filter};
use tokio::sync::{Notify, watch};
use wire::Era;

use super::Server;
use super::subscriptions::Topic;
use crate::dispatch::modern::TASKS;
use crate::log_level::LogLevel;
use crate::upstream::http::pace::Pace;
use crate::upstream::inbox::ACKNOWLEDGED as ACKNOWLEDGMENT;
use crate::upstream::pending::CallId;
use crate::upstream::slot::{Event, Slot};
use crate::upstream::{Connection, OwnCallError};
use crate::words::Words;

/// The first message of a subscription comes within this time, or within `callTimeout` where
/// that is shorter.
const ACKNOWLEDGED: Duration = Duration::from_secs(10);
/// What else is wanted within this time joins what is asked for next.
const GATHERING: Duration = Duration::from_millis(50);
/// One that was open this long was of use.
const STEADY: Duration = Duration::from_secs(5);
/// How long the reading of lists waits for it.
const SETTLED: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Listening {
    /// Rung when something else may have to be asked for, or somebody else.
    look: Notify,
    heard: watch::Sender<Heard>,
    /// The lists will be read as soon as it is open.
    is_awaited: AtomicBool,
}

/// What the server was asked to tell the last time, and what it does tell.
#[derive(Debug, Default)]
struct Heard {
    asked: Filter,
    honored: Filter,
    /// The connection's address, to tell it from others.
    at: usize,
}

/// One that is acknowledged, or was refused.
struct Open {
    connection: Arc<Connection>,
    asked: Filter,
    /// `None` where it was refused: the same is not asked for again.
    stream: Option<(CallId, Arc<Slot>)>,
    since: Instant,
}

/// Why there is none.
enum NotOpen {
    /// The server says so.
    Refused(Words),
    /// It may be had the next time.
    Broken(Words),
}

// === impl Listening ===

impl Listening {
    /// Something else may have to be asked for.
    pub(super) fn look(&self) {
        self.look.notify_one();
    }

    /// Waits until a connection is listened to, or cannot be, or that takes longer.
    async fn settled(&self, connection: &Arc<Connection>) {
        let at = Arc::as_ptr(connection).addr();
        let mut heard = self.heard.subscribe();
        self.is_awaited.store(true, Ordering::Relaxed);
        self.look();
        let settled = heard.wait_for(|heard| heard.at == at);
        // Either way the lists are read now.
        drop(tokio::time::timeout(SETTLED, settled).await);
        self.is_awaited.store(false, Ordering::Relaxed);
    }

    /// Waits until it is known whether the server tells what happens to it.
    pub(super) async fn hears(
        &self,
        topic: &Topic,
        patience: Duration,
    ) -> Result<(), OwnCallError> {
        let has = |filter: &Filter| match topic {
            Topic::Resource(uri) => filter.uris.contains(uri),
            Topic::Task(id) => filter.tasks.contains(id),
        };
        let mut heard = self.heard.subscribe();
        if !has(&heard.borrow().asked) {
            self.look();
        }
        let asked = heard.wait_for(|heard| has(&heard.asked));
        let late = || OwnCallError::Timeout {
            method: "subscriptions/listen",
            after: patience,
        };
        let heard = tokio::time::timeout(patience, asked).await;
        match heard.map_err(|_| late())? {
            Ok(heard) if has(&heard.honored) => Ok(()),
            _ => Err(not_told()),
        }
    }
}

pub(super) fn not_told() -> OwnCallError {
    OwnCallError::Refused {
        method: "subscriptions/listen",
        error: r#"{"code":-32601,"message":"the server does not tell what happens to it"}"#
            .to_owned(),
    }
}

// === impl Server ===

impl Server {
    /// Waits until it is listened to at a connection, where there is anything to be heard.
    pub(super) async fn listens(&self, connection: &Arc<Connection>) {
        if self.to_be_heard().is_some() {
            self.listening.settled(connection).await;
        }
    }

    /// Where to listen, and to what; `None` where there is nothing to be heard.
    fn to_be_heard(&self) -> Option<(Arc<Connection>, Filter)> {
        let connection = self.pool.primary()?;
        let hello = connection
            .hello()
            .filter(|hello| hello.era == Era::Modern)?;
        let all = Filter {
            tools: true,
            prompts: true,
            resources: true,
            ..self.inbox.subscriptions.wanted()
        };
        let asked = all.honored(&Can {
            tools: hello.has_flag("tools", "listChanged"),
            prompts: hello.has_flag("prompts", "listChanged"),
            resources: hello.has_flag("resources", "listChanged"),
            subscribe: hello.has_flag("resources", "subscribe"),
            tasks: hello.has_extension(TASKS),
        });
        (!asked.is_empty()).then_some((connection, asked))
    }
}

// === the task ===

/// Listens until the server is closed.
pub(super) async fn keep(server: Arc<Server>) {
    let work = async {
        let mut pace = Pace::default();
        let mut open: Option<Open> = None;
        loop {
            let mut wanted = server.to_be_heard().filter(|wanted| is_new(wanted, &open));
            if wanted.is_some() && open.is_some() {
                // Each subscription names everything: one for each resource would be too many.
                tokio::time::sleep(GATHERING).await;
                wanted = server.to_be_heard().filter(|wanted| is_new(wanted, &open));
            }
            if let Some((connection, asked)) = wanted {
                match begin(&server, &connection, asked, open.as_ref()).await {
                    Ok(new) => drop(open.replace(new).map(Open::end)),
                    Err(why) => {
                        tracing::debug!(server = %server.config.name, "there is no subscription: {}", why.en);
                        rest(&connection, &mut pace, false).await;
                        continue;
                    }
                }
            }
            let over = async {
                match &open {
                    Some(open) => open.over().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => {}
                () = server.listening.look.notified() => continue,
            }
            if let Some(over) = open.take() {
                rest(&over.connection, &mut pace, over.since.elapsed() >= STEADY).await;
            }
        }
    };
    server.closing.run_until_cancelled(work).await;
}

/// Whether something else is open than what is wanted.
fn is_new((connection, asked): &(Arc<Connection>, Filter), open: &Option<Open>) -> bool {
    open.as_ref().is_none_or(|open| !open.is(connection, asked))
}

/// Waits before the next attempt; not longer than there is this connection.
async fn rest(connection: &Connection, pace: &mut Pace, of_use: bool) {
    tokio::select! {
        biased;
        () = connection.closing.cancelled() => *pace = Pace::default(),
        () = tokio::time::sleep(pace.wait(of_use, None)) => {}
    }
}

/// Opens one that is acknowledged; the old one is still open.
async fn begin(
    server: &Arc<Server>,
    connection: &Arc<Connection>,
    asked: Filter,
    old: Option<&Open>,
) -> Result<Open, Words> {
    let opened = acknowledged(server, connection, &asked).await;
    let (stream, honored) = match opened {
        Ok((id, slot, honored)) => (Some((id, slot)), honored),
        Err(NotOpen::Refused(why)) => {
            let Words { en, zh } = why;
            let why = Words::new(
                format!("it does not tell what changes: {en}"),
                format!("它不通知变更：{zh}"),
            );
            server.inbox.note(LogLevel::Warning, &why);
            (None, Filter::default())
        }
        Err(NotOpen::Broken(why)) => return Err(why),
    };
    let listening = &server.listening;
    let goes_on = old.is_some_and(|old| Arc::ptr_eq(&old.connection, connection));
    if stream.is_some() && !goes_on && !listening.is_awaited.load(Ordering::Relaxed) {
        // Something may have changed while nobody listened.
        server.inbox.news.all_changed();
    }
    listening.heard.send_replace(Heard {
        asked: asked.clone(),
        honored,
        at: Arc::as_ptr(connection).addr(),
    });
    Ok(Open {
        connection: Arc::clone(connection),
        asked,
        stream,
        since: Instant::now(),
    })
}

async fn acknowledged(
    server: &Server,
    connection: &Arc<Connection>,
    asked: &Filter,
) -> Result<(CallId, Arc<Slot>, Filter), NotOpen> {
    let (id, slot) = connection
        .listen(asked)
        .map_err(|lost| NotOpen::Broken(lost.words()))?;
    let patience = ACKNOWLEDGED.min(server.config.call_timeout);
    match tokio::time::timeout(patience, first(&slot)).await {
        Ok(Event::Done(Ok(answer))) if answer.failed => {
            let error = String::from_utf8_lossy(answer.body.of(&answer.text));
            Err(NotOpen::Refused(Words::new(error.clone(), error)))
        }
        Ok(Event::Done(Ok(_))) => Err(NotOpen::Broken(Words::new(
            "it ended without an acknowledgment",
            "它在确认之前就结束了",
        ))),
        Ok(Event::Done(Err(lost))) => Err(NotOpen::Broken(lost.words())),
        Ok(message) => Ok((id, slot, honored(&message))),
        Err(_) => {
            connection.stop_listening(id);
            Err(NotOpen::Broken(Words::new(
                "it was not acknowledged in time",
                "未及时收到确认",
            )))
        }
    }
}

/// The acknowledgment, or the end; nothing else counts before.
async fn first(slot: &Slot) -> Event {
    loop {
        let event = slot.next().await;
        let counts = match &event {
            Event::Message(text) => is_acknowledgment(text),
            Event::Done(_) => true,
            Event::Asked(_) | Event::Answered(_) | Event::Silence => false,
        };
        if counts {
            return event;
        }
    }
}

fn is_acknowledgment(text: &[u8]) -> bool {
    let method = wire::members(text).find(|member| member.key.of(text) == b"method");
    let method = method.and_then(|method| wire::string_text(method.value.of(text)));
    method.as_deref() == Some(ACKNOWLEDGMENT)
}

/// What an acknowledgment says; nothing where it cannot be read.
fn honored(message: &Event) -> Filter {
    let Event::Message(text) = message else {
        return Filter::default();
    };
    let params = wire::members(text).find(|member| member.key.of(text) == b"params");
    params
        .and_then(|params| Filter::read(params.value.of(text)).ok())
        .unwrap_or_default()
}

// === impl Open ===

impl Open {
    fn is(&self, connection: &Arc<Connection>, asked: &Filter) -> bool {
        Arc::ptr_eq(&self.connection, connection) && self.asked == *asked
    }

    /// Returns when it has ended; one that was refused does with its connection.
    async fn over(&self) {
        let Some((_, slot)) = &self.stream else {
            return self.connection.closing.cancelled().await;
        };
        while !matches!(slot.next().await, Event::Done(_)) {}
    }

    fn end(self) {
        if let Some((id, _)) = self.stream {
            self.connection.stop_listening(id);
        }
    }
}
