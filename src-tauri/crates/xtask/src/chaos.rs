//! `cargo xtask chaos`: builds the gateway, the fake servers and `tests/chaos`, and lets them
//! loose on each other.

use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::shell::{self, cargo, target};
use crate::words::said;

/// Calls of each client in a round: by itself (about two minutes), and in the short form.
const CALLS: u32 = 100;
const SHORT: u32 = 20;
/// It has failed after that long. Most of it is never used.
const MINUTES: u32 = 10;
/// The step of the tests makes the same calls each time, so that a failure is the change's.
const SEED: u64 = 1;

/// What may be asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Makes the calls of an earlier run again · 重现某次运行的调用
    #[arg(long)]
    seed: Option<u64>,
    /// Calls of each of the 50 clients in each of the three rounds · 50 个客户端在三轮中每轮各自的调用数
    #[arg(long, default_value_t = CALLS)]
    calls: u32,
    /// Under a minute, as in `cargo xtask test` · 一分钟以内，与 `cargo xtask test` 中相同
    #[arg(long, conflicts_with = "calls")]
    short: bool,
}

/// Builds and runs it.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut gateway = cargo(["build", "--locked", "--package", "mcp-gateway-app"]);
    gateway.arg("--no-default-features");
    shell::run(gateway.args(["--bin", "mcp-gateway", "--bin", "mcp-stdio-bridge"]))?;
    let mut others = cargo(["build", "--locked", "--package", "testkit"]);
    others.args(["--package", "chaos", "--bin", "fake-mcp-server"]);
    shell::run(others.args(["--bin", "chaos"]))?;
    let calls = if options.short { SHORT } else { options.calls };
    shell::run(&mut program(options.seed.unwrap_or_else(any_seed), calls))?;
    println!("{}", said("nothing was broken by it", "未发现任何问题"));
    Ok(ExitCode::SUCCESS)
}

/// The short form, with programs that are built already.
pub(crate) fn short() -> Command {
    program(SEED, SHORT)
}

fn program(seed: u64, calls: u32) -> Command {
    let built = |name: &str| {
        let path = target().join("debug").join(name);
        path.with_extension(std::env::consts::EXE_EXTENSION)
    };
    let mut command = shell::program(&built("chaos").to_string_lossy(), []);
    command
        .arg("--gateway")
        .arg(built("mcp-gateway"))
        .arg("--bridge")
        .arg(built("mcp-stdio-bridge"))
        .arg("--papers")
        .arg(target().join("chaos").join(seed.to_string()))
        .args(["--seed", &seed.to_string()])
        .args(["--calls", &calls.to_string()])
        .args(["--minutes", &MINUTES.to_string()])
        .env("FAKE_MCP_SERVER", built("fake-mcp-server"));
    command
}

fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(SEED, |now| now.as_secs() % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_of_the_tests_is_the_short_form_of_what_one_can_ask_for() {
        let line = shell::line(&short());
        assert!(line.contains(&format!("--calls {SHORT}")), "{line}");
        assert!(line.contains(&format!("--seed {SEED}")), "{line}");
        assert_ne!(line, shell::line(&program(2, CALLS)));
    }
}
