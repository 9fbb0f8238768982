//! Addresses of ours that somebody opened: the answer to a sign-in comes back on one.
//!
//! They arrive as an argument of the first start or of one that is handed over (Linux, Windows),
//! or as an event (macOS); `link` reads them, `outcome` says what came of them, and
//! `registration` lets the system know whose they are. Any page and any program can open one, so
//! it shows the window and does nothing that the core has not checked.

mod link;
mod outcome;
#[cfg(target_os = "linux")]
mod registration;

use tauri::{AppHandle, Manager as _};

use crate::browser;
use crate::core::{self, Core};
use crate::notices::{self, Notice};
use crate::window::{self, Route};

use link::Ask;

pub(crate) use link::Link;
#[cfg(target_os = "linux")]
pub(crate) use registration::register_if_wanted;

/// The page on which to tell what comes of these; none where they say nothing about it.
pub(crate) fn route(links: &[Link]) -> Option<Route> {
    links
        .iter()
        .any(|link| matches!(link.asks(), Ask::Answer(_)))
        .then(Route::accounts)
}

/// Shows the window, does what each of these asks for, and tells there what came of it. From any
/// thread; before the core has started as well.
pub(crate) fn follow(app: &AppHandle, links: &[Link]) {
    if links.is_empty() {
        return;
    }
    window::show(app, route(links));
    for link in links {
        match link.asks() {
            Ask::Answer(answer) => finish(app, answer),
            Ask::Unknown(words) => notices::tell(app, Notice::bad(words, None)),
        }
    }
}

/// Hands the answer to the core, which knows whether anybody waits for it.
fn finish(app: &AppHandle, answer: Link) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let ask = core::Ask {
            method: "POST".to_owned(),
            path: "/api/accounts/callback".to_owned(),
            body: Some(serde_json::json!({ "url": answer.reveal() }).to_string()),
        };
        let notice = match app.state::<Core>().request(ask).await {
            Ok(reply) => {
                if let Some(next) = outcome::next(&reply.body)
                    && browser::open_sign_in(next).is_err()
                {
                    tracing::warn!("the browser in which a client waits could not be led on");
                }
                outcome::outcome(reply.status, &reply.body)
            }
            Err(error) => {
                tracing::warn!("the answer to a sign-in was not taken: {error:#}");
                outcome::unanswered()
            }
        };
        notices::tell(&app, notice);
    });
}
