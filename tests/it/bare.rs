//! Started from a menu, by a service manager or by another program: in an environment that
//! names no program of the user's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::Setup;
use testkit::wait::until_true;

use crate::support::{setup, tools};

/// Starts whatever it is given.
const STARTER: &str = "#!/bin/sh\nexec \"$@\"\n";

/// `npx` as Node.js brings it: a script that Node.js runs.
const NPX: &str = "#!/usr/bin/env node\nconst [program, ...rest] = process.argv.slice(2);\nrequire('child_process').spawnSync(program, rest, { stdio: 'inherit' });\n";

/// Without anything of the environment that the test has. `variables` is shell.
fn bare(setup: Setup, variables: &str) -> Setup {
    let script = format!(
        "exec /usr/bin/env -i HOME=\"$HOME\" TESTKIT_RUN=\"$TESTKIT_RUN\" MCP_GATEWAY_KEYCHAIN=off {variables} \"$@\""
    );
    setup.through(&["/bin/sh", "-c", &script, "sh"])
}

fn program(setup: &Setup, path: &str, text: &str) -> PathBuf {
    let file = setup.path("home").join(path);
    write(&file, text);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it may be run");
    file
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(file, text).expect("the file is written");
}

/// A fake server that a program starts; it tells a variable that it sees.
fn started_by(setup: &Setup, name: &str, program: &str, variable: &str) -> Value {
    let script = tools(json!([{"name": "see", "does": [{"env": variable}]}]));
    let mut entry = setup.fake_entry(name, script, &json!({}));
    let mut command = vec![json!(program)];
    command.extend(entry["command"].as_array().cloned().unwrap_or_default());
    entry["command"] = command.into();
    entry
}

fn real_node() -> PathBuf {
    let asked = std::process::Command::new("node")
        .args(["-p", "process.execPath"])
        .output()
        .expect("Node.js is installed");
    String::from_utf8_lossy(&asked.stdout).trim().into()
}

#[tokio::test]
async fn servers_that_nvm_and_uv_brought_start_from_an_empty_environment() {
    let setup = setup();
    let bin = ".nvm/versions/node/v20.1.0/bin";
    program(&setup, &format!("{bin}/npx"), NPX);
    std::os::unix::fs::symlink(real_node(), setup.path("home").join(bin).join("node"))
        .expect("a link");
    program(&setup, ".local/bin/uvx", STARTER);
    let npx = started_by(&setup, "web", "npx", "PATH");
    let uvx = started_by(&setup, "files", "uvx", "HOME");
    let setup = setup.server(npx).server(uvx);
    let home = setup.path("home");
    let gateway = bare(setup, "SHELL=/usr/sbin/nologin").start().await;

    let client = gateway.client().await;
    assert_eq!(
        client.text("files_see", "{}").await,
        home.display().to_string()
    );
    let path = client.text("web_see", "{}").await;
    let first = home.join(bin).display().to_string();
    assert!(path.starts_with(&first), "node is found beside npx: {path}");
}

#[tokio::test]
async fn what_the_files_of_the_login_shell_set_reaches_servers() {
    let setup = setup();
    program(&setup, "tools/mine", STARTER);
    write(
        &setup.path("home").join(".bashrc"),
        "echo Welcome back\nexport PATH=\"$PATH:$HOME/tools\" HTTPS_PROXY=http://proxy.example:3128\n",
    );
    let mine = started_by(&setup, "mine", "mine", "HTTPS_PROXY");
    let setup = setup.server(mine);
    let gateway = bare(setup, "SHELL=/bin/bash PATH=/usr/bin:/bin")
        .start()
        .await;

    let client = gateway.client().await;
    assert_eq!(
        client.text("mine_see", "{}").await,
        "http://proxy.example:3128"
    );
    assert!(!gateway.stderr().contains("Welcome"), "nothing is logged");
}

