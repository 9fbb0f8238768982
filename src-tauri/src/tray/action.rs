//! What a click on the tray's menu asks for, as the id of the entry. Pure.

use crate::window::Route;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Show the window where it is, or on the first page.
    Open,
    /// Show a page in the window.
    Go(Route),
    /// Start a server anew.
    Restart(String),
    /// Switch a server on or off, whichever it is not.
    Toggle(String),
    /// Put the address for clients on the clipboard.
    CopyEndpoint,
    /// Let a gateway that could not start try again.
    TryAgain,
    /// Start the app at login, or no longer.
    RunAtLogin,
    /// End the app.
    Quit,
}

// === impl Action ===

impl Action {
    /// The id of the entry that asks for it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Go(route) => format!("go {route}"),
            Self::Restart(server) => format!("restart {server}"),
            Self::Toggle(server) => format!("toggle {server}"),
            Self::CopyEndpoint => "copy-endpoint".to_owned(),
            Self::TryAgain => "try-again".to_owned(),
            Self::RunAtLogin => "run-at-login".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// What an entry asks for; nothing for one that only says something.
    pub(super) fn of(id: &str) -> Option<Self> {
        Some(match id.split_once(' ') {
            Some(("go", route)) => Self::Go(Route::from_path(route)),
            Some(("restart", server)) => Self::Restart(server.to_owned()),
            Some(("toggle", server)) => Self::Toggle(server.to_owned()),
            Some(_) => return None,
            None => match id {
                "open" => Self::Open,
                "copy-endpoint" => Self::CopyEndpoint,
                "try-again" => Self::TryAgain,
                "run-at-login" => Self::RunAtLogin,
                "quit" => Self::Quit,
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_id() {
        for action in [
            Action::Open,
            Action::Go(Route::server("a b/服")),
            Action::Restart("a b".to_owned()),
            Action::Toggle("go".to_owned()),
            Action::CopyEndpoint,
            Action::TryAgain,
            Action::RunAtLogin,
            Action::Quit,
        ] {
            assert_eq!(Action::of(&action.id()), Some(action));
        }
        assert_eq!(Action::of("state"), None);
    }
}
