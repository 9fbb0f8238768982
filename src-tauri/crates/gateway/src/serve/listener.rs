//! The sockets: accepting, connections, and their end.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::door::Door;
use super::respond::Listening;
use crate::core::Core;

/// A request's head must have arrived within this time, an idle connection
/// included; clients open another one without noticing.
const HEAD_DEADLINE: Duration = Duration::from_secs(90);
/// After a failed accept, mostly for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// Whoever listens and reads slowly gets this long for the end of the stream.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Binds the listen address. For IPv4 loopback the IPv6 one is bound as well
/// where that is possible, because `localhost` may mean either.
///
/// # Errors
/// Those of binding the address itself.
pub(crate) async fn bind(host: IpAddr, port: u16) -> std::io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind((host, port)).await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    if host == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) => tracing::debug!(%error, "[::1]:{port} is not listened on"),
        }
    }
    Ok(listeners)
}

/// The address to listen on for one that was asked for: beyond loopback nothing is
/// opened before there is a way for clients to show who they are.
pub(crate) fn reachable(asked: IpAddr, clients_can_sign_in: bool) -> IpAddr {
    if asked.is_loopback() || clients_can_sign_in {
        asked
    } else {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    }
}

/// Where these listen.
pub(crate) fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    let addresses = listeners.iter().map(TcpListener::local_addr);
    addresses.filter_map(Result::ok).collect()
}

/// Other sockets to listen on.
#[derive(Debug)]
pub(crate) struct Move {
    pub(crate) listeners: Vec<TcpListener>,
    /// Told once the former ones are closed.
    pub(crate) done: oneshot::Sender<()>,
}

/// When connections have to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    /// They finish the request they are working on.
    pub(crate) draining: CancellationToken,
    /// They are cut off.
    pub(crate) cut: CancellationToken,
    /// No call is in flight any more: servers leave without further delay.
    pub(crate) servers: CancellationToken,
}

/// Listens until the gateway drains, and returns once its sockets are closed; on other
/// sockets whenever it is asked to. Connections that came through the former ones go on.
/// `connections` knows when the last connection has ended.
pub(crate) async fn listen(
    mut listeners: Vec<TcpListener>,
    mut asked: mpsc::Receiver<Move>,
    door: Door,
    core: Arc<Core>,
    connections: TaskTracker,
) {
    loop {
        if let Some(address) = addresses(&listeners).first() {
            core.port.store(address.port(), Ordering::Relaxed);
            core.changed.notify_one();
        }
        let stop = core.ending.draining.child_token();
        let accepting = TaskTracker::new();
        for listener in listeners {
            let head = core.live().config.limits.header_bytes;
            accepting.spawn(connections.track_future(accept(
                listener,
                door.clone(),
                head,
                core.ending.clone(),
                stop.clone(),
                connections.clone(),
            )));
        }
        let other = tokio::select! {
            () = core.ending.draining.cancelled() => None,
            other = asked.recv() => other,
        };
        stop.cancel();
        accepting.close();
        accepting.wait().await;
        let Some(other) = other else {
            return;
        };
        listeners = other.listeners;
        // Whoever asked may want the former address back at once.
        if other.done.send(()).is_err() {
            tracing::debug!("nobody waits for the move to another address");
        }
    }
}

async fn accept(
    listener: TcpListener,
    door: Door,
    header_bytes: usize,
    ending: Ending,
    stop: CancellationToken,
    connections: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(serve(
                    stream,
                    peer,
                    door.clone(),
                    header_bytes,
                    ending.clone(),
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    header_bytes: usize,
    ending: Ending,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY could not be set");
    }
    // Whether the last answer was one that carries no call.
    let listens = AtomicBool::new(false);
    let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
        let door = door.clone();
        let listens = &listens;
        listens.store(false, Ordering::Relaxed);
        async move {
            let answer = door.answer(request.map(Body::new), peer.ip()).await;
            let is_listening = answer.extensions().get::<Listening>().is_some();
            listens.store(is_listening, Ordering::Relaxed);
            Ok::<_, Infallible>(answer)
        }
    });
    // At most 100 headers: hyper's own limit. Saying so would cost every request 3 % more.
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(header_bytes.max(8 * 1024));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ending.draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let last_words = async {
                tokio::time::sleep(LAST_WORDS).await;
                if !listens.load(Ordering::Relaxed) {
                    std::future::pending().await
                }
            };
            tokio::select! {
                ended = connection => ended,
                () = last_words => return,
                () = ending.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
