//! Answers that arrive piece by piece on their way to the page.
//!
//! A stream ends with its answer, when the page stops it, when the page goes (the window is
//! destroyed or loads anew), and with the core.

mod utf8;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde::Serialize;
use tauri::State;
use tauri::ipc::Channel;
use tokio_util::sync::CancellationToken;

use crate::core::{Ask, Core, Entrance};
use utf8::Pieces;

/// What the page hears of a stream; see `openInProcess` in ui/src/api/tauri.ts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Message {
    /// The answer has begun.
    Head {
        /// An HTTP status code.
        status: u16,
    },
    /// More of its body.
    Chunk {
        /// Whole characters.
        text: String,
    },
    /// Nothing more comes.
    End,
}

/// The streams of the page that the window shows.
#[derive(Debug, Default, Clone)]
pub(crate) struct Streams(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    page: CancellationToken,
    /// Pages count from one, each anew: a stream of the page before may end while the next
    /// one's stream of the same number is open.
    generation: u64,
    streams: HashMap<u64, CancellationToken>,
}

/// Opens a stream. Not async, so that a stop that follows at once finds it.
#[tauri::command]
pub(crate) fn stream(
    core: State<'_, Core>,
    streams: State<'_, Streams>,
    id: u64,
    method: String,
    path: String,
    body: Option<String>,
    channel: Channel<Message>,
) {
    let ask = Ask { method, path, body };
    let streams = Streams::clone(&streams);
    let (generation, stopped) = streams.open(id);
    core.spawn(|entrance| async move {
        let pumped = pump(entrance, ask, |message| channel.send(message).is_ok());
        if stopped.run_until_cancelled(pumped).await.is_some() {
            streams.ended(generation, id);
        }
    });
}

/// Ends a stream, unless it has ended by itself.
#[tauri::command]
pub(crate) fn stop_stream(streams: State<'_, Streams>, id: u64) {
    streams.stop(id);
}

// === impl Streams ===

impl Streams {
    /// The page is gone, and all its streams with it.
    pub(crate) fn page_is_gone(&self) {
        let mut open = self.lock();
        open.page.cancel();
        open.page = CancellationToken::new();
        open.generation += 1;
        open.streams.clear();
    }

    fn open(&self, id: u64) -> (u64, CancellationToken) {
        let mut open = self.lock();
        let stopped = open.page.child_token();
        if let Some(same) = open.streams.insert(id, stopped.clone()) {
            same.cancel();
        }
        (open.generation, stopped)
    }

    fn stop(&self, id: u64) {
        if let Some(stopped) = self.lock().streams.remove(&id) {
            stopped.cancel();
        }
    }

    fn ended(&self, generation: u64, id: u64) {
        let mut open = self.lock();
        if open.generation == generation {
            open.streams.remove(&id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends an answer on as it comes, as long as `heard` says that somebody listens.
async fn pump(entrance: Entrance, ask: Ask, heard: impl Fn(Message) -> bool) {
    let path = ask.path.clone();
    let response = match entrance.send(ask).await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!("{path} has no answer: {error:#}");
            heard(Message::End);
            return;
        }
    };
    let status = response.status().as_u16();
    if heard(Message::Head { status }) && send_on(response.into_body(), &path, &heard).await {
        heard(Message::End);
    }
}

/// Whether somebody listened to the end.
async fn send_on(mut body: Body, path: &str, heard: &impl Fn(Message) -> bool) -> bool {
    let mut pieces = Pieces::default();
    while let Some(frame) = body.frame().await {
        let data = match frame.map(|frame| frame.into_data()) {
            Ok(Ok(data)) => data,
            Ok(Err(_trailers)) => continue,
            Err(error) => {
                tracing::warn!(%error, "{path} broke off");
                break;
            }
        };
        let text = pieces.push(&data);
        if !text.is_empty() && !heard(Message::Chunk { text }) {
            return false;
        }
    }
    let text = pieces.rest();
    text.is_empty() || heard(Message::Chunk { text })
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::sync::watch;

    use super::*;
    use crate::core::Phase;

    fn serving(body: &'static [&'static [u8]]) -> (watch::Sender<Phase>, Entrance) {
        let route = get(move || async move {
            let frames = body.iter().map(|piece| Ok::<_, std::io::Error>(*piece));
            Body::from_stream(futures_util::stream::iter(frames))
        });
        let (keep, phase) = watch::channel(Phase::Running(Router::new().route("/s", route)));
        (keep, Entrance::new(phase))
    }

    async fn heard(entrance: Entrance) -> Vec<Message> {
        let messages = Mutex::new(Vec::new());
        pump(entrance, Ask::get("/s"), |message| {
            messages.lock().expect("no panic").push(message);
            true
        })
        .await;
        messages.into_inner().expect("no panic")
    }

    #[tokio::test]
    async fn an_answer_is_sent_on_piece_by_piece_in_whole_characters() {
        let (_keep, entrance) = serving(&[b"data: \xe6\x9c", b"\x8d\n\n", b"tail \xe6"]);
        let chunk = |text: &str| Message::Chunk {
            text: text.to_owned(),
        };
        assert_eq!(
            heard(entrance).await,
            [
                Message::Head { status: 200 },
                chunk("data: "),
                chunk("服\n\n"),
                chunk("tail "),
                chunk("\u{fffd}"),
                Message::End
            ]
        );
    }

    #[tokio::test]
    async fn without_a_listener_the_answer_is_not_read_on() {
        let (_keep, entrance) = serving(&[b"one", b"two"]);
        let heads = Mutex::new(0);
        pump(entrance, Ask::get("/s"), |message| {
            *heads.lock().expect("no panic") += 1;
            matches!(message, Message::Head { .. })
        })
        .await;
        assert_eq!(*heads.lock().expect("no panic"), 2);
    }

    #[test]
    fn the_page_reads_messages_by_their_kind() {
        let json = |message| serde_json::to_string(&message).expect("JSON");
        assert_eq!(
            json(Message::Head { status: 200 }),
            r#"{"kind":"head","status":200}"#
        );
        assert_eq!(json(Message::End), r#"{"kind":"end"}"#);
    }

    #[test]
    fn a_stream_of_the_page_before_takes_no_other_with_it() {
        let streams = Streams::default();
        let (before, old) = streams.open(1);
        streams.page_is_gone();
        assert!(old.is_cancelled());
        let (_, new) = streams.open(1);
        streams.ended(before, 1);
        assert!(!new.is_cancelled());
        streams.stop(1);
        assert!(new.is_cancelled());
    }
}
