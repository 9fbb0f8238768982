//! The raw client before the gateway, of the one era or the other: it asks, and answers whatever
//! it is asked meanwhile.

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value, json};

use super::{answers, params};
use crate::answer::Stream;
use crate::client::{McpHttp, McpModern};

/// What the client can be asked.
const CAPABILITIES: &str = r#"{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}"#;
/// Rounds of questions before one call is given up.
const ROUNDS: usize = 5;

/// Which era the client is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Legacy,
    Modern,
}

/// The client.
pub(super) enum Front {
    Legacy(McpHttp),
    Modern(McpModern),
}

impl Front {
    /// A client of an endpoint, with a token where it needs one.
    pub(super) async fn connect(era: Era, endpoint: &str, token: Option<&str>) -> Self {
        let bearer = token.map(|token| format!("Bearer {token}"));
        match era {
            Era::Legacy => {
                let mut client = McpHttp::new(endpoint);
                if let Some(bearer) = &bearer {
                    client = client.with("authorization", bearer);
                }
                client
                    .initialize(CAPABILITIES, crate::client::VERSION)
                    .await;
                tokio::spawn(answer_beside(client.clone(), client.listen().await));
                Self::Legacy(client)
            }
            Era::Modern => {
                let client = McpModern::new(endpoint).with_capabilities(CAPABILITIES);
                Self::Modern(match &bearer {
                    Some(bearer) => client.with("authorization", bearer),
                    None => client,
                })
            }
        }
    }

    /// The whole list of a method such as `tools/list`.
    pub(super) async fn list(&self, method: &str, member: &str) -> anyhow::Result<Vec<Value>> {
        let mut found = Vec::new();
        let mut params = json!({});
        loop {
            let result = self.ask(method, &params).await?;
            let page = result[member].as_array();
            found.extend(page.with_context(|| format!("{method}: {result}"))?.clone());
            match result.get("nextCursor") {
                Some(cursor) if !cursor.is_null() => params = json!({ "cursor": cursor }),
                _ => return Ok(found),
            }
        }
    }

    /// The result of a request that asks nothing back.
    pub(super) async fn ask(&self, method: &str, params: &Value) -> anyhow::Result<Value> {
        let params = params.to_string();
        let answer = match self {
            Self::Legacy(client) => client.call(method, &params).await,
            Self::Modern(client) => client.call(method, &params).await,
        };
        result(&answer.response())
    }

    /// The result of a call of a tool as it was listed. Before the first question is answered,
    /// `between` is called.
    pub(super) async fn call(
        &self,
        tool: &Value,
        arguments: &Value,
        between: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let name = tool["name"].as_str().context("a tool has a name")?;
        match self {
            Self::Legacy(client) => self.call_legacy(client, name, arguments, between).await,
            Self::Modern(client) => {
                let headers = params::headers(&tool["inputSchema"], arguments);
                let with =
                    |client: McpModern, (name, value): (String, String)| client.with(&name, &value);
                let client = headers.into_iter().fold(client.clone(), with);
                self.call_modern(&client, name, arguments, between).await
            }
        }
    }

    /// Questions come as requests before the answer.
    async fn call_legacy(
        &self,
        client: &McpHttp,
        name: &str,
        arguments: &Value,
        mut between: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let params = json!({ "name": name, "arguments": arguments }).to_string();
        let mut stream = client
            .post_stream(client.request("tools/call", &params))
            .await;
        let kind = stream.headers.get("content-type");
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            return result(&stream.answer().await.response());
        }
        loop {
            let raw = stream.message().await;
            let message: Value = serde_json::from_str(&raw)?;
            match (message.get("id"), message["method"].as_str()) {
                (Some(id), Some(method)) => {
                    if let Some(other) = between.take() {
                        Box::pin(self.call(other, &json!({}), None)).await?;
                    }
                    let answer = answers::to(method, &message["params"]).to_string();
                    let taken = client.answer(id, &answer).await;
                    ensure!(taken.status == 202, "an answer is not taken: {taken:?}");
                }
                (Some(_), None) => return result(&raw),
                (None, _) => {}
            }
        }
    }

    /// Questions are a result, and the answers come with the next try.
    async fn call_modern(
        &self,
        client: &McpModern,
        name: &str,
        arguments: &Value,
        mut between: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let arguments = arguments.to_string();
        let mut answer = client.tool(name, &arguments).await;
        for _ in 0..ROUNDS {
            let result = result(&answer.response())?;
            if result["resultType"] != "input_required" {
                return Ok(result);
            }
            if let Some(other) = between.take() {
                Box::pin(self.call(other, &json!({}), None)).await?;
            }
            let asked = result["inputRequests"].as_object();
            let responses = asked.map(|asked| {
                let answered = asked.iter().map(|(key, question)| {
                    let method = question["method"].as_str().unwrap_or_default();
                    (key.clone(), answers::to(method, &question["params"]))
                });
                Value::from(answered.collect::<Map<_, _>>()).to_string()
            });
            let state = result.get("requestState").map(Value::to_string);
            answer = client
                .tool_again(name, &arguments, responses.as_deref(), state.as_deref())
                .await;
        }
        bail!("{name} asks for ever")
    }
}

/// Answers what is asked beside the answers: questions that no call can be told of. Ends with
/// the stream, or once nobody has asked for long.
async fn answer_beside(client: McpHttp, mut stream: Stream) {
    while let Some(event) = stream.event().await {
        let message: Value = serde_json::from_slice(&event.data).unwrap_or_default();
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            let answer = answers::to(method, &message["params"]).to_string();
            client.answer(id, &answer).await;
        }
    }
}

/// The result of a raw response.
fn result(response: &str) -> anyhow::Result<Value> {
    let mut response: Value = serde_json::from_str(response)?;
    match response.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => bail!("refused: {}", response["error"]),
    }
}
