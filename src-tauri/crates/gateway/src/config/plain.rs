//! Values in a configuration that look like secrets in plain text, and what to write instead.
//!
//! Pure: it finds and suggests. Names decide more than values: a false find moves a setting into
//! the store, where it still works; a missed one stays what it was.

mod telling;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use super::expand::{Spot, literal};
use super::form::ServerForm;
use super::model::ServerConfig;

/// A text that holds secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    /// The server it belongs to; `mcpServer` for the token of all services.
    pub server: String,
    /// Which text of the server; `None` for the token of all services.
    pub spot: Option<Spot>,
    /// What people call the spot: `env.GITHUB_TOKEN`.
    pub place: String,
    /// The text with references in the place of secrets.
    pub text: String,
    /// The secrets in it, in their order.
    pub secrets: Vec<Plain>,
}

/// A secret in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// What it is called where it stands: a variable, a header, an option, a part of the query.
    pub name: String,
    /// The name under which it is best kept. Two finds have the same name only if they have the
    /// same value.
    pub suggested: String,
    value: String,
}

/// Where in a text a secret stands, and what it is called there.
struct Find {
    name: String,
    at: Range<usize>,
}

/// All of them, server by server, and then `token`, which is that of all services. `kept` are
/// the secrets in the store, with their values where these are known: their names are suggested
/// for equal values only.
pub fn find(
    servers: &[ServerConfig],
    token: Option<&str>,
    kept: HashMap<String, Option<String>>,
) -> Vec<Sealing> {
    let mut names = Names { given: kept };
    let mut all = of_servers(servers, &mut names);
    all.extend(token.and_then(|token| of_services(token, &mut names)));
    all
}

/// `mcpServer.token`: whatever stands there is a secret.
fn of_services(token: &str, names: &mut Names) -> Option<Sealing> {
    let value = literal(token).filter(|value| !value.is_empty())?;
    let suggested = names.suggest("aliyun", "token", false, &value);
    Some(Sealing {
        server: "mcpServer".to_owned(),
        spot: None,
        place: "token".to_owned(),
        text: format!("${{secret:{suggested}}}"),
        secrets: vec![Plain {
            name: "token".to_owned(),
            suggested,
            value,
        }],
    })
}

fn of_servers(servers: &[ServerConfig], names: &mut Names) -> Vec<Sealing> {
    let own = servers.iter().filter(|server| !server.from_services);
    own.flat_map(|server| {
        Spot::all(server)
            .into_iter()
            .map(move |spot| (server, spot))
    })
    .filter_map(|(server, spot)| sealing(server, spot, names))
    .collect()
}

fn sealing(server: &ServerConfig, spot: Spot, names: &mut Names) -> Option<Sealing> {
    let text = spot.text(server)?;
    let mut sealed = String::with_capacity(text.len());
    let mut secrets = Vec::new();
    let mut done = 0;
    for Find { name, at } in finds(server, spot, text) {
        // What holds a reference is no plain text; what is escaped means less than it shows.
        let Some(value) = literal(&text[at.clone()]) else {
            continue;
        };
        let suggested = names.suggest(&server.name, &name, matches!(spot, Spot::Env(_)), &value);
        sealed.push_str(&text[done..at.start]);
        sealed.push_str(&format!("${{secret:{suggested}}}"));
        done = at.end;
        secrets.push(Plain {
            name,
            suggested,
            value,
        });
    }
    sealed.push_str(&text[done..]);
    (!secrets.is_empty()).then(|| Sealing {
        server: server.name.clone(),
        spot: Some(spot),
        place: spot.path(server),
        text: sealed,
        secrets,
    })
}

/// The secrets of one text, from left to right.
fn finds(server: &ServerConfig, spot: Spot, text: &str) -> Vec<Find> {
    match spot {
        Spot::Env(_) => variable(spot.name(server).unwrap_or_default(), text),
        Spot::Header(_) => header(spot.name(server).unwrap_or_default(), text, 0)
            .into_iter()
            .collect(),
        Spot::Url => address(text),
        Spot::ClientSecret => vec![whole("clientSecret", text)],
        Spot::Command(0) => Vec::new(),
        Spot::Command(at) => {
            let before = Spot::Command(at - 1).text(server).unwrap_or_default();
            argument(before, text)
        }
    }
}

fn variable(name: &str, value: &str) -> Vec<Find> {
    let telling = telling::is_name(name) && telling::is_value(value);
    if telling || telling::is_token(value) {
        return vec![whole(name, value)];
    }
    // postgres://user:password@host: the password alone, so that the rest stays readable.
    password(value)
        .map(|at| Find {
            name: name.to_owned(),
            at,
        })
        .into_iter()
        .collect()
}

