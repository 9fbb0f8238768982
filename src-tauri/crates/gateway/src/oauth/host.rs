//! What the facade is told about the gateway that it belongs to.

use std::sync::{Arc, Weak};

use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use oauth_client::{AccountId, AccountState, Provider};
use oauth_server::Words;

use super::sign_in::{Known, Purpose, known};
use crate::core::Core;
use crate::serve::caller::FromHere;
use crate::serve::challenge;
use crate::user::User;

/// The gateway as the facade sees it.
#[derive(Debug, Clone)]
pub(crate) struct Host(pub(crate) Weak<Core>);

impl oauth_server::Host for Host {
    fn base(&self, parts: &Parts) -> String {
        let core = self.0.upgrade();
        core.map_or_else(String::new, |core| {
            challenge::base(&core, &parts.headers, &parts.extensions)
        })
    }

    fn endpoint(&self, path: &str) -> bool {
        let Some(core) = self.0.upgrade() else {
            return false;
        };
        let name = path
            .strip_prefix('/')
            .and_then(|path| path.strip_suffix("/mcp"));
        path == "/mcp"
            || path == "/sse"
            || name.is_some_and(|name| core.live().endpoint(name).is_some())
    }

    fn local_approval(&self, parts: &Parts) -> bool {
        parts.extensions.get::<FromHere>().is_some()
    }

    fn sign_in(&self) -> Option<Words> {
        let known = self.account_provider()?;
        Some(match known.provider.name() {
            "aliyun:cn" => Words::new("Alibaba Cloud (China)", "阿里云"),
            name if name.starts_with("aliyun:") => Words::new("Alibaba Cloud", "阿里云国际站"),
            name => Words::new(name, name),
        })
    }

    fn is_signed_in<'h>(&'h self, user: &'h str) -> BoxFuture<'h, bool> {
        Box::pin(async move {
            let Some(core) = self.0.upgrade() else {
                return false;
            };
            let Some(known) = self.account_provider() else {
                // Nobody signs in here, so the owner is one without it.
                return user == User::LOCAL;
            };
            if known.is_static && user == User::LOCAL {
                return true;
            }
            let id = AccountId::new(known.provider.name(), user);
            match core.oauth.accounts.state(&id).await {
                Ok(state) => matches!(state, AccountState::SignedIn { .. }),
                Err(fault) => {
                    tracing::warn!(%fault, "it is not known who is signed in");
                    false
                }
            }
        })
    }

    fn begin_sign_in(&self, base: &str, then: String) -> BoxFuture<'_, Result<String, Words>> {
        let (host, base) = (self.clone(), base.to_owned());
        Box::pin(async move {
            let gone = || Words::new("the gateway is shutting down", "网关正在关闭");
            let core = host.0.upgrade().ok_or_else(gone)?;
            let known = host.account_provider().ok_or_else(|| {
                Words::new(
                    "this gateway has no account provider to sign in to",
                    "该网关没有可供登录的账号提供方",
                )
            })?;
            let purpose = Purpose::Facade(then);
            let begun = core.begin_sign_in(&known.provider, None, &purpose, &base);
            let (login, _) = begun.await.map_err(|why| Words::new(why.en, why.zh))?;
            Ok(login.authorize_url)
        })
    }
}

impl Host {
    /// The provider whose accounts tell people apart: Alibaba Cloud, where it is set up.
    fn account_provider(&self) -> Option<Known> {
        let core: Arc<Core> = self.0.upgrade()?;
        let all = known(&core.live_full().config);
        all.into_iter().find(
            |known| matches!(&known.provider, Provider::Fixed(fixed) if fixed.client_id.is_some()),
        )
    }
}
