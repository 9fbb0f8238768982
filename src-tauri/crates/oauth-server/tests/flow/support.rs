//! A facade, a browser and a client, as far as the stories need them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use oauth_server::{Clock, Facade, Host, Words};
use serde_json::Value;
use tower::ServiceExt as _;
use url::Url;
use url::form_urlencoded::Serializer;
use vault::Vault;

pub(crate) const LOCAL: &str = "http://localhost:4298";
pub(crate) const PUBLIC: &str = "https://gw.example.com";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CALLBACK: &str = "http://localhost:33418/callback";

/// A gateway around the facade.
pub(crate) struct Gateway {
    base: &'static str,
    account: AtomicBool,
    /// Accounts were taken back where they come from.
    revoked: AtomicBool,
}

impl Host for Gateway {
    fn base(&self, _: &Parts) -> String {
        self.base.to_owned()
    }

    fn endpoint(&self, path: &str) -> bool {
        ["/mcp", "/ecs/mcp"].contains(&path)
    }

    fn local_approval(&self, _: &Parts) -> bool {
        self.base == LOCAL
    }

    fn sign_in(&self) -> Option<Words> {
        let has = self.account.load(Ordering::SeqCst);
        has.then(|| Words::new("Alibaba Cloud", "阿里云"))
    }

    fn is_signed_in<'h>(&'h self, _: &'h str) -> BoxFuture<'h, bool> {
        let revoked = self.revoked.load(Ordering::SeqCst);
        Box::pin(async move { !revoked })
    }

    fn begin_sign_in(&self, base: &str, then: String) -> BoxFuture<'_, Result<String, Words>> {
        assert_eq!(base, self.base);
        Box::pin(async move { Ok(format!("https://signin.example.com/?then={then}")) })
    }
}

pub(crate) struct World {
    pub(crate) facade: Facade,
    pub(crate) vault: Vault,
    pub(crate) base: &'static str,
    router: Router,
    host: Arc<Gateway>,
    time: Arc<AtomicU64>,
}

impl World {
    pub(crate) fn local() -> Self {
        Self::with(LOCAL, Vault::in_memory())
    }

    pub(crate) fn public() -> Self {
        let world = Self::with(PUBLIC, Vault::in_memory());
        world.host.account.store(true, Ordering::SeqCst);
        world
    }

    pub(crate) fn with(base: &'static str, vault: Vault) -> Self {
        let time = Arc::new(AtomicU64::new(1_000_000));
        let now = Arc::clone(&time);
        let clock = Clock::new(move || now.load(Ordering::SeqCst));
        let facade = Facade::new(vault.clone(), clock);
        let host = Arc::new(Gateway {
            base,
            account: AtomicBool::new(false),
            revoked: AtomicBool::new(false),
        });
        Self {
            router: facade.routes(host.clone()),
            facade,
            vault,
            base,
            host,
            time,
        }
    }

    /// The same store after a restart of the gateway.
    pub(crate) fn restarted(&self) -> Self {
        let world = Self::with(self.base, self.vault.clone());
        world
            .time
            .store(self.time.load(Ordering::SeqCst), Ordering::SeqCst);
        let account = self.host.account.load(Ordering::SeqCst);
        world.host.account.store(account, Ordering::SeqCst);
        world
    }

    pub(crate) fn offer_account(&self) {
        self.host.account.store(true, Ordering::SeqCst);
    }

    /// Nobody's account works any more, or those of all do again.
    pub(crate) fn revoke_accounts(&self, revoked: bool) {
        self.host.revoked.store(revoked, Ordering::SeqCst);
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.time.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible")
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Request::get(path).body(Body::empty()).expect("a request"))
            .await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(form).into())
            .expect("a request");
        self.send(request).await
    }

    pub(crate) async fn register(&self, document: Value) -> Response {
        let request = Request::post("/oauth/register")
            .header("content-type", "application/json")
            .body(document.to_string().into())
            .expect("a request");
        self.send(request).await
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let response = self.post("/oauth/token", form).await;
        assert_eq!(response.headers()["cache-control"], "no-store");
        (response.status(), json(response).await)
    }

    pub(crate) async fn exchange(&self, code: &str) -> (StatusCode, Value) {
        let form = code_form(code);
        self.token(&form).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", "mcp-gateway"),
        ];
        self.token(&form).await
    }

    /// Signs the client `mcp-gateway` in at `/mcp`, the owner agreeing.
    pub(crate) async fn signed_in(&self) -> Value {
        let code = self.code(&[]).await;
        let (status, tokens) = self.exchange(&code).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        tokens
    }

    /// A code for a request that the owner of the machine allows.
    pub(crate) async fn code(&self, changes: &[(&str, &str)]) -> String {
        let mut browser = Browser::new(self);
        browser.open(&authorize(changes)).await;
        let waiting = browser.follow().await;
        assert_eq!(waiting.status, StatusCode::OK, "{}", waiting.body);
        let asked = self.facade.approvals();
        assert!(self.facade.approve(&asked.last().expect("asked").id));
        let done = browser.reload().await;
        answer(&done.location())["code"].clone()
    }
}

