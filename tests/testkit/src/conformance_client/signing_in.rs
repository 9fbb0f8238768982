//! Scenarios whose server wants a sign-in: the client begins it as the gateway's owner does, by
//! the admin API, follows the redirects as a browser would, and calls the server; again where the
//! server wants more than it was asked for.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::front::Front;
use super::{Options, SERVER, scenario};
use crate::browser::{Arrived, Browser};
use crate::gateway::Gateway;
use crate::wait;

/// A client's document that the suite takes for this client's, wherever servers read such.
const DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";
/// Sign-ins before a server is given up that is content with none.
const SIGN_INS: usize = 3;

/// A server has shown its tools by then; less than [`wait::SOON`].
const LISTED: Duration = Duration::from_secs(15);

/// How a try to sign in ended.
enum SignIn {
    Done,
    /// Why it did not come about.
    Refused(String),
}

/// Where the server stands.
enum Standing {
    Usable,
    /// What it wants.
    NeedsSignIn(String),
    Failing(String),
}

/// What the gateway is told about the server's sign-in beforehand.
pub(super) fn known(context: &Value) -> Value {
    let mut auth = json!({ "type": "oauth", "clientMetadataUrl": DOCUMENT });
    for (key, name) in [("client_id", "clientId"), ("client_secret", "clientSecret")] {
        if let Some(text) = context[key].as_str() {
            auth[name] = text.into();
        }
    }
    auth
}

/// Signs in as often as it takes, and calls a tool.
pub(super) async fn run(options: &Options, gateway: &Gateway) -> anyhow::Result<()> {
    let label = json!({ "label": "suite" });
    let grant = gateway.api().post("/api/grants", &label).await.json();
    let token = grant["token"].as_str().context("a token")?;
    let refused = use_it(options, gateway, token).await?;
    match (refused, options.scenario.is_refused) {
        (None, false) | (Some(_), true) => Ok(()),
        (None, true) => bail!("the server can be used, and must not be"),
        (Some(why), false) => bail!("the server cannot be used: {why}"),
    }
}

/// Why it cannot be used; `None` where it can.
async fn use_it(
    options: &Options,
    gateway: &Gateway,
    token: &str,
) -> anyhow::Result<Option<String>> {
    let mut sign_ins = 0;
    loop {
        match standing(gateway).await {
            Standing::Usable if call(options, gateway, token).await? => return Ok(None),
            Standing::Usable => {}
            Standing::NeedsSignIn(why) if sign_ins == SIGN_INS => return Ok(Some(why)),
            Standing::NeedsSignIn(_) => {
                sign_ins += 1;
                if let SignIn::Refused(why) = sign_in(gateway).await? {
                    return Ok(Some(why));
                }
            }
            Standing::Failing(why) => return Ok(Some(why)),
        }
    }
}

/// Where the server stands, as soon as that is known. One that shows no tools for long has none
/// that can be seen.
async fn standing(gateway: &Gateway) -> Standing {
    let patience = Instant::now() + LISTED;
    wait::until("the server has been tried", async || {
        let server = gateway.server_status(SERVER).await;
        let wants_more = wanted(gateway).await;
        match (server["state"].as_str()?, wants_more) {
            (_, Some(scope)) => Some(Standing::NeedsSignIn(format!("it wants {scope}"))),
            ("starting" | "stopped", None) => None,
            ("needsSignIn", None) => Some(Standing::NeedsSignIn(server.to_string())),
            ("ready" | "degraded", None) if server["offered"] == 0 => {
                let has_none = || Standing::Failing(format!("it has no tools: {server}"));
                (Instant::now() > patience).then(has_none)
            }
            ("ready" | "degraded", None) => Some(Standing::Usable),
            _ => Some(Standing::Failing(server.to_string())),
        }
    })
    .await
}

/// What the server has wanted beyond what the owner's account was granted.
async fn wanted(gateway: &Gateway) -> Option<String> {
    let accounts = gateway.api().json("/api/accounts").await;
    let mut accounts = accounts["accounts"].as_array()?.iter();
    let own = accounts.find(|account| account["server"] == SERVER && account["user"] == "local")?;
    own["wanted"].as_str().map(str::to_owned)
}

/// Lists the tools and calls the first; false where the server wants a sign-in first.
async fn call(options: &Options, gateway: &Gateway, token: &str) -> anyhow::Result<bool> {
    let front = Front::connect(options.front, &gateway.endpoint, Some(token)).await;
    let tools = scenario::tools(&front).await?;
    let tool = tools.first().context("a tool")?;
    let called = front.call(tool, &scenario::arguments(tool), None).await;
    let Err(why) = called else {
        return Ok(true);
    };
    match standing(gateway).await {
        Standing::NeedsSignIn(_) => Ok(false),
        Standing::Usable => Err(why),
        Standing::Failing(server) => Err(why.context(server)),
    }
}

/// Signs the owner in: the suite's authorization servers ask nobody anything.
async fn sign_in(gateway: &Gateway) -> anyhow::Result<SignIn> {
    let which = json!({ "provider": format!("server:{SERVER}") });
    let begun = gateway.api().post("/api/accounts/sign-in", &which).await;
    if begun.status != 200 {
        return Ok(SignIn::Refused(begun.body));
    }
    let begun = begun.json();
    let authorize = begun["authorizeUrl"].as_str().context("an address")?;
    let Arrived::Page(page) = Browser::new().open(authorize).await else {
        bail!("{authorize} leads to an application");
    };
    if !page.url.as_str().starts_with(gateway.base()) {
        return Ok(SignIn::Refused(format!("{page:?}")));
    }
    Ok(match page.answer.status {
        200 => SignIn::Done,
        _ => SignIn::Refused(page.text()),
    })
}
