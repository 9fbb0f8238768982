//! The frozen yardstick: the least an HTTP → stdio MCP proxy can do and still
//! answer every caller. `least-proxy -- COMMAND [ARGS…]`
//!
//! One child, `POST /mcp`, an id that is the proxy's own on the way in and the
//! caller's on the way out. No sessions, no checks, no catalog, no pool, no
//! limits, no history. The gateway's speed is stated as a share of this
//! program's, so **it is not to be changed**: a faster or slower yardstick
//! makes every figure measured before it worthless.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use bench::scan::members;
use bytes::{Bytes, BytesMut};
use clap::Parser;
use memchr::memchr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::{Notify, oneshot};

/// The least an HTTP → stdio MCP proxy can do.
#[derive(Parser)]
struct Arguments {
    /// Port on 127.0.0.1; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The MCP server: program and arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// What the handlers share with the two tasks that own the child's pipes.
#[derive(Default)]
struct Upstream {
    /// Lines on their way to the child; the writer takes them all at once.
    outbox: Mutex<Vec<u8>>,
    written: Notify,
    waiters: Mutex<Waiters>,
}

/// Callers by the id that their request carries towards the child.
#[derive(Default)]
struct Waiters {
    slots: Vec<Option<oneshot::Sender<Bytes>>>,
    free: Vec<usize>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (program, rest) = arguments.command.split_first().context("no command")?;
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let upstream = Arc::new(Upstream::default());
    let writer = tokio::spawn(write(
        upstream.clone(),
        child.stdin.take().context("no stdin")?,
    ));
    let reader = tokio::spawn(read(
        upstream.clone(),
        child.stdout.take().context("no stdout")?,
    ));

    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    println!("listening on http://{}/mcp", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("TCP_NODELAY: {error}");
        }
    });
    let router = Router::new()
        .route("/mcp", post(relay))
        .layer(DefaultBodyLimit::disable())
        .with_state(upstream.clone());
    tokio::select! {
        served = axum::serve(listener, router) => served.context("serving"),
        ended = writer => ended?.context("writing to the child"),
        ended = reader => ended?.context("reading from the child"),
    }
}

async fn relay(State(upstream): State<Arc<Upstream>>, body: Bytes) -> Response {
    let [Some(id)] = members(&body, ["id"]) else {
        upstream.send(&[&body, b"\n"]);
        return StatusCode::ACCEPTED.into_response();
    };
    let (sender, receiver) = oneshot::channel();
    let own = upstream
        .waiters
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .add(sender);
    upstream.send(&[
        &body[..id.start],
        own.to_string().as_bytes(),
        &body[id.end..],
        b"\n",
    ]);
    let Ok(line) = receiver.await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let [Some(answered)] = members(&line, ["id"]) else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut answer = Vec::with_capacity(line.len() + id.len());
    answer.extend_from_slice(&line[..answered.start]);
    answer.extend_from_slice(&body[id]);
    answer.extend_from_slice(&line[answered.end..]);
    ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

async fn write(upstream: Arc<Upstream>, mut stdin: ChildStdin) -> anyhow::Result<()> {
    let mut batch = Vec::new();
    loop {
        upstream.written.notified().await;
        // Requests that are ready to be handled join this batch: half as much again at 16 connections.
        tokio::task::yield_now().await;
        std::mem::swap(
            &mut batch,
            &mut *upstream
                .outbox
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        stdin.write_all(&batch).await?;
        batch.clear();
    }
}

async fn read(upstream: Arc<Upstream>, mut stdout: ChildStdout) -> anyhow::Result<()> {
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    loop {
        buffer.reserve(64 * 1024);
        anyhow::ensure!(
            stdout.read_buf(&mut buffer).await? > 0,
            "it closed its output"
        );
        while let Some(length) = memchr(b'\n', &buffer) {
            let line = buffer.split_to(length + 1).freeze();
            let [Some(id)] = members(&line, ["id"]) else {
                continue;
            };
            let id = std::str::from_utf8(&line[id])?.parse::<usize>()?;
            let waiter = upstream
                .waiters
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(id);
            if let Some(waiter) = waiter {
                // A caller that hung up wants no answer.
                drop(waiter.send(line));
            }
        }
    }
}

// === impl Upstream ===

impl Upstream {
    fn send(&self, parts: &[&[u8]]) {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        for part in parts {
            outbox.extend_from_slice(part);
        }
        drop(outbox);
        self.written.notify_one();
    }
}

// === impl Waiters ===

impl Waiters {
    fn add(&mut self, waiter: oneshot::Sender<Bytes>) -> usize {
        if let Some(id) = self.free.pop() {
            self.slots[id] = Some(waiter);
            return id;
        }
        self.slots.push(Some(waiter));
        self.slots.len() - 1
    }

    fn take(&mut self, id: usize) -> Option<oneshot::Sender<Bytes>> {
        let waiter = self.slots.get_mut(id)?.take()?;
        self.free.push(id);
        Some(waiter)
    }
}
