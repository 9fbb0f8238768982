//! The doctor finds what is wrong, says it, and repairs it when asked: through the gateway that
//! runs, and where none does.

use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::{Value, json};
use testkit::admin::in_both_languages;
use testkit::wait::until_true;
use testkit::{Ended, Setup, programs};

use crate::support::{setup, tools};

/// Runs the command on the folders of a test.
async fn doctor(setup: &Setup, more: &[&str]) -> Ended {
    let (config, data) = (setup.path("config.json"), setup.path("data"));
    let paths = [&config, &data].map(|path| path.to_str().expect("UTF-8").to_owned());
    let [config, data] = &paths;
    let mut args = vec!["doctor", "--config", config, "--data-dir", data];
    args.extend(more);
    setup.run(&args).await
}

/// The findings that it prints as JSON.
async fn findings(setup: &Setup) -> Vec<Value> {
    let ended = doctor(setup, &["--json"]).await;
    let report: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let has_problems = of(&report).iter().any(|one| one["severity"] == "problem");
    assert_eq!(
        ended.status.code(),
        Some(i32::from(has_problems)),
        "{ended:?}"
    );
    of(&report)
}

fn of(report: &Value) -> Vec<Value> {
    let findings = report["findings"].as_array().expect("findings");
    for finding in findings {
        for text in ["title", "cause", "remedy"] {
            let words = &finding[text];
            // A system's own message has no translation.
            if text == "title" || words["en"].as_str().is_some_and(|en| en.contains(' ')) {
                in_both_languages(words);
            }
        }
    }
    findings.clone()
}

fn find<'a>(findings: &'a [Value], id: &str) -> &'a Value {
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {findings:#?}"))
}

fn write(setup: &Setup, config: &str) {
    std::fs::write(setup.path("config.json"), config).expect("written");
}

/// The fake server's program, its name and its folder.
fn fake_program() -> (PathBuf, String, String) {
    let program = programs::fake_server();
    let name = program.file_name().and_then(|name| name.to_str());
    let name = name.expect("a name").to_owned();
    let folder = program.parent().expect("a folder").display().to_string();
    (program, name, folder)
}

#[tokio::test]
async fn a_command_that_has_moved_is_found_and_its_path_written() {
    let setup = setup();
    let (program, name, folder) = fake_program();
    let mut entry = setup.fake_entry("files", tools(json!([{"name": "echo"}])), &json!({}));
    entry["command"][0] = json!(format!("/gone/bin/{name}"));
    let gateway = setup
        .env("PATH", format!("{folder}:/usr/bin:/bin"))
        .server(entry)
        .start()
        .await;
    gateway.await_state("files", "failing").await;

    let report = of(&gateway.api().json("/api/doctor").await);
    let finding = find(&report, "command:files");
    assert_eq!(finding["severity"], "problem");
    assert_eq!(finding["subject"], "files");
    assert!(
        finding["cause"]["en"]
            .as_str()
            .is_some_and(|cause| cause.contains(&folder)),
        "{finding:#}"
    );

    let ended = doctor(gateway.setup(), &["--fix", "command:files"]).await;
    assert!(
        ended.stdout.contains(&gateway.pid().to_string()),
        "{ended:?}"
    );
    assert!(ended.stderr.contains(&folder), "{ended:?}");
    gateway.await_state("files", "ready").await;
    let text = gateway.setup().config_text();
    assert!(text.contains(&program.display().to_string()), "{text}");
    assert!(!text.contains("/gone/"), "{text}");
    let report = of(&gateway.api().json("/api/doctor").await);
    assert_eq!(find(&report, "command:files")["severity"], "ok");
}

