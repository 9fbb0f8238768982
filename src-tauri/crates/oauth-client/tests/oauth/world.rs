//! A gateway's accounts beside a server, a browser, and a clock to turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use oauth_client::{
    AccountId, Accounts, Clock, Discovered, Fault, Finished, Fixed, HttpOptions, Login, Params,
    Provider,
};
use vault::Vault;

use crate::server::{Behaviour, Server};

pub(crate) const REDIRECT: &str = "mcp-gateway://oauth/callback";

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) vault: Vault,
    pub(crate) accounts: Accounts,
    clock: Arc<AtomicI64>,
}

impl World {
    pub(crate) async fn new(behaviour: Behaviour) -> Self {
        let (vault, clock) = (Vault::in_memory(), Arc::default());
        Self {
            server: Server::start(behaviour).await,
            accounts: accounts(&vault, &clock),
            vault,
            clock,
        }
    }

    /// A world in which `local` is signed in to [`provider`](Self::provider).
    pub(crate) async fn signed_in(behaviour: Behaviour) -> Self {
        let world = Self::new(behaviour).await;
        world.sign_in(Some("local")).await.unwrap();
        world
    }

    /// Turns this machine's clock.
    pub(crate) fn turn(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The gateway starts anew, with the same store.
    pub(crate) async fn restart(&mut self) {
        self.accounts.close().await;
        self.kill();
    }

    /// The same without a farewell.
    pub(crate) fn kill(&mut self) {
        self.accounts = accounts(&self.vault, &self.clock);
    }

    pub(crate) fn discovered(&self) -> Discovered {
        Discovered {
            name: "server:x".into(),
            url: self.server.endpoint(),
            ..Discovered::default()
        }
    }

    pub(crate) fn provider(&self) -> Provider {
        Provider::Discovered(self.discovered())
    }

    /// As Alibaba Cloud is configured.
    pub(crate) fn fixed(&self) -> Fixed {
        let at = |path: &str| format!("{}{path}", self.server.base());
        Fixed {
            name: "aliyun:intl".into(),
            authorization_endpoint: at("/authorize"),
            token_endpoint: at("/token"),
            revocation_endpoint: Some(at("/revoke")),
            userinfo_endpoint: Some(at("/userinfo")),
            client_id: Some("4161800".into()),
            scope: Some("/acs/mcp-server".into()),
            site: Some("intl".into()),
            ..Fixed::default()
        }
    }

    pub(crate) fn id(&self) -> AccountId {
        AccountId::new("server:x", "local")
    }

    pub(crate) async fn sign_in(&self, user: Option<&str>) -> Result<Finished, Fault> {
        self.sign_in_to(&self.provider(), user).await
    }

    pub(crate) async fn sign_in_to(
        &self,
        provider: &Provider,
        user: Option<&str>,
    ) -> Result<Finished, Fault> {
        let login = self
            .accounts
            .begin(user, provider, REDIRECT, "then".into())
            .await?;
        let back = browse(&login).await;
        self.accounts.finish(&answer(&back)).await
    }

    /// A token that is good for use.
    pub(crate) async fn bearer(&self) -> Result<String, Fault> {
        let bearer = self.accounts.bearer(&self.id(), &self.provider()).await;
        bearer.map(|token| token.reveal().to_owned())
    }

    /// A refresh has reached the server.
    pub(crate) async fn refreshing(&self) {
        while self.server.seen(|seen| seen.refreshes) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// The outcome of telling that a token was refused.
    pub(crate) async fn rejected(&self, used: &str, challenge: &str) -> Result<String, Fault> {
        let used = vault::Secret::new(used);
        let rejected = self
            .accounts
            .rejected(&self.id(), &self.provider(), &used, Some(challenge))
            .await;
        rejected.map(|token| token.reveal().to_owned())
    }
}

fn accounts(vault: &Vault, clock: &Arc<AtomicI64>) -> Accounts {
    let clock = Arc::clone(clock);
    let clock = Clock::new(move || Clock::system().now() + clock.load(Ordering::SeqCst));
    let user_agent = "test".to_owned();
    Accounts::new(vault.clone(), HttpOptions { user_agent, clock })
}

/// The person goes through the sign-in; where the browser is sent at the end.
pub(crate) async fn browse(login: &Login) -> String {
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = browser.get(&login.authorize_url).send().await.unwrap();
    assert_eq!(page.status(), 302, "{}", login.authorize_url);
    page.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn answer(url: &str) -> Params {
    Params::from_url(url).unwrap()
}
