//! Signing in to the accounts behind servers: begun in the window or by a client's
//! browser, finished by the answer that comes back to the gateway.

use std::sync::Arc;

use oauth_client::{AccountId, AccountState, Fault, Finished, Login, LoginFault, Params, Provider};

use super::credential::complete;
use super::provider::provider;
use super::redirect;
use crate::config::is_loopback_url;
use crate::config::model::Config;
use crate::core::Core;
use crate::lifecycle::State;
use crate::user::User;
use crate::words::Words;

/// Where answers come to at the gateway itself.
pub(crate) const CALLBACK: &str = "/oauth/callback";

/// Who has begun a sign-in; travels with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The owner, at the window.
    Window,
    /// A browser that a client has sent; the facade knows it by this.
    Facade(String),
}

/// What a sign-in led to.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) purpose: Purpose,
    pub(crate) provider: String,
    pub(crate) user: User,
    /// For display.
    pub(crate) name: Option<String>,
}

/// A provider of the configuration in force.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) provider: Provider,
    /// The servers that are used with its accounts.
    pub(crate) services: Vec<String>,
    /// The owner does not sign in: the configuration names a token. Everybody else does.
    pub(crate) is_static: bool,
}

// === impl Purpose ===

impl Purpose {
    fn written(&self) -> String {
        match self {
            Self::Window => "window".to_owned(),
            Self::Facade(then) => format!("facade:{then}"),
        }
    }

    fn read(then: &str) -> Self {
        match then.strip_prefix("facade:") {
            Some(then) => Self::Facade(then.to_owned()),
            None => Self::Window,
        }
    }
}

/// The providers that a configuration speaks of, in its order.
pub(crate) fn known(config: &Config) -> Vec<Known> {
    let mut all: Vec<Known> = Vec::new();
    for server in &config.servers {
        let Some(provider) = provider(server, config.aliyun.as_ref()) else {
            continue;
        };
        let found = all
            .iter_mut()
            .find(|known| known.provider.name() == provider.name());
        match found {
            Some(known) => known.services.push(server.name.clone()),
            None => all.push(Known {
                is_static: server.from_services
                    && config
                        .aliyun
                        .as_ref()
                        .is_some_and(|aliyun| aliyun.token.is_some()),
                provider,
                services: vec![server.name.clone()],
            }),
        }
    }
    all
}

impl Core {
    /// The provider of a name in the configuration in force.
    pub(crate) fn provider(&self, name: &str) -> Option<Known> {
        let mut all = known(&self.live().config).into_iter();
        all.find(|known| known.provider.name() == name)
    }

    /// The address that the answer to a sign-in comes to, to the letter. `base` is the
    /// gateway's own address for the browser.
    pub(crate) fn redirect_uri(&self, provider: &Provider, base: &str) -> String {
        let live = self.live();
        let is_public = live.config.gateway.base_url.is_some() || !is_loopback_url(base);
        // Registered to the letter, so on this machine always under the same name.
        let own = || {
            if is_public {
                format!("{base}{CALLBACK}")
            } else {
                format!("{}{CALLBACK}", self.endpoint().trim_end_matches("/mcp"))
            }
        };
        let Some(aliyun) = live.config.aliyun.as_ref() else {
            return own();
        };
        if !provider.name().starts_with("aliyun:") {
            return own();
        }
        match (&aliyun.redirect_uri, aliyun.callback_port) {
            (Some(registered), _) => registered.clone(),
            (None, Some(port)) if !is_public => {
                format!("http://localhost:{port}{CALLBACK}")
            }
            (None, _) => own(),
        }
    }

    /// Begins a sign-in: what the browser has to be sent to. `user` is whose account it will
    /// be, where that is known before.
    ///
    /// # Errors
    /// In words, with the remedy.
    pub(crate) async fn begin_sign_in(
        self: &Arc<Self>,
        provider: &Provider,
        user: Option<&User>,
        purpose: &Purpose,
        base: &str,
    ) -> Result<(Login, String), Words> {
        let redirect = self.redirect_uri(provider, base);
        redirect::listen(self, &redirect).await?;
        let user = user.map(User::name);
        let accounts = &self.oauth.accounts;
        let provider = complete(&self.oauth.vault, provider).await;
        let provider = provider.map_err(|withheld| withheld.why)?;
        let begun = accounts
            .begin(user, &provider, &redirect, purpose.written())
            .await;
        let login = begun.map_err(|fault| words(&fault))?;
        self.accounts_changed();
        Ok((login, redirect))
    }

    /// What the sign-in was begun for that this answers, as long as it is under way.
    pub(super) async fn purpose_of(&self, params: &Params) -> Option<Purpose> {
        let then = self.oauth.accounts.then_of(params).await?;
        Some(Purpose::read(&then))
    }

    /// Takes the answer of an authorization server.
    ///
    /// # Errors
    /// Where it is no answer to a sign-in that was begun here, or the sign-in failed. Nothing
    /// has changed then.
    pub(crate) async fn finish_sign_in(
        self: &Arc<Self>,
        params: Result<Params, LoginFault>,
    ) -> Result<SignedIn, Words> {
        let accounts = &self.oauth.accounts;
        let params = params.map_err(|fault| words(&Fault::Login(fault)))?;
        let finished = accounts.finish(&params).await;
        let finished = finished.map_err(|fault| words(&fault))?;
        let purpose = Purpose::read(&finished.then);
        let user = match &finished.user {
            Some(user) => User::new(user),
            None => self.user_of(&finished).await,
        };
        // Begun without a user, it is the account that makes the user.
        let is_same = finished.user.is_none();
        let (provider, name) = (finished.provider.clone(), finished.identity.name.clone());
        if finished.user.is_none() {
            let kept = accounts.keep(finished, user.name()).await;
            kept.map_err(|fault| words(&fault))?;
        }
        self.wake_servers(&provider, &user, is_same).await;
        self.accounts_changed();
        Ok(SignedIn {
            purpose,
            provider,
            user,
            name,
        })
    }

    /// Starts what waits for this account, and anew what may have used another one; nothing
    /// of the kind where it `is_same`.
    async fn wake_servers(self: &Arc<Self>, provider: &str, user: &User, is_same: bool) {
        let Some(known) = self.provider(provider) else {
            return;
        };
        for server in self.in_scope(None, Some(user)) {
            if !known.services.contains(&server.config.name) {
                continue;
            }
            if matches!(server.state(), State::NeedsSignIn { .. })
                || server.pool.counts().total == 0
            {
                server.wake();
            } else if is_same {
                // The next request is sent the new token.
            } else if user.is_local() {
                self.start_anew_if_possible(&server.config.name).await;
            } else {
                let why = Words::new("another account was signed in", "已登录另一个账号");
                return self.bid_farewell(user, &why);
            }
        }
    }

    /// Who has signed in: the gateway's own user, where that is their account.
    async fn user_of(&self, finished: &Finished) -> User {
        let own = AccountId::new(&finished.provider, User::LOCAL);
        let state = self.oauth.accounts.state(&own).await;
        let is_own = match state {
            Ok(
                AccountState::SignedIn { subject, .. } | AccountState::NeedsSignIn { subject, .. },
            ) => subject == finished.identity.subject,
            _ => false,
        };
        if is_own {
            User::local()
        } else {
            User::new(&format!(
                "{}:{}",
                finished.provider, finished.identity.subject
            ))
        }
    }
}

/// A fault for a person.
pub(crate) fn words(fault: &Fault) -> Words {
    Words::new(fault.to_string(), fault.chinese())
}
