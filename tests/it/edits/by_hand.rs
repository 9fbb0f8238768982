//! A file that somebody saves while the gateway runs is put in force by itself.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait::{until, until_true};
use testkit::{Gateway, Setup};

use super::{InFlight, open_gate, process, worker};
use crate::support::setup;

/// What a save may take until clients have what it brings, beside the start of the servers;
/// more than that, so that the test holds on a machine that is busy otherwise. The chaos step
/// measures it closer.
const PROMPT: Duration = Duration::from_secs(3);

async fn gateway() -> Gateway {
    started(setup()).await
}

async fn started(setup: Setup) -> Gateway {
    let (one, two) = (worker(&setup, "one"), worker(&setup, "two"));
    let gateway = setup.fake("one", one).fake("two", two).start().await;
    gateway.await_tools("one", 3).await;
    gateway.await_tools("two", 3).await;
    gateway
}

/// The text with another description of the first server, and its revision once in force.
fn described(text: &str, words: &str) -> String {
    let described = format!("\"description\": \"{words}\",\n      \"name\": \"one\"");
    text.replacen("\"name\": \"one\"", &described, 1)
}

async fn is_described(gateway: &Gateway, words: &str) {
    until(&format!("the file with {words} is in force"), async || {
        (gateway.server_status("one").await["description"] == words).then_some(())
    })
    .await;
}

async fn problems(gateway: &Gateway) -> Vec<Value> {
    let status = gateway.status().await;
    let problems = status["configProblems"].as_array();
    problems.expect("a list of problems").clone()
}

async fn await_problems(gateway: &Gateway, count: usize) -> Vec<Value> {
    until(&format!("{count} problems are told"), async || {
        let problems = problems(gateway).await;
        (problems.len() == count).then_some(problems)
    })
    .await
}

/// How often the gateway has said that it read the file again.
fn reloads(gateway: &Gateway) -> usize {
    gateway.stderr().matches("was read again").count()
}

/// Replaces a file by another one, as most editors save.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).expect("written");
    std::fs::rename(beside, path).expect("renamed");
}

#[tokio::test]
async fn one_changed_server_restarts_that_one_only_and_clients_hear_of_its_tools() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    let mut stream = client.listen().await;
    let call = InFlight::begin(&gateway, "two", "wait").await;
    let (one, two) = (process(&gateway, "one"), process(&gateway, "two"));
    let mut script = worker(gateway.setup(), "one");
    script["tools"][1]["name"] = json!("fresh");
    let other = gateway.folder().join("other.script.json");
    std::fs::write(&other, script.to_string()).expect("written");

    let saved = Instant::now();
    gateway
        .setup()
        .edit_by_hand(|text| text.replacen("one.script.json", "other.script.json", 1));
    let fresh = async || client.tool_names().await.contains(&"one_fresh".to_owned());
    while !fresh().await {
        stream.message_of("notifications/tools/list_changed").await;
    }

    let took = saved.elapsed();
    assert!(took < PROMPT, "{took:?}");
    until_true("the former process is gone", || {
        gateway.journal("one").alive().len() == 1
    })
    .await;
    assert_ne!(process(&gateway, "one"), one);
    assert_eq!(process(&gateway, "two"), two);
    assert_eq!(gateway.journal("two").starts(), 1);
    open_gate(&gateway, "two");
    assert_eq!(call.text().await, "finished");
    let log = gateway.stderr();
    assert!(log.contains("read again: started anew: one"), "{log}");
}

#[tokio::test]
async fn a_call_in_flight_at_the_changed_server_is_finished_first() {
    let gateway = gateway().await;
    let call = InFlight::begin(&gateway, "one", "wait").await;
    let one = process(&gateway, "one");
    gateway.setup().edit_by_hand(|text| {
        text.replacen(
            "\"name\": \"one\"",
            "\"callTimeout\": 60000, \"name\": \"one\"",
            1,
        )
    });
    until_true("the file is in force", || reloads(&gateway) == 1).await;
    assert!(!call.is_over());
    assert_eq!(process(&gateway, "one"), one);
    open_gate(&gateway, "one");
    assert_eq!(call.text().await, "finished");
}

#[tokio::test]
async fn servers_come_and_go_with_the_file() {
    let gateway = gateway().await;
    let script = worker(gateway.setup(), "three");
    let three = gateway.setup().fake_entry("three", script, &json!({}));
    gateway.setup().edit_by_hand(|text| {
        let mut config: Value = serde_json::from_str(&text).expect("JSON");
        config["servers"][0] = three;
        config.to_string()
    });
    until_true("the file is in force", || reloads(&gateway) == 1).await;
    gateway.await_tools("three", 3).await;
    until_true("the removed one is gone", || {
        gateway.journal("one").alive().is_empty()
    })
    .await;
    assert_eq!(gateway.journal("two").starts(), 1);
    let log = gateway.stderr();
    assert!(log.contains("added: three; removed: one"), "{log}");
}