/// A browser: it keeps cookies and knows where it is.
pub(crate) struct Browser<'a> {
    world: &'a World,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) at: String,
    pub(crate) language: &'static str,
}

pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self {
            world,
            cookies: BTreeMap::new(),
            at: String::new(),
            language: "en",
        }
    }

    pub(crate) async fn open(&mut self, path: &str) -> Seen {
        self.at = path.to_owned();
        let request = Request::get(path)
            .header("cookie", self.cookie())
            .header("accept-language", self.language)
            .body(Body::empty())
            .expect("a request");
        let response = self.world.send(request).await;
        self.see(response).await
    }

    /// Presses a button of the form on the page.
    pub(crate) async fn press(&mut self, page: &Seen, decision: &str) -> Seen {
        let (request, token) = (page.field("request"), page.field("token"));
        let form = [
            ("request", request.as_str()),
            ("token", token.as_str()),
            ("decision", decision),
        ];
        self.submit(&form).await
    }

    pub(crate) async fn submit(&mut self, form: &[(&str, &str)]) -> Seen {
        self.at = "/oauth/consent".to_owned();
        let request = Request::post("/oauth/consent")
            .header("cookie", self.cookie())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(form).into())
            .expect("a request");
        let response = self.world.send(request).await;
        self.see(response).await
    }

    pub(crate) async fn reload(&mut self) -> Seen {
        let at = self.at.clone();
        self.open(&at).await
    }

    /// Goes where the last answer, a redirect within the gateway, leads.
    pub(crate) async fn follow(&mut self) -> Seen {
        let at = self.at.clone();
        self.open(&at).await
    }

    /// Takes cookies and the new place out of an answer.
    pub(crate) async fn see(&mut self, response: Response) -> Seen {
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(location) = parts.headers.get("location") {
            let here = Url::parse(self.world.base).expect("a base");
            let here = here.join(&self.at).expect("a path");
            let target = here
                .join(location.to_str().expect("text"))
                .expect("a target");
            if target.as_str().starts_with(self.world.base) {
                self.at = target.as_str()[self.world.base.len()..].to_owned();
            }
        }
        let bytes = body.collect().await.expect("a body").to_bytes();
        Seen {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).expect("text"),
        }
    }

    fn cookie(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }
}

impl Seen {
    pub(crate) fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.headers["location"].to_str().expect("text").to_owned()
    }

    pub(crate) fn field(&self, name: &str) -> String {
        let from = format!("name=\"{name}\" value=\"");
        let rest = self.body.split_once(&from).expect("the field").1;
        rest.split_once('"').expect("its end").0.to_owned()
    }
}

/// The path of an authorization request in order, with some parameters changed; an empty
/// value leaves one out.
pub(crate) fn authorize(changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", "mcp-gateway"),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "xyz"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    format!("/oauth/authorize?{}", encoded(&parameters))
}

pub(crate) fn code_form(code: &str) -> [(&str, &str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("client_id", "mcp-gateway"),
        ("code_verifier", VERIFIER),
    ]
}

/// The parameters of an answer at the client's address.
pub(crate) fn answer(location: &str) -> BTreeMap<String, String> {
    let url = Url::parse(location).expect("a URL");
    url.query_pairs().into_owned().collect()
}

pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

pub(crate) async fn json(response: Response) -> Value {
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    serde_json::from_slice(&bytes).expect("JSON")
}

pub(crate) fn text(document: &Value, key: &str) -> String {
    document[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {document}"))
        .to_owned()
}