#[tokio::test]
async fn a_shell_that_hangs_delays_only_what_needs_it_and_is_ended() {
    let setup = setup();
    let notes = "#!/bin/sh\n/bin/date +%s%3N > \"$HOME/$(/usr/bin/basename \"$0\").started\"\nexec \"$@\"\n";
    program(&setup, "bin/quick", notes);
    program(&setup, ".local/bin/late", notes);
    write(&setup.path("home").join(".bashrc"), "/bin/sleep 600\n");
    let quick = started_by(&setup, "quick", "quick", "HOME");
    let late = started_by(&setup, "late", "late", "HOME");
    let setup = setup.server(quick).server(late);
    let home = setup.path("home");
    let gateway = bare(setup, "SHELL=/bin/bash PATH=\"$HOME/bin:/usr/bin:/bin\"")
        .start()
        .await;

    gateway.await_state("quick", "ready").await;
    gateway.await_state("late", "ready").await;
    let started = |name: &str| -> u64 {
        let noted = fs::read_to_string(home.join(format!("{name}.started"))).expect("it noted");
        noted.trim().parse().expect("milliseconds")
    };
    let waited = started("late").saturating_sub(started("quick"));
    // Three seconds are the shell's, and it would take ten minutes; the rest is for the searches,
    // and for a machine that has more to do.
    assert!(
        (1001..30_000).contains(&waited),
        "late waited {waited} ms longer for the shell"
    );
    until_true("the shell and what it started are gone", || {
        let processes = gateway.processes();
        !processes
            .iter()
            .any(|(_, command)| command.contains("sleep 600") || command.contains("bash"))
    })
    .await;
}

#[tokio::test]
async fn a_program_that_is_nowhere_is_told_with_what_was_searched() {
    let setup = setup();
    let gone = json!({"name": "gone", "type": "local", "command": ["no-such-program-anywhere"]});
    let setup = setup.server(gone).arg("--log-level").arg("info");
    let gateway = bare(setup, "SHELL=/usr/sbin/nologin PATH=/usr/bin:/bin")
        .start()
        .await;
    let status = gateway.await_state("gone", "failing").await;
    let remedy = &status["error"]["remedy"];
    for (language, searched) in [
        ("en", "searched: /usr/bin, /bin"),
        ("zh", "已查找：/usr/bin、/bin"),
    ] {
        let said = remedy[language].as_str().unwrap_or_default();
        assert!(said.contains(searched), "{status}");
    }
}

#[tokio::test]
async fn a_reference_finds_what_the_files_of_the_login_shell_set() {
    let setup = setup();
    write(
        &setup.path("home").join(".bashrc"),
        "export TOKEN=of-the-shell KIND=of-the-shell\n",
    );
    let given = json!({"env": {
        "SEEN": "${env:KIND} ${env:TOKEN}",
    }});
    let script = tools(json!([{"name": "see", "does": [{"env": "SEEN"}]}]));
    let lacking = json!({"name": "lacking", "type": "local", "command": ["true"], "env": {
        "A": "${env:NOBODY_HAS_THIS}",
    }});
    let setup = setup.fake_with("fake", script, given).server(lacking);
    let gateway = bare(setup, "SHELL=/bin/bash PATH=/usr/bin:/bin KIND=own")
        .start()
        .await;

    let client = gateway.client().await;
    let seen = client.text("fake_see", "{}").await;
    assert_eq!(seen, "own of-the-shell");

    let status = gateway.await_state("lacking", "failing").await;
    let why = status["error"]["message"]["en"]
        .as_str()
        .unwrap_or_default();
    assert!(why.contains("NOBODY_HAS_THIS"), "{status:#}");
    let report = gateway.api().json("/api/doctor").await;
    let findings = report["findings"].as_array().expect("findings").iter();
    let found: Vec<_> = findings
        .filter(|one| {
            one["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("reference:"))
        })
        .collect();
    let [finding] = found[..] else {
        panic!("{found:#?}")
    };
    let text = gateway.setup().config_text();
    let line = text
        .lines()
        .position(|line| line.contains("NOBODY_HAS_THIS"));
    let line = format!("line {} of ", line.expect("it is there") + 1);
    let cause = finding["cause"]["en"].as_str().unwrap_or_default();
    assert!(cause.starts_with(&line), "{cause}");
}
