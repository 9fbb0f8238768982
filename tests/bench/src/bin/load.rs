//! Measures an MCP endpoint and prints the report as one line of JSON.

use std::time::Duration;

use anyhow::Context;
use bench::era::Era;
use bench::load::{Plan, run};
use clap::Parser;

/// A closed loop of `tools/call`, every answer checked.
#[derive(Parser)]
struct Arguments {
    /// The endpoint, `http://host:port/path`.
    #[arg(long)]
    url: String,
    /// The tool as the endpoint names it.
    #[arg(long, default_value = "echo")]
    tool: String,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 16)]
    connections: u64,
    /// Seconds before counting starts.
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
    /// Seconds that are counted.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How calls are made: a session on each connection, or each call for itself.
    #[arg(long, value_enum, default_value = "legacy")]
    era: Era,
}

// One thread: on a small machine the generator must leave the cores to what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let rest = arguments
        .url
        .strip_prefix("http://")
        .context("only http:// is measured")?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let plan = Plan {
        address: address.to_owned(),
        path: format!("/{path}"),
        tool: arguments.tool,
        connections: arguments.connections,
        warmup: Duration::try_from_secs_f64(arguments.warmup)?,
        duration: Duration::try_from_secs_f64(arguments.seconds)?,
        era: arguments.era,
    };
    println!("{}", serde_json::to_string(&run(&plan).await?)?);
    Ok(())
}
