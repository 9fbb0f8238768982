//! A fake Alibaba Cloud, and with other names any OAuth server with MCP endpoints: strict as the
//! real one, without a person in the loop where a test wants that, and misbehaving on demand.
//!
//! What it promised (`books`) and how it behaves (`behaviour`) are plain data; the pages
//! (`authorize`), tokens (`token`), documents (`discovery`) and MCP endpoints (`mcp`) ask them.
//! `traffic` sees every request first; `control` is the same switches over HTTP.

mod authorize;
mod behaviour;
mod books;
mod control;
mod discovery;
mod fake;
mod form;
mod mcp;
mod options;
mod program;
mod terms;
mod token;
mod traffic;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::routing::{any, get, post};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::setup::Setup;

pub use behaviour::{Announced, Behaviour, Episode, Kind, Places, Rotation, Said, Trouble};
pub use options::{Options, Paths};
pub use program::main;
pub use terms::Tokens;
pub use traffic::{Count, Counts, Seen};

use fake::Fake;

/// A fake that runs on a thread of its own, so that a test that blocks does not block it.
/// It ends when dropped, whatever still hangs.
pub struct Aliyun {
    fake: Arc<Fake>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

// === impl Aliyun ===

impl Aliyun {
    /// Alibaba Cloud at its best.
    pub async fn start() -> Self {
        Self::start_with(Options::aliyun())
    }

    /// Some strict OAuth server with MCP endpoints, whose clients register themselves.
    pub async fn start_generic() -> Self {
        Self::start_with(Options::generic())
    }

    /// Anything else.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn start_with(options: Options) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", options.port)).expect("a port is free");
        listener
            .set_nonblocking(true)
            .expect("a socket can be non-blocking");
        let address = listener.local_addr().expect("it listens");
        let fake = Arc::new(Fake::new(options, format!("http://{address}")));
        let (stop, stopped) = oneshot::channel();
        let routes = routes(fake.clone());
        let thread = std::thread::spawn(move || serve(listener, routes, stopped));
        Self {
            fake,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.fake.base
    }

    /// Its `iss`.
    pub fn issuer(&self) -> String {
        self.fake.issuer()
    }

    /// The application that is registered from the start.
    pub fn client_id(&self) -> &str {
        &self.fake.options.client_id
    }

    /// The address of an endpoint of the authorization server, by its path.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url())
    }

    /// Where its endpoints are.
    pub fn paths(&self) -> &Paths {
        &self.fake.options.paths
    }

    /// The `oauth` and `mcpServer` parts of a config in the shape of MCP Gateway for Aliyun, with
    /// these services (alias, path).
    pub fn config_json(&self, services: &[(&str, &str)]) -> Value {
        let paths = self.paths();
        let services: serde_json::Map<_, _> = services
            .iter()
            .map(|(alias, path)| ((*alias).to_owned(), json!(path)))
            .collect();
        json!({
            "oauth": {
                "clientId": self.client_id(),
                "authorizationEndpoint": self.at(&paths.authorize),
                "tokenEndpoint": self.at(&paths.token),
                "revocationEndpoint": self.at(&paths.revoke),
                "userinfoEndpoint": self.at(&paths.userinfo),
                "scope": self.fake.options.scopes[0],
            },
            "mcpServer": {"baseUrl": self.url(), "services": services},
        })
    }

    /// The same put into what a gateway is started with.
    #[must_use]
    pub fn behind(&self, setup: Setup, services: &[(&str, &str)]) -> Setup {
        let config = self.config_json(services);
        setup
            .config("oauth", config["oauth"].clone())
            .config("mcpServer", config["mcpServer"].clone())
    }

    /// Registers another exact redirect address of the application.
    pub fn allow_redirect(&self, redirect: &str) {
        self.fake.books().allow_redirect(self.client_id(), redirect);
    }

    /// Changes how it behaves from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.fake.behaviour());
    }

    /// How many requests of each kind came so far.
    pub fn counts(&self) -> Counts {
        self.fake.traffic().counts.clone()
    }

    /// Every request of a kind so far.
    pub fn seen(&self, kind: Kind) -> Vec<Seen> {
        let traffic = self.fake.traffic();
        traffic
            .seen
            .iter()
            .filter(|seen| seen.kind == kind)
            .cloned()
            .collect()
    }

    /// The tool calls that were let in, in the order in which they came.
    pub fn calls(&self) -> Vec<Seen> {
        let mut calls = self.seen(Kind::Mcp);
        calls.retain(|seen| seen.status == 200 && seen.body.contains("\"tools/call\""));
        calls
    }

    /// Every token that a user was ever given.
    pub fn tokens_of(&self, user: &str) -> Tokens {
        self.fake.books().tokens_of(user, self.fake.now())
    }

    /// A static credential of a user, for machines without a browser.
    pub fn credential(&self, user: &str) -> String {
        let scope = &self.fake.options.scopes[0];
        self.fake.books().credential(user, scope)
    }

    /// The number by which it knows a user.
    pub fn subject(&self, user: &str) -> String {
        fake::subject(user)
    }

    /// Lets its time pass: codes and tokens expire without being waited for.
    pub fn advance(&self, seconds: u64) {
        self.fake.advance(seconds);
    }

    /// The access tokens of a user expire now, unannounced; refresh tokens stay good.
    pub fn expire(&self, user: &str) {
        self.fake.books().expire(user);
    }

    /// A user takes back everything that was ever allowed.
    pub fn revoke(&self, user: &str) {
        self.fake.books().revoke_user(user);
    }
}

impl Drop for Aliyun {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the fake Alibaba Cloud panicked");
        }
    }
}

fn routes(fake: Arc<Fake>) -> Router {
    let paths = fake.options.paths.clone();
    let tenant = fake.options.issuer_path.clone();
    let mut routes = Router::new()
        .route(
            &paths.authorize,
            get(authorize::enter).post(authorize::submit),
        )
        .route(&paths.token, post(token::token))
        .route(&paths.revoke, post(token::revoke))
        .route(&paths.userinfo, get(token::userinfo))
        .route("/register", post(discovery::register))
        .route("/.well-known/{*rest}", get(discovery::document))
        .merge(control::routes())
        .fallback(any(mcp::endpoint));
    if !tenant.is_empty() {
        let place = format!("{tenant}/.well-known/{{*rest}}");
        routes = routes.route(&place, get(discovery::document));
    }
    let pass = axum::middleware::from_fn_with_state(fake.clone(), traffic::pass);
    routes.layer(pass).with_state(fake)
}

fn serve(listener: TcpListener, routes: Router, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        tokio::select! {
            ended = axum::serve(listener, routes) => ended.expect("it serves"),
            _ = stopped => {}
        }
    });
    // What hangs is let go together with the runtime.
    runtime.shutdown_background();
}
