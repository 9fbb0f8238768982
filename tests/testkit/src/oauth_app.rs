//! An application's side of OAuth, raw: every answer whole, every parameter open to being wrong.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::answer::Answer;
use crate::browser::parameter;
use crate::wait::soon;

/// A public client in the middle of a sign-in. Clones have the same verifier and state.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    http: reqwest::Client,
    /// Where the browser goes.
    pub authorization_endpoint: String,
    /// Where codes become tokens.
    pub token_endpoint: String,
    /// Who the application is.
    pub client_id: String,
    /// Where the browser comes back.
    pub redirect_uri: String,
    /// What it asks for.
    pub scope: Option<String>,
    /// For which resource.
    pub resource: Option<String>,
    /// Its own mark on the answer.
    pub state: String,
    /// What only it knows (RFC 7636).
    pub verifier: String,
    /// The metadata of the authorization server, where it was discovered.
    pub metadata: Value,
}

// === impl OAuthApp ===

impl OAuthApp {
    /// An application that knows its server.
    pub fn new(
        authorization_endpoint: &str,
        token_endpoint: &str,
        client_id: &str,
        redirect_uri: &str,
    ) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS roots can be built");
        Self {
            http,
            authorization_endpoint: authorization_endpoint.to_owned(),
            token_endpoint: token_endpoint.to_owned(),
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scope: None,
            resource: None,
            state: random(),
            verifier: random() + &random(),
            metadata: Value::Null,
        }
    }

    /// An application that knows only an MCP endpoint and asks its way from there: the endpoint's
    /// 401, the resource's metadata, the server's metadata, and registration, unless it brings an id.
    ///
    /// # Panics
    /// Where the way ends.
    pub async fn discover(endpoint: &str, client_id: Option<&str>, redirect_uri: &str) -> Self {
        let mut app = Self::new("", "", client_id.unwrap_or_default(), redirect_uri);
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "app", "version": "1"}}});
        let refused = app.post_json(endpoint, &hello).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        let resource = challenge(&refused, "resource_metadata").expect("resource_metadata");
        let resource = app.document(&resource).await;
        assert_eq!(resource["resource"], endpoint, "{resource}");
        let issuer = resource["authorization_servers"][0]
            .as_str()
            .expect("a server")
            .to_owned();
        app.metadata = app.document(&metadata_of(&issuer)).await;
        assert_eq!(app.metadata["issuer"], issuer, "{}", app.metadata);
        assert_eq!(
            app.metadata["code_challenge_methods_supported"],
            json!(["S256"])
        );
        let endpoint_of = |name: &str| app.metadata[name].as_str().map(str::to_owned);
        app.authorization_endpoint = endpoint_of("authorization_endpoint").expect("an endpoint");
        app.token_endpoint = endpoint_of("token_endpoint").expect("an endpoint");
        app.resource = Some(endpoint.to_owned());
        app.scope = challenge(&refused, "scope");
        if client_id.is_none() {
            let registered = app.register("Story").await;
            assert_eq!(registered.status, 201, "{registered:?}");
            app.client_id = registered.json()["client_id"]
                .as_str()
                .expect("an id")
                .to_owned();
        }
        app
    }

    /// Registers a native public client of this name (RFC 7591).
    pub async fn register(&self, name: &str) -> Answer {
        let endpoint = self.metadata["registration_endpoint"].as_str();
        let ask = json!({
            "client_name": name,
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        });
        self.post_json(endpoint.expect("clients can register"), &ask)
            .await
    }

    /// Where it sends the browser.
    pub fn authorize_url(&self) -> String {
        self.authorize_url_with(&[])
    }

    /// The same with parameters replaced or added; an empty one is left out.
    pub fn authorize_url_with(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("state", &self.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        pairs.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        pairs.extend(
            self.resource
                .as_deref()
                .map(|resource| ("resource", resource)),
        );
        let endpoint = &self.authorization_endpoint;
        format!("{endpoint}?{}", encoded(pairs, changes))
    }

    /// The code in the address to which the browser was sent back.
    ///
    /// # Panics
    /// If it is not the answer to this application's request.
    pub fn code(&self, back: &Url) -> String {
        assert!(back.as_str().starts_with(&self.redirect_uri), "{back}");
        assert_eq!(
            parameter(back, "state").as_deref(),
            Some(self.state.as_str()),
            "{back}"
        );
        parameter(back, "code").unwrap_or_else(|| panic!("no code in {back}"))
    }

    /// A code becomes tokens.
    pub async fn exchange(&self, code: &str) -> Answer {
        self.exchange_with(code, &[]).await
    }

    /// The same with parameters replaced or added; an empty one is left out.
    pub async fn exchange_with(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("client_id", &self.client_id),
            ("code_verifier", &self.verifier),
        ];
        pairs.extend(
            self.resource
                .as_deref()
                .map(|resource| ("resource", resource)),
        );
        self.post_form(&self.token_endpoint, encoded(pairs, changes))
            .await
    }

    /// A refresh token becomes new tokens.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.refresh_with(token, &[]).await
    }

    /// The same with parameters replaced or added; an empty one is left out.
    pub async fn refresh_with(&self, token: &str, changes: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &self.client_id),
        ];
        pairs.extend(
            self.resource
                .as_deref()
                .map(|resource| ("resource", resource)),
        );
        self.post_form(&self.token_endpoint, encoded(pairs, changes))
            .await
    }

    /// A token is given back (RFC 7009).
    pub async fn revoke(&self, endpoint: &str, token: &str) -> Answer {
        let pairs = vec![("token", token), ("client_id", self.client_id.as_str())];
        self.post_form(endpoint, encoded(pairs, &[])).await
    }

    async fn document(&self, address: &str) -> Value {
        let sent = soon("a document", self.http.get(address).send()).await;
        let answer = Answer::read(sent.expect("it answers")).await;
        assert_eq!(answer.status, 200, "{address}: {answer:?}");
        answer.json()
    }

    async fn post_json(&self, address: &str, body: &Value) -> Answer {
        let request = self
            .http
            .post(address)
            .header("content-type", "application/json");
        let request = request.header("accept", "application/json, text/event-stream");
        let sent = soon("an answer", request.body(body.to_string()).send()).await;
        Answer::read(sent.expect("it answers")).await
    }

    async fn post_form(&self, address: &str, body: String) -> Answer {
        let request = self.http.post(address);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let sent = soon("an answer", request.body(body).send()).await;
        Answer::read(sent.expect("it answers")).await
    }
}

/// A parameter of the `WWW-Authenticate` of an answer.
pub fn challenge(answer: &Answer, name: &str) -> Option<String> {
    let said = answer.header("www-authenticate").strip_prefix("Bearer ")?;
    let mut parameters = said
        .split(',')
        .filter_map(|pair| pair.trim().split_once('='));
    let found = parameters.find(|(key, _)| *key == name);
    found.map(|(_, value)| value.trim_matches('"').to_owned())
}

/// Where an issuer has its metadata (RFC 8414, 3.1).
fn metadata_of(issuer: &str) -> String {
    let mut url = Url::parse(issuer).expect("an issuer");
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    url.to_string()
}

fn encoded(mut pairs: Vec<(&str, &str)>, changes: &[(&str, &str)]) -> String {
    pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let changed = changes.iter().filter(|(_, value)| !value.is_empty());
    Serializer::new(String::new())
        .extend_pairs(pairs)
        .extend_pairs(changed)
        .finish()
}

fn random() -> String {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}
