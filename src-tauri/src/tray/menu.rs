//! The tray's menu as a function of how the gateway fares. Pure.

use gateway::words::{Language, Words};

use super::action::Action;
use super::status::{News, Overall, Server, ServerState, Status};
use super::text::{Text, short};
use crate::begin::at_line;
use crate::window::Route;

/// More servers than this do not fit on a screen.
const MOST_SERVERS: usize = 40;
/// Of more failing servers than this the window tells better.
const MOST_CAUSES: usize = 8;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Separator,
    Item {
        id: String,
        label: String,
        enabled: bool,
    },
    Check {
        id: String,
        label: String,
        enabled: bool,
        checked: bool,
    },
    Submenu {
        id: String,
        label: String,
        entries: Vec<Self>,
    },
}

impl Entry {
    /// What is below it.
    pub(super) fn children(&self) -> &[Self] {
        match self {
            Self::Submenu { entries, .. } => entries,
            _ => &[],
        }
    }
}

/// What the icon says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// All is well.
    Ok,
    /// Something is being started.
    Busy,
    /// A server cannot be used, or somebody waits for the user.
    Warn,
    /// Nothing can be used.
    Bad,
    /// There is nothing to run.
    Off,
}

/// The whole menu. Without `run_at_login` it could not be found out whether that is on.
pub(super) fn menu(news: &News, language: Language, run_at_login: Option<bool>) -> Vec<Entry> {
    let text = Text(language);
    let mut entries = match news {
        News::Starting => vec![says("state", text.starting())],
        News::Waiting(what) => vec![
            says("state", text.starting()),
            says("waiting", &short(what.text(language))),
        ],
        News::Failed(cause) => failed(cause, text),
        News::Running(status) => running(status, text),
    };
    entries.extend([
        Entry::Separator,
        item(&Action::Open, text.open()),
        Entry::Check {
            id: Action::RunAtLogin.id(),
            label: text.run_at_login().to_owned(),
            enabled: run_at_login.is_some(),
            checked: run_at_login == Some(true),
        },
        Entry::Separator,
        item(&Action::Quit, text.quit()),
    ]);
    entries
}

/// What the icon shows.
pub(super) fn mark(news: &News) -> Mark {
    let status = match news {
        News::Starting | News::Waiting(_) => return Mark::Busy,
        News::Failed(_) => return Mark::Bad,
        News::Running(status) => status,
    };
    if status.approvals > 0 || !status.config_problems.is_empty() {
        return Mark::Warn;
    }
    let needs_sign_in = lacking_accounts(status).next().is_some();
    let mut wanted = wanted(status).peekable();
    match status.state {
        _ if wanted.peek().is_none() => Mark::Off,
        Overall::Ok if needs_sign_in => Mark::Warn,
        Overall::Ok => Mark::Ok,
        Overall::Initializing => Mark::Busy,
        Overall::Degraded if wanted.all(|server| server.state == ServerState::Failing) => Mark::Bad,
        Overall::Degraded => Mark::Warn,
    }
}

/// What is said where the pointer rests on the icon.
pub(super) fn tooltip(news: &News, language: Language) -> String {
    let text = Text(language);
    let state = match news {
        News::Starting => text.starting().to_owned(),
        News::Waiting(what) => format!("{}\n{}", text.starting(), what.text(language)),
        News::Failed(_) => text.failed().to_owned(),
        News::Running(status) => {
            format!("{}\n{}", text.overall(status.state), counts(status, text))
        }
    };
    format!("MCP Gateway\n{state}")
}

fn failed(cause: &Words, text: Text) -> Vec<Entry> {
    // The window tells it in full, and what to do about it.
    let mut entries = vec![item(&Action::Open, text.failed())];
    let lines: Vec<_> = cause.text(text.0).lines().collect();
    // What is the matter, and each mistake of a file.
    for (index, line) in lines.iter().take(MOST_CAUSES + 1).enumerate() {
        entries.push(says(&format!("cause {index}"), &short(line)));
    }
    if let Some(more @ 1..) = lines.len().checked_sub(MOST_CAUSES + 1) {
        entries.push(item(&Action::Open, &text.and_more(more)));
    }
    entries.push(item(&Action::TryAgain, text.try_again()));
    entries
}

fn running(status: &Status, text: Text) -> Vec<Entry> {
    let mut entries = vec![
        says("state", text.overall(status.state)),
        says("counts", &counts(status, text)),
    ];
    entries.extend(attention(status, text));
    entries.extend([
        Entry::Separator,
        Entry::Submenu {
            id: "servers".to_owned(),
            label: text.servers().to_owned(),
            entries: servers(status, text),
        },
        item(
            &Action::Go(Route::doctor()),
            &text.doctor(status.findings.unwrap_or(0)),
        ),
        item(&Action::CopyEndpoint, text.copy_endpoint()),
    ]);
    entries
}

/// What waits for the user, each with its cause; a click leads to what to do about it.
fn attention(status: &Status, text: Text) -> Vec<Entry> {
    let mut entries = asking(status, text);
    entries.extend(config_problems(status, text));
    entries.extend(sign_in(status, text));
    entries.extend(causes(status, text));
    if !entries.is_empty() {
        entries.splice(
            0..0,
            [Entry::Separator, says("attention", text.attention())],
        );
    }
    entries
}

