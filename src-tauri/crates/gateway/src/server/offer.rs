//! Reads what a server offers, page by page, whenever it says that it changed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wire::Era;

use super::Server;
use crate::config::model::Transport;
use crate::log_level::LogLevel;
use crate::offer::{Hint, Item, List, Offer};
use crate::sync::Locked;
use crate::upstream::{Connection, OwnCallError};
use crate::words::Words;

/// Pages of one list after which a server is taken to repeat itself.
const PAGES: usize = 1_000;

/// How soon a list that could not be read is tried again, at first and at last.
const AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));

/// Between the readings of lists that a server says to have changed: that it does so while they
/// are read must not keep both busy for ever.
const BREATH: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

/// The pause after a reading. Whoever is quiet for as long is read at once the next time.
#[derive(Debug)]
struct Breath {
    until: Instant,
    next: Duration,
}

/// Follows the news until the server is closed.
pub(super) async fn follow(server: Arc<Server>) {
    let (mut missing, mut pause) = (Vec::new(), AGAIN.0);
    let mut breath = Breath::default();
    loop {
        let again = async {
            if missing.is_empty() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(pause).await;
        };
        let mut lists = tokio::select! {
            () = server.closing.cancelled() => return,
            lists = async {
                tokio::time::sleep_until(breath.until.into()).await;
                server.inbox.news.take().await
            } => lists,
            () = again => Vec::new(),
        };
        lists.extend(
            missing
                .iter()
                .filter(|list| !lists.contains(list))
                .collect::<Vec<_>>(),
        );
        let (begun, before) = (Instant::now(), server.offer());
        missing = tokio::select! {
            () = server.closing.cancelled() => return,
            missing = refresh(&server, &lists) => missing,
        };
        breath.take(begun, Instant::now(), before != server.offer());
        pause = if missing.is_empty() {
            AGAIN.0
        } else {
            AGAIN.1.min(pause * 2)
        };
        server
            .incomplete
            .store(!missing.is_empty(), Ordering::Relaxed);
    }
}

/// Gives the lists that got no answer.
async fn refresh(server: &Arc<Server>, lists: &[List]) -> Vec<List> {
    let mut missing = Vec::new();
    let Some(connection) = server.pool.primary() else {
        return lists.to_vec();
    };
    let Some(hello) = connection.hello().cloned() else {
        return lists.to_vec();
    };
    match hello.era {
        Era::Legacy => resubscribe(server),
        // From then on no change is missed.
        Era::Modern => server.listens(&connection).await,
    }
    let mut offer = Offer::clone(&server.offer());
    for &list in lists {
        if !hello.has(capability(list)) {
            offer.list_mut(list).clear();
            offer.hints[list as usize] = None;
            continue;
        }
        match read_list(server, &connection, list).await {
            Ok((items, hint)) => {
                *offer.list_mut(list) = match list {
                    List::Tools => callable(server, hello.era, items),
                    List::Prompts | List::Resources | List::Templates => items,
                };
                offer.hints[list as usize] = hint;
            }
            // A server may declare resources and know no templates.
            Err(OwnCallError::Refused { .. }) if list == List::Templates => offer.templates.clear(),
            Err(error) => {
                if !matches!(error, OwnCallError::Refused { .. }) {
                    missing.push(list);
                }
                tracing::warn!(server = %server.config.name, list = list.method(), %error, "a list could not be read");
            }
        }
    }
    if missing.is_empty() {
        server
            .shelf
            .write(&offer, &server.inbox.learned, Some(&hello));
    }
    *server.hello.locked() = Some(hello);
    server.board.publish(server.seat, offer);
    missing
}

/// The tools that can be called: over HTTP a modern server has to be told some arguments in
/// headers, and it may say in a way that is not allowed which ones.
pub(super) fn callable(server: &Server, era: Era, tools: Vec<Item>) -> Vec<Item> {
    let is_remote = matches!(server.config.transport, Transport::Remote { .. });
    if !is_remote || era == Era::Legacy {
        return tools;
    }
    let inbox = &server.inbox;
    inbox.annotations.learn(tools, |tool, why| {
        let name = &tool.key;
        let words = Words::new(
            format!("the tool `{name}` is left out, as its server must correct it: {why}"),
            format!("工具 `{name}` 未被提供，需由其服务器更正：{why}"),
        );
        inbox.note(LogLevel::Warning, &words);
    })
}

