//! The client that the official conformance suite is given to test: a gateway of its own, whose
//! one server is the suite's, and before it a raw client of the one era or the other. What the
//! suite's server sees is the gateway's doing; the client only asks for what a scenario wants
//! asked.
//!
//! On stdout stands [`DONE`] once a scenario went as it should, a refusal where one is wanted
//! included. The suite does not look at that, but whoever compares its results does.

mod answers;
mod front;
mod params;
mod scenario;
mod signing_in;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::setup::Setup;

use front::{Era, Front};
use scenario::Scenario;

const USAGE: &str = "usage: conformance-client --front legacy|modern URL";

/// What stands on stdout after a scenario that went well.
const DONE: &str = "done";
/// The suite kills nothing but the shell it started, so that this must end by itself.
const LONGEST: Duration = Duration::from_secs(150);
/// The one server of the gateway.
const SERVER: &str = "under-test";

/// The program.
pub fn main() -> ExitCode {
    match options().and_then(run) {
        Ok(()) => {
            println!("{DONE}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("conformance-client: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line and the suite say.
struct Options {
    front: Era,
    url: String,
    scenario: Scenario,
    /// What the scenario lets its client know.
    context: Value,
}

fn options() -> anyhow::Result<Options> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [flag, front, url] = args.as_slice() else {
        bail!("{USAGE}");
    };
    ensure!(flag == "--front", "{flag} is unknown\n{USAGE}");
    let front = match front.as_str() {
        "legacy" => Era::Legacy,
        "modern" => Era::Modern,
        other => bail!("{other} is no era\n{USAGE}"),
    };
    let name = std::env::var("MCP_CONFORMANCE_SCENARIO").context("the suite names a scenario")?;
    let context = match std::env::var("MCP_CONFORMANCE_CONTEXT") {
        Ok(text) => serde_json::from_str(&text).context("MCP_CONFORMANCE_CONTEXT")?,
        Err(_) => json!({}),
    };
    Ok(Options {
        front,
        url: url.clone(),
        scenario: Scenario::named(&name),
        context,
    })
}

fn run(options: Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let gateway = gateway(&options).await?;
        let driven = tokio::time::timeout(LONGEST, drive(&options, &gateway)).await;
        let driven = driven.unwrap_or_else(|_| bail!("it took longer than {LONGEST:?}"));
        driven.with_context(|| format!("the gateway said\n{}", gateway.stderr()))
    })
}

/// The gateway with the suite's server behind it, and nothing else.
async fn gateway(options: &Options) -> anyhow::Result<Gateway> {
    let mut server = json!({ "name": SERVER, "type": "remote", "url": options.url });
    if options.scenario.signs_in {
        server["auth"] = signing_in::known(&options.context);
    }
    let setup = Setup::new(program()?)
        .env("MCP_GATEWAY_KEYCHAIN", "off")
        .config("mapping", json!({ SERVER: { "prefix": "" } }))
        .server(server);
    Ok(setup.start().await)
}

/// The gateway that was built beside this program.
fn program() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let name = format!("mcp-gateway{}", std::env::consts::EXE_SUFFIX);
    Ok(here.with_file_name(name))
}

async fn drive(options: &Options, gateway: &Gateway) -> anyhow::Result<()> {
    if options.scenario.signs_in {
        return signing_in::run(options, gateway).await;
    }
    let state = crate::wait::until("the server has been tried", async || {
        let server = gateway.server_status(SERVER).await;
        (server["state"] != "starting").then_some(server)
    });
    let state = state.await;
    ensure!(
        state["state"] == "ready",
        "the server is not ready: {state}"
    );
    let front = Front::connect(options.front, &gateway.endpoint, None).await;
    scenario::run(options, &front).await
}
