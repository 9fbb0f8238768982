//! Descriptions that clients publish under their own id (OAuth Client ID Metadata
//! Documents): the id is an https URL, and what is found there is the client.
//!
//! Whoever opens the authorization page chooses the URL, so the gateway must not become
//! a way into networks that it can reach and they cannot: see [`guard`]. What was read
//! is remembered for a while, a failure for a moment.

mod fetch;
mod guard;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use crate::client::{self, Client, Kind};
use crate::words::Words;

/// Seconds that a description is remembered.
const FRESH: u64 = 900;
/// Seconds that a failure is remembered.
const FAILED: u64 = 20;
/// Most descriptions that are remembered.
const MOST: usize = 100;
/// Most that are read at the same time.
const AT_ONCE: usize = 4;

/// What a client says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    name: Option<String>,
    host: String,
    pub(crate) redirect_uris: Vec<String>,
}

/// Why there is no description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoDescription {
    /// It must not be read, or is not one.
    Refused(Words),
    /// It could not be reached.
    Unreachable(String),
}

type Answer = Result<Arc<Description>, NoDescription>;
type Source = dyn Fn(Url, bool) -> BoxFuture<'static, Result<Vec<u8>, NoDescription>> + Send + Sync;

/// The descriptions that were read lately.
pub(crate) struct Descriptions {
    known: Mutex<HashMap<String, (u64, Answer)>>,
    turns: Semaphore,
    source: Box<Source>,
}

// === impl Descriptions ===

impl Descriptions {
    pub(crate) fn new() -> Self {
        Self::of(|url, loopback| Box::pin(fetch::fetch(url, loopback)))
    }

    fn of(
        source: impl Fn(Url, bool) -> BoxFuture<'static, Result<Vec<u8>, NoDescription>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            known: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            source: Box::new(source),
        }
    }

    /// The description of a client; `None` if its id is not the URL of one. `loopback`
    /// says that the gateway itself is asked on loopback; only then may the description
    /// be there too.
    pub(crate) async fn get(&self, id: &str, loopback: bool, now: u64) -> Option<Answer> {
        let url = guard::description_url(id)?;
        if let Some(answer) = self.remembered(id, now) {
            return Some(answer);
        }
        let answer = match self.turns.try_acquire() {
            Ok(_turn) => match (self.source)(url.clone(), loopback).await {
                Ok(bytes) => read(id, &url, &bytes).map(Arc::new),
                Err(none) => Err(none),
            },
            Err(_) => {
                return Some(Err(NoDescription::Unreachable(
                    "too many descriptions are being read at once".to_owned(),
                )));
            }
        };
        let until = now + if answer.is_ok() { FRESH } else { FAILED };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (until, _)| *until > now);
        if known.len() < MOST {
            known.insert(id.to_owned(), (until, answer.clone()));
        }
        Some(answer)
    }

    fn remembered(&self, id: &str, now: u64) -> Option<Answer> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, answer) = known.get(id)?;
        (*until > now).then(|| answer.clone())
    }
}

// === impl Description ===

impl Description {
    pub(crate) fn client(&self, id: &str) -> Client {
        Client {
            id: id.to_owned(),
            name: self.name.clone().unwrap_or_else(|| self.host.clone()),
            kind: Kind::Described(self.host.clone()),
        }
    }
}

/// Reads a description; it must say that it is the one of this id.
fn read(id: &str, url: &Url, bytes: &[u8]) -> Result<Description, NoDescription> {
    let refused = |en: &str, zh: &str| NoDescription::Refused(Words::new(en, zh));
    let described: Map<String, Value> = serde_json::from_slice(bytes).map_err(|_| {
        refused(
            "The program's description is not a JSON object.",
            "该程序的说明文档不是 JSON 对象。",
        )
    })?;
    if described.get("client_id").and_then(Value::as_str) != Some(id) {
        return Err(refused(
            "The program's description is one of another program: its client_id is different.",
            "该程序的说明文档属于另一个程序：其中的 client_id 不一致。",
        ));
    }
    if described.contains_key("client_secret") {
        return Err(refused(
            "The program's description contains a secret, which is then none.",
            "该程序的说明文档中包含密钥，而公开的密钥不再是密钥。",
        ));
    }
    let redirect_uris = client::redirects(&described).map_err(|unfit| {
        NoDescription::Refused(Words::new(
            format!("The program's description cannot be used: {}.", unfit.why),
            format!("该程序的说明文档无法使用：{}。", unfit.why),
        ))
    })?;
    Ok(Description {
        name: described
            .get("client_name")
            .and_then(Value::as_str)
            .and_then(client::shown),
        host: url.host_str().unwrap_or_default().to_owned(),
        redirect_uris,
    })
}

// === impl NoDescription ===

impl NoDescription {
    /// For the page.
    pub(crate) fn words(&self) -> Words {
        match self {
            Self::Refused(why) => why.clone(),
            Self::Unreachable(cause) => Words::new(
                format!(
                    "The program's description could not be read: {cause}. Check the gateway's network and try again."
                ),
                format!("无法读取该程序的说明文档：{cause}。请检查网关的网络后重试。"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const ID: &str = "https://app.example.com/client.json";

    fn source(document: Value) -> (Descriptions, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        let descriptions = Descriptions::of(move |_, _| {
            seen.fetch_add(1, Ordering::SeqCst);
            let bytes = document.to_string().into_bytes();
            Box::pin(async move { Ok(bytes) })
        });
        (descriptions, count)
    }

    #[tokio::test]
    async fn a_description_is_read_once_and_again_when_it_is_old() {
        let (descriptions, count) = source(json!({
            "client_id": ID, "client_name": "App", "redirect_uris": ["http://localhost/cb"],
        }));
        let read = descriptions
            .get(ID, false, 0)
            .await
            .expect("a URL")
            .expect("fits");
        let client = read.client(ID);
        assert_eq!(client.name, "App");
        assert_eq!(client.kind, Kind::Described("app.example.com".to_owned()));
        assert!(descriptions.get(ID, false, FRESH - 1).await.is_some());
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(descriptions.get(ID, false, FRESH).await.is_some());
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert!(descriptions.get("mcp-gateway", false, 0).await.is_none());
    }

    #[tokio::test]
    async fn a_description_of_another_client_is_refused() {
        let good = json!({ "client_id": ID, "redirect_uris": ["http://localhost/cb"] });
        let with = |key: &str, value: Value| {
            let mut document = good.clone();
            document[key] = value;
            document
        };
        for document in [
            with("client_id", json!("https://app.example.com/other.json")),
            with("client_id", json!("https://APP.example.com/client.json")),
            with("client_id", json!(1)),
            with("client_secret", json!("x")),
            with("redirect_uris", json!(["javascript:alert(1)"])),
            json!([]),
        ] {
            let (descriptions, _) = source(document.clone());
            let answer = descriptions.get(ID, false, 0).await.expect("a URL");
            assert!(
                matches!(answer, Err(NoDescription::Refused(_))),
                "{document}"
            );
        }
    }
}