/// Reads all pages of one list.
async fn read_list(
    server: &Server,
    connection: &Arc<Connection>,
    list: List,
) -> Result<(Vec<Item>, Option<Hint>), OwnCallError> {
    let mut items = Vec::new();
    let mut hints = Vec::new();
    let mut cursor: Option<Bytes> = None;
    for _ in 0..PAGES {
        let params = cursor.as_ref().map_or_else(String::new, |cursor| {
            format!(r#"{{"cursor":{}}}"#, String::from_utf8_lossy(cursor))
        });
        let answer = connection
            .ask(list.method(), &params, server.config.call_timeout)
            .await?;
        let result = answer.text.slice(answer.body.range());
        hints.push(Hint::read(&result));
        let mut next = None;
        for member in wire::members(&result) {
            let value = member.value.of(&result);
            match member.key.of(&result) {
                key if key == list.member().as_bytes() => {
                    for element in wire::array_elements(value).unwrap_or_default() {
                        let raw = Bytes::copy_from_slice(element.of(value));
                        match Item::read(list, raw) {
                            Some(item) => items.push(item),
                            None => {
                                tracing::warn!(server = %server.config.name, list = list.method(), "an entry without a name was skipped")
                            }
                        }
                    }
                }
                b"nextCursor" if value != b"null" => {
                    next = Some(result.slice(member.value.range()))
                }
                _ => {}
            }
        }
        if next.is_none() || next == cursor {
            let hints: Option<Vec<Hint>> = hints.into_iter().collect();
            let hint = hints.and_then(|hints| hints.into_iter().reduce(Hint::and));
            return Ok((items, hint));
        }
        cursor = next;
    }
    tracing::warn!(server = %server.config.name, list = list.method(), "the list was cut after {PAGES} pages");
    Ok((items, None))
}

/// The primary connection is another one than before and knows nothing of what
/// clients subscribed to.
pub(super) fn resubscribe(server: &Arc<Server>) {
    let Some(connection) = server.pool.primary() else {
        return;
    };
    if connection.era() == Era::Modern {
        return server.listening.look();
    }
    if !connection
        .hello()
        .is_some_and(|hello| hello.has_flag("resources", "subscribe"))
    {
        return;
    }
    for uri in server.inbox.subscriptions.wanted().uris {
        let (server, connection) = (Arc::clone(server), Arc::clone(&connection));
        server.tasks.clone().spawn(async move {
            let params = format!(r#"{{"uri":{}}}"#, wire::quote(&uri));
            if let Err(error) = connection.ask("resources/subscribe", &params, server.config.call_timeout).await {
                tracing::warn!(server = %server.config.name, %error, "a subscription could not be renewed");
            }
        });
    }
}

const fn capability(list: List) -> &'static str {
    match list {
        List::Tools => "tools",
        List::Prompts => "prompts",
        List::Resources | List::Templates => "resources",
    }
}

// === impl Breath ===

impl Default for Breath {
    fn default() -> Self {
        Self {
            until: Instant::now(),
            next: BREATH.0,
        }
    }
}

impl Breath {
    /// Lists were read, and were others than before or not. The pause grows with each reading in
    /// vain that follows at once on another.
    fn take(&mut self, begun: Instant, now: Instant, differs: bool) {
        let was_quiet = begun.saturating_duration_since(self.until) >= BREATH.0;
        if differs || was_quiet {
            self.next = BREATH.0;
        }
        self.until = now + self.next;
        self.next = (self.next * 2).min(BREATH.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses after readings that each begin so many milliseconds after the pause before.
    fn pauses(readings: &[(u64, bool)]) -> Vec<u128> {
        let mut breath = Breath::default();
        let reading = Duration::from_millis(5);
        let pause = |&(after, differs): &(u64, bool)| {
            let begun = breath.until + Duration::from_millis(after);
            breath.take(begun, begun + reading, differs);
            (breath.until - begun - reading).as_millis()
        };
        readings.iter().map(pause).collect()
    }

    #[test]
    fn a_server_that_calls_each_reading_a_change_is_read_less_and_less_often() {
        let in_vain = [(0, false); 9];
        let pauses_then = [100, 200, 400, 800, 1_600, 3_000, 3_000, 3_000, 3_000];
        assert_eq!(pauses(&in_vain), pauses_then);
        let with_news = [(0, false), (0, false), (0, true), (0, false)];
        assert_eq!(pauses(&with_news), [100, 200, 100, 200]);
        let now_and_then = [(0, false), (0, false), (500, false), (500, false)];
        assert_eq!(pauses(&now_and_then), [100, 200, 100, 100]);
    }
}