#[tokio::test]
async fn a_remark_restarts_nobody() {
    let gateway = gateway().await;
    gateway
        .setup()
        .edit_by_hand(|text| format!("// mine\n{text}"));
    until_true("it is in force", || {
        gateway.stderr().contains("nothing that runs is affected")
    })
    .await;
    for name in ["one", "two"] {
        assert_eq!(gateway.journal(name).starts(), 1);
    }
}

#[tokio::test]
async fn a_file_that_an_editor_replaces_is_followed_again_and_again() {
    let gateway = gateway().await;
    let (path, text) = (
        gateway.folder().join("config.json"),
        gateway.setup().config_text(),
    );
    for words in ["first", "second", "third"] {
        let backup = path.with_extension("json~");
        std::fs::rename(&path, &backup).expect("moved away");
        replace(&path, &described(&text, words));
        is_described(&gateway, words).await;
    }
}

#[tokio::test]
async fn a_folder_that_a_link_swaps_is_followed() {
    use std::os::unix::fs::symlink;
    let setup = setup();
    let (one, two) = (worker(&setup, "one"), worker(&setup, "two"));
    let servers = json!({"servers": [
        setup.fake_entry("one", one, &json!({})),
        setup.fake_entry("two", two, &json!({})),
    ]});
    let text = serde_json::to_string_pretty(&servers).expect("JSON");
    // As Kubernetes mounts it, with somebody's own link on top.
    let version = |name: &str, text: &str| -> PathBuf {
        let folder = setup.path("mount").join(name);
        std::fs::create_dir_all(&folder).expect("made");
        std::fs::write(folder.join("config.json"), text).expect("written");
        folder
    };
    version("..1", &text);
    symlink("..1", setup.path("mount/..data")).expect("linked");
    symlink("..data/config.json", setup.path("mount/config.json")).expect("linked");
    symlink("mount/config.json", setup.path("linked.json")).expect("linked");
    let former = version("..2", &described(&text, "swapped"));
    let file = setup.path("linked.json");
    let gateway = setup.file(file).start().await;
    gateway.await_tools("one", 3).await;

    let mount = gateway.folder().join("mount");
    symlink("..2", mount.join("..data_tmp")).expect("linked");
    std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).expect("swapped");
    is_described(&gateway, "swapped").await;

    replace(
        &former.join("config.json"),
        &described(&text, "behind the links"),
    );
    is_described(&gateway, "behind the links").await;

    std::fs::write(mount.join("own.json"), described(&text, "led elsewhere")).expect("written");
    let link = gateway.folder().join("linked.json");
    std::fs::remove_file(&link).expect("removed");
    symlink("mount/own.json", &link).expect("linked");
    is_described(&gateway, "led elsewhere").await;
}

#[tokio::test]
async fn a_broken_file_is_told_with_every_mistake_until_it_is_mended() {
    let gateway = gateway().await;
    let before = gateway.status().await;
    let text = gateway.setup().config_text();
    gateway.setup().edit_by_hand(|text| {
        text.replacen(
            "\"name\": \"one\"",
            "\"callTimeout\": -3, \"name\": \"one\"",
            1,
        )
        .replacen("\"name\": \"two\"", "\"name\": \"api\"", 1)
    });
    let line_of = |part: &str| {
        let text = gateway.setup().config_text();
        let before = &text[..text.find(part).expect("it is there")];
        before.matches('\n').count() + 1
    };

    let told = await_problems(&gateway, 2).await;

    for (problem, (key, line)) in told.iter().zip([
        ("servers[0].callTimeout", line_of("-3")),
        ("servers[1].name", line_of("\"api\"")),
    ]) {
        assert_eq!(problem["key"], key);
        assert_eq!(problem["line"], line, "{problem:#}");
        assert!(problem["column"].as_u64() > Some(0), "{problem:#}");
        testkit::admin::in_both_languages(&problem["message"]);
        let place = format!("line {line}, column");
        until_true("it is in the log", || gateway.stderr().contains(&place)).await;
    }
    let status = gateway.status().await;
    assert_eq!(status["revision"], before["revision"]);
    // The command line finds the gateway although the file does not say where.
    let file = gateway.folder().join("config.json").display().to_string();
    let data = gateway.folder().join("data").display().to_string();
    let args = ["status", "--config", &file, "--data-dir", &data];
    let shown = gateway.setup().run(&args).await;
    assert!(shown.status.success(), "{}", shown.stderr);
    let place = format!("  {}:", line_of("-3"));
    assert!(shown.stdout.contains(&place), "{}", shown.stdout);
    let client = gateway.client().await;
    let pid = process(&gateway, "two").to_string();
    assert_eq!(client.text("two_pid", "{}").await, pid);

    gateway.setup().edit_by_hand(|_| described(&text, "mended"));
    await_problems(&gateway, 0).await;
    is_described(&gateway, "mended").await;
    assert_eq!(client.text("two_pid", "{}").await, pid);
}