#[tokio::test]
async fn a_repair_of_the_file_can_be_taken_back() {
    let setup = setup();
    let (_, name, folder) = fake_program();
    let gone = json!({"name": "files", "type": "local", "command": [format!("/gone/{name}")]});
    let gateway = setup
        .env("PATH", format!("{folder}:/usr/bin:/bin"))
        .server(gone)
        .start()
        .await;
    let before = gateway.setup().config_text();
    let api = gateway.api();
    let fix = json!({"id": "command:files"});
    let fixed = api.post("/api/doctor/fix", &fix).await;
    assert_eq!(fixed.status, 200, "{fixed:?}");
    let fixed = fixed.json();
    in_both_languages(&fixed["said"]);
    assert_ne!(gateway.setup().config_text(), before);
    api.undo(&fixed).await.saved();
    assert_eq!(gateway.setup().config_text(), before);

    let nothing = api.post("/api/doctor/fix", &json!({"id": "nothing"})).await;
    assert_eq!(nothing.json()["undo"], Value::Null);
    let stranger = testkit::Admin::new(gateway.base()).get("/api/doctor").await;
    stranger.problem(401);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_who_has_it_and_another_one_written() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let setup = setup();
    write(
        &setup,
        &format!("{{\n  // mine\n  \"gateway\": {{ \"port\": {port} }},\n  \"servers\": []\n}}\n"),
    );
    let report = findings(&setup).await;
    let finding = find(&report, "port");
    assert_eq!(finding["severity"], "problem");
    let cause = finding["cause"]["en"].as_str().expect("a cause");
    assert!(cause.contains(&std::process::id().to_string()), "{cause}");

    let ended = doctor(&setup, &["--fix", "port"]).await;
    assert!(ended.status.success(), "{ended:?}");
    let text = setup.config_text();
    assert!(text.contains("// mine"), "{text}");
    assert!(!text.contains(&format!("\"port\": {port} ")), "{text}");
    assert_eq!(find(&findings(&setup).await, "port")["severity"], "ok");
    let kept = std::fs::read_dir(setup.path("data").join("backups")).expect("backups");
    assert_eq!(kept.count(), 1, "the former text is kept");
}

#[tokio::test]
async fn every_mistake_of_a_file_is_found_with_its_line() {
    let setup = setup();
    write(
        &setup,
        "{\n  \"servers\": [\n    { \"name\": \"a\" },\n    { \"name\": \"b\", \"command\": [] }\n  ]\n}\n",
    );
    let ended = doctor(&setup, &[]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    for line in ["line 3", "line 4"] {
        assert!(ended.stdout.contains(line), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn a_secret_that_is_not_set_is_missed_until_it_is() {
    let setup = setup()
        .env("MCP_GATEWAY_KEYCHAIN", "off")
        .env("MCP_GATEWAY_PORT", "0");
    let server = json!({
        "name": "tool", "type": "local", "command": ["sh", "-c", "exit"],
        "env": {"TOKEN": "${secret:LACK}"},
    });
    write(&setup, &json!({"servers": [server]}).to_string());
    let id = "reference:tool:env.TOKEN:LACK";
    let report = findings(&setup).await;
    let finding = find(&report, id);
    assert_eq!(finding["severity"], "problem");
    let cause = finding["cause"]["en"].as_str().expect("a cause");
    assert!(cause.contains("mcp-gateway secret set LACK"), "{cause}");

    let data = setup.path("data");
    let value = setup.path("value");
    std::fs::write(&value, "hunter2-hunter2").expect("written");
    let value = std::fs::File::open(value).expect("there");
    let mut keep = setup.command(env!("CARGO_BIN_EXE_mcp-gateway"));
    keep.args(["secret", "set", "LACK", "--data-dir"])
        .arg(&data);
    let kept = keep.stdin(value).output().expect("it runs");
    assert!(kept.status.success(), "{kept:?}");
    let report = findings(&setup).await;
    assert!(
        report.iter().all(|finding| finding["id"] != id),
        "{report:#?}"
    );
    let all = serde_json::to_string(&report).expect("JSON");
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn what_a_killed_gateway_left_running_is_ended() {
    let stubborn = json!({"ignoreEof": true, "ignoreSigterm": true, "grandchild": true, "tools": [{"name": "echo"}]});
    let mut gateway = setup().fake("stubborn", stubborn).start().await;
    gateway.await_state("stubborn", "ready").await;
    let journal = gateway.journal("stubborn");
    let orphans = journal.alive();
    gateway.kill();

    let report = findings(gateway.setup()).await;
    let cause = find(&report, "leftovers")["cause"]["en"].clone();
    let pid = orphans[0].to_string();
    assert!(
        cause.as_str().is_some_and(|cause| cause.contains(&pid)),
        "{cause}"
    );
    assert_eq!(journal.alive(), orphans, "looking ends nothing");

    let ended = doctor(gateway.setup(), &["--fix", "leftovers"]).await;
    assert!(ended.stderr.contains('1'), "{ended:?}");
    until_true("the orphan is gone", || journal.alive().is_empty()).await;
    let report = findings(gateway.setup()).await;
    assert_eq!(find(&report, "leftovers")["severity"], "ok");
}
