//! The server that the official conformance suite is run against: everything that its scenarios
//! ask for, in both eras of the protocol, over both transports. It is raw and its own, so that the
//! suite behind the gateway shows the gateway's faults and nobody else's: it reads JSON by itself
//! rather than through `wire`, and knows nothing of how the gateway tells the eras apart.
//!
//! What a tool does is written once (`tools`, `prompts`, `resources`); how its questions travel is
//! the era's business (`questions`): requests of the server in `legacy`, further rounds in
//! `modern`, a waiting task in `tasks`. Nothing is hidden: what the suite calls is also listed,
//! because a gateway routes only that.

mod caller;
mod headers;
mod http;
mod legacy;
mod listen;
mod message;
mod methods;
mod modern;
mod prompts;
mod questions;
mod resources;
mod running;
mod state;
mod stdio;
mod tasks;
mod tools;

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use listen::Board;
use tasks::Tasks;

const USAGE: &str = "usage: conformance-server [--http PORT] [--era both|legacy|modern]";

/// Which eras are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eras {
    Both,
    Legacy,
    Modern,
}

/// What every request shares.
struct Fixture {
    eras: Eras,
    board: Board,
    tasks: Tasks,
    /// Whether the tool and the prompt that come and go are there.
    more_tools: AtomicBool,
    more_prompts: AtomicBool,
}

/// The program: `conformance-server [--http PORT] [--era both|legacy|modern]`. Over HTTP its
/// address is printed on stdout.
pub fn main() -> ExitCode {
    match options().and_then(|(eras, port)| run(eras, port)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conformance-server: {error:#}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn options() -> anyhow::Result<(Eras, Option<u16>)> {
    let (mut eras, mut port) = (Eras::Both, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().unwrap_or_default();
        match (arg.as_str(), value.as_str()) {
            ("--http", value) => port = Some(value.parse()?),
            ("--era", "both") => eras = Eras::Both,
            ("--era", "legacy") => eras = Eras::Legacy,
            ("--era", "modern") => eras = Eras::Modern,
            (arg, value) => anyhow::bail!("{arg} {value} is unknown"),
        }
    }
    Ok((eras, port))
}

fn run(eras: Eras, port: Option<u16>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let fixture = Arc::new(Fixture::new(eras));
    let served = runtime.block_on(async move {
        match port {
            Some(port) => http::serve(fixture, port).await,
            None => stdio::serve(fixture).await,
        }
    });
    // A read of stdin cannot be given up; nothing else is left to wait for.
    runtime.shutdown_background();
    served
}

// === impl Fixture ===

impl Fixture {
    fn new(eras: Eras) -> Self {
        Self {
            eras,
            board: Board::default(),
            tasks: Tasks::default(),
            more_tools: AtomicBool::new(false),
            more_prompts: AtomicBool::new(false),
        }
    }
}

/// Who this is.
fn server_info() -> Value {
    json!({ "name": "conformance-server", "version": env!("CARGO_PKG_VERSION") })
}

/// A panic in one request is that request's fault alone.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
