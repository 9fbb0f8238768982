//! The pages: sign in, then allow. An application or address that is not registered to the letter
//! gets a page and no redirect (RFC 6749, 4.1.2.1); any other fault goes back to the application.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::behaviour::Said;
use super::discovery;
use super::fake::{Fake, is_user};
use super::form::Form;
use super::terms::Request;

const COOKIE: &str = "aliyun_login";

/// What is wrong with an authorization request.
enum Fault {
    /// Nobody to send the browser back to.
    Page(&'static str),
    /// For the application.
    Back(Box<Request>, &'static str, &'static str),
}

/// `GET`: the application sends a browser.
pub(super) async fn enter(
    State(fake): State<Arc<Fake>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let Some(form) = Form::read(&query) else {
        return page(StatusCode::BAD_REQUEST, "<p>A parameter comes twice.</p>");
    };
    discovery::read_document(&fake, form.get("client_id").unwrap_or_default()).await;
    let request = match check(&fake, &form) {
        Ok(request) => request,
        Err(Fault::Page(why)) => return page(StatusCode::BAD_REQUEST, &format!("<p>{why}</p>")),
        Err(Fault::Back(request, error, why)) => {
            return back(
                &fake,
                &request,
                &[("error", error), ("error_description", why)],
            );
        }
    };
    let auto = fake.behaviour().auto_login.clone();
    let hint = form.get("login_hint").map(str::to_owned);
    let known = auto
        .or(hint)
        .or_else(|| cookie(&headers))
        .filter(|user| is_user(user));
    match known {
        Some(user) => allowed(&fake, request, &user),
        None => login_page(&fake.books().begin(request)),
    }
}

/// `POST`: one of the forms on the pages.
pub(super) async fn submit(
    State(fake): State<Arc<Fake>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let form = Form::read(&body).filter(|_| is_form(&headers));
    let Some(form) = form else {
        return page(
            StatusCode::BAD_REQUEST,
            "<p>This is no form of these pages.</p>",
        );
    };
    let ticket = form.get("ticket").unwrap_or_default();
    if fake.books().ticket(ticket).is_none() {
        return page(
            StatusCode::BAD_REQUEST,
            "<p>This login has ended. Begin again.</p>",
        );
    }
    if let Some(user) = form.get("user") {
        return match is_user(user) {
            true => consent_page(ticket, user),
            false => page(StatusCode::BAD_REQUEST, "<p>There is no such user.</p>"),
        };
    }
    let Some(user) = cookie(&headers).filter(|user| is_user(user)) else {
        return page(
            StatusCode::BAD_REQUEST,
            "<p>Nobody is signed in. Are cookies kept?</p>",
        );
    };
    let Some(request) = fake.books().end(ticket) else {
        return page(
            StatusCode::BAD_REQUEST,
            "<p>This login has ended. Begin again.</p>",
        );
    };
    match form.get("decision") {
        Some("allow") => allowed(&fake, request, &user),
        _ => back(&fake, &request, &[("error", "access_denied")]),
    }
}

/// Everything that the real one insists on.
fn check(fake: &Fake, form: &Form) -> Result<Request, Fault> {
    let client = form.get("client_id").unwrap_or_default();
    let redirect = form.get("redirect_uri").unwrap_or_default();
    let books = fake.books();
    let known = books
        .client(client)
        .ok_or(Fault::Page("There is no such application."))?;
    if !known
        .redirects
        .iter()
        .any(|registered| registered == redirect)
    {
        return Err(Fault::Page(
            "redirect_uri is not registered for this application.",
        ));
    }
    let owned = |name: &str| form.get(name).map(str::to_owned);
    let options = &fake.options;
    let request = Request {
        client: client.to_owned(),
        redirect: redirect.to_owned(),
        scope: owned("scope").unwrap_or_else(|| match options.wants_scope {
            true => String::new(),
            false => options.scopes[0].clone(),
        }),
        state: owned("state"),
        challenge: owned("code_challenge").unwrap_or_default(),
        resource: owned("resource"),
    };
    let mut scopes = request.scope.split(' ');
    let fault = if form.get("response_type") != Some("code") {
        Some(("unsupported_response_type", "response_type must be code"))
    } else if form.get("code_challenge_method") != Some("S256") || request.challenge.len() != 43 {
        Some((
            "invalid_request",
            "a code_challenge with method S256 is required",
        ))
    } else if !scopes
        .clone()
        .all(|scope| options.scopes.iter().any(|known| known == scope))
    {
        Some(("invalid_scope", "scope is missing or unknown"))
    } else if options.wants_scope && !scopes.any(|scope| scope == options.scopes[0]) {
        Some(("invalid_scope", "scope must name the MCP servers"))
    } else if fake.behaviour().wants_resource && request.resource.is_none() {
        Some(("invalid_target", "resource is required"))
    } else {
        None
    };
    match fault {
        Some((error, why)) => Err(Fault::Back(Box::new(request), error, why)),
        None => Ok(request),
    }
}

fn allowed(fake: &Fake, request: Request, user: &str) -> Response {
    let now = fake.now();
    let code = fake.books().code(request.clone(), user, now);
    let mut response = back(fake, &request, &[("code", &code)]);
    sign_in(&mut response, user);
    response
}

/// Sends the browser back to the application.
fn back(fake: &Fake, request: &Request, answer: &[(&str, &str)]) -> Response {
    let behaviour = fake.behaviour();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    match (behaviour.state, &request.state) {
        (Said::Right, Some(state)) => drop(query.append_pair("state", state)),
        (Said::Wrong, _) => drop(query.append_pair("state", "of-another-login")),
        _ => {}
    }
    match behaviour.iss {
        Said::Right => drop(query.append_pair("iss", &fake.issuer())),
        Said::Wrong => drop(query.append_pair("iss", "https://attacker.example")),
        Said::Absent => {}
    }
    let separator = if request.redirect.contains('?') {
        '&'
    } else {
        '?'
    };
    let location = format!("{}{separator}{}", request.redirect, query.finish());
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn login_page(ticket: &str) -> Response {
    let button =
        |user: &str| format!(r#"<button type="submit" name="user" value="{user}">{user}</button>"#);
    let (alice, bob) = (button("alice"), button("bob"));
    page(
        StatusCode::OK,
        &format!(
            r#"<h1>Sign in to Alibaba Cloud</h1>
<form method="post"><input type="hidden" name="ticket" value="{ticket}">{alice} {bob}</form>
<form method="post" id="login"><input type="hidden" name="ticket" value="{ticket}">
<label>Name <input name="user" autofocus></label> <button type="submit">Sign in</button></form>"#
        ),
    )
}

fn consent_page(ticket: &str, user: &str) -> Response {
    let mut response = page(
        StatusCode::OK,
        &format!(
            r#"<h1>{user}, may the application act for you?</h1>
<form method="post" id="consent"><input type="hidden" name="ticket" value="{ticket}">
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></form>"#
        ),
    );
    sign_in(&mut response, user);
    response
}

fn sign_in(response: &mut Response, user: &str) {
    let cookie = format!("{COOKIE}={user}; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let pairs = all
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == COOKIE);
    found.next().map(|(_, user)| user.to_owned())
}

/// Whether a body is what HTML forms send.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Alibaba Cloud</title></head><body>\n{body}\n</body></html>\n"
    );
    (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}
