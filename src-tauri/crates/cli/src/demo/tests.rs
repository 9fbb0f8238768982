//! Conversations with the demo, as a client would have them.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines};

use super::session::serve;

/// A client at the other end of the streams.
struct Client {
    input: DuplexStream,
    output: Lines<BufReader<DuplexStream>>,
}

impl Client {
    async fn send(&mut self, message: Value) {
        self.send_line(&message.to_string()).await;
    }

    async fn send_line(&mut self, line: &str) {
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("the server reads");
    }

    async fn next(&mut self) -> Value {
        let line = self
            .output
            .next_line()
            .await
            .expect("the server writes")
            .expect("the server is there");
        serde_json::from_str(&line).expect("every line is JSON")
    }

    async fn request(&mut self, method: &str, params: Value) -> Value {
        self.send(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
            .await;
        self.next().await
    }

    async fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.request(
            "tools/call",
            json!({ "name": name, "arguments": arguments }),
        )
        .await["result"]
            .take()
    }
}

/// Runs a conversation in virtual time; the server must end when the client hangs up.
fn talk(conversation: impl AsyncFnOnce(&mut Client)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(async {
        let (input, server_input) = tokio::io::duplex(1 << 16);
        let (server_output, output) = tokio::io::duplex(1 << 16);
        let mut client = Client {
            input,
            output: BufReader::new(output).lines(),
        };
        let client = async {
            conversation(&mut client).await;
            drop(client.input);
            while client
                .output
                .next_line()
                .await
                .expect("the server writes")
                .is_some()
            {}
        };
        let (served, ()) = tokio::join!(serve(server_input, server_output), client);
        served.expect("the server ends in peace");
    });
}

#[test]
fn the_handshake_takes_known_versions_and_offers_the_newest_for_others() {
    talk(async |client| {
        let version = |answer: &Value| answer["result"]["protocolVersion"].clone();
        let answer = client
            .request("initialize", json!({ "protocolVersion": "2025-03-26" }))
            .await;
        assert_eq!(version(&answer), "2025-03-26");
        let answer = client
            .request("initialize", json!({ "protocolVersion": "2026-07-28" }))
            .await;
        assert_eq!(version(&answer), "2025-11-25");
        client
            .send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
            .await;
        assert_eq!(client.request("ping", json!({})).await["result"], json!({}));
    });
}

#[test]
fn what_it_offers() {
    talk(async |client| {
        let tools = client.request("tools/list", json!({})).await;
        insta::assert_json_snapshot!("tools", tools["result"]);
        let read = client
            .request("resources/read", json!({ "uri": "demo://greeting/小明" }))
            .await;
        assert_eq!(
            read["result"]["contents"][0]["text"],
            "Hello, 小明! / 你好，小明！"
        );
        let completion = json!({
            "ref": { "type": "ref/resource", "uri": "demo://greeting/{name}" },
            "argument": { "name": "name", "value": "a" }
        });
        let completion = client.request("completion/complete", completion).await;
        assert_eq!(
            completion["result"]["completion"]["values"],
            json!(["Ada", "Alan"])
        );
        let prompt = client
            .request(
                "prompts/get",
                json!({ "name": "tour", "arguments": { "language": "zh" } }),
            )
            .await;
        assert_eq!(prompt["result"]["messages"][0]["role"], "user");
    });
}

#[test]
fn quick_tools_answer() {
    talk(async |client| {
        let text = |result: Value| {
            result["content"][0]["text"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(
            text(client.call("echo", json!({ "text": "hello" })).await),
            "hello"
        );
        let sum = client
            .call("add", json!({ "a": 12345678901234567890_u64, "b": 1 }))
            .await;
        assert_eq!(text(sum.clone()), "12345678901234567891");
        assert_eq!(
            sum["structuredContent"]["sum"].to_string(),
            "12345678901234567891"
        );
        assert_eq!(
            text(client.call("add", json!({ "a": 0.5, "b": 1 })).await),
            "1.5"
        );
        assert!(
            text(
                client
                    .call("current_time", json!({ "utcOffsetHours": 8 }))
                    .await
            )
            .ends_with("+08:00")
        );
        let dice = text(client.call("roll_dice", json!({ "count": 3 })).await);
        assert_eq!(dice.split(" + ").count(), 3, "{dice}");
    });
}

#[test]
fn mistakes_get_the_right_error() {
    talk(async |client| {
        let code = async |client: &mut Client, method: &str, params| {
            client.request(method, params).await["error"]["code"].clone()
        };
        assert_eq!(code(client, "server/discover", json!({})).await, -32601);
        assert_eq!(
            code(client, "tools/call", json!({ "name": "nope" })).await,
            -32602
        );
        assert_eq!(
            code(
                client,
                "tools/call",
                json!({ "name": "echo", "arguments": [] })
            )
            .await,
            -32602
        );
        assert_eq!(code(client, "prompts/get", json!({})).await, -32602);
        assert_eq!(
            code(
                client,
                "resources/read",
                json!({ "uri": "demo://greeting/" })
            )
            .await,
            -32002
        );
        assert_eq!(
            code(client, "logging/setLevel", json!({ "level": "loud" })).await,
            -32602
        );
        assert_eq!(
            client.call("roll_dice", json!({ "sides": 1 })).await["isError"],
            true
        );
        client.send_line("{").await;
        assert_eq!(client.next().await["error"]["code"], -32700);
        client.send_line("[]").await;
        assert_eq!(client.next().await["error"]["code"], -32600);
    });
}

#[test]
fn a_slow_call_reports_progress_and_does_not_block_others() {
    talk(async |client| {
        let params = json!({ "name": "slow_count", "arguments": { "to": 2 }, "_meta": { "progressToken": "p" } });
        client
            .send(
                json!({ "jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": params }),
            )
            .await;
        assert_eq!(client.next().await["method"], "notifications/message");
        assert_eq!(client.request("ping", json!({})).await["id"], 1);
        assert_eq!(client.next().await["params"]["progress"], 1);
        assert_eq!(client.next().await["params"]["progressToken"], "p");
        let answer = client.next().await;
        assert_eq!(
            (&answer["id"], answer["result"]["isError"].is_null()),
            (&json!("slow"), true)
        );
    });
}

#[test]
fn a_cancelled_call_is_not_answered() {
    talk(async |client| {
        client
            .request("logging/setLevel", json!({ "level": "error" }))
            .await;
        let params = json!({ "name": "slow_count", "arguments": { "to": 1000 } });
        client
            .send(json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params }))
            .await;
        client
            .send(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } }))
            .await;
        tokio::time::sleep(std::time::Duration::from_secs(1000)).await;
        assert_eq!(client.request("ping", json!({})).await["id"], 1);
    });
}

#[test]
fn a_question_goes_only_to_a_client_that_can_put_it() {
    talk(async |client| {
        assert_eq!(client.call("ask_name", json!({})).await["isError"], true);
        client
            .request(
                "initialize",
                json!({ "capabilities": { "elicitation": {} } }),
            )
            .await;
        let question = client
            .request("tools/call", json!({ "name": "ask_name" }))
            .await;
        assert_eq!(question["method"], "elicitation/create");
        let reply = json!({ "action": "accept", "content": { "name": "Ada" } });
        client
            .send(json!({ "jsonrpc": "2.0", "id": question["id"], "result": reply }))
            .await;
        assert_eq!(
            client.next().await["result"]["content"][0]["text"],
            "Hello, Ada! / 你好，Ada！"
        );
    });
}
