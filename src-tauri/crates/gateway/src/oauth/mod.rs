//! Both sides of OAuth: the accounts that servers are used with, and the tokens that
//! clients of the gateway show.

pub(crate) mod callback;
mod credential;
pub(crate) mod host;
mod provider;
pub(crate) mod redirect;
mod remedy;
pub(crate) mod sign_in;
pub(crate) mod values;

use std::time::Duration;

use oauth_client::{Accounts, Clock, HttpOptions};
use oauth_server::Facade;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use vault::Vault;

use crate::config::model::{AliyunConfig, Config, ServerConfig};
use crate::user::User;
use crate::words::Words;

pub(crate) use credential::{Credential, Withheld, changed};
pub(crate) use provider::provider;
pub(crate) use remedy::Remedy;

/// Pauses between tries to read in which clients have tokens: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the vault says, for a person.
pub(crate) fn given(fault: &vault::Fault) -> Words {
    Words::new(fault.to_string(), fault.chinese())
}

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct OAuth {
    pub(crate) vault: Vault,
    pub(crate) accounts: Accounts,
    pub(crate) facade: Facade,
    /// Ports that are listened on for answers.
    pub(crate) ports: redirect::Ports,
}

impl OAuth {
    pub(crate) fn new(vault: Vault) -> Self {
        let http = HttpOptions {
            user_agent: concat!("mcp-gateway/", env!("CARGO_PKG_VERSION")).to_owned(),
            clock: Clock::system(),
        };
        Self {
            accounts: Accounts::new(vault.clone(), http),
            facade: Facade::new(vault.clone(), oauth_server::Clock::system()),
            ports: redirect::Ports::default(),
            vault,
        }
    }

    /// What a server is shown by whoever uses it; `None` where it wants nothing but its headers.
    pub(crate) fn credential(
        &self,
        config: &ServerConfig,
        aliyun: Option<&AliyunConfig>,
        owner: Option<&User>,
    ) -> Option<Credential> {
        let user = owner.map_or(User::LOCAL, User::name);
        Credential::of(self, config, aliyun, user)
    }

    /// Whether the gateway may be reached from beyond this machine: clients sign in at its
    /// public address, or the owner has given one of them a token.
    pub(crate) async fn opens(&self, config: &Config) -> bool {
        if config.gateway.host.is_loopback() {
            return false;
        }
        config.gateway.base_url.is_some()
            || match self.facade.grants().await {
                Ok(grants) => !grants.is_empty(),
                Err(fault) => {
                    tracing::warn!(%fault, "it is not known which clients have tokens");
                    false
                }
            }
    }

    /// Reads in which clients have tokens, so that calls are answered from memory: what asks
    /// for the key of the vault is the gateway, or its owner in the window, never a caller.
    /// Where it cannot be had the gateway tries again, more and more rarely, until `end`.
    pub(crate) async fn read_in(&self, changed: &Notify, end: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        while self.facade.open().await.is_err() {
            changed.notify_one();
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        changed.notify_one();
    }

    /// What keeps the gateway from knowing its clients, for the owner.
    pub(crate) fn notice(&self) -> Option<Words> {
        let why = given(&self.facade.fault()?);
        Some(Words::new(
            format!(
                "the tokens of clients cannot be checked, so none is accepted: {}",
                why.en
            ),
            format!("无法校验客户端的令牌，因此一律不予接受：{}", why.zh),
        ))
    }

    /// Finishes what is under way.
    pub(crate) async fn close(&self) {
        self.accounts.close().await;
        if let Err(fault) = self.facade.close().await {
            tracing::warn!(%fault, "when clients were here last was not written down");
        }
        self.vault.close().await;
    }
}
