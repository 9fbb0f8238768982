//! Secrets in plain text go from the file into the store, in one request.

use serde_json::json;

use super::mode;
use crate::support::setup;

/// Nothing in it is started.
const PLAIN: &str = r#"{
  // mine
  "servers": [
    { "name": "hub", "enabled": false, "command": ["hub", "--token", "planted-1"],
      "env": { "LEVEL": "debug", "API_KEY": "planted-2" } }, // the hub
    { "name": "far", "enabled": false, "url": "https://example.com/mcp",
      "headers": { "Authorization": "Bearer planted-3" } },
  ],
}
"#;

#[tokio::test]
async fn plain_secrets_are_moved_into_the_store_and_the_file_names_them() {
    let gateway = setup().text(PLAIN).start().await;
    let api = gateway.api();
    let before = api.get("/api/secrets").await.json();
    assert_eq!(before["plain"].as_array().map(Vec::len), Some(3));
    assert_eq!(before["secrets"], json!([]));
    assert!(!before.to_string().contains("planted"), "{before}");

    api.post("/api/secrets/seal", &json!({})).await.saved();
    let expected = PLAIN
        .replace("planted-1", "${secret:HUB_TOKEN}")
        .replace("planted-2", "${secret:API_KEY}")
        .replace("planted-3", "${secret:FAR_AUTHORIZATION}");
    assert_eq!(gateway.setup().config_text(), expected);

    let after = api.get("/api/secrets").await.json();
    assert_eq!(after["plain"], json!([]));
    let kept: Vec<_> = ["API_KEY", "FAR_AUTHORIZATION", "HUB_TOKEN"].into();
    let names: Vec<_> = after["secrets"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|secret| secret["name"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(names, kept);
    assert_eq!(after["secrets"][0]["usedBy"], json!(["hub"]));
    let store = gateway.folder().join("data/store.db");
    assert_eq!(mode(&store), 0o600);
}

#[tokio::test]
async fn sealing_is_taken_back_and_done_again_under_the_same_names() {
    let gateway = setup().text(PLAIN).start().await;
    let api = gateway.api();
    let saved = api.post("/api/secrets/seal", &json!({})).await.saved();
    let sealed = gateway.setup().config_text();
    api.post("/api/undo", &json!({"undo": saved["undo"]}))
        .await
        .saved();
    assert_eq!(gateway.setup().config_text(), PLAIN);

    api.post("/api/secrets/seal", &json!({})).await.saved();
    assert_eq!(gateway.setup().config_text(), sealed);
    let again = api.post("/api/secrets/seal", &json!({})).await.saved();
    assert_eq!(again["undo"], json!(null), "there is nothing left to seal");
}
