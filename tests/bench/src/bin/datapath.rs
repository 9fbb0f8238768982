//! `datapath CALLS FOLDER [--era ERA]`: so many `tools/call` through the gateway, one after
//! the other, in one thread. `cargo xtask bench instructions` counts what it
//! takes.
//!
//! Only what [`calls`] does is to be counted: neither the start nor the end of the gateway, nor its
//! other threads, which look after processes every few seconds, how many there may be.
//!
//! Nothing is simulated: a client on a socket, the whole HTTP surface, the
//! catalog, the pool, and a child process behind pipes. The child is not
//! counted, the client is, and costs the same whatever the gateway does.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bench::era::Era;
use bench::load::{Client, Plan};
use clap::Parser;
use gateway::config::{Environment, LoadOptions, load};
use gateway::{Gateway, Journal, Surroundings, VaultOptions};
use tokio::runtime::{Builder, Runtime};

/// Calls that are made before those that count.
const WARM_UP: u64 = 500;

/// Under callgrind everything takes fifty times as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes calls through the gateway and ends.
#[derive(Parser)]
struct Arguments {
    /// How many.
    calls: u64,
    /// For the configuration and the gateway's data; empty, or two runs differ.
    folder: PathBuf,
    /// What the client speaks, and the server too.
    #[arg(long, value_enum, default_value = "legacy")]
    era: Era,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let gateway = runtime.block_on(start(&arguments.folder, arguments.era))?;
    let address = gateway
        .addresses()
        .first()
        .context("no address")?
        .to_string();
    let plan = Plan {
        address,
        path: "/mcp".to_owned(),
        tool: "echo_echo".to_owned(),
        connections: 1,
        warmup: Duration::ZERO,
        duration: Duration::ZERO,
        era: arguments.era,
    };
    let client = runtime.block_on(async {
        let mut client = Client::open(&plan, 0).await?;
        for _ in 0..WARM_UP {
            client.call().await?;
        }
        anyhow::Ok(client)
    })?;
    drop(calls(&runtime, client, arguments.calls)?);
    runtime.block_on(gateway.shutdown());
    Ok(())
}

/// What is counted. The runtime has no other thread for it: whatever the gateway does for these calls
/// it does in here.
#[inline(never)]
fn calls(runtime: &Runtime, mut client: Client, many: u64) -> anyhow::Result<Client> {
    runtime.block_on(async {
        for _ in 0..many {
            client.call().await?;
        }
        Ok(client)
    })
}

/// The gateway with the echo server that was built beside this program, ready.
async fn start(folder: &Path, era: Era) -> anyhow::Result<Gateway> {
    let echo = std::env::current_exe()?
        .with_file_name("echo-server")
        .with_extension(std::env::consts::EXE_EXTENSION);
    let file = folder.join("config.json");
    let config = serde_json::json!({
        "gateway": { "port": 0 },
        "servers": [{
            "name": "echo",
            "type": "local",
            "command": [echo],
            "poolSize": 1,
            "protocol": era.as_str(),
        }],
    });
    std::fs::write(&file, config.to_string())?;
    let options = LoadOptions {
        file: Some(file),
        ..LoadOptions::default()
    };
    let loaded = load(
        &options,
        &Environment {
            vars: &|_| None,
            home: None,
            cwd: folder,
        },
    )?;
    let surroundings = Surroundings {
        data_dir: folder.join("data"),
        kind: gateway::instance::Kind::Headless,
        source: None,
        bridge: None,
        vault: VaultOptions {
            folder: folder.join("data"),
            passphrase: None,
            key: None,
            keychain: false,
        },
        journal: Journal::silent(),
    };
    let gateway = Gateway::start(loaded, surroundings).await?;
    let until = Instant::now() + PATIENCE;
    while !gateway
        .status()
        .servers
        .iter()
        .all(|server| server.tools > 0)
    {
        ensure!(Instant::now() < until, "the echo server never got ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(gateway)
}
