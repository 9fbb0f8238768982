//! One gateway per data folder, and strangers that have its port.

use std::net::TcpListener;
use std::process::Command;

use gateway::instance::{HandOverError, hand_over, running};
use serde_json::json;
use testkit::{Admin, Ended, Setup, run};
use tokio::io::AsyncReadExt;

use crate::support::setup;

/// What a second gateway says that is started on these folders and this port.
async fn second(setup: &Setup, port: u16, language: &str) -> Ended {
    run(command(setup, port, "data", language)).await
}

fn command(setup: &Setup, port: u16, data: &str, language: &str) -> Command {
    let mut command = setup.command(env!("CARGO_BIN_EXE_mcp-gateway"));
    command
        .arg("--config")
        .arg(setup.config_path().expect("a file is named"))
        .args(["--port", &port.to_string(), "--data-dir"])
        .arg(setup.path(data))
        .env("LC_ALL", language);
    command
}

/// A gateway as systemd starts one: its id is in its environment.
fn as_service() -> Setup {
    let script = r#"SYSTEMD_EXEC_PID=$$ exec "$0" "$@""#;
    setup().through(&["sh", "-c", script])
}

#[tokio::test]
async fn a_second_start_is_refused_and_told_who_runs() {
    let gateway = setup().start().await;
    let address = format!("http://127.0.0.1:{}", gateway.port());
    let process = gateway.pid().to_string();

    for (language, said) in [("C", "already runs"), ("zh_CN.UTF-8", "已在使用")] {
        let ended = second(gateway.setup(), 0, language).await;
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        for part in [said, &address, &process, "--data-dir", "kill"] {
            assert!(ended.stderr.contains(part), "{part} in {}", ended.stderr);
        }
    }

    assert_eq!(gateway.raw().get("/health").await.status, 200);
}

#[tokio::test]
async fn a_gateway_that_was_killed_keeps_nobody_from_starting() {
    let mut gateway = setup().start().await;
    let data = gateway.folder().join("data");
    let noted = || running(&data).map(|gateway| gateway.pid);
    assert_eq!(noted(), Some(gateway.pid()));

    gateway.kill();
    assert_eq!(noted(), None, "its note is still there, but not its lock");
    gateway.restart().await;

    assert_eq!(noted(), Some(gateway.pid()));
}

#[tokio::test]
async fn who_has_the_port_is_named() {
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = stranger.local_addr().expect("an address").port();
    let gateway = setup().start().await;
    let own = std::process::id().to_string();

    let ended = run(command(gateway.setup(), port, "other", "C")).await;
    assert_eq!(ended.status.code(), Some(1));
    for part in ["is taken by", &format!("process {own}"), "--port"] {
        assert!(ended.stderr.contains(part), "{part} in {}", ended.stderr);
    }

    let ended = run(command(gateway.setup(), gateway.port(), "other", "C")).await;
    let named = format!(
        "another MCP Gateway (mcp-gateway, process {})",
        gateway.pid()
    );
    assert!(ended.stderr.contains(&named), "{}", ended.stderr);
}

#[tokio::test]
async fn a_stranger_is_not_shown_the_token() {
    let gateway = setup().start().await;
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", stranger.local_addr().expect("an address"));
    let heard = tokio::spawn(async move {
        let (mut stream, _) = stranger.accept().await.expect("a client");
        let mut request = [0; 4096];
        let length = stream.read(&mut request).await.expect("a request");
        let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
            .await
            .expect("an answer");
        String::from_utf8_lossy(&request[..length]).into_owned()
    });

    let data = gateway.folder().join("data");
    let data = data.to_str().expect("UTF-8");
    let args = ["status", "--url", &url, "--data-dir", data];
    let ended = gateway.setup().run(&args).await;

    let request = heard.await.expect("heard");
    assert!(!request.contains(&gateway.admin_token()), "{request}");
    let told = ended.stderr.contains("another program")
        && ended.stderr.contains(&gateway.port().to_string());
    assert!(!ended.status.success() && told, "{}", ended.stderr);
}

#[tokio::test]
async fn a_gateway_on_any_port_is_found_by_its_data_folder() {
    let gateway = setup().config("gateway", json!({"port": 0})).start().await;
    let (config, data) = (gateway.setup().config_path(), gateway.folder().join("data"));
    let config = config.expect("a file is named");
    let ended = gateway
        .setup()
        .run(&[
            "status",
            "--config",
            config.to_str().expect("UTF-8"),
            "--data-dir",
            data.to_str().expect("UTF-8"),
        ])
        .await;
    assert!(ended.status.success(), "{ended:?}");
}

#[tokio::test]
async fn a_gateway_in_a_terminal_makes_room_when_it_is_asked() {
    let mut gateway = setup().start().await;
    let data = gateway.folder().join("data");
    let occupant = running(&data).expect("it runs");
    assert_eq!(
        Admin::new(gateway.base())
            .bare("POST", "/api/shutdown")
            .await
            .status,
        401
    );

    hand_over(&data, &occupant).await.expect("it leaves");

    assert_eq!(running(&data), None);
    assert!(gateway.stop().await.success());
}

#[tokio::test]
async fn a_service_is_not_asked_and_does_not_leave() {
    let gateway = as_service().start().await;
    let data = gateway.folder().join("data");
    let occupant = running(&data).expect("it runs");

    let stays = hand_over(&data, &occupant).await;
    assert!(matches!(stays, Err(HandOverError::Stays)), "{stays:?}");
    let refused = gateway.api().bare("POST", "/api/shutdown").await;
    assert_eq!(refused.status, 501, "{refused:?}");
    assert_eq!(running(&data), Some(occupant));
    let ended = second(gateway.setup(), 0, "C").await;
    assert!(ended.stderr.contains("as a service"), "{}", ended.stderr);
}
