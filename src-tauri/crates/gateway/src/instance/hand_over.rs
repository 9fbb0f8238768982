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
    #[error("it does not leave: {}", .0.en)]
    Refused(Words),
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
                    "{} runs on the same data and did not make room: {}. Please {}, then try again.",
                    capital(&who.en),
                    why.en,
                    how.en
                ),
                format!(
                    "{}正在使用同一份数据，且没有让出：{}。请{}，然后重试。",
                    who.zh, why.zh, how.zh
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
            let seconds = LEAVING.as_secs();
            return Err(HandOverError::Refused(Words::new(
                format!("it still runs after {seconds} s"),
                format!("{seconds} 秒后它仍在运行"),
            )));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn ask(folder: &Path, occupant: &Occupant) -> Result<(), Words> {
    let path = folder.join("admin.token");
    let token = tokio::fs::read_to_string(&path).await.map_err(|error| {
        let path = path.display();
        Words::new(
            format!("its admin token {path} cannot be read: {error}"),
            format!("无法读取它的管理令牌 {path}：{error}"),
        )
    })?;
    let nowhere = || Words::new("it listens nowhere yet", "它尚未监听任何地址");
    let address = occupant.address().ok_or_else(nowhere)?;
    let client = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(ANSWER)
        .build()
        .map_err(|error| unreached(&error))?;
    let answer = client
        .post(format!("http://{address}/api/shutdown"))
        .bearer_auth(token.trim())
        .send()
        .await
        .map_err(|error| unreached(&error.without_url()))?;
    match answer.status() {
        StatusCode::ACCEPTED => Ok(()),
        status => Err(Words::new(
            format!("it answered with HTTP {status}"),
            format!("它返回了 HTTP {status}"),
        )),
    }
}

fn unreached(error: &reqwest::Error) -> Words {
    if error.is_timeout() {
        let seconds = ANSWER.as_secs();
        return Words::new(
            format!("it did not answer within {seconds} s"),
            format!("它在 {seconds} 秒内没有应答"),
        );
    }
    Words::new(
        format!("it could not be asked: {error}"),
        format!("无法向它发出请求：{error}"),
    )
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn why_it_stays_is_told_in_both_languages() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        std::fs::write(home.path().join("admin.token"), "token")?;
        let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut occupant = Occupant {
            pid: 7,
            kind: Kind::Headless,
            addresses: vec![closed],
            started: 1,
            leaving: false,
        };
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let mut whys = vec![ask(home.path(), &occupant).await];
        occupant.addresses.clear();
        whys.push(ask(home.path(), &occupant).await);
        std::fs::remove_file(home.path().join("admin.token"))?;
        whys.push(ask(home.path(), &occupant).await);
        for why in whys {
            let why = why.err().map(HandOverError::Refused);
            let words = why.map(|why| why.words(&occupant));
            let fits = words.as_ref().is_some_and(|words| {
                let (before, why) = words.zh.split_once("没有让出：").unwrap_or_default();
                !before.is_empty() && is_chinese(why) && !is_chinese(&words.en)
            });
            assert!(fits, "{words:?}");
        }
        Ok(())
    }
}
