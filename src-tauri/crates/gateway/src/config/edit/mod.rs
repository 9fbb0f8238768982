//! Configuration files edited: text in, text out.
//!
//! A person's file stays theirs. Only values that differ are written; comments, order, empty
//! lines, indentation, line ends, unknown keys and the spelling of everything else come back byte
//! for byte. A text that the loader would refuse is not touched, and no change leaves one behind:
//! each result is read again and must mean exactly what was asked for (see [`reading`]).
//!
//! What goes with something that is removed: its line, and the remark at the end of that line.
//! Comments above a key stay, because they often speak of the keys that follow as well. Comments
//! directly above a whole entry (a server, or its name in `mapping` or `toolFilters`) are the
//! entry's own and go with it, unless they hold JSON that somebody put aside.
//!
//! A key that need not be written (`cwd`, `prefix`, …) is removed when it is given up. A key with
//! a fixed default (`enabled`, `sharing`, `stripPrefix`) is written where it differs from that,
//! and once written its value is changed in place.

mod document;
mod entry;
mod error;
mod faults;
mod keys;
mod members;
mod placing;
mod reading;
mod rearrange;
mod services;
mod style;
mod taken;
#[cfg(test)]
mod tests;
mod trivia;

pub(crate) use error::{EditError, FieldProblem};
pub(crate) use services::NewService;

use self::document::Document;
use self::reading::Reading;
use self::taken::Neighbours;
use super::form::ServerForm;
use super::plain::Sealing;

/// One change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A new server, behind the others.
    AddServer(ServerForm),
    /// A server as the form says; a different name in it renames the server.
    ChangeServer {
        /// Which server.
        name: String,
        /// What it shall be.
        form: ServerForm,
    },
    /// A server or service gone, with what is said about it elsewhere in the file.
    RemoveServer {
        /// Which server.
        name: String,
    },
    /// A server switched on or off.
    SetEnabled {
        /// Which server.
        name: String,
        /// On or off.
        on: bool,
    },
    /// A new Alibaba Cloud service, behind the others.
    AddService(NewService),
    /// One of a server's tools switched or renamed. `None` leaves it as it is.
    SetTool {
        /// Which server.
        server: String,
        /// The server's own name of the tool.
        tool: String,
        /// Whether clients see it.
        on: Option<bool>,
        /// Under which name; `Some(None)` for its usual one.
        rename: Option<Option<String>>,
    },
    /// Secrets in plain text replaced by references to where they are kept now.
    Seal(Vec<Sealing>),
    /// The port to listen on.
    SetPort(u16),
}

/// A server that was removed, and the file it was in.
#[derive(Debug, Clone)]
pub(crate) struct Removed {
    name: String,
    from: String,
}

/// The text of a file for somebody who has none: commented, without any server.
pub(crate) fn starter() -> &'static str {
    include_str!("../../../../../../config/starter.jsonc")
}

/// The text after a change. A change that changes nothing gives the same text.
///
/// # Errors
/// The text is no sound configuration, has no such server, or what is asked for cannot be.
pub(crate) fn apply(text: &str, edit: &Edit) -> Result<String, EditError> {
    let mut meaning = Reading::of(text).map_err(EditError::Broken)?;
    let mut document = document(text)?;
    match edit {
        Edit::AddServer(form) => {
            let form = form.clone().normalized();
            meaning.check(None, &form)?;
            document.add(&form);
            meaning.servers.push(form);
        }
        Edit::ChangeServer { name, form } => {
            change(&mut meaning, &mut document, name, |now| *now = form.clone())?;
        }
        Edit::RemoveServer { name } => {
            if let Some(index) = meaning.service_index(name) {
                services::remove(&mut meaning, &mut document, index);
            } else {
                let index = meaning.find(name)?;
                document.take(index, name);
                meaning.servers.remove(index);
            }
        }
        Edit::AddService(new) => services::add(&mut meaning, &mut document, new, default_port())?,
        Edit::SetEnabled { name, on } => {
            change(&mut meaning, &mut document, name, |form| form.enabled = *on)?;
        }
        Edit::SetTool {
            server,
            tool,
            on,
            rename,
        } => change(&mut meaning, &mut document, server, |form| {
            if let Some(on) = on {
                form.switch_tool(tool, *on);
            }
            if let Some(name) = rename {
                form.rename_tool(tool, name.as_deref());
            }
        })?,
        Edit::Seal(sealings) => {
            for sealing in sealings {
                if sealing.spot.is_none() {
                    document.set_services_token(&sealing.text);
                    meaning.account.token = Some(sealing.text.clone());
                    continue;
                }
                change(&mut meaning, &mut document, &sealing.server, |form| {
                    sealing.put(form);
                })?;
            }
        }
        Edit::SetPort(port) => {
            if meaning.port != Some(*port) {
                document.set_port(*port);
                meaning.port = Some(*port);
            }
        }
    }
    meaning.confirm(document.text())
}