/// Each client that asks for access.
fn asking(status: &Status, text: Text) -> Vec<Entry> {
    if status.approvals == 0 {
        return Vec::new();
    }
    let entry = |label: &str| item(&Action::Go(Route::accounts()), label);
    if status.asking.is_empty() {
        return vec![entry(&text.somebody_asks(status.approvals))];
    }
    let shown = status.asking.iter().take(MOST_CAUSES);
    let mut entries: Vec<_> = shown.map(|client| entry(&text.asks(client))).collect();
    if let Some(more @ 1..) = status.asking.len().checked_sub(MOST_CAUSES) {
        entries.push(entry(&text.and_more(more)));
    }
    entries
}

/// A file that cannot be put in force: each mistake with its line. The window tells the rest above
/// every page.
fn config_problems(status: &Status, text: Text) -> Vec<Entry> {
    let problems = &status.config_problems;
    if problems.is_empty() {
        return Vec::new();
    }
    let go = |label: &str| item(&Action::Go(Route::home()), label);
    let mut entries = vec![go(&text.config_problems(problems.len()))];
    entries.extend(problems.iter().take(MOST_CAUSES).map(|problem| {
        let words = Words::from(problem.message.clone());
        let line = at_line(problem.line, &problem.key, &words);
        go(&short(line.text(text.0)))
    }));
    if let Some(more @ 1..) = problems.len().checked_sub(MOST_CAUSES) {
        entries.push(go(&text.and_more(more)));
    }
    entries
}

/// One entry, however many servers an account has.
fn sign_in(status: &Status, text: Text) -> Option<Entry> {
    let mut lacking = lacking_accounts(status);
    let first = lacking.next()?;
    let label = match lacking.count() {
        0 => text.needs_sign_in(&first.name),
        others => text.need_sign_in(others + 1),
    };
    Some(item(&Action::Go(Route::accounts()), &label))
}

fn lacking_accounts(status: &Status) -> impl Iterator<Item = &Server> {
    status
        .servers
        .iter()
        .filter(|server| server.state == ServerState::NeedsSignIn)
}

/// Each server that fails, or is used although something is wrong with it.
fn causes(status: &Status, text: Text) -> Vec<Entry> {
    let failing: Vec<_> = status
        .servers
        .iter()
        .filter(|server| matches!(server.state, ServerState::Failing | ServerState::Degraded))
        .collect();
    let shown = failing.iter().take(MOST_CAUSES);
    let mut entries: Vec<_> = shown
        .map(|server| {
            let cause = server
                .error
                .as_ref()
                .map(|error| Words::from(error.message.clone()));
            let cause = cause.as_ref().map_or_else(
                || text.server_state(server.state),
                |cause| cause.text(text.0),
            );
            item(
                &Action::Go(Route::server(&server.name)),
                &text.cause(&server.name, cause),
            )
        })
        .collect();
    if let Some(more @ 1..) = failing.len().checked_sub(MOST_CAUSES) {
        entries.push(item(&Action::Go(Route::home()), &text.and_more(more)));
    }
    entries
}

fn servers(status: &Status, text: Text) -> Vec<Entry> {
    let mut entries: Vec<_> = status
        .servers
        .iter()
        .take(MOST_SERVERS)
        .map(|server| one_server(server, text))
        .collect();
    if !entries.is_empty() {
        entries.push(Entry::Separator);
    }
    if status.servers.len() > MOST_SERVERS {
        entries.push(item(&Action::Go(Route::servers()), text.all_servers()));
    }
    entries.push(item(&Action::Go(Route::new_server()), text.add_server()));
    entries
}

fn one_server(server: &Server, text: Text) -> Entry {
    let name = &server.name;
    let on = server.state != ServerState::Disabled;
    Entry::Submenu {
        id: format!("server {name}"),
        label: text.server(name, server.state),
        entries: vec![
            says(&format!("state {name}"), text.server_state(server.state)),
            Entry::Item {
                id: Action::Restart(name.clone()).id(),
                label: text.restart().to_owned(),
                enabled: on,
            },
            Entry::Check {
                id: Action::Toggle(name.clone()).id(),
                label: text.enabled().to_owned(),
                enabled: !server.built_in,
                checked: on,
            },
            item(&Action::Go(Route::server(name)), text.open_server()),
        ],
    }
}

fn counts(status: &Status, text: Text) -> String {
    // One that was stopped because nobody used it is started by the next call.
    let usable = wanted(status)
        .filter(|server| {
            matches!(
                server.state,
                ServerState::Ready | ServerState::Degraded | ServerState::Stopped
            )
        })
        .count();
    let tools = status.servers.iter().map(|server| server.tools).sum();
    text.counts(usable, wanted(status).count(), tools)
}

fn wanted(status: &Status) -> impl Iterator<Item = &Server> {
    status
        .servers
        .iter()
        .filter(|server| server.state != ServerState::Disabled)
}

fn item(action: &Action, label: &str) -> Entry {
    Entry::Item {
        id: action.id(),
        label: label.to_owned(),
        enabled: true,
    }
}

/// An entry that only says something.
fn says(id: &str, label: &str) -> Entry {
    Entry::Item {
        id: id.to_owned(),
        label: label.to_owned(),
        enabled: false,
    }
}

#[cfg(test)]
mod tests;
