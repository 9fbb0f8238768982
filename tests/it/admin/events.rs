//! `/api/events`: the status when it changes, and the numbers of each second.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait::{SOON, soon, until};
use testkit::{Gateway, programs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::support::{setup, tools};

async fn gateway() -> Gateway {
    let script = tools(json!([
        {"name": "echo"},
        {"name": "crash", "does": [{"crash": 3}]},
        {"name": "hang", "does": ["hang"]},
    ]));
    let gateway = setup().fake("fake", script).start().await;
    gateway.await_tools("fake", 3).await;
    gateway
}

/// A server's part of a status.
fn server<'s>(status: &'s Value, name: &str) -> &'s Value {
    let mut servers = status["servers"].as_array().into_iter().flatten();
    servers
        .find(|server| server["name"] == name)
        .unwrap_or(&Value::Null)
}

#[tokio::test]
async fn the_first_event_is_the_whole_status() {
    let gateway = gateway().await;
    let mut stream = gateway.api().events().await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["cache-control"], "no-cache, no-transform");
    let first = stream.event().await.expect("an event");
    assert_eq!(first.event.as_deref(), Some("status"));
    let mut told: Value = serde_json::from_slice(&first.data).expect("JSON");
    let mut asked = gateway.status().await;
    for status in [&mut told, &mut asked] {
        status["uptime"] = json!(0);
        // The stream itself is one more.
        status["counts"] = Value::Null;
        // Measured anew every few seconds.
        for number in ["memory", "cpu"] {
            status["servers"][0][number] = Value::Null;
        }
    }
    assert_eq!(told, asked);
}

#[tokio::test]
async fn a_servers_failure_and_its_recovery_arrive() {
    let setup = setup();
    let program = setup.path("program");
    let late = json!({"name": "late", "command": [program, "--tools", "echo"]});
    let gateway = setup.server(late).start().await;
    let mut events = gateway.api().events().await;
    let failed = events
        .named_where("status", |status| {
            server(status, "late")["state"] == "failing"
        })
        .await;
    let error = &server(&failed, "late")["error"];
    testkit::admin::in_both_languages(&error["message"]);
    assert_eq!(failed["state"], "degraded");

    let program = gateway.folder().join("program");
    std::os::unix::fs::symlink(programs::fake_server(), program).expect("a link");
    let ready = events
        .named_where("status", |status| server(status, "late")["tools"] == 1)
        .await;
    assert_eq!(server(&ready, "late")["state"], "ready");
    assert_eq!(server(&ready, "late")["error"], Value::Null);
    assert_eq!(ready["state"], "ok");
}

#[tokio::test]
async fn a_server_that_dies_and_comes_back_is_told() {
    let setup = setup();
    let gate = setup.path("gate");
    std::fs::write(&gate, "").expect("the gate is open");
    let script = json!({
        "tools": [{"name": "crash", "does": [{"crash": 3}]}],
        "on": {"initialize": [{"gate": gate}, "default"]},
    });
    let gateway = setup.fake("fake", script).start().await;
    gateway.await_tools("fake", 1).await;
    let mut events = gateway.api().events().await;
    let is = |state: &'static str| move |status: &Value| server(status, "fake")["state"] == state;
    events.named_where("status", is("ready")).await;
    std::fs::remove_file(&gate).expect("the gate is shut");

    gateway
        .client()
        .await
        .tool("fake_crash", "{}")
        .await
        .error();

    events.named_where("status", is("starting")).await;
    std::fs::write(&gate, "").expect("the gate opens");
    events.named_where("status", is("ready")).await;
}

#[tokio::test]
async fn each_second_has_its_numbers() {
    let gateway = gateway().await;
    let mut events = gateway.api().events().await;
    let client = gateway.client().await;
    let first = events.named("pulse").await;
    for _ in 0..7 {
        client.tool("fake_echo", "{}").await.result();
    }
    let hanging = {
        let client = client.clone();
        tokio::spawn(async move { client.tool("fake_hang", "{}").await })
    };
    let (mut calls, mut at) = (0, first["at"].as_u64().expect("a time"));
    let deadline = Instant::now() + SOON;
    loop {
        assert!(Instant::now() < deadline, "{calls} calls were told");
        let pulse = events.named("pulse").await;
        let next = pulse["at"].as_u64().expect("a time");
        assert!((500..10_000).contains(&(next - at)), "{at} {next}");
        at = next;
        let numbers = &pulse["servers"]["fake"];
        calls += numbers["calls"].as_u64().expect("calls");
        if calls == 7 && numbers["active"] == 1 {
            assert_eq!(
                (&numbers["total"], &numbers["waiting"]),
                (&json!(1), &json!(0))
            );
            assert_eq!(pulse["sessions"], 1);
            break;
        }
        assert!(calls <= 7, "{calls}");
    }
    hanging.abort();
    gateway.api().restart("fake").await;
}

