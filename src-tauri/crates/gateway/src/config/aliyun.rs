//! Alibaba Cloud in a configuration: `oauth`, `mcpServer` and `aliyunSites`, from keys to the
//! one account that the gateway works with.
//!
//! Owns how a site stands in for addresses that nobody wrote, and which client id is whose.

use super::draft::{ServerDraft, join};
use super::fields::Fields;
use super::file::{port, section};
use super::model::{AliyunConfig, Auth, Site, Transport};
use super::reader::{At, Node};
use super::values;
use crate::words::Words;

/// What one layer says of `oauth` and `mcpServer`.
#[derive(Debug, Default)]
pub(super) struct AliyunDraft {
    /// Whether this layer speaks of Alibaba Cloud at all.
    pub(super) mentioned: bool,
    pub(super) site: Option<Site>,
    pub(super) client_id: Option<String>,
    pub(super) client_ids: BySite<Option<String>>,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) revocation_endpoint: Option<String>,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) callback_port: Option<u16>,
    pub(super) base_url: Option<String>,
    pub(super) services: Vec<(At<String>, String)>,
    pub(super) token: Option<String>,
}

/// `aliyunSites`.
pub(super) type SitesDraft = BySite<SiteDraft>;

/// One value for each site.
#[derive(Debug, Default)]
pub(super) struct BySite<T> {
    intl: T,
    cn: T,
}

/// The public addresses of a site.
#[derive(Debug, Default)]
pub(super) struct SiteDraft {
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    base_url: Option<String>,
}

// === reading ===

/// `oauth` and `mcpServer` of a file.
pub(super) fn aliyun(root: &mut Fields<'_, '_>) -> AliyunDraft {
    let mentioned = root.has("oauth") || root.has("mcpServer");
    let oauth = section(root, "oauth", |fields| AliyunDraft {
        client_id: name(fields, "clientId"),
        client_ids: section(fields, "clientIds", |fields| BySite {
            intl: name(fields, "intl"),
            cn: name(fields, "cn"),
        }),
        site: fields.get("site").and_then(|node| site(&node)),
        authorization_endpoint: url(fields, "authorizationEndpoint"),
        token_endpoint: url(fields, "tokenEndpoint"),
        revocation_endpoint: url(fields, "revocationEndpoint"),
        userinfo_endpoint: url(fields, "userinfoEndpoint"),
        scope: fields.get("scope").and_then(|node| node.text()),
        redirect_uri: fields
            .get("redirectUri")
            .and_then(|node| node.parsed(values::redirect_uri)),
        callback_port: fields.get("callbackPort").and_then(|node| port(&node)),
        ..AliyunDraft::default()
    });
    // An absent section reads as an empty one, so the two are put together afterwards.
    let services = section(root, "mcpServer", |fields| AliyunDraft {
        base_url: base_url(fields),
        services: fields
            .get("services")
            .map(|node| services(&node))
            .unwrap_or_default(),
        token: name(fields, "token"),
        ..AliyunDraft::default()
    });
    AliyunDraft {
        mentioned,
        base_url: services.base_url,
        services: services.services,
        token: services.token,
        ..oauth
    }
}

/// `aliyunSites` of a file.
pub(super) fn sites(root: &mut Fields<'_, '_>) -> SitesDraft {
    section(root, "aliyunSites", |sites| {
        let mut site = |name| {
            section(sites, name, |fields| SiteDraft {
                authorization_endpoint: url(fields, "authorizationEndpoint"),
                token_endpoint: url(fields, "tokenEndpoint"),
                revocation_endpoint: url(fields, "revocationEndpoint"),
                userinfo_endpoint: url(fields, "userinfoEndpoint"),
                base_url: base_url(fields),
            })
        };
        BySite {
            intl: site("intl"),
            cn: site("cn"),
        }
    })
}

fn services(node: &Node<'_, '_>) -> Vec<(At<String>, String)> {
    let Some(fields) = node.fields() else {
        return Vec::new();
    };
    let entries = fields.into_entries().into_iter();
    entries
        .filter_map(|(alias, node)| Some((alias, node.parsed(service_path)?)))
        .collect()
}

/// What is appended to `mcpServer.baseUrl`. The account's token goes there, so it must not be
/// able to lead to another host.
pub(super) fn service_path(text: &str) -> Result<String, Words> {
    let sound = |c: char| !c.is_whitespace() && !c.is_control() && c != '#' && c != '\\';
    if text.starts_with('/') && text.chars().all(sound) {
        return Ok(text.to_owned());
    }
    Err(Words::new(
        "a service's path starts with / and has no spaces, such as /mcp/ecs; of an address from the console write only what follows the host",
        "服务路径以 / 开头且不含空格，例如 /mcp/ecs；从控制台复制的地址请只写主机名之后的部分",
    ))
}

fn site(node: &Node<'_, '_>) -> Option<Site> {
    let site = Site::of(&node.text()?);
    site.or_else(|| node.unexpected("\"intl\" or \"cn\"", " \"intl\" 或 \"cn\""))
}

fn url(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    fields.get(key).and_then(|node| node.parsed(values::url))
}

fn base_url(fields: &mut Fields<'_, '_>) -> Option<String> {
    fields
        .get("baseUrl")
        .and_then(|node| node.parsed(values::base_url))
}

/// A string of which an empty one means that there is none.
fn name(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    let text = fields.get(key).and_then(|node| node.text());
    text.filter(|text| !text.trim().is_empty())
}

