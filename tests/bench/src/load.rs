//! A closed loop of `tools/call` over keep-alive connections: each sends its
//! next call when the previous one is answered.
//!
//! Every answer is checked: status 200, the id of its own call, a result that
//! carries that call's message. One wrong answer fails the whole measurement,
//! because a rate that counts errors as calls is worth nothing.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use memchr::memmem;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::era::{CLAIM, Era, LEGACY, MODERN};
use crate::http::{Connection, message};
use crate::scan::members;

/// Ids have ten digits, so a request never changes its length.
const FIRST_ID: u64 = 1_000_000_000;
/// No connection makes that many calls in one measurement.
const IDS_PER_CONNECTION: u64 = 10_000_000;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `host:port`.
    pub address: String,
    /// Path of the MCP endpoint.
    pub path: String,
    /// The tool as the endpoint names it; it takes `{message}` and gives it back.
    pub tool: String,
    /// Keep-alive connections, each with one call in flight.
    pub connections: u64,
    /// Calls made before counting starts.
    pub warmup: Duration,
    /// How long calls are counted.
    pub duration: Duration,
    /// How calls are made: with a session for each connection, or each for itself.
    pub era: Era,
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Keep-alive connections.
    pub connections: u64,
    /// Calls that ended within the measured time, all of them right.
    pub calls: usize,
    /// Calls per second.
    pub rate: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile in microseconds.
    pub p99_us: f64,
    /// The slowest in microseconds.
    pub max_us: f64,
}

/// One connection, its session if there is one, and its next call.
pub struct Client {
    connection: Connection,
    request: Request,
    id: u64,
}

/// A request whose ids are patched in place.
struct Request {
    bytes: Vec<u8>,
    /// Where the ten digits stand: the id, and the message.
    places: Vec<usize>,
}

/// Runs the plan.
///
/// # Errors
/// Any failed connection and any wrong answer, with what was wrong.
pub async fn run(plan: &Plan) -> anyhow::Result<Report> {
    ensure!(
        plan.connections > 0 && !plan.duration.is_zero(),
        "nothing to measure"
    );
    let mut clients = Vec::new();
    for number in 0..plan.connections {
        clients.push(Client::open(plan, number).await?);
    }
    let counted_from = Instant::now() + plan.warmup;
    let until = counted_from + plan.duration;
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(keep_calling(client, counted_from, until));
    }
    let mut samples = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        samples.append(&mut ended??);
    }
    ensure!(
        !samples.is_empty(),
        "not one call ended within the measured time"
    );
    samples.sort_unstable();
    Ok(Report {
        connections: plan.connections,
        calls: samples.len(),
        rate: samples.len() as f64 / plan.duration.as_secs_f64(),
        p50_us: percentile(&samples, 50),
        p99_us: percentile(&samples, 99),
        max_us: percentile(&samples, 100),
    })
}

/// One connection's loop; the latencies in nanoseconds of the calls that count.
async fn keep_calling(
    mut client: Client,
    counted_from: Instant,
    until: Instant,
) -> anyhow::Result<Vec<u64>> {
    let mut samples = Vec::with_capacity(64 * 1024);
    loop {
        let sent = Instant::now();
        let ended = client.call().await?;
        if ended >= until {
            return Ok(samples);
        }
        if ended >= counted_from {
            samples.push(u64::try_from((ended - sent).as_nanos()).unwrap_or(u64::MAX));
        }
    }
}

// === impl Client ===

impl Client {
    /// Connects as the plan says; `number` sets its ids apart from the other clients'.
    ///
    /// # Errors
    /// A failed connection, or an `initialize` that was answered wrongly.
    pub async fn open(plan: &Plan, number: u64) -> anyhow::Result<Self> {
        let id = FIRST_ID + number * IDS_PER_CONNECTION;
        let mut connection = Connection::open(&plan.address).await?;
        let tool = &plan.tool;
        let (headers, meta) = match plan.era {
            Era::Legacy => (greet(&mut connection, plan, id).await?, String::new()),
            Era::Modern => (
                format!(
                    "MCP-Protocol-Version: {MODERN}\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\n"
                ),
                format!(r#""_meta":{{{CLAIM}}},"#),
            ),
        };
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{{meta}"name":"{tool}","arguments":{{"message":"call {id}"}}}}}}"#
        );
        let request = Request::new(post(plan, &headers, &body), id);
        Ok(Self {
            connection,
            request,
            id,
        })
    }

    /// Makes the next call; the moment at which its answer was there.
    ///
    /// # Errors
    /// A lost connection, or a wrong answer.
    pub async fn call(&mut self) -> anyhow::Result<Instant> {
        self.id += 1;
        self.request.set(self.id);
        let answer = self.connection.exchange(&self.request.bytes).await?;
        let ended = Instant::now();
        check(
            answer.status,
            answer.body,
            self.request.digits(),
            self.request.digits(),
        )
        .with_context(|| {
            format!(
                "call {} was answered: {}",
                self.id,
                String::from_utf8_lossy(answer.body)
            )
        })?;
        Ok(ended)
    }
}

