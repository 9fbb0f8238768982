//! A remote server that misbehaves as a test says, byte by byte: every request
//! has a connection of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) last_event_id: Option<String>,
    pub(super) body: Value,
    pub(super) at: Instant,
    /// The gateway has closed the connection of a request that was left hanging.
    pub(super) left: bool,
}

/// What is done with it.
pub(super) enum Reply {
    /// As a server that works would.
    Usual,
    /// Events, then the end of the stream.
    Events(String),
    /// This body.
    Json(String),
    /// A status with further header lines, each ended by CRLF.
    Status(&'static str, &'static str),
    /// A status with this body.
    Refusal(&'static str, String),
    /// Nothing, not even headers, until this file exists; the usual then.
    Wait(std::path::PathBuf),
    /// Nothing ever.
    Hang,
}

/// The server. Dropping it stops listening; what is under way goes on.
pub(super) struct Awkward {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    listening: JoinHandle<()>,
}

impl Awkward {
    pub(super) async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, reply) = (Arc::clone(&seen), Arc::new(reply));
        let listening = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let (all, reply) = (Arc::clone(&all), Arc::clone(&reply));
                tokio::spawn(async move { serve(stream, &all, &*reply).await.ok() });
            }
        });
        Self {
            port,
            seen,
            listening,
        }
    }

    /// What came so far with this HTTP method, or as a call of this MCP method.
    pub(super) fn seen(&self, method: &str) -> Vec<Seen> {
        let all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |seen: &&Seen| seen.method == method || seen.body["method"] == method;
        all.iter().filter(is_it).cloned().collect()
    }
}

impl Drop for Awkward {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The answer of a tool to a request.
pub(super) fn answer(request: &Value, text: &str) -> Value {
    let result = json!({"content": [{"type": "text", "text": text}]});
    json!({"jsonrpc": "2.0", "id": request["id"], "result": result})
}

async fn serve(
    mut stream: TcpStream,
    all: &Mutex<Vec<Seen>>,
    reply: &(impl Fn(&Seen) -> Reply + Sync),
) -> std::io::Result<()> {
    let seen = read(&mut stream).await?;
    let place = {
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(seen.clone());
        all.len() - 1
    };
    let response = match reply(&seen) {
        Reply::Usual => usual(&seen),
        Reply::Events(events) => ok("text/event-stream", &events),
        Reply::Json(body) => ok("application/json", &body),
        Reply::Status(status, headers) => closing(status, headers, ""),
        Reply::Refusal(status, body) => {
            closing(status, "content-type: application/json\r\n", &body)
        }
        Reply::Wait(gate) => {
            while !gate.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            usual(&seen)
        }
        Reply::Hang => {
            while stream.read(&mut [0; 64]).await? > 0 {}
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all[place].left = true;
            return Ok(());
        }
    };
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Seen> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    let (mut length, mut last_event_id) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a length"),
            "last-event-id" => last_event_id = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    Ok(Seen {
        method,
        last_event_id,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        at: Instant::now(),
        left: false,
    })
}

fn usual(seen: &Seen) -> String {
    let result = match seen.body["method"].as_str() {
        Some("initialize") => {
            json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "awkward", "version": "1"}})
        }
        Some("tools/list") => {
            json!({"tools": [{"name": "work", "inputSchema": {"type": "object"}}]})
        }
        Some("tools/call") => {
            return ok("application/json", &answer(&seen.body, "usual").to_string());
        }
        _ if seen.method == "POST" => return closing("202 Accepted", "", ""),
        _ => return closing("405 Method Not Allowed", "", ""),
    };
    let body = json!({"jsonrpc": "2.0", "id": seen.body["id"], "result": result});
    ok("application/json", &body.to_string())
}

fn ok(kind: &str, body: &str) -> String {
    closing("200 OK", &format!("content-type: {kind}\r\n"), body)
}

fn closing(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