fn argument(before: &str, text: &str) -> Vec<Find> {
    let option = before.trim_start_matches('-');
    let names_next = before.starts_with('-') && !before.contains('=');
    if names_next && !text.starts_with('-') && telling::is_name(option) && telling::is_value(text) {
        return vec![whole(option, text)];
    }
    if telling::is_token(text) {
        return vec![whole("token", text)];
    }
    if text.contains("://") && !text.starts_with('-') {
        return address(text);
    }
    if let Some((name, value)) = text.split_once('=')
        && telling::is_word(name.trim_start_matches('-'))
    {
        let start = name.len() + 1;
        let finds = variable(name.trim_start_matches('-'), value).into_iter();
        return finds.map(|find| find.moved(start)).collect();
    }
    if let Some((name, value)) = text.split_once(':')
        && telling::is_word(name)
    {
        let start = text.len() - value.trim_start().len();
        return header(name, value.trim_start(), start)
            .into_iter()
            .collect();
    }
    Vec::new()
}

/// A header's value; the scheme before a credential stays readable.
fn header(name: &str, value: &str, start: usize) -> Option<Find> {
    if !telling::is_header(name) {
        return None;
    }
    let credential = match value.split_once(' ') {
        Some((scheme, credential)) if telling::is_scheme(scheme) => credential.trim_start(),
        _ => value,
    };
    let at = value.len() - credential.len();
    let found = telling::is_value(credential).then(|| whole(name, credential))?;
    Some(found.moved(start + at))
}

/// The password and the telling parts of the query of an address.
fn address(text: &str) -> Vec<Find> {
    let mut finds: Vec<Find> = password(text)
        .map(|at| Find {
            name: "password".to_owned(),
            at,
        })
        .into_iter()
        .collect();
    let end = text.find('#').unwrap_or(text.len());
    let Some(query) = text[..end].find('?') else {
        return finds;
    };
    let mut at = query + 1;
    for pair in text[at..end].split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && (telling::is_name(name) || telling::is_token(value))
            && telling::is_value(value)
        {
            finds.push(whole(name, value).moved(at + name.len() + 1));
        }
        at += pair.len() + 1;
    }
    finds
}

/// The password in `scheme://user:password@host`.
fn password(text: &str) -> Option<Range<usize>> {
    let start = text.find("://")? + 3;
    let end = text[start..]
        .find(['/', '?', '#'])
        .map_or(text.len(), |at| start + at);
    let user = text[start..end].rfind('@')? + start;
    let colon = text[start..user].find(':')? + start;
    let at = colon + 1..user;
    (!at.is_empty()).then_some(at)
}

fn whole(name: &str, text: &str) -> Find {
    Find {
        name: name.to_owned(),
        at: 0..text.len(),
    }
}

// === impl Sealing ===

impl Sealing {
    /// Puts the text with references into a server's form.
    pub(super) fn put(&self, form: &mut ServerForm) {
        let Some(spot) = self.spot else { return };
        let place = match spot {
            Spot::Command(at) => form.command.get_mut(at),
            Spot::Env(at) => form.env.get_mut(at).map(|pair| &mut pair.value),
            Spot::Url => form.url.as_mut(),
            Spot::Header(at) => form.headers.get_mut(at).map(|pair| &mut pair.value),
            Spot::ClientSecret => form
                .auth
                .as_mut()
                .and_then(|auth| auth.client_secret.as_mut()),
        };
        if let Some(place) = place {
            place.clone_from(&self.text);
        }
    }
}

// === impl Find ===

impl Find {
    fn moved(mut self, by: usize) -> Self {
        self.at = self.at.start + by..self.at.end + by;
        self
    }
}

// === impl Plain ===

impl Plain {
    /// The secret itself, to be kept in the store.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plain({} → {})", self.name, self.suggested)
    }
}

/// The names that are given away, with the values that have them, as far as these are known.
struct Names {
    given: HashMap<String, Option<String>>,
}

/// Longer names are cut: the store takes 128 characters.
const LONGEST: usize = 100;

impl Names {
    /// The name of a variable as it is, if it can be had; other names say whose they are.
    fn suggest(&mut self, server: &str, name: &str, is_variable: bool, value: &str) -> String {
        let name = sound(name);
        let of_server = sound(&format!("{server}_{name}")).to_ascii_uppercase();
        let is_variable = is_variable
            || name
                .bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_uppercase());
        let first = is_variable.then_some(name).filter(|name| !name.is_empty());
        let numbered = (2..).map(|number| format!("{of_server}_{number}"));
        let chosen = first
            .into_iter()
            .chain([of_server.clone()])
            .chain(numbered)
            .find(|name| match self.given.get(name) {
                None => true,
                Some(of) => of.as_deref() == Some(value),
            })
            .expect("BUG: numbers do not end");
        self.given.insert(chosen.clone(), Some(value.to_owned()));
        chosen
    }
}

/// A name that the store takes.
fn sound(name: &str) -> String {
    let sound: String = name
        .chars()
        .take(LONGEST)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' => c,
            _ => '_',
        })
        .collect();
    let trimmed = sound.trim_matches('_');
    if trimmed.is_empty() {
        "SECRET".to_owned()
    } else {
        trimmed.to_owned()
    }
}

#[cfg(test)]
mod tests;
