//! Redirect addresses on a port of their own: an OAuth application may have registered one
//! that is not the gateway's, and it has to match to the letter.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use reqwest::Url;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::callback;
use super::sign_in::CALLBACK;
use crate::core::Core;
use crate::serve::listener;
use crate::sync::Locked;
use crate::words::Words;

/// As long as a sign-in may take, and a little longer.
const OPEN: Duration = Duration::from_secs(11 * 60);

/// The ports that are listened on for answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ports(Arc<Mutex<HashMap<u16, Port>>>);

/// One of them.
#[derive(Debug, Clone, Default)]
struct Port {
    /// How often it was wanted.
    turns: u64,
    /// Set once it is listened on. Whoever wants it meanwhile waits, and tries in turn where
    /// it could not be had.
    open: Arc<OnceCell<()>>,
}

/// Sees to it that an answer to `redirect` arrives, where it would come to this machine but
/// not to the gateway's own port.
///
/// # Errors
/// In words, where the port cannot be had.
pub(crate) async fn listen(core: &Arc<Core>, redirect: &str) -> Result<(), Words> {
    let Some((port, path)) = loopback(redirect) else {
        return Ok(());
    };
    if port == core.port.load(std::sync::atomic::Ordering::Relaxed) {
        return if path == CALLBACK {
            Ok(())
        } else {
            Err(Words::new(
                format!(
                    "`oauth.redirectUri` is on the gateway's own port, where answers come to {CALLBACK}; register and write an address with that path"
                ),
                format!(
                    "`oauth.redirectUri` 使用网关自身的端口，该端口上的应答地址路径为 {CALLBACK}；请登记并填写使用该路径的地址"
                ),
            ))
        };
    }
    let bind = || listener::bind(Ipv4Addr::LOCALHOST.into(), port);
    let listeners = core.oauth.ports.want(port, bind).await;
    let listeners = listeners.map_err(|error| {
        Words::new(
            format!("the answer of the sign-in would come to {redirect}, but port {port} cannot be listened on: {error}; end the program that uses it, or register another redirect address and write it into `oauth.redirectUri`"),
            format!("登录的应答会发送到 {redirect}，但无法监听端口 {port}：{error}；请结束占用该端口的程序，或登记另一个重定向地址并写入 `oauth.redirectUri`"),
        )
    })?;
    let Some(listeners) = listeners else {
        // It is open already; whoever opened it looks whether it is wanted again.
        return Ok(());
    };
    let router = Router::new()
        .fallback(get(answer))
        .with_state((Arc::clone(core), path));
    let end = CancellationToken::new();
    for listener in listeners {
        let (router, end) = (router.clone(), end.clone());
        core.tasks.spawn(async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(end.cancelled_owned());
            if let Err(error) = served.await {
                tracing::warn!(%error, port, "the answer of a sign-in may not arrive");
            }
        });
    }
    let waiting = Arc::clone(core);
    core.tasks.spawn(async move {
        wanted_no_more(&waiting, port).await;
        end.cancel();
    });
    Ok(())
}

impl Ports {
    /// Notes that a port is wanted, and opens it where that has not been done: then what
    /// `bind` gave, else `None`. It is open when this returns without an error.
    async fn want<T, E, F>(&self, port: u16, bind: impl FnOnce() -> F) -> Result<Option<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let open = {
            let mut ports = self.0.locked();
            let place = ports.entry(port).or_default();
            place.turns += 1;
            Arc::clone(&place.open)
        };
        let mut bound = None;
        let opening = async {
            bound = Some(bind().await?);
            Ok(())
        };
        open.get_or_try_init(|| opening).await?;
        Ok(bound)
    }

    fn turns(&self, port: u16) -> Option<u64> {
        self.0.locked().get(&port).map(|place| place.turns)
    }
}

async fn answer(
    State((core, path)): State<(Arc<Core>, String)>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if uri.path() != path {
        return StatusCode::NOT_FOUND.into_response();
    }
    callback::answer(&core, query.as_deref(), &headers).await
}

/// Until nobody has wanted it for as long as a sign-in may take.
async fn wanted_no_more(core: &Core, port: u16) {
    let wanted = &core.oauth.ports;
    loop {
        let before = wanted.turns(port);
        tokio::select! {
            () = core.ending.draining.cancelled() => break,
            () = tokio::time::sleep(OPEN) => {}
        }
        let mut ports = wanted.0.locked();
        if ports.get(&port).map(|place| place.turns) == before {
            ports.remove(&port);
            break;
        }
    }
}

/// Port and path of an address that leads to this machine by http.
fn loopback(redirect: &str) -> Option<(u16, String)> {
    let url = Url::parse(redirect)
        .ok()
        .filter(|url| url.scheme() == "http")?;
    let is_here = match url.host_str()? {
        "localhost" => true,
        host => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
    };
    is_here.then(|| (url.port().unwrap_or(80), url.path().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn who_comes_second_is_told_no_earlier_than_the_port_is_open() {
        let ports = Ports::default();
        let (fail, failed) = oneshot::channel::<()>();
        let first = ports.want(1, async || {
            drop(failed.await);
            Err::<(), _>("taken")
        });
        let second = ports.want(1, async || Ok::<_, &str>("open"));
        let third = ports.want(1, async || Ok::<_, &str>("twice"));
        let later = async {
            tokio::task::yield_now().await;
            drop(fail);
        };
        let (first, second, third, ()) = tokio::join!(first, second, third, later);
        assert_eq!(
            (first, second, third),
            (Err("taken"), Ok(Some("open")), Ok(None))
        );
        assert_eq!(ports.turns(1), Some(3));
    }

    #[test]
    fn only_what_comes_to_this_machine_by_http_is_listened_for() {
        let at = |port, path: &str| Some((port, path.to_owned()));
        assert_eq!(
            loopback("http://localhost:3000/oauth/callback"),
            at(3000, CALLBACK)
        );
        assert_eq!(loopback("http://127.0.0.1/cb"), at(80, "/cb"));
        assert_eq!(loopback("http://[::1]:5/cb"), at(5, "/cb"));
        for other in [
            "mcp-gateway://oauth/callback",
            "https://localhost:3000/cb",
            "http://gateway.example.com/oauth/callback",
            "nonsense",
        ] {
            assert_eq!(loopback(other), None, "{other}");
        }
    }
}
