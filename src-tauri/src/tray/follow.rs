//! Follows how the core fares, by the same events that the page follows.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::watch;
use wire::{SseDecoder, SseEvent};

use super::status::{News, Status};
use crate::core::{Ask, Entrance, Phase};

/// No status document comes near.
const LARGEST_EVENT: usize = 16 << 20;
/// How long to wait before asking again where the events ended.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells `hear` of every change until the core ends.
pub(super) async fn follow(entrance: Entrance, hear: impl Fn(News)) {
    let mut phase = entrance.phase();
    loop {
        let now = phase.borrow_and_update().clone();
        let ended = match now {
            Phase::Starting => {
                hear(News::Starting);
                phase.changed().await.is_err()
            }
            Phase::Failed(cause) => {
                hear(News::Failed(cause));
                phase.changed().await.is_err()
            }
            Phase::Running(_) => tokio::select! {
                ended = changed(&mut phase) => ended,
                () = read_events(&entrance, &hear) => false,
            },
        };
        if ended {
            return;
        }
    }
}

async fn changed(phase: &mut watch::Receiver<Phase>) -> bool {
    phase.changed().await.is_err()
}

/// Reads events to their end, and a little longer.
async fn read_events(entrance: &Entrance, hear: &impl Fn(News)) {
    match entrance.send(Ask::get("/api/events")).await {
        Ok(response) if response.status().is_success() => {
            read(response.into_body(), hear).await;
        }
        Ok(response) => tracing::warn!("the tray's question was answered {}", response.status()),
        Err(error) => tracing::warn!("the tray's question was not answered: {error:#}"),
    }
    tokio::time::sleep(PAUSE).await;
}

async fn read(mut body: Body, hear: &impl Fn(News)) {
    let mut decoder = SseDecoder::new(LARGEST_EVENT);
    while let Some(frame) = body.frame().await {
        let data = match frame.map(|frame| frame.into_data()) {
            Ok(Ok(data)) => data,
            Ok(Err(_trailers)) => continue,
            Err(error) => {
                tracing::warn!(%error, "the gateway's events broke off");
                return;
            }
        };
        decoder.push(&data);
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => {
                    if let Some(status) = status(&event) {
                        hear(News::Running(status));
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the tray cannot read the gateway's events");
                    return;
                }
            }
        }
    }
}

fn status(event: &SseEvent) -> Option<Status> {
    if event.event.as_deref() != Some("status") {
        return None;
    }
    match serde_json::from_slice(&event.data) {
        Ok(status) => Some(status),
        Err(error) => {
            tracing::warn!(%error, "the tray cannot read the gateway's status");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::Router;
    use axum::routing::get;
    use gateway::words::Words;

    use super::*;

    fn router() -> Router {
        let events = "event: pulse\ndata: {}\n\nevent: status\ndata: {\"state\":\"ok\",\ndata: \"endpoint\":\"here\",\"servers\":[]}\n\n";
        Router::new().route("/api/events", get(move || async move { events }))
    }

    #[tokio::test]
    async fn every_phase_and_every_status_is_told() {
        let (set, phase) = watch::channel(Phase::Starting);
        let set = Mutex::new(Some(set));
        let heard = Mutex::new(Vec::new());
        let next = |news: &News| match news {
            News::Starting => Some(Phase::Failed(Words::new("no", "否"))),
            News::Failed(_) => Some(Phase::Running(router())),
            News::Running(_) => None,
        };
        follow(Entrance::new(phase), |news| {
            let mut set = set.lock().expect("no panic");
            match next(&news) {
                Some(phase) => drop(set.as_ref().map(|set| set.send_replace(phase))),
                // The core ends.
                None => *set = None,
            }
            heard.lock().expect("no panic").push(news);
        })
        .await;
        let heard = heard.into_inner().expect("no panic");
        assert!(
            matches!(
                &heard[..],
                [News::Starting, News::Failed(_), News::Running(status)] if status.endpoint == "here"
            ),
            "{heard:?}"
        );
    }
}
