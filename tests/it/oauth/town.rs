//! What the stories share: a gateway between a fake Alibaba Cloud and its clients.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::browser::{Arrived, Page};
use testkit::client::VERSION;
use testkit::{Aliyun, Answer, Browser, Gateway, McpHttp, OAuthApp, Setup, wait};

use crate::support::setup;

/// The application's own redirect, at which nobody listens: browsers stop there.
pub(super) const BACK: &str = "http://localhost:9/callback";

/// A gateway with two services of Alibaba Cloud behind it.
pub(super) struct Town {
    pub(super) gateway: Gateway,
    pub(super) aliyun: Aliyun,
}

// === impl Town ===

impl Town {
    pub(super) async fn start() -> Self {
        Self::start_with(|setup| setup).await
    }

    pub(super) async fn start_with(more: impl FnOnce(Setup) -> Setup) -> Self {
        Self::start_at(Aliyun::start().await, more).await
    }

    /// The redirect at Alibaba Cloud is registered to the letter, so the port is chosen beforehand.
    pub(super) async fn start_at(aliyun: Aliyun, more: impl FnOnce(Setup) -> Setup) -> Self {
        let port = free_port();
        let redirect = format!("http://localhost:{port}/oauth/callback");
        aliyun.allow_redirect(&redirect);
        let mut config = aliyun.config_json(&[("ecs", "/ecs/mcp"), ("oss", "/id/42/mcp")]);
        config["oauth"]["redirectUri"] = json!(redirect);
        let setup = setup()
            .without_port()
            .env("MCP_GATEWAY_KEYCHAIN", "off")
            .config("gateway", json!({ "port": port }))
            .config("oauth", config["oauth"].clone())
            .config("mcpServer", config["mcpServer"].clone());
        let gateway = more(setup).start().await;
        Self { gateway, aliyun }
    }

    /// The address of an endpoint of the gateway.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.gateway.base())
    }

    /// A client without a token that has not said hello.
    pub(super) fn stranger(&self, path: &str) -> McpHttp {
        McpHttp::new(self.at(path))
    }

    /// A client with a token that has said hello, of a user whose tools are known.
    pub(super) async fn client(&self, path: &str, token: &str) -> McpHttp {
        let mut client = self
            .stranger(path)
            .with("authorization", &format!("Bearer {token}"));
        client.initialize("{}", VERSION).await;
        await_tools(&client).await;
        client
    }

    /// A token as the window makes it for a client of the owner's.
    pub(super) async fn owners_token(&self) -> String {
        let made = self
            .gateway
            .api()
            .post("/api/grants", &json!({"label": "Story"}))
            .await;
        assert_eq!(made.status, 200, "{made:?}");
        made.json()["token"].as_str().expect("a token").to_owned()
    }

    /// The owner of the gateway signs in at Alibaba Cloud as this user; the services are there then.
    pub(super) async fn owner_signs_in(&self, user: &str) -> Page {
        let begun = self.begin_sign_in().await;
        let mut browser = Browser::new();
        let login = browser
            .open(begun["authorizeUrl"].as_str().expect("a URL"))
            .await;
        let page = browser.sign_in(login, user).await.page();
        self.await_account("signedIn").await;
        for service in ["ecs", "oss"] {
            self.gateway.await_any_tools(service).await;
        }
        page
    }

    /// The owner presses the button.
    pub(super) async fn begin_sign_in(&self) -> Value {
        let account = self.account().await;
        let ask = json!({"provider": account["provider"]});
        let begun = self.gateway.api().post("/api/accounts/sign-in", &ask).await;
        assert_eq!(begun.status, 200, "{begun:?}");
        begun.json()
    }

    /// The owner's account.
    pub(super) async fn account(&self) -> Value {
        let accounts = self.gateway.api().json("/api/accounts").await;
        let all = accounts["accounts"].as_array().expect("accounts");
        let mut owners = all.iter().filter(|account| account["user"] == "local");
        owners
            .next()
            .unwrap_or_else(|| panic!("no account in {accounts}"))
            .clone()
    }

    /// Waits until the owner's account is in this state.
    pub(super) async fn await_account(&self, state: &str) -> Value {
        let is_it = async || Some(self.account().await).filter(|account| account["state"] == state);
        wait::until(&format!("the account is {state}"), is_it).await
    }

    /// An MCP client that asks its way from a service and sends its user's browser.
    pub(super) async fn app(&self, path: &str, client_id: Option<&str>) -> OAuthApp {
        OAuthApp::discover(&self.at(path), client_id, BACK).await
    }
}

/// Waits until the tools of the client's user are known.
pub(super) async fn await_tools(client: &McpHttp) {
    let known = async {
        while client.tool_names().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    wait::soon("the tools to be known", known).await;
}

/// A browser that belongs to the user of an application.
pub(super) fn browser() -> Browser {
    Browser::new().application(BACK)
}

/// A page of the gateway is a page: safe headers, and only its own scripts, which are none.
pub(super) fn is_safe(page: &Page) {
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.answer.header("cache-control"), "no-store");
    assert!(
        !page.answer.body.contains("<script"),
        "{}",
        page.answer.body
    );
}

/// The tokens in a good answer of the token endpoint.
pub(super) fn tokens(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let said = answer.json();
    assert_eq!(said["token_type"], "Bearer");
    let text = |name: &str| {
        said[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {said}"))
            .to_owned()
    };
    (text("access_token"), text("refresh_token"))
}

/// A page, or the end of the test.
pub(super) fn shown(arrived: Arrived) -> Page {
    let page = arrived.page();
    assert_eq!(page.answer.status, 200, "{page:#?}");
    page
}

/// A port that nobody listens on, below those that the system gives out by itself.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap_or_default();
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::SeqCst);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