/// Makes a connection a session; the headers that its requests carry from now on.
async fn greet(connection: &mut Connection, plan: &Plan, id: u64) -> anyhow::Result<String> {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"initialize","params":{{"protocolVersion":"{LEGACY}","capabilities":{{}},"clientInfo":{{"name":"load","version":"1"}}}}}}"#
    );
    let answer = connection.exchange(&post(plan, "", &body)).await?;
    check(
        answer.status,
        answer.body,
        id.to_string().as_bytes(),
        b"protocolVersion",
    )
    .context("initialize")?;
    let mut headers = format!("MCP-Protocol-Version: {LEGACY}\r\n");
    if let Some(name) = answer.session {
        headers.push_str(&format!("Mcp-Session-Id: {name}\r\n"));
    }
    let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let answer = connection.exchange(&post(plan, &headers, ready)).await?;
    ensure!(
        answer.status == 202,
        "notifications/initialized was answered with {}",
        answer.status
    );
    Ok(headers)
}

fn post(plan: &Plan, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        plan.path,
        plan.address,
        body.len()
    )
    .into_bytes()
}

/// Refuses everything but a 200 with the call's own id and a result that holds `expected`.
fn check(status: u16, body: &[u8], id: &[u8], expected: &[u8]) -> anyhow::Result<()> {
    ensure!(status == 200, "status {status}");
    let message = message(body);
    let [answered, result] = members(message, ["id", "result"]);
    let answered = answered.context("no id")?;
    ensure!(&message[answered] == id, "another call's id");
    let result = result.context("no result")?;
    ensure!(
        memmem::find(&message[result], expected).is_some(),
        "not this call's result"
    );
    Ok(())
}

/// The value that `percent` of the samples do not exceed, in microseconds.
fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent)
        .div_ceil(100)
        .clamp(1, sorted.len());
    sorted[rank - 1] as f64 / 1_000.0
}

// === impl Request ===

impl Request {
    fn new(bytes: Vec<u8>, id: u64) -> Self {
        // Only the body's: a session id could hold the same digits.
        let body = memmem::find(&bytes, b"\r\n\r\n").unwrap_or(0);
        let places = memmem::find_iter(&bytes[body..], &id.to_string())
            .map(|place| body + place)
            .collect();
        Self { bytes, places }
    }

    fn set(&mut self, id: u64) {
        let mut digits = [0; 10];
        let mut rest = id;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        for place in &self.places {
            self.bytes[*place..place + 10].copy_from_slice(&digits);
        }
    }

    fn digits(&self) -> &[u8] {
        &self.bytes[self.places[0]..self.places[0] + 10]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_not_right_is_never_counted() {
        let right: &[u8] =
            br#"{"jsonrpc":"2.0","id":1000000001,"result":{"content":[{"type":"text","text":"call 1000000001"}]}}"#;
        let id = b"1000000001";
        assert!(check(200, right, id, id).is_ok());
        assert!(check(500, right, id, id).is_err());
        assert!(check(200, right, b"1000000002", b"1000000002").is_err());
        assert!(
            check(
                200,
                br#"{"id":1000000001,"error":{"message":"1000000001"}}"#,
                id,
                id
            )
            .is_err()
        );
        assert!(check(200, br#"{"id":1000000001,"result":{"content":[]}}"#, id, id).is_err());
        assert!(check(200, b"", id, id).is_err());
    }

    #[test]
    fn the_id_changes_in_both_places_and_the_length_does_not() {
        let mut request = Request::new(
            br#"{"id":1000000000,"message":"call 1000000000"}"#.to_vec(),
            FIRST_ID,
        );
        request.set(1_234_567_890);
        assert_eq!(
            request.bytes,
            br#"{"id":1234567890,"message":"call 1234567890"}"#
        );
        assert_eq!(request.digits(), b"1234567890");
    }

    #[test]
    fn percentiles_are_ranks() {
        let samples: Vec<u64> = (1..=200).map(|n| n * 1_000).collect();
        assert_eq!(percentile(&samples, 50), 100.0);
        assert_eq!(percentile(&samples, 99), 198.0);
        assert_eq!(percentile(&samples, 100), 200.0);
        assert_eq!(percentile(&[5_000], 1), 5.0);
    }
}
