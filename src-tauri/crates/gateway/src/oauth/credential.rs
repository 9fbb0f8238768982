//! What a remote server is shown by the user who calls it.

use std::borrow::Cow;
use std::time::Duration;

use oauth_client::{AccountId, Accounts, Discovered, Fault, Provider};
use tokio::sync::watch;
use vault::{Secret, Vault};

use super::OAuth;
use super::provider::provider;
use super::remedy::Remedy;
use super::values::expanded_text;
use crate::config::model::{AliyunConfig, Auth, ServerConfig};
use crate::user::User;
use crate::words::Words;

/// Accounts change at the window; another process that shares the store does not tell.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The right to use a server, as a bearer token (RFC 6750).
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// The token of an account, which changes.
    Account {
        accounts: Accounts,
        id: AccountId,
        provider: Box<Provider>,
        vault: Vault,
    },
    /// A token that the configuration names.
    Fixed { token: Secret, vault: Vault },
}

/// Why there is no token.
#[derive(Debug, Clone)]
pub(crate) struct Withheld {
    /// Nobody but the user can help, by signing in.
    pub(crate) needs_sign_in: bool,
    pub(crate) why: Words,
}

impl Credential {
    pub(super) fn of(
        oauth: &OAuth,
        config: &ServerConfig,
        aliyun: Option<&AliyunConfig>,
        user: &str,
    ) -> Option<Self> {
        // It is its owner's: nobody else goes by it.
        if config.auth == Auth::Aliyun
            && User::new(user).is_owners()
            && let Some(token) = aliyun.and_then(|aliyun| aliyun.token.clone())
        {
            return Some(Self::Fixed {
                token: Secret::new(token),
                vault: oauth.vault.clone(),
            });
        }
        let provider = provider(config, aliyun)?;
        Some(Self::Account {
            accounts: oauth.accounts.clone(),
            id: AccountId::new(provider.name(), user),
            provider: Box::new(provider),
            vault: oauth.vault.clone(),
        })
    }

    /// The token to send now.
    ///
    /// # Errors
    /// See [`Withheld`].
    pub(crate) async fn bearer(&self) -> Result<Secret, Withheld> {
        match self {
            Self::Fixed { token, vault } => expanded_text(vault, token, "mcpServer.token")
                .await
                .map_err(Withheld::incomplete),
            Self::Account {
                accounts,
                id,
                provider,
                vault,
            } => {
                let provider = complete(vault, provider).await?;
                let bearer = accounts.bearer(id, &provider).await;
                bearer.map_err(|fault| Withheld::of(&fault, &id.user))
            }
        }
    }

    /// Another token, because the server has refused this one; `challenge` is its
    /// `WWW-Authenticate`.
    ///
    /// # Errors
    /// See [`Withheld`].
    pub(crate) async fn rejected(
        &self,
        used: &Secret,
        challenge: Option<&str>,
    ) -> Result<Secret, Withheld> {
        match self {
            Self::Fixed { .. } => Err(Withheld {
                needs_sign_in: false,
                why: Words::new(
                    "the server refuses the token that the configuration names; put a valid one into `mcpServer.token`, or remove it and sign in",
                    "服务器拒绝了配置中的令牌；请在 `mcpServer.token` 中填写有效的令牌，或删除它并登录",
                ),
            }),
            Self::Account {
                accounts,
                id,
                provider,
                vault,
            } => {
                let provider = complete(vault, provider).await?;
                let another = accounts.rejected(id, &provider, used, challenge).await;
                another.map_err(|fault| Withheld::of(&fault, &id.user))
            }
        }
    }

    /// Follows accounts from this moment on; see [`changed`].
    pub(crate) fn watch(&self) -> Option<watch::Receiver<u64>> {
        match self {
            Self::Account { accounts, .. } => Some(accounts.watch()),
            Self::Fixed { .. } => None,
        }
    }
}

/// Waits until an account may have become another one since it was looked at, where `news` is
/// from before that look.
pub(crate) async fn changed(mut news: watch::Receiver<u64>) {
    drop(tokio::time::timeout(LOOK_AGAIN, news.changed()).await);
}

/// A provider with values in the place of references.
///
/// # Errors
/// Where one is missing.
pub(super) async fn complete<'p>(
    vault: &Vault,
    provider: &'p Provider,
) -> Result<Cow<'p, Provider>, Withheld> {
    let Provider::Discovered(discovered) = provider else {
        return Ok(Cow::Borrowed(provider));
    };
    let Some(text) = &discovered.client_secret else {
        return Ok(Cow::Borrowed(provider));
    };
    let secret = expanded_text(vault, text, "auth.clientSecret").await;
    let secret = secret.map_err(Withheld::incomplete)?;
    Ok(Cow::Owned(Provider::Discovered(Discovered {
        client_secret: Some(secret),
        ..discovered.clone()
    })))
}

impl Withheld {
    fn incomplete(why: Words) -> Self {
        Self {
            needs_sign_in: false,
            why,
        }
    }

    fn of(fault: &Fault, user: &str) -> Self {
        let why = match fault {
            Fault::NeedsSignIn { provider, .. } => {
                let user = User::new(user);
                let remedy = Remedy::of(&user).words(&user, provider);
                Words::new(
                    format!("{fault}. {}", remedy.en),
                    format!("{}。{}", fault.chinese(), remedy.zh),
                )
            }
            other => Words::new(other.to_string(), other.chinese()),
        };
        Self {
            needs_sign_in: matches!(
                fault,
                Fault::NeedsSignIn { .. } | Fault::Misconfigured { .. }
            ),
            why,
        }
    }
}