/// What a file says about one server. `None` where it says nothing, or is no sound configuration.
pub(crate) fn form_of(text: &str, name: &str) -> Option<ServerForm> {
    let mut reading = Reading::of(text).ok()?;
    let index = reading.find(name).ok()?;
    Some(reading.servers.swap_remove(index))
}

/// A server's entry as it stands in a file, with its comments.
pub(crate) fn entry_of(text: &str, name: &str) -> Option<String> {
    let index = Reading::of(text).ok()?.find(name).ok()?;
    Document::of(text)?.entry(index)
}

/// What removing a server takes out of a text, to be put back later. `None` as in [`form_of`].
pub(crate) fn removed(text: &str, name: &str) -> Option<Removed> {
    Reading::of(text).ok()?.find(name).ok()?;
    Some(Removed {
        name: name.to_owned(),
        from: text.to_owned(),
    })
}

/// Puts a removed server back, as it was written and where it was, into a text that may have
/// changed otherwise since. Where it has not, the text from before comes back byte for byte.
///
/// # Errors
/// The text is no sound configuration, or another server has taken the name.
pub(crate) fn restore(text: &str, removed: &Removed) -> Result<String, EditError> {
    let Removed { name, from } = removed;
    let removal = Edit::RemoveServer { name: name.clone() };
    if apply(from, &removal)? == text {
        return Ok(from.clone());
    }
    let mut meaning = Reading::of(text).map_err(EditError::Broken)?;
    let mut before = Reading::of(from).map_err(EditError::Broken)?;
    let old_index = before.find(name)?;
    let neighbours = Neighbours::of(before.names(), old_index);
    let form = before.servers.swap_remove(old_index);
    meaning.check(None, &form)?;
    let index = neighbours.place(meaning.names());

    let taken = self::document(from)?.take(old_index, name);
    let mut document = document(text)?;
    document.put_back(index, taken);
    meaning.servers.insert(index, form);
    meaning.confirm(document.text())
}

/// The port of a file that says nothing of it.
fn default_port() -> u16 {
    let (defaults, _) = super::file::read(super::DEFAULTS);
    super::resolve::set(defaults.listen.port, "gateway.port")
}

fn document(text: &str) -> Result<Document<'_>, EditError> {
    Document::of(text).ok_or_else(|| EditError::Broken(Vec::new()))
}

/// Changes the form of one server, in meaning and in text.
fn change(
    meaning: &mut Reading,
    document: &mut Document<'_>,
    name: &str,
    change: impl FnOnce(&mut ServerForm),
) -> Result<(), EditError> {
    if meaning.service_index(name).is_some() {
        return services::change(meaning, document, name, change);
    }
    let index = meaning.find(name)?;
    let mut form = meaning.servers[index].clone();
    change(&mut form);
    let form = form.normalized();
    meaning.check(Some(index), &form)?;
    if form.name != name && document.says_both(name, &form.name) {
        let new = &form.name;
        return Err(EditError::Invalid(vec![FieldProblem::new(
            "name",
            format!(
                "the file already says something of a \"{new}\" in mapping or toolFilters; choose another name, or remove that by hand"
            ),
            format!(
                "文件的 mapping 或 toolFilters 中已有“{new}”的内容；请换一个名称，或手动删除该内容"
            ),
        )]));
    }
    document.change(index, name, &form);
    meaning.servers[index] = form;
    Ok(())
}
