//! One examination: everything is gathered at once, each with a deadline, and judged.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use directories::BaseDirs;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use super::finding::Finding;
use super::patient::Patient;
use super::port::Port;
use super::programs::{self, Program};
use super::runtimes::{self, Asked, Runtime, Said};
use super::servers::{self, Faring};
use super::{
    certificates, clock, config, folder, leftovers, port, proxy, remote, secrets, watches,
};
use crate::config::model::{Config, ServerConfig, Transport};
use crate::environment::{self, Found, Launch, Variables};
use crate::ledger::Ledger;
use crate::status;
use crate::words::Words;

/// For one check; the shell that is asked for its environment has a shorter one of its own.
const PATIENCE: Duration = Duration::from_secs(9);
/// Programs that are asked for their version at once.
const AT_ONCE: usize = 4;

/// All checks.
pub(super) async fn all(patient: &Patient) -> Vec<Finding> {
    let on_disk = patient.on_disk().await;
    let config = patient.config(on_disk.as_ref()).map(Arc::new);
    let mut findings = match &on_disk {
        Some(loaded) => config::judge(loaded),
        None => Vec::new(),
    };
    let file = match (&on_disk, patient) {
        (Some(Ok(loaded)), _) => loaded.path.clone(),
        (_, Patient::Running(core)) => core.live().path.clone(),
        _ => None,
    };
    let (local, far, own, names, machine) = tokio::join!(
        within(
            "commands",
            check_programs(patient, config.as_deref(), file.is_some())
        ),
        within("addresses", check_remote(config.as_deref())),
        within("port", check_port(patient, config.as_deref())),
        within("secrets", check_secrets(patient, config.as_deref())),
        within("machine", check_machine(patient, file.as_deref())),
    );
    findings.extend(own);
    for more in [local, far, names, machine] {
        findings.extend(more);
    }
    if let Patient::Running(core) = patient {
        let servers = status::status(core).servers.into_iter();
        let faring = servers.filter_map(|server| {
            Some(Faring {
                signed_out: server.state == "needsSignIn",
                failure: server.error?,
                name: server.name,
            })
        });
        let faring: Vec<Faring> = faring.collect();
        findings.extend(servers::judge(&faring, &findings));
    }
    findings
}

/// A check that takes too long says so, and holds up nobody.
async fn within(what: &str, check: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(findings) => findings,
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            let title = Words::new(
                format!("A check did not end within {seconds} s: {what}"),
                format!("一项检查未能在 {seconds} 秒内完成：{what}"),
            );
            vec![Finding::skipped(format!("late:{what}"), title)]
        }
    }
}

async fn check_port(patient: &Patient, config: Option<&Config>) -> Vec<Finding> {
    let listened = match patient {
        Patient::Running(core) => match core.port.load(Ordering::Relaxed) {
            0 => None,
            port => Some(Port::Own(port)),
        },
        Patient::AtRest(_) => None,
    };
    let port = match (listened, config) {
        (Some(port), _) => port,
        (None, Some(config)) => {
            let decided_elsewhere = patient.source().and_then(|source| source.port_override());
            port::gather(&config.gateway, decided_elsewhere.is_none()).await
        }
        (None, None) => return Vec::new(),
    };
    vec![port::judge(&port)]
}

async fn check_secrets(patient: &Patient, config: Option<&Config>) -> Vec<Finding> {
    let uses = config.map(secrets::uses).unwrap_or_default();
    if !uses.is_empty() {
        // A gateway that runs has asked long ago.
        let surroundings = environment::of_process();
        let never = CancellationToken::new();
        surroundings.prepare(patient.ledger(), never).await;
    }
    let (store, variables) = tokio::join!(
        secrets::gather(patient.vault(), &uses),
        secrets::variables(&uses),
    );
    let file = patient.file().await;
    let unheard = environment::of_process().unheard();
    secrets::judge(&store, &uses, &variables, file.as_ref(), unheard.as_ref())
}

async fn check_remote(config: Option<&Config>) -> Vec<Finding> {
    let servers = config.map_or(&[][..], |config| config.servers.as_slice());
    let (remotes, readings) = remote::gather(servers).await;
    let mut findings: Vec<Finding> = remotes.iter().map(remote::judge).collect();
    findings.push(clock::judge(&readings));
    findings
}

/// What is the same for all servers; reads files only.
async fn check_machine(patient: &Patient, file: Option<&Path>) -> Vec<Finding> {
    let variables = environment::of_process().variables();
    let data_dir = patient.data_dir().to_owned();
    let watched = file.and_then(Path::parent).unwrap_or(&data_dir).to_owned();
    let patient = patient.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let var = |name: &str| text(&variables, name);
        let mut findings = proxy::judge(var);
        findings.extend(certificates::judge(&certificates::gather(var)));
        let (remains, others) = patient.ledger().remains();
        findings.extend(leftovers::judge(&remains, &others, &data_dir));
        findings.extend(folder::judge(&folder::gather(&data_dir)));
        findings.push(watches::judge(&watches::gather(&watched)));
        findings
    });
    looked.await.unwrap_or_default()
}

