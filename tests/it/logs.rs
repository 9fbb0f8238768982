//! What servers say: kept in files, followed on a command line, and never in anybody's way.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use testkit::wait::{soon, until, until_true};
use testkit::{Gateway, Setup};

use crate::support::{StdioClient, setup, tools};

const GATEWAY: &str = env!("CARGO_BIN_EXE_mcp-gateway");

/// A server that says something in every way there is.
fn talkative() -> Value {
    let message = |level: &str, data: &str| {
        let params = json!({"level": level, "logger": "db", "data": data});
        let message =
            json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params});
        json!({"push": message})
    };
    json!({
        "start": {"stderr": ["first words", "\u{1b}[31mred\u{1b}[0m key=s3cr3t-0123456789"]},
        "tools": [{"name": "say", "does": [
            {"print": "a banner"},
            message("warning", "nearly full s3cr3t-0123456789"),
            message("debug", "a detail"),
            {"text": "ok"},
        ]}],
    })
}

async fn talking() -> Gateway {
    let secret = json!({"env": {"API_KEY": "s3cr3t-0123456789"}});
    let gateway = setup().fake_with("fake", talkative(), secret).start().await;
    gateway.client().await.text("fake_say", "{}").await;
    gateway
}

/// `mcp-gateway logs` beside a gateway.
fn args<'a>(base: &'a str, data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["logs", "--url", base, "--data-dir", data];
    args.extend(more);
    args
}

fn data_dir(setup: &Setup) -> String {
    setup.path("data").display().to_string()
}

/// A file of the log folder.
fn file(gateway: &Gateway, name: &str) -> PathBuf {
    gateway.folder().join("data/logs").join(name)
}

/// Lines without the moment that each begins with.
fn kinds(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.split_once(' ').map_or(line, |(_, rest)| rest))
        .collect()
}

#[tokio::test]
async fn what_a_server_says_outlives_the_gateway_without_its_secrets() {
    let mut gateway = talking().await;
    let (base, data) = (gateway.base().to_owned(), data_dir(gateway.setup()));
    let live = gateway
        .setup()
        .run(&args(&base, &data, &["fake", "--level", "warning"]))
        .await;
    assert_eq!(
        kinds(&live.stdout),
        ["protocol/warning: db: nearly full …"],
        "{}",
        live.stderr
    );
    assert!(gateway.stop().await.success());

    let kept = gateway.setup().run(&args(&base, &data, &["fake"])).await;
    assert!(kept.status.success(), "{}", kept.stderr);
    assert!(kept.stderr.contains("No gateway runs"), "{}", kept.stderr);
    let lines = kinds(&kept.stdout);
    let started = lines[0].strip_prefix("gateway/info: process ");
    let pid = started.and_then(|rest| rest.strip_suffix(" was started"));
    let pid: u32 = pid.expect("a process").parse().expect("its id");
    assert_eq!(
        lines[1..lines.len() - 1],
        [
            "stderr: first words",
            "stderr: red key=…",
            "stdout: a banner",
            "protocol/warning: db: nearly full …",
            "protocol/debug: db: a detail",
        ]
    );
    let last = lines[lines.len() - 1];
    assert!(
        last.starts_with(&format!("gateway/info: process {pid} has ended")),
        "{last}"
    );
    let written = std::fs::read_to_string(file(&gateway, "fake.log")).expect("a file");
    assert!(!written.contains("s3cr3t"), "{written}");
    let mode = |path: PathBuf| {
        let metadata = std::fs::metadata(path).expect("it is there");
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
    };
    assert_eq!(mode(file(&gateway, "fake.log")), 0o600);
    assert_eq!(mode(gateway.folder().join("data/logs")), 0o700);

    let wrong = gateway.setup().run(&args(&base, &data, &["fak"])).await;
    assert!(!wrong.status.success());
    assert!(wrong.stderr.contains("there are: fake"), "{}", wrong.stderr);
}

