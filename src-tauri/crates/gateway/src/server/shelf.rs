//! What a server offered last time, kept on disk so that the next start can
//! list its tools at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use wire::Era;

use crate::config::model::{ServerConfig, Transport};
use crate::offer::{Hint, Item, List, Offer};
use crate::private_file;
use crate::upstream::Hello;
use crate::upstream::greeting::Manner;
use crate::upstream::learned::Learned;

/// The file of one server.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// `None` where nothing is to be kept.
    path: Option<PathBuf>,
    /// Of what is started or called: another program behind the same name offers something else.
    fingerprint: String,
}

/// What was learned about a server by working with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Habits {
    pub(crate) concurrent: bool,
    pub(crate) asks: bool,
    /// How it is greeted.
    pub(crate) manner: Option<Manner>,
    /// What it said when it was greeted last.
    pub(crate) hello: Option<Hello>,
    /// Enough is known to leave it stopped until somebody calls it.
    pub(crate) may_sleep: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    fingerprint: String,
    concurrent: bool,
    asks: bool,
    #[serde(default)]
    era: Option<Manner>,
    hello: Option<Greeting>,
    tools: Vec<Box<RawValue>>,
    prompts: Vec<Box<RawValue>>,
    resources: Vec<Box<RawValue>>,
    resource_templates: Vec<Box<RawValue>>,
    /// In the order of the lists above.
    #[serde(default)]
    hints: [Option<Hint>; 4],
}

/// A [`Hello`] in the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Greeting {
    capabilities: Box<RawValue>,
    instructions: Option<String>,
    server_info: Option<Box<RawValue>>,
    protocol_version: String,
}

impl Greeting {
    fn of(hello: &Hello) -> Option<Self> {
        Some(Self {
            capabilities: verbatim(&hello.capabilities)?,
            instructions: hello.instructions.clone(),
            server_info: hello.server_info.as_deref().and_then(verbatim),
            protocol_version: hello.protocol_version.clone(),
        })
    }

    fn into_hello(self, manner: Option<Manner>) -> Hello {
        let bytes = |raw: &RawValue| Bytes::copy_from_slice(raw.get().as_bytes());
        Hello {
            era: manner.map_or(Era::Legacy, Manner::era),
            capabilities: bytes(&self.capabilities),
            instructions: self.instructions,
            server_info: self.server_info.as_deref().map(bytes),
            protocol_version: self.protocol_version,
        }
    }
}

fn verbatim(json: &[u8]) -> Option<Box<RawValue>> {
    RawValue::from_string(String::from_utf8_lossy(json).into_owned()).ok()
}

impl Shelf {
    pub(crate) fn new(data_dir: &Path, config: &ServerConfig) -> Self {
        let name = Sha256::digest(config.name.as_bytes());
        let name: String = name
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: Some(data_dir.join("catalog").join(format!("{name}.json"))),
            fingerprint: fingerprint(&config.transport),
        }
    }

    /// A place that forgets, for a server that is only tried out.
    pub(crate) fn nowhere() -> Self {
        Self {
            path: None,
            fingerprint: String::new(),
        }
    }

    /// What this very server offered last time.
    pub(crate) fn read(&self) -> Option<(Offer, Habits)> {
        let path = self.path.as_deref()?;
        let text = std::fs::read(path).ok()?;
        let page: Page = match serde_json::from_slice(&text) {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a kept catalog cannot be read and is made anew");
                return None;
            }
        };
        if page.fingerprint != self.fingerprint {
            return None;
        }
        let items = |list, raw: Vec<Box<RawValue>>| {
            raw.into_iter()
                .filter_map(|raw| Item::read(list, Bytes::copy_from_slice(raw.get().as_bytes())))
                .collect::<Vec<_>>()
        };
        let offer = Offer {
            tools: items(List::Tools, page.tools),
            prompts: items(List::Prompts, page.prompts),
            resources: items(List::Resources, page.resources),
            templates: items(List::Templates, page.resource_templates),
            hints: page.hints,
        };
        Some((
            offer,
            Habits {
                concurrent: page.concurrent,
                asks: page.asks,
                may_sleep: page.hello.is_some(),
                hello: page.hello.map(|hello| hello.into_hello(page.era)),
                manner: page.era,
            },
        ))
    }

    /// Keeps what the server offers now. Failing to do so costs a slower start, nothing else.
    pub(crate) fn write(&self, offer: &Offer, learned: &Learned, hello: Option<&Hello>) {
        let Some(path) = &self.path else { return };
        let raw = |list| {
            let items = offer.list(list).iter();
            items.filter_map(|item| verbatim(&item.raw)).collect()
        };
        let page = Page {
            fingerprint: self.fingerprint.clone(),
            concurrent: learned.concurrent.load(Ordering::Relaxed),
            asks: learned.asks.load(Ordering::Relaxed),
            era: learned.manner(),
            hello: hello.and_then(Greeting::of),
            tools: raw(List::Tools),
            prompts: raw(List::Prompts),
            resources: raw(List::Resources),
            resource_templates: raw(List::Templates),
            hints: offer.hints,
        };
        let written = serde_json::to_vec(&page)
            .map_err(std::io::Error::from)
            .and_then(|text| private_file::write(path, &text));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "the catalog could not be kept");
        }
    }
}

fn fingerprint(transport: &Transport) -> String {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    };
    match transport {
        Transport::Local { command, cwd, .. } => {
            command.iter().for_each(|word| part(word));
            part(
                &cwd.as_ref()
                    .map_or_else(String::new, |cwd| cwd.display().to_string()),
            );
        }
        Transport::Remote { url, .. } => part(url),
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
