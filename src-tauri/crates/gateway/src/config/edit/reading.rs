//! What a file means, as far as it can be edited: the measure of every change.
//!
//! A change is made twice, in the text and in this value. The changed text is then read by the
//! loader's own reader; where it means anything else than the changed value, it is not used.

use std::collections::HashMap;
use std::fmt;

use super::error::{EditError, FieldProblem};
use super::faults::faults;
use crate::config::draft::ServerDraft;
use crate::config::form::ServerForm;
use crate::config::model::{Site, Transport};
use crate::config::problem::{Problem, Severity};
use crate::config::{check, file};

/// What a sound file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The servers in the order of the file.
    pub(super) servers: Vec<ServerForm>,
    /// The Alibaba Cloud services in the order of the file; their address is a path.
    pub(super) services: Vec<ServerForm>,
    pub(super) account: Account,
    pub(super) port: Option<u16>,
}

/// What a file says of the Alibaba Cloud account, as far as it can be edited.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) site: Option<Site>,
    pub(super) client_id: Option<String>,
    pub(super) intl_id: Option<String>,
    pub(super) cn_id: Option<String>,
    /// The credential of all services.
    pub(super) token: Option<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("site", &self.site)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
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
        let form = |server: &ServerDraft| {
            let name = server.name.value.as_str();
            ServerForm::of(
                server,
                mapping.get(name).copied(),
                filters.get(name).copied(),
            )
        };
        let aliyun = &draft.aliyun;
        let services = aliyun.services.iter().map(|(alias, path)| ServerDraft {
            transport: Some(Transport::Remote {
                url: path.clone(),
                headers: Vec::new(),
            }),
            ..ServerDraft::named(alias.clone())
        });
        Ok(Self {
            servers: draft.servers.iter().filter_map(form).collect(),
            services: services.filter_map(|service| form(&service)).collect(),
            account: Account {
                site: aliyun.site,
                client_id: aliyun.client_id.clone(),
                intl_id: aliyun.client_ids.of(Site::Intl).clone(),
                cn_id: aliyun.client_ids.of(Site::Cn).clone(),
                token: aliyun.token.clone(),
            },
            port: draft.listen.port,
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(|server| server.name.as_str())
    }

    pub(super) fn find(&self, name: &str) -> Result<usize, EditError> {
        let index = self.names().position(|known| known == name);
        index.ok_or_else(|| EditError::NotFound(name.to_owned()))
    }

    pub(super) fn service_index(&self, alias: &str) -> Option<usize> {
        self.services
            .iter()
            .position(|service| service.name == alias)
    }

    pub(super) fn service(&self, alias: &str) -> Option<&ServerForm> {
        self.service_index(alias).map(|index| &self.services[index])
    }

    /// Whether a server or service has this name.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.names().any(|known| known == name) || self.service_index(name).is_some()
    }

    /// Whether a form can be what number `index` becomes, or a new server. A value that the file
    /// has already is not objected to.
    pub(super) fn check(&self, index: Option<usize>, form: &ServerForm) -> Result<(), EditError> {
        let now = index.map(|index| &self.servers[index]);
        let known = now.map(faults).unwrap_or_default();
        let mut faults = faults(form);
        faults.retain(|fault| !known.contains(fault));
        let name = &form.name;
        if now.is_none_or(|now| now.name != *name) && self.is_taken(name) {
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
