//! An authorization server and the MCP endpoint that it protects; strict about
//! PKCE, redirects, clients and single use, and misbehaving on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub(crate) use crate::behaviour::{Behaviour, Place};
use crate::metadata::published;

/// What has happened.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) clients: HashMap<String, Vec<String>>,
    codes: HashMap<String, Code>,
    refresh: HashMap<String, Refresh>,
    access: Vec<String>,
    pub(crate) registrations: u32,
    pub(crate) code_requests: u32,
    pub(crate) refreshes: u32,
    pub(crate) revoked: u32,
    pub(crate) paths: Vec<String>,
    pub(crate) last_authorize: HashMap<String, String>,
    pub(crate) last_token: HashMap<String, String>,
    pub(crate) faults: Vec<String>,
    next: u32,
}

struct Code {
    client: String,
    redirect: String,
    challenge: String,
    resource: Option<String>,
}

#[derive(Clone)]
struct Refresh {
    client: String,
    superseded: bool,
    revoked: bool,
}

struct Inner {
    base: String,
    behaviour: Mutex<Behaviour>,
    seen: Mutex<Seen>,
}

/// A running server; it ends with its runtime.
#[derive(Clone)]
pub(crate) struct Server(Arc<Inner>);

type Form = HashMap<String, String>;

