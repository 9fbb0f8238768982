//! The GET stream: what the gateway says without being asked.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;

use crate::args::Language;
use crate::fault::Fault;
use crate::messages::Messages;
use crate::relay::Relay;

pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps the stream of the current session open until the task is aborted.
pub(crate) async fn keep_open(relay: Arc<Relay>) {
    let mut ready = relay.sessions.watch();
    while ready.wait_for(|generation| *generation > 0).await.is_ok() {
        let generation = *ready.borrow_and_update();
        tokio::select! {
            () = follow(&relay, generation) => {
                // No stream in this session; perhaps in the next.
                if ready.changed().await.is_err() {
                    return;
                }
            }
            changed = ready.changed() => if changed.is_err() { return },
        }
    }
}

/// Follows the stream of one session; comes back when there is none to follow.
async fn follow(relay: &Relay, generation: u64) {
    let mut last_event: Option<String> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let session = relay.sessions.current();
        let mut wanted = None;
        match relay.remote.listen(&session, last_event.as_deref()).await {
            Ok(response) => {
                pause = FIRST_PAUSE;
                let mut messages = Messages::new(response);
                let ended = loop {
                    match messages.next().await {
                        Ok(Some(message)) => relay.hand_out(message).await,
                        Ok(None) => break None,
                        Err(fault) => break Some(fault),
                    }
                };
                if let Some(fault) = ended {
                    tracing::debug!("the stream broke: {}", fault.text(Language::English));
                }
                last_event = messages.last_event.take().or(last_event);
                wanted = messages.retry;
            }
            Err(Fault::Refused {
                status: StatusCode::METHOD_NOT_ALLOWED,
                ..
            }) => return,
            Err(Fault::SessionGone) => match relay.renew(generation).await {
                // The watcher sees the next generation and follows that one.
                Ok(()) => return,
                Err(fault) => {
                    tracing::debug!("the session is gone: {}", fault.text(Language::English))
                }
            },
            Err(fault) => tracing::debug!(
                "the stream cannot be opened: {}",
                fault.text(Language::English)
            ),
        }
        tokio::time::sleep(wanted.unwrap_or(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
