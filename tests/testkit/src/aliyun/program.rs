//! The fake as a program, for tests in other languages.

use std::process::ExitCode;

use serde_json::json;

use super::{Aliyun, Options};

const USAGE: &str = "usage: fake-aliyun [--generic | --predecessor] [--port PORT] [--redirect URI]... [--auto-login USER]";

/// The program: `fake-aliyun [--generic | --predecessor] [--port PORT] [--redirect URI]...
/// [--auto-login USER]`. It prints one line of JSON, `{"url", "control", "clientId", "issuer",
/// "config"}`, where `config` has `oauth` and `mcpServer` with one service `ecs`, and runs until it
/// is ended. See `control` for what can be asked of it.
pub fn main() -> ExitCode {
    match options() {
        Ok(options) => {
            run(options);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fake-aliyun: {error:#}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn options() -> anyhow::Result<Options> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let named = |name: &str| args.iter().any(|arg| arg == name);
    let mut options = match (named("--generic"), named("--predecessor")) {
        (true, _) => Options::generic(),
        (_, true) => Options::predecessor(),
        _ => Options::aliyun(),
    };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(anyhow::anyhow!("{arg} wants a value"));
        match arg.as_str() {
            "--generic" | "--predecessor" => {}
            "--port" => options.port = value()?.parse()?,
            "--redirect" => options.redirects.push(value()?),
            "--auto-login" => options.behaviour.auto_login = Some(value()?),
            _ => anyhow::bail!("{arg} is unknown"),
        }
    }
    Ok(options)
}

fn run(options: Options) {
    let fake = Aliyun::start_with(options);
    let hello = json!({
        "url": fake.url(),
        "control": fake.at("/control"),
        "clientId": fake.client_id(),
        "issuer": fake.issuer(),
        "config": fake.config_json(&[("ecs", "/ecs/mcp")]),
    });
    println!("{hello}");
    loop {
        std::thread::park();
    }
}
