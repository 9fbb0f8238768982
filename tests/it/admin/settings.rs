//! The gateway's own settings; the port is changed while everything goes on.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use gateway::instance::running;
use serde_json::{Value, json};
use testkit::wait::until_true;
use testkit::{Admin, Answer, Gateway, Setup};

use crate::support::{setup, tools};

/// A port that nobody listens on, and that the system gives to nobody who does not ask
/// for it: what is given up here is asked for again.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 64 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(number % 12_000).expect("a small number");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A gateway whose file says its port.
fn on(port: u16) -> Setup {
    let setup = setup();
    let fake = setup.fake_entry("fake", tools(json!([{"name": "echo"}])), &json!({}));
    let text = format!(
        "{{\n  // where clients come\n  \"gateway\": {{ \"port\": {port} /* mine */ }},\n  \"servers\": [{fake}]\n}}\n"
    );
    setup.text(text).without_port()
}

async fn set_port(api: &Admin, port: &Value) -> Answer {
    api.send("PATCH", "/api/settings", &json!({ "port": port }))
        .await
}

fn base(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Whether anybody listens there.
fn answers(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[tokio::test]
async fn they_tell_what_holds_and_why() {
    let port = free_port();
    let gateway = on(port).start().await;
    let settings = gateway.api().json("/api/settings").await;
    let status = gateway.status().await;
    let expected = json!({
        "port": port, "portFrom": "file", "endpoint": gateway.endpoint,
        "configPath": gateway.folder().join("config.json"), "revision": status["revision"],
        "dataDir": gateway.folder().join("data"), "version": status["version"], "logLevel": "info",
    });
    assert_eq!(settings, expected);
    let config = gateway.api().json("/api/config").await;
    let text = gateway.setup().config_text();
    assert_eq!(
        config,
        json!({"path": settings["configPath"], "revision": status["revision"], "text": text})
    );
}

#[tokio::test]
async fn another_port_is_moved_to_and_nobody_is_cut_off() {
    let (old, new) = (free_port(), free_port());
    let gateway = on(old).start().await;
    let api = gateway.api();
    let mut client = gateway.client().await;
    client.tool("fake_echo", "{}").await.result();
    let mut events = api.events().await;
    events.named("status").await;
    let before = gateway.setup().config_text();

    let saved = set_port(&api, &json!(new)).await.saved();

    let expected = before.replace(&old.to_string(), &new.to_string());
    assert_eq!(gateway.setup().config_text(), expected);
    let moved = api.clone().at(base(new));
    let settings = moved.json("/api/settings").await;
    assert_eq!(
        (&settings["port"], &settings["portFrom"]),
        (&json!(new), &json!("file"))
    );
    assert_eq!(settings["endpoint"], format!("{}/mcp", base(new)));
    assert_eq!(settings["revision"], saved["revision"]);
    assert!(!answers(old), "the old port is free");
    let noted = running(&gateway.folder().join("data")).and_then(|gateway| gateway.address());
    assert_eq!(noted.map(|address| address.port()), Some(new));
    client.url = format!("{}/mcp", base(new));
    client.tool("fake_echo", "{}").await.result();
    let told = events
        .named_where("status", |status| status["revision"] == saved["revision"])
        .await;
    assert_eq!(told["endpoint"], settings["endpoint"]);
    events.named("pulse").await;
    assert_eq!(gateway.journal("fake").starts(), 1);
}

#[tokio::test]
async fn a_move_is_taken_back_right_away() {
    let (old, new) = (free_port(), free_port());
    let gateway = on(old).start().await;
    let api = gateway.api();
    for _ in 0..5 {
        let saved = set_port(&api, &json!(new)).await.saved();
        // On the connection that came through the old port.
        api.undo(&saved).await.saved();
        assert_eq!(api.json("/api/settings").await["port"], old);
    }
    assert!(answers(old));
    assert!(!answers(new));
    assert_eq!(gateway.api().status().await["endpoint"], gateway.endpoint);
}

#[tokio::test]
async fn a_port_that_is_taken_leaves_everything_as_it_was() {
    let gateway = on(free_port()).start().await;
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = u32::from(stranger.local_addr().expect("an address").port());
    let (before, api) = (gateway.setup().config_text(), gateway.api());

    let answer = set_port(&api, &json!(taken)).await;

    assert_eq!(answer.fields(), ["port"]);
    let text = answer.json()["message"]["en"].clone();
    for part in [taken, std::process::id()] {
        let named = |text: &str| text.contains(&part.to_string());
        assert!(text.as_str().is_some_and(named), "{part} in {text}");
    }
    assert_eq!(gateway.setup().config_text(), before);
    assert_eq!(
        gateway.api().json("/api/settings").await["port"],
        gateway.port()
    );
    let client = gateway.client().await;
    client.tool("fake_echo", "{}").await.result();
    drop(stranger);
    set_port(&api, &json!(taken)).await.saved();
}

#[tokio::test]
async fn what_is_no_port_is_refused_at_its_field() {
    let gateway = on(free_port()).start().await;
    let (before, api) = (gateway.setup().config_text(), gateway.api());
    assert_eq!(set_port(&api, &json!(65_536)).await.fields(), ["port"]);
    for bad in [json!(-1), json!("80"), json!(1.5), json!(null)] {
        set_port(&api, &bad).await.problem(400);
    }
    let more = json!({"port": 5000, "logLevel": "debug"});
    api.send("PATCH", "/api/settings", &more).await.problem(400);
    assert_eq!(gateway.setup().config_text(), before);
}

#[tokio::test]
async fn a_port_from_elsewhere_is_not_overruled_and_says_where_from() {
    let variable = setup()
        .without_port()
        .env("MCP_GATEWAY_PORT", "0")
        .start()
        .await;
    let option = setup().start().await;
    for (gateway, from, word) in [
        (variable, "environment", "MCP_GATEWAY_PORT"),
        (option, "commandLine", "--port"),
    ] {
        let api = gateway.api();
        let before = gateway.setup().config_text();
        assert_eq!(api.json("/api/settings").await["portFrom"], from);
        let answer = set_port(&api, &json!(free_port())).await;
        assert_eq!(answer.fields(), ["port"]);
        for language in ["en", "zh"] {
            let text = answer.json()["message"][language].clone();
            assert!(
                text.as_str().is_some_and(|text| text.contains(word)),
                "{text}"
            );
        }
        assert_eq!(gateway.setup().config_text(), before);
    }
}

#[tokio::test]
async fn a_port_that_the_system_chose_can_be_kept() {
    let gateway = on(0).start().await;
    let api = gateway.api();
    let port = gateway.port();
    assert_eq!(api.json("/api/settings").await["port"], 0);

    set_port(&api, &json!(port)).await.saved();

    let settings = api.json("/api/settings").await;
    assert_eq!(
        (&settings["port"], &settings["endpoint"]),
        (&json!(port), &json!(gateway.endpoint))
    );
    assert!(
        gateway
            .setup()
            .config_text()
            .contains(&format!("\"port\": {port}"))
    );
    assert!(answers(port));
}

#[tokio::test]
async fn a_port_that_was_written_by_hand_is_moved_to() {
    let (old, new) = (free_port(), free_port());
    let gateway = on(old).start().await;
    let by_hand = |to: u16| {
        gateway.setup().edit_by_hand(|text| {
            text.replace(&format!("\"port\": {old}"), &format!("\"port\": {to}"))
        });
    };
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = stranger.local_addr().expect("an address").port();
    let before = gateway.setup().config_text();
    by_hand(taken);
    assert_eq!(gateway.api().reload().await.fields(), ["port"]);
    assert!(answers(old));
    gateway.setup().edit_by_hand(|_| before);
    by_hand(new);
    until_true("it listens there", || answers(new)).await;
    assert_eq!(
        gateway.api().at(base(new)).status().await["endpoint"],
        format!("{}/mcp", base(new))
    );
}

#[tokio::test]
async fn after_a_move_the_gateway_still_ends_well() {
    let (old, new) = (free_port(), free_port());
    let mut gateway = on(old).start().await;
    let api = gateway.api();
    let mut events = api.events().await;
    set_port(&api, &json!(new)).await.saved();
    let mut others = api.clone().at(base(new)).events().await;
    others.named("status").await;
    let (ended, ..): (_, Vec<String>, Vec<String>) =
        tokio::join!(gateway.stop(), events.rest(), others.rest());
    assert!(ended.success());
    assert!(!answers(new));
}

/// The admin API of a gateway without a file.
#[tokio::test]
async fn without_a_file_one_is_made_for_the_port() {
    let gateway: Gateway = setup().without_file().start().await;
    let settings = gateway.api().json("/api/settings").await;
    assert_eq!(
        (&settings["configPath"], &settings["revision"]),
        (&Value::Null, &Value::Null)
    );
    let config = gateway.api().json("/api/config").await;
    assert_eq!(
        config,
        json!({"path": null, "revision": null, "text": null})
    );
}
