//! Follows how the core fares, by the same events that the page follows.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use http_body_util::BodyExt as _;
use serde::Deserialize;
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
            Phase::Waiting(what) => {
                hear(News::Waiting(what));
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
            read(entrance, response.into_body(), hear).await;
        }
        Ok(response) => tracing::warn!("the tray's question was answered {}", response.status()),
        Err(error) => tracing::warn!("the tray's question was not answered: {error:#}"),
    }
    tokio::time::sleep(PAUSE).await;
}

async fn read(entrance: &Entrance, mut body: Body, hear: &impl Fn(News)) {
    let mut heard = Heard::default();
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
                    if let Some(status) = heard.take_in(&event, entrance).await {
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

/// What has been heard so far.
#[derive(Debug, Default)]
struct Heard {
    status: Option<Status>,
}

/// Who waits to be let in; see `GET /api/approvals`.
#[derive(Debug, Deserialize)]
struct Approvals {
    approvals: Vec<Approval>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Approval {
    client_name: String,
}

// === impl Heard ===

impl Heard {
    /// What is known after an event, if it says something that the tray shows.
    async fn take_in(&mut self, event: &SseEvent, entrance: &Entrance) -> Option<Status> {
        match event.event.as_deref() {
            Some("status") => {
                let mut status = status(&event.data)?;
                if status.approvals > 0 {
                    status.asking = asking(entrance).await.unwrap_or_default();
                }
                self.status = Some(status);
            }
            // Who asks may have changed while their number has not.
            Some("accounts") => {
                let status = self.status.as_mut()?;
                let asking = asking(entrance).await?;
                if status.asking == asking {
                    return None;
                }
                status.approvals = asking.len();
                status.asking = asking;
            }
            _ => return None,
        }
        self.status.clone()
    }
}

fn status(data: &[u8]) -> Option<Status> {
    match serde_json::from_slice(data) {
        Ok(status) => Some(status),
        Err(error) => {
            tracing::warn!(%error, "the tray cannot read the gateway's status");
            None
        }
    }
}

/// What the clients are called that wait to be let in.
async fn asking(entrance: &Entrance) -> Option<Vec<String>> {
    let read = async {
        let response = entrance.send(Ask::get("/api/approvals")).await?;
        anyhow::ensure!(response.status().is_success(), "{}", response.status());
        let body = to_bytes(response.into_body(), LARGEST_EVENT).await?;
        Ok(serde_json::from_slice::<Approvals>(&body)?)
    };
    match read.await {
        Ok(Approvals { approvals }) => Some(
            approvals
                .into_iter()
                .map(|approval| approval.client_name)
                .collect(),
        ),
        Err(error) => {
            tracing::warn!("the tray does not know who asks for access: {error:#}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

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
            News::Failed(_) => Some(Phase::Waiting(Words::new("soon", "稍候"))),
            News::Waiting(_) => Some(Phase::Running(router())),
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
                [News::Starting, News::Failed(_), News::Waiting(_), News::Running(status)] if status.endpoint == "here"
            ),
            "{heard:?}"
        );
    }

    #[tokio::test]
    async fn whoever_asks_for_access_is_named() {
        let events = "event: status\ndata: {\"state\":\"ok\",\"endpoint\":\"\",\"servers\":[],\"approvals\":1}\n\n\
             event: accounts\ndata: {}\n\nevent: accounts\ndata: {}\n\n";
        let names = Arc::new(Mutex::new(vec!["B", "B", "A"]));
        let router = Router::new()
            .route("/api/events", get(move || async move { events }))
            .route(
                "/api/approvals",
                get(move || async move {
                    let name = names.lock().expect("no panic").pop();
                    format!(
                        r#"{{"approvals":[{{"id":"1","clientName":"{}"}}]}}"#,
                        name.unwrap_or_default()
                    )
                }),
            );
        let (_keep, phase) = watch::channel(Phase::Running(router));
        let heard = Mutex::new(Vec::new());
        read_events(&Entrance::new(phase), &|news| {
            if let News::Running(status) = news {
                heard.lock().expect("no panic").push(status.asking);
            }
        })
        .await;
        // The last is what nobody had to be told again.
        assert_eq!(heard.into_inner().expect("no panic"), [["A"], ["B"]]);
    }
}
