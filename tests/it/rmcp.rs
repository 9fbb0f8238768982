//! The Rust SDK as a client, in each way it can begin, over HTTP and through the bridge.

use std::process::Stdio;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest,
    ElicitRequestParams, ElicitResult, ElicitationAction, ErrorData, Implementation,
    ProgressNotificationParam, ProtocolVersion, SubscriptionFilter,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, NotificationContext, PeerRequestOptions, RequestContext,
    RunningService, ServiceError,
};
use rmcp::transport::{IntoTransport, StreamableHttpClientTransport};
use rmcp::{ClientHandler, RoleClient};
use serde_json::{Value, json};
use testkit::Gateway;
use testkit::wait::soon;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::{BRIDGE, fixture, official, setup};

type Client = RunningService<RoleClient, Host>;

/// The program around the SDK: its user answers every form in the same way.
struct Host {
    heard: UnboundedSender<Heard>,
}

/// What the server has told it.
#[derive(Debug, PartialEq)]
enum Heard {
    Progress(f64),
    ToolsChanged,
}

impl Host {
    fn hear(&self, what: Heard) {
        self.heard.send(what).expect("the story goes on");
    }
}

impl ClientHandler for Host {
    fn get_info(&self) -> ClientConfig {
        let capabilities = json!({"elicitation": {}});
        let capabilities: ClientCapabilities =
            serde_json::from_value(capabilities).expect("capabilities");
        ClientConfig::new(capabilities, Implementation::new("rmcp", "1"))
    }

    async fn create_elicitation(
        &self,
        _request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let form = json!({"name": "Ada Lovelace", "username": "ada", "email": "ada@example.com", "color": "blue"});
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(form))
    }

    async fn on_progress(
        &self,
        report: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.hear(Heard::Progress(report.progress));
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.hear(Heard::ToolsChanged);
    }
}

/// A legacy server and a modern one.
async fn both() -> Gateway {
    let gateway = setup()
        .server(official("everything", &["stdio"]))
        .server(fixture("fixture", "modern"))
        .start()
        .await;
    gateway.await_any_tools("everything").await;
    gateway.await_any_tools("fixture").await;
    gateway
}

fn call(name: &'static str, arguments: &Value) -> CallToolRequestParams {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    CallToolRequestParams::new(name).with_arguments(arguments)
}

async fn result(client: &Client, name: &'static str, arguments: Value) -> Value {
    let called = client.call_tool(call(name, &arguments));
    let result = soon(name, called).await.expect("a result");
    serde_json::to_value(&result).expect("JSON")
}

async fn text(client: &Client, name: &'static str, arguments: Value) -> String {
    let result = result(client, name, arguments).await;
    let text = result["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("no text in {result}"))
        .to_owned()
}

async fn names(client: &Client) -> Vec<String> {
    let tools = client.list_all_tools().await.expect("a list");
    tools.iter().map(|tool| tool.name.to_string()).collect()
}

/// What it begins with, and whether that leads to the modern era.
fn modes() -> [(ClientLifecycleMode, bool); 3] {
    let auto = ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: None,
    };
    let discover = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    [
        (ClientLifecycleMode::Initialize, false),
        (discover, true),
        (auto, true),
    ]
}

