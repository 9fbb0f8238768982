//! What the shell has to tell the user in the window, each once. A page that is not there yet, or
//! still loads, finds it when it asks.

use std::sync::{Mutex, PoisonError};

use gateway::words::Words;
use serde::Serialize;
use tauri::{AppHandle, Emitter as _, Manager as _, State};

/// More than this many at once nobody reads.
const MOST: usize = 4;

/// Something that has happened; see `Notice` in ui/src/api/tauri.ts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Notice {
    good: bool,
    message: Words,
    remedy: Option<Words>,
}

/// What no page has shown yet, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<Vec<Notice>>);

// === impl Notice ===

impl Notice {
    /// Something was done.
    pub(crate) fn good(message: Words) -> Self {
        Self {
            good: true,
            message,
            remedy: None,
        }
    }

    /// Something was not done.
    pub(crate) fn bad(message: Words, remedy: Option<Words>) -> Self {
        Self {
            good: false,
            message,
            remedy,
        }
    }

    #[cfg(test)]
    pub(crate) fn is_good(&self) -> bool {
        self.good
    }

    /// Message and remedy in one.
    #[cfg(test)]
    pub(crate) fn text(&self) -> Words {
        self.remedy.as_ref().map_or_else(
            || self.message.clone(),
            |remedy| {
                Words::new(
                    format!("{} {}", self.message.en, remedy.en),
                    format!("{}{}", self.message.zh, remedy.zh),
                )
            },
        )
    }
}

// === impl Notices ===

impl Notices {
    /// What is waiting already is not said twice; the oldest goes where there are too many.
    fn add(&self, notice: Notice) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|other| *other != notice);
        if waiting.len() == MOST {
            waiting.remove(0);
        }
        waiting.push(notice);
    }

    fn take(&self) -> Vec<Notice> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Says something in the window, from any thread.
pub(crate) fn tell(app: &AppHandle, notice: Notice) {
    app.state::<Notices>().add(notice);
    if let Err(error) = app.emit("notices", ()) {
        tracing::warn!(%error, "the page does not know that there is something to say");
    }
}

/// Gives the page what there is to say; it is not given again.
#[tauri::command]
pub(crate) fn take_notices(notices: State<'_, Notices>) -> Vec<Notice> {
    notices.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(text: &str) -> Notice {
        Notice::good(Words::new(text, text))
    }

    #[test]
    fn each_is_given_once() {
        let notices = Notices::default();
        for text in ["a", "b", "a"] {
            notices.add(notice(text));
        }
        assert_eq!(notices.take(), [notice("b"), notice("a")]);
        assert_eq!(notices.take(), []);
    }

    #[test]
    fn the_latest_are_kept() {
        let notices = Notices::default();
        for n in 0..=MOST {
            notices.add(notice(&n.to_string()));
        }
        let kept = notices.take();
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept.last(), Some(&notice("4")));
    }
}
