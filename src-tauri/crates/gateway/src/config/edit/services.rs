//! Alibaba Cloud services: one added to `mcpServer.services`, renamed in its tools, or taken out.
//!
//! A service is a server to everybody who calls it, but a file says only its path, and in
//! `mapping` and `toolFilters` what it says of any server.

use super::document::Document;
use super::error::{EditError, FieldProblem};
use super::faults::faults;
use super::reading::Reading;
use crate::config::aliyun::service_path;
use crate::config::check;
use crate::config::form::{Kind, ServerForm};
use crate::config::model::Site;

/// A service that is to be added, with what else an account may still need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewService {
    /// Its name.
    pub(crate) alias: String,
    /// What follows `mcpServer.baseUrl`.
    pub(crate) path: String,
    /// The site that the account is at; `None` leaves it as it is.
    pub(crate) site: Option<Site>,
    /// The public client's id; `None` leaves it as it is.
    pub(crate) client_id: Option<String>,
}

/// Adds a service, in meaning and in text.
pub(super) fn add(
    meaning: &mut Reading,
    document: &mut Document<'_>,
    new: &NewService,
    default_port: u16,
) -> Result<(), EditError> {
    objections(meaning, new)?;
    // A file that speaks of Alibaba Cloud and has no `gateway` means another port than before.
    if meaning.port.is_none() && !document.has("gateway") {
        document.set_port(default_port);
        meaning.port = Some(default_port);
    }
    if new.site.is_some() {
        meaning.account.site = new.site;
    }
    if let Some(id) = &new.client_id {
        // An application belongs to one site: its id is kept for that one, if it is known.
        let place = match meaning.account.site {
            Some(Site::Intl) => &mut meaning.account.intl_id,
            Some(Site::Cn) => &mut meaning.account.cn_id,
            None => &mut meaning.account.client_id,
        };
        *place = Some(id.clone());
    }
    document.set_account(new.site, new.client_id.as_deref(), meaning.account.site);
    document.add_service(&new.alias, &new.path);
    // What the file said of a server of this name, which it did not have, is said of it now.
    let said = Reading::of(&document.text()).map_err(|found| EditError::of_result(&found))?;
    let form = said.service(&new.alias).ok_or(EditError::Mismatch)?;
    if form.url.as_deref() != Some(&*new.path) {
        return Err(EditError::Mismatch);
    }
    meaning.services.push(form.clone());
    Ok(())
}

/// Changes what a file says of a service's tools. Nothing else about one can be changed.
pub(super) fn change(
    meaning: &mut Reading,
    document: &mut Document<'_>,
    alias: &str,
    change: impl FnOnce(&mut ServerForm),
) -> Result<(), EditError> {
    let refused = || EditError::Service(alias.to_owned());
    let index = meaning.service_index(alias).ok_or_else(refused)?;
    let now = &meaning.services[index];
    let mut wanted = now.clone();
    change(&mut wanted);
    let wanted = ServerForm {
        kind: Kind::Remote,
        // Who asks may have the whole address before their eyes, of which the file has the path.
        url: now.url.clone(),
        headers: Vec::new(),
        auth: None,
        ..wanted
    }
    .normalized();
    let tools_alone = ServerForm {
        prefix: wanted.prefix.clone(),
        strip_prefix: wanted.strip_prefix,
        rename: wanted.rename.clone(),
        include: wanted.include.clone(),
        exclude: wanted.exclude.clone(),
        ..now.clone()
    };
    if tools_alone != wanted {
        return Err(refused());
    }
    let objections = faults(&as_server(&wanted));
    if !objections.is_empty() {
        return Err(EditError::Invalid(objections));
    }
    document.say_by_name(&wanted);
    meaning.services[index] = wanted;
    Ok(())
}

/// Takes a service out, with what is said of its tools.
pub(super) fn remove(meaning: &mut Reading, document: &mut Document<'_>, index: usize) {
    let gone = meaning.services.remove(index);
    document.remove_service(&gone.name);
}

/// Every reason why a service cannot be added.
fn objections(meaning: &Reading, new: &NewService) -> Result<(), EditError> {
    let mut objections = Vec::new();
    let alias = &new.alias;
    if let Some(message) = check::unusable(alias) {
        objections.push(FieldProblem {
            field: "alias",
            message,
        });
    } else if meaning.is_taken(alias) {
        objections.push(FieldProblem::new(
            "alias",
            format!("\"{alias}\" is taken; servers and services need different names"),
            format!("名称“{alias}”已被使用；服务器与服务的名称不能重复"),
        ));
    }
    if let Err(message) = service_path(&new.path) {
        objections.push(FieldProblem {
            field: "path",
            message,
        });
    }
    let moves = new.site.is_some() && new.site != meaning.account.site;
    if moves && !meaning.services.is_empty() {
        objections.push(FieldProblem::new(
            "site",
            "the services in the file are at another site, and a gateway signs in to one; remove them first, or change oauth.site by hand",
            "文件中的服务属于另一站点，而网关只登录一个站点；请先删除它们，或手动修改 oauth.site",
        ));
    }
    if new
        .client_id
        .as_ref()
        .is_some_and(|id| id.trim().is_empty())
    {
        objections.push(FieldProblem::new(
            "clientId",
            "the client id is empty; copy it from the application in the RAM console",
            "客户端 ID 为空；请从 RAM 控制台的应用中复制",
        ));
    }
    if objections.is_empty() {
        Ok(())
    } else {
        Err(EditError::Invalid(objections))
    }
}

/// The form with an address that a server's form can have.
fn as_server(form: &ServerForm) -> ServerForm {
    ServerForm {
        url: Some("https://example.com/mcp".to_owned()),
        ..form.clone()
    }
}
