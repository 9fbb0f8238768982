//! What an authorization request must look like (RFC 6749, section 4.1.1; RFC 7636).
//!
//! Pure. A request that names no client, or an address that is not the client's, must
//! not send the browser anywhere: its fault is shown on a page. Every other fault is the
//! client's to handle and goes to its address (RFC 6749, section 4.1.2.1).

use crate::client::{Client, LONGEST_ID};
use crate::code;
use crate::params::{Params, Repeated};
use crate::redirect::Redirect;
use crate::resource::Audience;
use crate::words::Words;

/// The one scope: use of the gateway's MCP endpoints.
pub(crate) const SCOPE: &str = "mcp";
/// A wish for refresh tokens, which every client gets anyway.
pub(crate) const OFFLINE: &str = "offline_access";
/// Longest state that is carried, in bytes.
const LONGEST_STATE: usize = 4096;

/// A request as far as it may be trusted before the client is known.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) client_id: String,
    pub(crate) redirect: Redirect,
}

/// A request that is in order.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The gateway's address; the issuer.
    pub(crate) base: String,
    pub(crate) client: Client,
    pub(crate) redirect: Redirect,
    pub(crate) state: Option<String>,
    pub(crate) challenge: String,
    pub(crate) audience: Audience,
    pub(crate) scope: String,
    /// The person is to show anew who it is.
    pub(crate) login_again: bool,
}

/// A fault that the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) error: &'static str,
    pub(crate) why: String,
    pub(crate) state: Option<String>,
}

// === impl Opening ===

impl Opening {
    /// Reads who asks and where the answer is to go; the error is for a page.
    pub(crate) fn read(params: &Params) -> Result<Self, Words> {
        let client_id = needed(params, "client_id")?;
        let redirect = needed(params, "redirect_uri")?;
        if client_id.len() > LONGEST_ID {
            return Err(Words::new(
                "The request's client_id is too long. This is a fault of the program that sent you here.",
                "请求中的 client_id 过长。这是发起请求的程序的问题。",
            ));
        }
        let redirect = Redirect::parse(redirect).map_err(|refused| {
            let (en, zh) = refused.why();
            Words::new(
                format!(
                    "The redirect address {en}. This is a fault of the program that sent you here."
                ),
                format!("回调地址{zh}。这是发起请求的程序的问题。"),
            )
        })?;
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect,
        })
    }
}

fn needed<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, Words> {
    match params.one(name) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Words::new(
            format!(
                "The request has no {name}. This is a fault of the program that sent you here."
            ),
            format!("请求缺少 {name}。这是发起请求的程序的问题。"),
        )),
        Err(_) => Err(Words::new(
            format!(
                "The request has more than one {name}. This is a fault of the program that sent you here."
            ),
            format!("请求中有多个 {name}。这是发起请求的程序的问题。"),
        )),
    }
}

// === impl Request ===

impl Request {
    /// Reads the rest of a request whose client and address are known to be good.
    pub(crate) fn read(
        params: &Params,
        base: &str,
        client: Client,
        redirect: Redirect,
        is_endpoint: impl Fn(&str) -> bool,
    ) -> Result<Self, Fault> {
        // A state that was sent twice is not sent back: nobody knows which one was meant.
        let state = params.one("state");
        let given = state.unwrap_or_default().map(str::to_owned);
        let fault = |error, why: &str| Fault {
            error,
            why: why.to_owned(),
            state: given.clone().filter(|state| state.len() <= LONGEST_STATE),
        };
        let repeated = |Repeated(name): Repeated| {
            fault(
                "invalid_request",
                &format!("{name} was sent more than once"),
            )
        };
        let one = |name| params.one(name).map_err(repeated);

        state.map_err(repeated)?;
        if given
            .as_ref()
            .is_some_and(|state| state.len() > LONGEST_STATE)
        {
            return Err(fault("invalid_request", "state is too long"));
        }
        match one("response_type")? {
            Some("code") => {}
            Some(_) => {
                return Err(fault(
                    "unsupported_response_type",
                    "response_type must be code",
                ));
            }
            None => return Err(fault("invalid_request", "response_type is missing")),
        }
        match one("response_mode")? {
            None | Some("query") => {}
            Some(_) => return Err(fault("invalid_request", "response_mode must be query")),
        }
        let challenge = one("code_challenge")?.ok_or_else(|| {
            fault(
                "invalid_request",
                "code_challenge is missing; PKCE is required",
            )
        })?;
        // Left out, the method would be "plain" (RFC 7636, section 4.3).
        if one("code_challenge_method")? != Some("S256") {
            return Err(fault(
                "invalid_request",
                "code_challenge_method must be S256",
            ));
        }
        if !code::is_challenge(challenge) {
            return Err(fault(
                "invalid_request",
                "code_challenge is not the base64url of a SHA-256",
            ));
        }
        let audience =
            Audience::requested(base, one("resource")?, is_endpoint).ok_or_else(|| {
                fault(
                    "invalid_target",
                    "resource is not an endpoint of this gateway",
                )
            })?;
        let prompt = one("prompt")?.unwrap_or_default();
        let wants = |what| prompt.split(' ').any(|word| word == what);
        // Nobody is ever let in without being asked.
        if wants("none") {
            return Err(fault("consent_required", "a person has to consent"));
        }
        Ok(Self {
            base: base.to_owned(),
            client,
            redirect,
            challenge: challenge.to_owned(),
            audience,
            scope: granted_scope(one("scope")?),
            login_again: wants("login") || wants("select_account"),
            state: given,
        })
    }

    /// The URL of what the client wants to use.
    pub(crate) fn resource(&self) -> String {
        self.audience.url(&self.base)
    }

