//! What a file means, as far as it can be edited: the measure of every change.
//!
//! A change is made twice, in the text and in this value. The changed text is then read by the
//! loader's own reader; where it means anything else than the changed value, it is not used.

use std::collections::HashMap;

use super::error::{EditError, FieldProblem};
use super::faults::faults;
use crate::config::form::ServerForm;
use crate::config::problem::{Problem, Severity};
use crate::config::{check, file};

/// What a sound file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The servers in the order of the file.
    pub(super) servers: Vec<ServerForm>,
    /// Names that services have.
    aliases: Vec<String>,
    pub(super) port: Option<u16>,
}

impl Reading {
    /// Reads a text as the loader does.
    ///
    /// # Errors
    /// Every problem of a text that the loader would refuse.
    pub(super) fn of(text: &str) -> Result<Self, Vec<Problem>> {
        let (draft, mut problems) = file::read(text);
        problems.extend(check::check(&draft));
        problems.retain(|problem| problem.severity == Severity::Error);
        problems.sort_by_key(|problem| (problem.line, problem.column));
        if !problems.is_empty() {
            return Err(problems);
        }
        let mapping: HashMap<&str, _> = by_name(&draft.mapping).collect();
        let filters: HashMap<&str, _> = by_name(&draft.filters).collect();
        let servers = draft.servers.iter().filter_map(|server| {
            let name = server.name.value.as_str();
            ServerForm::of(
                server,
                mapping.get(name).copied(),
                filters.get(name).copied(),
            )
        });
        let aliases = draft.aliyun.services.iter();
        Ok(Self {
            servers: servers.collect(),
            aliases: aliases.map(|(alias, _)| alias.value.clone()).collect(),
            port: draft.listen.port,
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(|server| server.name.as_str())
    }

    pub(super) fn find(&self, name: &str) -> Result<usize, EditError> {
        let index = self.names().position(|known| known == name);
        let is_service = || self.aliases.iter().any(|alias| alias == name);
        index.ok_or_else(|| {
            if is_service() {
                EditError::Service(name.to_owned())
            } else {
                EditError::NotFound(name.to_owned())
            }
        })
    }

    /// Whether a form can be what number `index` becomes, or a new server. A value that the file
    /// has already is not objected to.
    pub(super) fn check(&self, index: Option<usize>, form: &ServerForm) -> Result<(), EditError> {
        let now = index.map(|index| &self.servers[index]);
        let known = now.map(faults).unwrap_or_default();
        let mut faults = faults(form);
        faults.retain(|fault| !known.contains(fault));
        let name = &form.name;
        let taken = self.names().chain(self.aliases.iter().map(String::as_str));
        if now.is_none_or(|now| now.name != *name) && taken.into_iter().any(|other| other == name) {
            faults.push(FieldProblem::new(
                "name",
                format!("\"{name}\" is taken; servers and services need different names"),
                format!("名称“{name}”已被使用；服务器与服务的名称不能重复"),
            ));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(EditError::Invalid(faults))
        }
    }

    /// Lets a text through that means exactly this.
    pub(super) fn confirm(&self, text: String) -> Result<String, EditError> {
        match Self::of(&text) {
            Ok(meaning) if meaning == *self => Ok(text),
            Ok(_) => Err(EditError::Mismatch),
            Err(problems) => Err(EditError::of_result(&problems)),
        }
    }
}

fn by_name<T>(
    entries: &[(crate::config::reader::At<String>, T)],
) -> impl Iterator<Item = (&str, &T)> {
    entries
        .iter()
        .map(|(name, value)| (name.value.as_str(), value))
}
