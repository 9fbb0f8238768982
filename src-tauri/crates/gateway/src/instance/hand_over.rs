//! How a gateway that is in the way is asked to make room.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

use super::lock::{LEAVING, is_taken, running};
use super::{Kind, Occupant};
use crate::words::Words;

/// The answer comes before it leaves.
const ANSWER: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Why the other gateway stays.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// It may not be asked: it would be started again, or belongs to a person's window.
    #[error("it is not to be asked")]
    Stays,
    /// It was asked and does not leave.
    #[error("it does not leave: {0}")]
    Refused(String),
}

// === impl HandOverError ===

impl HandOverError {
    /// For a person who wants to start another one, with what to do.
    pub fn words(&self, occupant: &Occupant) -> Words {
        let (who, how) = (occupant.name(), occupant.remedy());
        match self {
            Self::Stays => Words::new(
                format!(
                    "{} already runs on the same data. To go on here, {}, then try again.",
                    capital(&who.en),
                    how.en
                ),
                format!(
                    "{}已在使用同一份数据。要在这里继续，请先{}，然后重试。",
                    who.zh, how.zh
                ),
            ),
            Self::Refused(why) => Words::new(
                format!(
                    "{} runs on the same data and did not make room: {why}. Please {}, then try again.",
                    capital(&who.en),
                    how.en
                ),
                format!(
                    "{}正在使用同一份数据，且没有让出：{why}。请{}，然后重试。",
                    who.zh, how.zh
                ),
            ),
        }
    }
}

/// Asks the gateway of a data folder to leave, and waits until it has: its calls in flight are
/// finished first.
///
/// The admin token goes to the address that the holder of the folder's lock has noted, so to
/// nobody but it.
///
/// # Errors
/// It stays; see [`HandOverError`].
pub async fn hand_over(folder: &Path, occupant: &Occupant) -> Result<(), HandOverError> {
    if occupant.kind != Kind::Headless {
        return Err(HandOverError::Stays);
    }
    let asked = Instant::now();
    if running(folder).as_ref() == Some(occupant) {
        ask(folder, occupant)
            .await
            .map_err(HandOverError::Refused)?;
    }
    while is_taken(folder) {
        if asked.elapsed() > LEAVING {
            return Err(HandOverError::Refused(format!(
                "it still runs after {} s",
                LEAVING.as_secs()
            )));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn ask(folder: &Path, occupant: &Occupant) -> Result<(), String> {
    let token = tokio::fs::read_to_string(folder.join("admin.token"))
        .await
        .map_err(|error| error.to_string())?;
    let address = occupant.address().ok_or("it listens nowhere")?;
    let client = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(ANSWER)
        .build()
        .map_err(|error| error.to_string())?;
    let answer = client
        .post(format!("http://{address}/api/shutdown"))
        .bearer_auth(token.trim())
        .send()
        .await
        .map_err(|error| error.without_url().to_string())?;
    match answer.status() {
        StatusCode::ACCEPTED => Ok(()),
        status => Err(format!("HTTP {status}")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