fn text(variables: &Variables, name: &str) -> Option<String> {
    Some(variables.get(name)?.to_string_lossy().into_owned())
}

/// What servers find around them; shells that are asked for it are entered in the ledger.
#[derive(Clone, Copy)]
struct Around<'a>(&'a Arc<Ledger>);

impl Around<'_> {
    async fn find(self, program: &str, env: &[(String, String)], cwd: Option<&Path>) -> Found {
        environment::of_process()
            .find(program, env, cwd, self.0)
            .await
    }

    /// `None` where there is no such program.
    async fn launch(self, local: &Local<'_>) -> Option<Launch> {
        let Local {
            command, env, cwd, ..
        } = *local;
        let launch = environment::of_process().launch(command.first()?, env, cwd, self.0);
        launch.await.ok()
    }
}

/// A local server's command.
struct Local<'a> {
    server: &'a ServerConfig,
    command: &'a [String],
    env: &'a [(String, String)],
    cwd: Option<&'a Path>,
}

fn local(config: &Config) -> impl Iterator<Item = Local<'_>> {
    let servers = config.servers.iter().filter(|server| server.enabled);
    servers.filter_map(|server| match &server.transport {
        Transport::Local { command, env, cwd } => Some(Local {
            server,
            command,
            env,
            cwd: cwd.as_deref(),
        }),
        Transport::Remote { .. } => None,
    })
}

async fn check_programs(patient: &Patient, config: Option<&Config>, in_file: bool) -> Vec<Finding> {
    let Some(config) = config else {
        return Vec::new();
    };
    let around = Around(patient.ledger());
    let found = local(config).map(|local| look(around, local, in_file));
    let found: Vec<(Program, Option<Need>)> = join_all(found).await;
    let mut findings: Vec<Finding> = found
        .iter()
        .map(|(program, _)| programs::judge(program))
        .collect();
    // One program is asked once, however many servers it runs.
    let mut needs: BTreeMap<(Runtime, Option<PathBuf>), (Vec<String>, Variables)> = BTreeMap::new();
    for need in found.into_iter().filter_map(|(_, need)| need) {
        let key = (need.runtime, need.path);
        let (servers, _) = needs
            .entry(key)
            .or_insert_with(|| (Vec::new(), need.variables));
        servers.push(need.server);
    }
    let asked = stream::iter(needs).map(|((runtime, path), (servers, variables))| async move {
        let said = match &path {
            Some(path) => {
                let variables = variables.iter();
                let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
                runtimes::ask(runtime, path, variables).await
            }
            None => Said::Missing,
        };
        Asked {
            runtime,
            path,
            servers,
            said,
        }
    });
    let asked: Vec<Asked> = asked.buffered(AT_ONCE).collect().await;
    findings.extend(asked.iter().map(runtimes::judge));
    findings
}

/// What a server's program is run by.
struct Need {
    server: String,
    runtime: Runtime,
    path: Option<PathBuf>,
    variables: Variables,
}

async fn look(around: Around<'_>, local: Local<'_>, in_file: bool) -> (Program, Option<Need>) {
    let Local {
        server,
        command,
        env,
        cwd,
    } = local;
    let program = command.first().map_or("", String::as_str);
    let found = around.find(program, env, cwd).await;
    let mut facts = Program {
        server: server.name.clone(),
        program: program.to_owned(),
        path: found.path,
        searched: found.searched,
        elsewhere: Vec::new(),
        unfit: None,
        missing_cwd: cwd.filter(|cwd| !cwd.is_dir()).map(Path::to_owned),
        is_editable: in_file && !server.from_services,
    };
    if facts.path.is_none() {
        facts.unfit = found.elsewhere.into_iter().next();
        facts.elsewhere = elsewhere(around, program, env, cwd).await;
        return (facts, None);
    }
    let need = need(around, &local, facts.path.as_deref()).await;
    (facts, need)
}

/// A program of the same name that can be started, wherever it is.
async fn elsewhere(
    around: Around<'_>,
    program: &str,
    env: &[(String, String)],
    cwd: Option<&Path>,
) -> Vec<PathBuf> {
    let home = BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    let mut all = Vec::new();
    if let Some(name) = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str())
        && name != program
    {
        let by_name = around.find(name, env, cwd).await;
        all.extend(by_name.path);
    }
    all.extend(programs::near(program, cwd, home.as_deref()));
    all.dedup();
    all
}

async fn need(around: Around<'_>, local: &Local<'_>, path: Option<&Path>) -> Option<Need> {
    let command = local.command.first()?;
    let runtime = Runtime::of(command)?;
    let launch = around.launch(local).await?;
    let by = runtime.program(command);
    let path = if by == *command {
        path.map(Path::to_owned)
    } else {
        // As `#!/usr/bin/env node` finds it: in the PATH of the child alone.
        let path = text(&launch.variables, "PATH").unwrap_or_default();
        let given = [("PATH".to_owned(), path)];
        let found = around.find(&by, &given, local.cwd).await;
        found.path.filter(|_| found.front.is_none())
    };
    Some(Need {
        server: local.server.name.clone(),
        runtime,
        path,
        variables: launch.variables,
    })
}
