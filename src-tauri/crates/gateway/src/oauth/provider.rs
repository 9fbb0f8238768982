//! Where the account behind a server is signed in to. Pure.

use oauth_client::{Discovered, Fixed, Provider};
use vault::Secret;

use crate::config::model::{AliyunConfig, Auth, ServerConfig, Site, Transport};

/// What Alibaba Cloud's two sites call themselves, whatever address they are reached at.
const ISSUERS: [&str; 2] = ["https://oauth.alibabacloud.com", "https://oauth.aliyun.com"];

/// The authorization server of a server; `None` where it has none.
pub(crate) fn provider(config: &ServerConfig, aliyun: Option<&AliyunConfig>) -> Option<Provider> {
    match &config.auth {
        Auth::None => None,
        Auth::Aliyun => aliyun.map(alibaba_cloud),
        Auth::OAuth(known) => {
            let Transport::Remote { url, .. } = &config.transport else {
                return None;
            };
            Some(Provider::Discovered(Discovered {
                name: format!("server:{}", config.name),
                url: url.clone(),
                authorization_server: known.authorization_server.clone(),
                client_id: known.client_id.clone(),
                client_secret: known.client_secret.clone().map(Secret::new),
                scope: known.scope.clone(),
                client_metadata_url: known.client_metadata_url.clone(),
            }))
        }
    }
}

/// Alibaba Cloud, one provider for all services of a site.
fn alibaba_cloud(config: &AliyunConfig) -> Provider {
    let site = config.site.unwrap_or(Site::Intl).word();
    Provider::Fixed(Fixed {
        name: format!("aliyun:{site}"),
        authorization_endpoint: config.authorization_endpoint.clone(),
        token_endpoint: config.token_endpoint.clone(),
        revocation_endpoint: config.revocation_endpoint.clone(),
        userinfo_endpoint: config.userinfo_endpoint.clone(),
        client_id: config.client_id.clone(),
        client_secret: None,
        scope: Some(config.scope.clone()),
        resource: None,
        issuers: ISSUERS.map(str::to_owned).to_vec(),
        site: Some(site.to_owned()),
    })
}