async fn story<T, E, A>(transport: T, mode: ClientLifecycleMode, is_modern: bool)
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let (heard, hears) = unbounded_channel();
    let hears = Mutex::new(hears);
    let client = Host { heard }.serve_with_lifecycle(transport, mode);
    let client = soon("the start", client).await.expect("it is served");

    let tools = names(&client).await;
    assert!(tools.iter().any(|name| name == "everything_echo"));
    let prompts = client.list_all_prompts().await.expect("a list");
    let has = |end| prompts.iter().any(|prompt| prompt.name.ends_with(end));
    assert!(has("args-prompt") && has("test_simple_prompt"));
    assert_eq!(client.list_all_resources().await.expect("a list").len(), 10);

    let sum = text(&client, "everything_get-sum", json!({"a": 2, "b": 40})).await;
    assert!(sum.contains("42"), "{sum}");
    text(&client, "fixture_test_simple_text", json!({})).await;
    let failed = result(&client, "fixture_test_error_handling", json!({})).await;
    assert_eq!(failed["isError"], true);
    let unknown = client.call_tool(call("everything_none", &json!({}))).await;
    assert!(
        matches!(&unknown, Err(ServiceError::McpError(error)) if error.code.0 == -32602),
        "{unknown:?}"
    );

    text(&client, "fixture_test_tool_with_progress", json!({})).await;
    for step in [0.0, 50.0, 100.0] {
        assert_eq!(next(&hears).await, Heard::Progress(step));
    }
    let arguments = json!({"message": "who?"});
    let answered = text(&client, "fixture_test_elicitation", arguments).await;
    assert!(answered.contains("ada@example.com"), "{answered}");
    let rounds = "fixture_test_input_required_result_multi_round";
    assert_eq!(
        text(&client, rounds, json!({})).await,
        "Ada Lovelace likes blue."
    );
    let asked = result(&client, "everything_trigger-elicitation-request", json!({})).await;
    assert!(asked.to_string().contains("Ada Lovelace"), "{asked}");
    // Last: for a while afterwards a question could be that call's.
    given_up(&client, &hears).await;

    changed(&client, &hears, is_modern).await;
    client.cancel().await.expect("a clean end");
}

async fn next(hears: &Mutex<UnboundedReceiver<Heard>>) -> Heard {
    let mut hears = hears.lock().await;
    soon("news", hears.recv()).await.expect("the client lives")
}

/// A long call is cancelled while it reports.
async fn given_up(client: &Client, hears: &Mutex<UnboundedReceiver<Heard>>) {
    let arguments = json!({"duration": 15, "steps": 30});
    let long = call("everything_trigger-long-running-operation", &arguments);
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(long));
    let handle = client
        .send_cancellable_request(request, PeerRequestOptions::no_options())
        .await
        .expect("it is sent");
    assert_eq!(next(hears).await, Heard::Progress(1.0));
    let gone = handle.cancel(Some("enough".to_owned()));
    soon("the cancellation", gone).await.expect("it is sent");
}

/// A tool comes and goes; a modern client has to listen for that.
async fn changed(client: &Client, hears: &Mutex<UnboundedReceiver<Heard>>, is_modern: bool) {
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    let mut changes = match is_modern {
        true => Some(client.listen(filter).await.expect("acknowledged")),
        false => None,
    };
    for is_there in [true, false] {
        text(client, "fixture_test_trigger_tool_change", json!({})).await;
        match &mut changes {
            Some(changes) => {
                let told = soon("the change", changes.next()).await.expect("a stream");
                assert!(told.is_some(), "it goes on");
            }
            // Reports of the call that was given up may still be on their way.
            None => while next(hears).await != Heard::ToolsChanged {},
        }
        let tools = names(client).await;
        let added = tools.iter().any(|name| name == "fixture_test_added_tool");
        assert_eq!(added, is_there);
    }
}

#[tokio::test]
async fn rmcp_does_everything_over_streamable_http() {
    for (mode, is_modern) in modes() {
        let gateway = both().await;
        let transport = StreamableHttpClientTransport::from_uri(gateway.endpoint.as_str());
        story(transport, mode, is_modern).await;
    }
}

#[tokio::test]
async fn rmcp_does_everything_through_the_bridge() {
    for (mode, is_modern) in modes() {
        let gateway = both().await;
        let mut command = Command::from(gateway.setup().command(BRIDGE));
        let mut bridge = command
            .arg(&gateway.endpoint)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the bridge starts");
        let pipes = bridge.stdout.take().zip(bridge.stdin.take());
        story(pipes.expect("piped"), mode, is_modern).await;
        let status = soon("the bridge's end", bridge.wait()).await;
        assert!(status.is_ok_and(|status| status.success()));
    }
}