impl Server {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = Self(Arc::new(Inner {
            base,
            behaviour: Mutex::new(behaviour),
            seen: Mutex::default(),
        }));
        let router = Router::new().fallback(handle).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(crate) fn base(&self) -> &str {
        &self.0.base
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{}/x/mcp", self.0.base)
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}{}", self.0.base, self.behave(|b| b.issuer_path))
    }

    pub(crate) fn behave<T>(&self, change: impl FnOnce(&mut Behaviour) -> T) -> T {
        change(&mut self.0.behaviour.lock().unwrap())
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.seen.lock().unwrap())
    }

    /// Registers a client beforehand.
    pub(crate) fn know(&self, client: &str, redirect: &str) {
        self.seen(|seen| {
            seen.clients
                .insert(client.to_owned(), vec![redirect.to_owned()])
        });
    }

    /// Whether the MCP endpoint takes this token.
    pub(crate) fn takes(&self, token: &str) -> bool {
        !self.behave(|b| b.refuses_all) && self.seen(|s| s.access.iter().any(|t| t == token))
    }

    /// The access tokens issued so far are void.
    pub(crate) fn expire_access(&self) {
        self.seen(|seen| seen.access.clear());
    }

    /// Every refresh token is void.
    pub(crate) fn revoke_all(&self) {
        self.seen(|seen| {
            for token in seen.refresh.values_mut() {
                token.revoked = true;
            }
            seen.access.clear();
        });
    }

    fn mcp(&self, parts: &Parts) -> Response {
        let bearer = parts.headers.get(header::AUTHORIZATION);
        let token = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if token.is_some_and(|token| self.takes(token)) {
            return answer(200, &json!({}));
        }
        let challenge = match self.behave(|b| b.resource_at) {
            Place::Challenge => format!(r#"Bearer resource_metadata="{}/meta""#, self.0.base),
            _ => "Bearer".to_owned(),
        };
        let mut refused = answer(401, &json!({"error": "invalid_token"}));
        let headers = refused.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
        refused
    }

    fn register(&self, body: &[u8]) -> Response {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let redirects = asked["redirect_uris"].as_array().unwrap();
        let redirects = redirects.iter().map(|r| r.as_str().unwrap().to_owned());
        let id = self.seen(|seen| {
            seen.registrations += 1;
            let id = format!("registered-{}", seen.registrations);
            seen.clients.insert(id.clone(), redirects.collect());
            id
        });
        answer(
            201,
            &json!({"client_id": id, "token_endpoint_auth_method": "none"}),
        )
    }

    /// Consents at once, as a person who is signed in would.
    fn authorize(&self, query: &Form) -> Response {
        let redirect = query["redirect_uri"].clone();
        let known = self.seen(|seen| {
            seen.last_authorize.clone_from(query);
            seen.clients
                .get(&query["client_id"])
                .is_some_and(|known| known.contains(&redirect))
        });
        let sound = query["response_type"] == "code"
            && query["code_challenge_method"] == "S256"
            && query["state"].len() >= 16;
        if !known || !sound {
            return answer(400, &json!({"error": "invalid_request"}));
        }
        let code = self.seen(|seen| {
            seen.next += 1;
            let code = format!("code-{}-{}-planted", seen.next, self.0.base);
            let begun = Code {
                client: query["client_id"].clone(),
                redirect: redirect.clone(),
                challenge: query["code_challenge"].clone(),
                resource: query.get("resource").cloned(),
            };
            seen.codes.insert(code.clone(), begun);
            code
        });
        let mut back = url::Url::parse(&redirect).unwrap();
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &query["state"]);
        if self.behave(|b| b.says_issuer) {
            back.query_pairs_mut().append_pair("iss", &self.issuer());
        }
        let mut response = answer(302, &json!({}));
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, back.as_str().parse().unwrap());
        response
    }

    async fn token(&self, parts: &Parts, form: &Form) -> Response {
        let answered = self.decide(parts, form);
        let slow = self.behave(|b| b.slow);
        tokio::time::sleep(slow).await;
        answered
    }

    fn decide(&self, parts: &Parts, form: &Form) -> Response {
        let (fails, loses, secret) = self.behave(|b| {
            let fails = b.fail > 0;
            b.fail = b.fail.saturating_sub(1);
            let loses = !fails && b.lose > 0;
            b.lose -= u32::from(loses);
            (fails, loses, b.client_secret)
        });
        let refreshes = form["grant_type"] == "refresh_token";
        self.seen(|seen| {
            seen.last_token.clone_from(form);
            if refreshes {
                seen.refreshes += 1;
            } else {
                seen.code_requests += 1;
            }
        });
        if fails {
            return answer(500, &json!({"error": "server_error"}));
        }
        let client = match (secret, form.get("client_id")) {
            (None, Some(client)) => client.clone(),
            (Some(secret), None) if basic(parts) == Some(format!("confidential:{secret}")) => {
                "confidential".to_owned()
            }
            _ => return answer(401, &json!({"error": "invalid_client"})),
        };
        let granted = if refreshes {
            self.rotate(&client, form)
        } else {
            self.redeem(&client, form)
        };
        match granted {
            Err(why) => {
                self.seen(|seen| seen.faults.push(why.to_owned()));
                answer(
                    400,
                    &json!({"error": "invalid_grant", "error_description": why}),
                )
            }
            Ok(_) if loses => answer(502, &json!({})),
            Ok(granted) => answer(200, &granted),
        }
    }

    fn redeem(&self, client: &str, form: &Form) -> Result<Value, &'static str> {
        let code = self
            .seen(|seen| seen.codes.remove(&form["code"]))
            .ok_or("unknown code")?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
        if code.challenge != challenge {
            return Err("wrong verifier");
        }
        if code.client != client {
            return Err("another client's code");
        }
        if form.get("redirect_uri") != Some(&code.redirect) {
            return Err("another redirect");
        }
        if form.get("resource") != code.resource.as_ref() {
            return Err("another resource");
        }
        Ok(self.grant(client))
    }

    fn rotate(&self, client: &str, form: &Form) -> Result<Value, &'static str> {
        let grace = self.behave(|b| b.grace);
        self.seen(|seen| {
            let token = seen
                .refresh
                .get_mut(&form["refresh_token"])
                .ok_or("unknown token")?;
            if token.client != client {
                return Err("another client's token");
            }
            if token.revoked || (token.superseded && !grace) {
                return Err("reused token");
            }
            token.superseded = true;
            Ok(())
        })?;
        Ok(self.grant(client))
    }

    fn grant(&self, client: &str) -> Value {
        let behaviour = self.behave(|b| b.clone());
        self.seen(|seen| {
            seen.next += 1;
            let (access, refresh) = (
                format!("access-{}-planted", seen.next),
                format!("refresh-{}-planted", seen.next),
            );
            seen.access.push(access.clone());
            let mut granted = json!({
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": behaviour.expires_in,
            });
            if behaviour.refresh_tokens {
                granted["refresh_token"] = json!(refresh);
                let token = Refresh {
                    client: client.to_owned(),
                    superseded: false,
                    revoked: false,
                };
                seen.refresh.insert(refresh, token);
            }
            if behaviour.id_token {
                let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"subject-1","name":"Lin"}"#);
                granted["id_token"] = json!(format!("e30.{claims}.c2ln"));
            }
            granted
        })
    }

    fn revoke(&self, form: &Form) -> Response {
        self.seen(|seen| {
            seen.revoked += 1;
            if let Some(token) = seen.refresh.get_mut(&form["token"]) {
                token.revoked = true;
            }
            seen.access.retain(|token| *token != form["token"]);
        });
        answer(200, &json!({}))
    }
}

async fn handle(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let path = parts.uri.path();
    server.seen(|seen| seen.paths.push(path.to_owned()));
    let query = form(parts.uri.query().unwrap_or_default().as_bytes());
    match path {
        "/x/mcp" => server.mcp(&parts),
        "/register" => server.register(&body),
        "/authorize" => server.authorize(&query),
        "/token" => server.token(&parts, &form(&body)).await,
        "/revoke" => server.revoke(&form(&body)),
        "/userinfo" => match server.behave(|b| b.userinfo.clone()) {
            Some(userinfo) => answer(200, &userinfo),
            None => answer(403, &json!({"error": "insufficient_scope"})),
        },
        path => {
            let (status, document) = published(&server, path).unwrap_or((404, json!({})));
            answer(status, &document)
        }
    }
}

fn answer(status: u16, body: &Value) -> Response {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn form(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn basic(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let pair = base64::engine::general_purpose::STANDARD
        .decode(value.strip_prefix("Basic ")?)
        .ok()?;
    String::from_utf8(pair).ok()
}