#[tokio::test]
async fn calls_and_sessions_alone_are_no_news() {
    let gateway = gateway().await;
    let mut events = gateway.api().events().await;
    events.named("status").await;
    for _ in 0..2 {
        events.named("pulse").await;
    }
    let client = gateway.client().await;
    for _ in 0..20 {
        client.tool("fake_echo", "{}").await.result();
    }
    let mut names = Vec::new();
    while names.iter().filter(|name| *name == "pulse").count() < 2 {
        names.extend(events.event().await.expect("an event").event);
    }
    assert_eq!(names, ["pulse", "pulse"]);
}

#[tokio::test]
async fn who_comes_late_misses_no_change_that_follows() {
    let gateway = gateway().await;
    let api = gateway.api();
    let plain = gateway.status().await["revision"].clone();
    // Somebody has been told, and has left.
    let mut first = api.events().await;
    first.named("status").await;
    first.named("pulse").await;
    drop(first);
    for round in 0..3 {
        let words = format!("{round}");
        let saved = api
            .edit("fake", |form| form["description"] = json!(words))
            .await
            .saved();
        // Nobody listens while it is described.
        tokio::time::sleep(Duration::from_millis(120)).await;
        let mut events = api.events().await;
        assert_eq!(events.named("status").await["revision"], saved["revision"]);
        api.undo(&saved).await.saved();
        events
            .named_where("status", |status| status["revision"] == plain)
            .await;
    }
}

#[tokio::test]
async fn who_reads_slowly_keeps_nobody_waiting_and_does_not_hold_up_the_end() {
    let mut gateway = gateway().await;
    let api = gateway.api();
    // Nobody reads what is sent here, and there is little room for it.
    let slow = TcpSocket::new_v4().expect("a socket");
    slow.set_recv_buffer_size(4096).expect("a small one");
    let address = ([127, 0, 0, 1], gateway.port()).into();
    let mut slow = slow.connect(address).await.expect("connected");
    let head = format!(
        "GET /api/events HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Bearer {}\r\n\r\n",
        gateway.port(),
        gateway.admin_token()
    );
    slow.write_all(head.as_bytes()).await.expect("sent");
    let mut byte = [0];
    soon("its first byte", slow.read_exact(&mut byte))
        .await
        .expect("an answer");
    let mut events = api.events().await;
    // More than the sockets hold.
    let long = "words ".repeat(40_000);
    for round in 0..12 {
        let words = format!("{round} {long}");
        let edit = |form: &mut Value| form["description"] = json!(words);
        api.edit("fake", edit).await.saved();
        let told = |status: &Value| {
            let words = server(status, "fake")["description"].as_str();
            words.is_some_and(|words| words.starts_with(&format!("{round} ")))
        };
        events.named_where("status", told).await;
    }
    gateway
        .client()
        .await
        .tool("fake_echo", "{}")
        .await
        .result();

    let began = Instant::now();
    assert!(gateway.stop().await.success());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    drop(slow);
}

#[tokio::test]
async fn streams_end_at_once_when_the_gateway_does() {
    let mut gateway = gateway().await;
    let api = gateway.api();
    let (mut events, mut log) = (api.events().await, api.log("fake").await);
    events.named("pulse").await;
    let began = Instant::now();
    let (ended, ..) = tokio::join!(gateway.stop(), events.rest(), log.rest());
    assert!(ended.success());
    assert!(!events.was_cut && !log.was_cut, "they end as streams do");
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_hundred_listeners_hear_the_same_and_may_leave() {
    let gateway = gateway().await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(gateway.api().events().await);
    }
    let saved = gateway.api().enable("fake", false).await.saved();
    for stream in &mut streams {
        stream
            .named_where("status", |status| status["revision"] == saved["revision"])
            .await;
    }
    drop(streams);
    let health = gateway.raw().get("/health").await.json();
    assert_eq!(health["status"], "ok", "{health:#}");
    until("their connections are gone", async || {
        let descriptors = format!("/proc/{}/fd", gateway.pid());
        (std::fs::read_dir(descriptors).expect("its files").count() < 60).then_some(())
    })
    .await;
}