// === impl AliyunDraft ===

impl AliyunDraft {
    /// A site's addresses stand in for those that the layers down to the one that names it leave
    /// open, and a client id kept for that site goes before one that is kept for none.
    pub(super) fn over(mut self, below: Self, sites: &SitesDraft) -> Self {
        let chosen = self.site.map(|site| sites.of(site));
        let own_id = self
            .site
            .and_then(|site| self.client_ids.of_mut(site).take());
        let stand_in = |address: fn(&SiteDraft) -> &Option<String>| {
            chosen.and_then(|site| address(site).clone())
        };
        Self {
            mentioned: self.mentioned || below.mentioned,
            site: self.site.or(below.site),
            client_id: own_id.or(self.client_id).or(below.client_id),
            client_ids: self.client_ids.over(below.client_ids),
            authorization_endpoint: self
                .authorization_endpoint
                .or_else(|| stand_in(|site| &site.authorization_endpoint))
                .or(below.authorization_endpoint),
            token_endpoint: self
                .token_endpoint
                .or_else(|| stand_in(|site| &site.token_endpoint))
                .or(below.token_endpoint),
            revocation_endpoint: self.revocation_endpoint.or(below.revocation_endpoint),
            userinfo_endpoint: self.userinfo_endpoint.or(below.userinfo_endpoint),
            scope: self.scope.or(below.scope),
            redirect_uri: self.redirect_uri.or(below.redirect_uri),
            callback_port: self.callback_port.or(below.callback_port),
            base_url: self
                .base_url
                .or_else(|| stand_in(|site| &site.base_url))
                .or(below.base_url),
            services: join(self.services, below.services),
            token: self.token.or(below.token),
        }
    }

    /// The services as servers, which they are for everybody who calls them.
    pub(super) fn servers(&self) -> Vec<ServerDraft> {
        let base_url = self.base_url.as_deref().unwrap_or_default();
        let servers = self.services.iter().map(|(alias, path)| {
            let transport = Transport::Remote {
                url: format!("{base_url}{path}"),
                headers: Vec::new(),
            };
            ServerDraft {
                transport: Some(transport),
                auth: Some(Auth::Aliyun),
                ..ServerDraft::named(alias.clone())
            }
        });
        servers.collect()
    }

    /// The account, from the merged layers. `None` where no layer speaks of Alibaba Cloud.
    pub(super) fn resolve(self, sites: &SitesDraft) -> Option<AliyunConfig> {
        if !self.mentioned {
            return None;
        }
        let token_endpoint = super::resolve::set(self.token_endpoint, "oauth.tokenEndpoint");
        // A token is given up at, and shown to, the site that it came from and nobody else.
        let issuing = Site::ALL.into_iter().find(|site| {
            sites.of(*site).token_endpoint.as_deref() == Some(token_endpoint.as_str())
        });
        let of_issuing = |address: fn(&SiteDraft) -> &Option<String>| {
            issuing.and_then(|site| address(sites.of(site)).clone())
        };
        let site = self.site.or(issuing);
        let kept_for_site = self.client_ids.into_of(site.unwrap_or(Site::Intl));
        Some(AliyunConfig {
            site,
            client_id: self.client_id.or(kept_for_site),
            authorization_endpoint: super::resolve::set(
                self.authorization_endpoint,
                "oauth.authorizationEndpoint",
            ),
            token_endpoint,
            revocation_endpoint: self
                .revocation_endpoint
                .or_else(|| of_issuing(|site| &site.revocation_endpoint)),
            userinfo_endpoint: self
                .userinfo_endpoint
                .or_else(|| of_issuing(|site| &site.userinfo_endpoint)),
            scope: super::resolve::set(self.scope, "oauth.scope"),
            redirect_uri: self.redirect_uri,
            callback_port: self.callback_port,
            base_url: super::resolve::set(self.base_url, "mcpServer.baseUrl"),
            services: self
                .services
                .into_iter()
                .map(|(alias, path)| (alias.value, path))
                .collect(),
            token: self.token,
        })
    }
}

// === impl BySite ===

impl<T> BySite<T> {
    pub(super) fn of(&self, site: Site) -> &T {
        match site {
            Site::Intl => &self.intl,
            Site::Cn => &self.cn,
        }
    }

    fn of_mut(&mut self, site: Site) -> &mut T {
        match site {
            Site::Intl => &mut self.intl,
            Site::Cn => &mut self.cn,
        }
    }

    fn into_of(self, site: Site) -> T {
        match site {
            Site::Intl => self.intl,
            Site::Cn => self.cn,
        }
    }
}

impl BySite<Option<String>> {
    fn over(self, below: Self) -> Self {
        Self {
            intl: self.intl.or(below.intl),
            cn: self.cn.or(below.cn),
        }
    }
}

impl SitesDraft {
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            intl: self.intl.over(below.intl),
            cn: self.cn.over(below.cn),
        }
    }
}

impl SiteDraft {
    fn over(self, below: Self) -> Self {
        Self {
            authorization_endpoint: self.authorization_endpoint.or(below.authorization_endpoint),
            token_endpoint: self.token_endpoint.or(below.token_endpoint),
            revocation_endpoint: self.revocation_endpoint.or(below.revocation_endpoint),
            userinfo_endpoint: self.userinfo_endpoint.or(below.userinfo_endpoint),
            base_url: self.base_url.or(below.base_url),
        }
    }
}