    /// The address that tells the client that it gets a code.
    pub(crate) fn granted(&self, code: &str) -> String {
        answer(
            &self.redirect,
            &self.base,
            self.state.as_deref(),
            &[("code", code)],
        )
    }

    /// The address that tells the client that the person said no.
    pub(crate) fn refused(&self) -> String {
        Fault {
            error: "access_denied",
            why: "access was not allowed".to_owned(),
            state: self.state.clone(),
        }
        .target(&self.redirect, &self.base)
    }
}

impl Fault {
    /// The address that tells the client.
    pub(crate) fn target(&self, redirect: &Redirect, base: &str) -> String {
        answer(
            redirect,
            base,
            self.state.as_deref(),
            &[("error", self.error), ("error_description", &self.why)],
        )
    }
}

/// Every answer says who gives it (RFC 9207) and returns the state.
fn answer(redirect: &Redirect, base: &str, state: Option<&str>, first: &[(&str, &str)]) -> String {
    let mut parameters = first.to_vec();
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", base));
    redirect.with(&parameters)
}

/// What is granted of the scopes that were asked for. Unknown ones are left out, and
/// the answer says so (RFC 6749, section 3.3).
fn granted_scope(asked: Option<&str>) -> String {
    if asked.is_some_and(|asked| asked.split(' ').any(|scope| scope == OFFLINE)) {
        format!("{SCOPE} {OFFLINE}")
    } else {
        SCOPE.to_owned()
    }
}

#[cfg(test)]
impl Request {
    /// A request as Claude Code makes it.
    pub(crate) fn example() -> Self {
        let redirect = Redirect::parse("http://localhost:9/callback").expect("acceptable");
        Self {
            base: "http://localhost:4298".to_owned(),
            client: Client::named("mcp-gateway"),
            redirect,
            state: Some("s".to_owned()),
            challenge: "x".repeat(43),
            audience: Audience::Endpoint("/mcp".to_owned()),
            scope: SCOPE.to_owned(),
            login_again: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "client_id=c&redirect_uri=http%3A%2F%2Flocalhost%3A9%2Fcb&response_type=code&state=s%26t\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
        &resource=http%3A%2F%2Flocalhost%3A4298%2Fmcp&prompt=consent&scope=mcp+x&unknown=1";

    fn read(query: &str) -> Result<Request, Fault> {
        let params = Params::parse(query.as_bytes());
        let opening = Opening::read(&params).expect("a good opening");
        let client = Client::named(&opening.client_id);
        Request::read(
            &params,
            "http://localhost:4298",
            client,
            opening.redirect,
            |path| path == "/mcp",
        )
    }

    #[test]
    fn what_claude_code_sends_is_in_order() {
        let request = read(GOOD).expect("in order");
        assert_eq!(request.resource(), "http://localhost:4298/mcp");
        assert_eq!(request.scope, "mcp");
        assert!(!request.login_again);
        assert_eq!(
            request.granted("c0"),
            "http://localhost:9/cb?code=c0&state=s%26t&iss=http%3A%2F%2Flocalhost%3A4298"
        );
        assert_eq!(
            request.refused(),
            "http://localhost:9/cb?error=access_denied&error_description=access+was+not+allowed\
             &state=s%26t&iss=http%3A%2F%2Flocalhost%3A4298"
        );
    }

    #[test]
    fn faults_are_told_to_the_client_together_with_its_state() {
        let check = |from: &str, to: &str, error| {
            let fault = read(&GOOD.replace(from, to)).expect_err(to);
            assert_eq!(fault.error, error, "{from} → {to}");
            assert_eq!(fault.state.as_deref(), Some("s&t"), "{from} → {to}");
        };
        check(
            "response_type=code",
            "response_type=token",
            "unsupported_response_type",
        );
        check("response_type=code", "", "invalid_request");
        check("=S256", "=plain", "invalid_request");
        check("&code_challenge_method=S256", "", "invalid_request");
        check("code_challenge=E9", "code_challenge=", "invalid_request");
        check(
            "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "x=",
            "invalid_request",
        );
        check("4298%2Fmcp", "4298%2Fother", "invalid_target");
        check("localhost%3A4298", "elsewhere.example", "invalid_target");
        check("prompt=consent", "prompt=none", "consent_required");
        check("unknown=1", "scope=again", "invalid_request");
        check("unknown=1", "response_mode=fragment", "invalid_request");
    }

    #[test]
    fn a_state_that_was_sent_twice_is_not_sent_back() {
        let fault = read(&GOOD.replace("unknown=1", "state=2")).expect_err("refused");
        assert_eq!((fault.error, fault.state), ("invalid_request", None));
    }

    #[test]
    fn a_request_that_cannot_be_answered_gets_a_page() {
        let check = |from: &str, to: &str| {
            let query = GOOD.replace(from, to);
            let params = Params::parse(query.as_bytes());
            assert!(Opening::read(&params).is_err(), "{from} → {to}");
        };
        check("client_id=c&", "");
        check("client_id=c&", "client_id=c&client_id=d&");
        check(
            "client_id=c&",
            &format!("client_id={}&", "c".repeat(LONGEST_ID + 1)),
        );
        check(
            "redirect_uri=http%3A%2F%2Flocalhost%3A9%2Fcb",
            "redirect_uri=",
        );
        check(
            "redirect_uri=http%3A%2F%2Flocalhost%3A9%2Fcb",
            "redirect_uri=javascript%3Aalert(1)",
        );
        check("unknown=1", "redirect_uri=http%3A%2F%2Flocalhost%3A9%2Fcb");
    }
}