#[tokio::test]
async fn a_broken_file_that_is_put_back_as_it_was_is_no_problem_any_more() {
    let gateway = gateway().await;
    let text = gateway.setup().config_text();
    gateway
        .setup()
        .edit_by_hand(|text| text.replacen('{', "", 1));
    await_problems(&gateway, 1).await;
    gateway.setup().edit_by_hand(|_| text);
    await_problems(&gateway, 0).await;
    assert_eq!(reloads(&gateway), 0);
}

#[tokio::test]
async fn an_empty_file_is_one_that_is_being_written_and_then_a_problem() {
    let gateway = gateway().await;
    let text = gateway.setup().config_text();
    let path = gateway.folder().join("config.json");
    let began = Instant::now();
    std::fs::write(&path, "").expect("written");
    await_problems(&gateway, 1).await;
    assert!(
        began.elapsed() > Duration::from_secs(1),
        "it was waited for"
    );
    std::fs::remove_file(&path).expect("removed");
    until("it is told to be gone", async || {
        let problems = problems(&gateway).await;
        let message = problems.first()?["message"]["en"].as_str()?.to_owned();
        message.contains("gone").then_some(())
    })
    .await;
    std::fs::write(&path, described(&text, "back")).expect("written");
    is_described(&gateway, "back").await;
    await_problems(&gateway, 0).await;
    assert_eq!(gateway.journal("two").starts(), 1);
}

#[tokio::test]
async fn a_burst_of_saves_is_read_once_or_twice() {
    let gateway = gateway().await;
    let text = gateway.setup().config_text();
    for round in 0..20 {
        let text = described(&text, &format!("round {round}"));
        gateway.setup().edit_by_hand(|_| text);
    }
    is_described(&gateway, "round 19").await;
    assert!(reloads(&gateway) <= 2, "{}", gateway.stderr());
    assert_eq!(gateway.journal("one").starts(), 1);
}

#[tokio::test]
async fn a_first_file_is_taken_as_soon_as_it_is_there() {
    let setup = setup().without_file();
    let script = worker(&setup, "one");
    let config = json!({"servers": [setup.fake_entry("one", script, &json!({}))]});
    let gateway = setup.start().await;
    assert_eq!(gateway.status().await["configPath"], Value::Null);
    let folder = gateway.folder().join("home/.config/mcp-gateway");
    std::fs::create_dir_all(&folder).expect("made");
    replace(&folder.join("config.json"), &config.to_string());
    until_true("the file is in force", || reloads(&gateway) == 1).await;
    gateway.await_tools("one", 3).await;
    assert_eq!(
        gateway.status().await["configPath"],
        folder.join("config.json").display().to_string()
    );
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_where_it_stands_and_tried_again() {
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = stranger.local_addr().expect("an address").port();
    let setup = setup().without_port();
    let own = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("an address").port()
    };
    let setup = setup.config("gateway", json!({"port": own}));
    let gateway = started(setup).await;
    gateway.setup().edit_by_hand(|text| {
        text.replacen(
            &format!("\"port\": {own}"),
            &format!("\"port\": {taken}"),
            1,
        )
    });
    let told = await_problems(&gateway, 1).await;
    assert_eq!(told[0]["key"], "gateway.port");
    assert!(told[0]["line"].as_u64() > Some(0), "{told:#?}");
    testkit::admin::in_both_languages(&told[0]["remedy"]);
    drop(stranger);
    let api = gateway.api().at(format!("http://localhost:{taken}"));
    until("it listens there", async || {
        let answers = std::net::TcpStream::connect(("127.0.0.1", taken)).is_ok();
        answers.then_some(())
    })
    .await;
    until("nothing is wrong any more", async || {
        let status = api.status().await;
        (status["configProblems"] == json!([])).then_some(())
    })
    .await;
}
