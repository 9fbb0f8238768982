//! The Rust SDK as a client.

use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use serde_json::{Value, json};

use crate::support::{official, setup};

#[tokio::test]
async fn rmcp_lists_and_calls_over_streamable_http() {
    let gateway = setup()
        .server(official("everything", &["stdio"]))
        .start()
        .await;
    let transport = StreamableHttpClientTransport::from_uri(gateway.endpoint.as_str());
    let client = ().serve(transport).await.expect("the handshake succeeds");

    let tools = client.list_all_tools().await.expect("a list");
    let prompts = client.list_all_prompts().await.expect("a list");
    let resources = client.list_all_resources().await.expect("a list");
    let arguments = json!({"a": 2, "b": 40})
        .as_object()
        .cloned()
        .unwrap_or_default();
    let call = CallToolRequestParams::new("everything_get-sum").with_arguments(arguments);
    let sum = client.call_tool(call).await.expect("a result");
    client.cancel().await.expect("a clean end");

    assert!(tools.iter().any(|tool| tool.name == "everything_echo"));
    assert!(
        prompts
            .iter()
            .any(|prompt| prompt.name.ends_with("args-prompt"))
    );
    assert_eq!(resources.len(), 7);
    let sum: Value = serde_json::to_value(&sum).expect("JSON");
    assert!(
        sum["content"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("42")),
        "{sum}"
    );
}
