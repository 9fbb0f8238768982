//! The scriptable fake MCP server: what it does (`script`), how a step is
//! performed (`server`), what it leaves behind (`journal`), and its three
//! transports. It parses JSON and reads headers by itself rather than through
//! `wire`, so that a fault there cannot hide here as well.

mod call;
mod events;
mod http;
mod journal;
mod listens;
mod mirrored;
mod mischief;
mod modern;
mod raw;
mod rounds;
mod script;
mod server;
mod speech;
mod stdio;
mod tasks;
mod usual;

use std::path::PathBuf;
use std::process::ExitCode;

use journal::Journal;
use script::Script;
use server::Fake;

/// What the command line asks for.
struct Options {
    script: Script,
    transport: Transport,
}

/// How its client reaches it.
#[derive(Clone, Copy)]
enum Transport {
    Stdio,
    /// Streamable HTTP.
    Http(u16),
    /// HTTP+SSE, the transport before it.
    Events(u16),
}

/// The program: `fake-mcp-server [SCRIPT.json] [--http PORT | --sse PORT] [--tools a,b]`,
/// with `FAKE_SCRIPT` (a path) and `FAKE_JOURNAL` (a path) from the environment.
pub fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--grandchild") {
        // Long enough to be noticed as a leak, short enough never to be one for good.
        std::thread::sleep(std::time::Duration::from_secs(15 * 60));
        return ExitCode::SUCCESS;
    }
    match options().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fake-mcp-server: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn options() -> anyhow::Result<Options> {
    let mut path = std::env::var_os("FAKE_SCRIPT").map(PathBuf::from);
    let mut transport = Transport::Stdio;
    let mut tools = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--http" => transport = Transport::Http(args.next().unwrap_or_default().parse()?),
            "--sse" => transport = Transport::Events(args.next().unwrap_or_default().parse()?),
            "--tools" => tools.extend(
                args.next()
                    .unwrap_or_default()
                    .split(',')
                    .map(str::to_owned),
            ),
            _ => path = Some(PathBuf::from(arg)),
        }
    }
    let mut script = match path {
        Some(path) => Script::read(&path)?,
        None => Script::default(),
    };
    script
        .tools
        .extend(tools.into_iter().map(script::Tool::named));
    Ok(Options { script, transport })
}

fn run(options: Options) -> anyhow::Result<()> {
    let Options { script, transport } = options;
    for line in &script.start.stderr {
        eprintln!("{line}");
    }
    let journal = Journal::open(std::env::var_os("FAKE_JOURNAL").map(PathBuf::from))?;
    journal.event("start", "");
    if let Some(code) = script.start.exit {
        journal.exit(code, "script");
    }
    if let Some(file) = &script.start.stumble {
        mischief::stumble(file, &journal);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        if script.start.delay_ms > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(script.start.delay_ms)).await;
        }
        if script.grandchild {
            spawn_grandchild(&journal, false)?;
        }
        if script.detached {
            spawn_grandchild(&journal, true)?;
        }
        let fake = Fake::new(script, journal);
        watch_sigterm(&fake)?;
        match transport {
            Transport::Stdio => stdio::serve(fake).await,
            Transport::Http(port) => http::serve(fake, port).await,
            Transport::Events(port) => events::serve(fake, port).await,
        }
    })
}

fn spawn_grandchild(journal: &Journal, detached: bool) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command
        .arg("--grandchild")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null());
    if detached {
        command.process_group(0);
    }
    let child = command.spawn()?;
    journal.event("grandchild", &child.id().to_string());
    Ok(())
}

fn watch_sigterm(fake: &std::sync::Arc<Fake>) -> anyhow::Result<()> {
    let mut terminations =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let fake = fake.clone();
    tokio::spawn(async move {
        while terminations.recv().await.is_some() {
            fake.journal.event("sigterm", "");
            if !fake.script.ignore_sigterm {
                fake.journal.exit(143, "sigterm");
            }
        }
    });
    Ok(())
}
