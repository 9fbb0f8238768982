//! A bad file: all its problems at once, with path and line.

use crate::support::setup;

#[tokio::test]
async fn five_mistakes_are_told_at_once_with_their_lines() {
    let setup = setup();
    let path = setup.path("bad.json");
    let text = r#"{
  "gateway": {
    "port": 99999
  },
  "servers": [
    {"name": "api", "type": "local", "command": ["x"]},
    {"name": "twice", "type": "local", "command": ["x"]},
    {"name": "twice", "type": "local", "command": ["x"]},
    {"name": "empty", "type": "local", "command": []},
    {"name": "far", "type": "remote", "url": "not a url"}
  ]
}
"#;
    std::fs::write(&path, text).expect("written");

    let ended = setup
        .run(&[
            "--config",
            path.to_str().expect("UTF-8"),
            "--data-dir",
            "data",
        ])
        .await;

    assert!(!ended.status.success());
    for line in [3, 6, 8, 9, 10] {
        assert!(
            ended.stderr.contains(&format!(":{line}:")),
            "line {line} in\n{}",
            ended.stderr
        );
    }
    for part in ["bad.json", "port", "api", "twice", "command", "url"] {
        assert!(ended.stderr.contains(part), "{part} in\n{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_file_that_is_no_json_is_told_with_its_line() {
    let setup = setup();
    let path = setup.path("bad.json");
    std::fs::write(&path, "{\n  \"servers\": [\n    {\"name\": }\n  ]\n}\n").expect("written");
    let ended = setup
        .run(&[
            "--config",
            path.to_str().expect("UTF-8"),
            "--data-dir",
            "data",
        ])
        .await;
    assert!(!ended.status.success());
    assert!(ended.stderr.contains(":3:"), "{}", ended.stderr);
}

#[tokio::test]
async fn an_open_address_without_authentication_starts_on_loopback_and_says_so() {
    let gateway = setup()
        .config("gateway", serde_json::json!({"host": "0.0.0.0"}))
        .start()
        .await;
    let status = gateway.status().await;
    let notices = status["notices"].as_array().expect("notices");
    assert!(
        notices.iter().any(|notice| notice["en"]
            .as_str()
            .is_some_and(|text| text.contains("0.0.0.0"))),
        "{notices:?}"
    );
    let listening = std::fs::read_to_string("/proc/net/tcp").expect("readable");
    let anywhere = format!(" 00000000:{:04X} 00000000:0000 0A", gateway.port());
    assert!(
        !listening.contains(&anywhere),
        "it listens on every interface"
    );
}