#[tokio::test]
async fn a_log_is_followed_until_the_reader_or_the_gateway_ends() {
    let mut gateway = talking().await;
    let (base, data) = (gateway.base().to_owned(), data_dir(gateway.setup()));
    let follow = args(&base, &data, &["fake", "-f", "-n", "1"]);
    let mut one = StdioClient::start(gateway.setup(), GATEWAY, &follow);
    let mut other = StdioClient::start(gateway.setup(), GATEWAY, &follow);
    for reader in [&mut one, &mut other] {
        assert!(
            reader
                .line()
                .await
                .ends_with("protocol/debug: db: a detail")
        );
    }

    gateway.client().await.text("fake_say", "{}").await;

    for reader in [&mut one, &mut other] {
        assert!(reader.line().await.ends_with("stdout: a banner"));
    }
    let pid = one.child.id().expect("it runs").to_string();
    let told = Command::new("kill").args(["-INT", &pid]).status();
    assert!(told.expect("kill is there").success());
    let ended = soon("its end", one.child.wait()).await.expect("its status");
    assert!(ended.success(), "{ended}");
    assert!(gateway.stop().await.success());
    let ended = soon("its end", other.child.wait())
        .await
        .expect("its status");
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn the_log_of_a_removed_server_ends_with_its_last_words() {
    let gateway = talking().await;
    let mut log = gateway.api().log("fake").await;
    gateway.api().remove("fake").await.saved();
    let mut last = String::new();
    while let Some(event) = soon("the end", log.event()).await {
        last = String::from_utf8_lossy(&event.data).into_owned();
    }
    assert!(!log.was_cut, "it ends as streams do");
    assert!(
        last.contains("it was removed from the configuration"),
        "{last}"
    );
}

#[tokio::test]
async fn a_flood_delays_nobody_and_does_not_fill_the_disk() {
    let line = "a line of a server that does not know when to stop ".repeat(4);
    // Several times as much as is kept, as fast as it goes.
    let script =
        format!("yes '{line}' | head -c 20000000 >&2; echo >&2; echo the end >&2; sleep 600");
    let gateway = setup()
        .fake("calm", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    gateway.await_any_tools("calm").await;
    let client = gateway.client().await;
    let loud = json!({"name": "loud", "command": ["sh", "-c", script]});
    let form = testkit::admin::form_of(&loud);
    gateway.api().add(&form).await.saved();

    let mut calls = 0;
    until("the flood is over", async || {
        client.tool("calm_echo", "{}").await.result();
        calls += 1;
        let log = gateway
            .api()
            .json("/api/servers/loud/log?follow=false")
            .await;
        let lines = log["lines"].as_array().expect("lines").iter();
        let is_over = lines.rev().any(|line| line["text"] == "the end");
        is_over.then_some(())
    })
    .await;

    let size = |name: &str| std::fs::metadata(file(&gateway, name)).map_or(0, |file| file.len());
    let names = ["loud.log", "loud.log.1", "loud.log.2", "loud.log.3"];
    until_true("it is on disk", || size("loud.log.1") > 0).await;
    let sizes = names.map(size);
    assert!(sizes.iter().all(|size| *size <= 1 << 20), "{sizes:?}");
    assert_eq!(sizes[3], 0);
    assert!(calls > 0);
}

#[tokio::test]
async fn what_local_servers_take_is_told() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .server(json!({"name": "far", "url": "http://127.0.0.1:1/mcp"}))
        .start()
        .await;
    gateway.await_any_tools("fake").await;
    let mut events = gateway.api().events().await;
    let pulse = events
        .named_where("pulse", |pulse| pulse["servers"]["fake"]["memory"].is_u64())
        .await;
    let fake = &pulse["servers"]["fake"];
    assert!(fake["memory"].as_u64() > Some(500_000), "{pulse}");
    assert!(fake["cpu"].as_f64() >= Some(0.0), "{pulse}");
    let far = &pulse["servers"]["far"];
    assert_eq!((&far["memory"], &far["cpu"]), (&Value::Null, &Value::Null));
    let status = gateway.server_status("fake").await;
    assert!(status["memory"].is_u64(), "{status:#}");
    let history = gateway.api().json("/api/servers/fake/history").await;
    let last = history["samples"].as_array().and_then(|all| all.last());
    let last = last.expect("a sample").as_array().expect("numbers");
    assert_eq!(last.len(), 7, "{last:?}");

    gateway.api().enable("fake", false).await.saved();
    events
        .named_where("pulse", |pulse| {
            pulse["servers"]["fake"]["memory"].is_null()
        })
        .await;
}

/// The gateway's own lines, by `mcp-gateway logs` without a name.
async fn own_lines(gateway: &Gateway, more: &[&str]) -> Vec<String> {
    let (base, data) = (gateway.base().to_owned(), data_dir(gateway.setup()));
    let shown = gateway.setup().run(&args(&base, &data, more)).await;
    assert!(shown.status.success(), "{}", shown.stderr);
    let lines = kinds(&shown.stdout).into_iter();
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_the_gateway_says_is_kept_and_a_changed_level_counts_at_once() {
    let mut gateway = setup()
        .config("logLevel", json!("warn"))
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    gateway.await_any_tools("fake").await;
    assert!(
        !own_lines(&gateway, &[])
            .await
            .iter()
            .any(|line| is_debug(line))
    );
    let (base, data) = (gateway.base().to_owned(), data_dir(gateway.setup()));
    let follow = args(&base, &data, &["-f", "-n", "0", "--level", "info"]);
    let mut reader = StdioClient::start(gateway.setup(), GATEWAY, &follow);

    gateway
        .setup()
        .edit_by_hand(|text| text.replace("\"warn\"", "\"debug\""));
    let told = reader.line().await;
    assert!(
        told.contains("gateway/info: the configuration file was read again")
            && told.contains("logLevel"),
        "{told}"
    );
    gateway.api().restart("fake").await;
    until("the servers' end is told in detail", async || {
        let lines = own_lines(&gateway, &[]).await;
        lines.iter().any(|line| is_debug(line)).then_some(())
    })
    .await;

    assert!(gateway.stop().await.success());
    let ended = soon("its end", reader.child.wait())
        .await
        .expect("a status");
    assert!(ended.success(), "{ended}");
    let kept = own_lines(&gateway, &["--level", "info"]).await;
    assert!(
        kept.iter()
            .any(|line| line.contains("the configuration file was read again")),
        "{kept:#?}"
    );
    assert!(!kept.iter().any(|line| is_debug(line)), "{kept:#?}");
    let mode = std::fs::metadata(file(&gateway, "gateway.log")).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777;
    assert_eq!(mode, 0o600);
}

fn is_debug(line: &str) -> bool {
    line.starts_with("gateway/debug: ")
}

#[tokio::test]
async fn a_level_that_is_outranked_stays_and_is_told() {
    let gateway = setup().env("LOG_LEVEL", "info").start().await;
    gateway
        .setup()
        .edit_by_hand(|text| text.replacen('{', "{ \"logLevel\": \"trace\",", 1));
    until("it is told", async || {
        let lines = own_lines(&gateway, &["--level", "warning"]).await;
        let told = "logLevel: has no effect: LOG_LEVEL says \"info\"";
        lines.iter().any(|line| line.contains(told)).then_some(())
    })
    .await;
    assert!(
        !own_lines(&gateway, &[])
            .await
            .iter()
            .any(|line| is_debug(line))
    );
}

#[tokio::test]
async fn no_secret_gets_into_the_gateways_own_log_however_much_it_says() {
    let script = json!({
        "start": {"stderr": ["key=s3cr3t-0123456789"]},
        "tools": [{"name": "echo", "does": [{"text": "s3cr3t-0123456789"}]}],
    });
    let secret = json!({"env": {"API_KEY": "s3cr3t-0123456789"}});
    let far = json!({
        "name": "far",
        "url": "http://127.0.0.1:1/mcp?key=s3cr3t-0123456789",
        "headers": {"Authorization": "Bearer s3cr3t-0123456789"},
    });
    let mut gateway = setup()
        .arg("--log-level=trace")
        .fake_with("fake", script, secret)
        .server(far)
        .start()
        .await;
    gateway.await_any_tools("fake").await;
    let said = "{\"token\":\"s3cr3t-0123456789\"}";
    gateway.client().await.text("fake_echo", said).await;
    let admin = gateway.admin_token();
    gateway.await_state("far", "failing").await;
    assert!(gateway.stop().await.success());
    let mut written = String::new();
    for name in ["gateway.log", "gateway.log.1", "gateway.log.2"] {
        written.push_str(&std::fs::read_to_string(file(&gateway, name)).unwrap_or_default());
    }
    assert!(written.contains("gateway/debug"), "{written}");
    for secret in ["s3cr3t", admin.as_str()] {
        let found = written.lines().find(|line| line.contains(secret));
        assert_eq!(found, None);
    }
}

#[tokio::test]
async fn a_log_folder_that_cannot_be_written_is_told_once_and_stops_nobody() {
    let setup = setup().fake("fake", tools(json!([{"name": "echo"}])));
    let data = setup.path("data");
    std::fs::create_dir_all(&data).expect("a folder");
    std::fs::write(data.join("logs"), "a file").expect("a file");
    let gateway = setup.start().await;
    gateway.await_any_tools("fake").await;
    gateway.api().restart("fake").await;
    gateway.await_any_tools("fake").await;
    let count = || gateway.stderr().matches("logs cannot be written").count();
    until_true("it is told", || count() > 0).await;
    assert_eq!(count(), 1);
    let lines = own_lines(&gateway, &["--level", "warning"]).await;
    assert!(
        lines
            .iter()
            .any(|line| line.contains("logs cannot be written")),
        "{lines:#?}"
    );
}
