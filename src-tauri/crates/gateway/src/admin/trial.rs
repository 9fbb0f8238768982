//! `POST /api/test`: a server is started as a form describes it, and everything is told
//! as it happens, before anything is saved.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio_util::task::TaskTracker;
use wire::encode_sse;

use super::Body;
use super::live::Following;
use super::problem::{Code, Problem};
use super::tools::{ToolRow, row};
use crate::board::{Board, Listing};
use crate::change::Refusal;
use crate::config::LoadError;
use crate::config::edit::{self, Edit};
use crate::config::form::ServerForm;
use crate::config::model::ServerConfig;
use crate::core::Core;
use crate::lifecycle::{Failure, State as Health};
use crate::serve::{App, respond};
use crate::server::shelf::Shelf;
use crate::server::{Legacy, Server, Surroundings};
use crate::words::Words;

/// `npx` and `uvx` may have to download the server first.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a server is that was tried out.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct TestOk {
    /// What it calls itself.
    pub(crate) name: String,
    /// Of the server.
    pub(crate) version: String,
    /// The protocol version that was agreed on.
    pub(crate) protocol: String,
    /// Its tools, as the form would expose them.
    pub(crate) tools: Vec<ToolRow>,
    /// Prompts that it offers.
    pub(crate) prompts: usize,
    /// Resources that it lists, templates included.
    pub(crate) resources: usize,
    /// Milliseconds from the start to its lists.
    pub(crate) took: u64,
}

/// What is to be tried.
#[derive(Debug, Deserialize)]
pub(crate) struct Try {
    form: ServerForm,
}

/// `POST /api/test`.
pub(crate) async fn test(
    State(app): State<App>,
    Body(wanted): Body<Try>,
) -> Result<Response, Problem> {
    let config = config_of(&app.core, wanted.form)?;
    let Ok(turn) = Arc::clone(&app.core.trials).try_acquire_owned() else {
        return Err(busy());
    };
    let trial = Trial::start(&app.core, config, turn);
    let stream = futures_util::stream::unfold(Some(trial), |trial| async {
        let mut trial = trial?;
        let (event, over) = trial.next().await?;
        Some((Ok::<_, Infallible>(event), (!over).then_some(trial)))
    });
    Ok(respond::listening(stream))
}

/// A server that belongs to nobody else and ends with this.
#[derive(Debug)]
struct Trial {
    server: Arc<Server>,
    board: Arc<Board>,
    published: watch::Receiver<u64>,
    state: watch::Receiver<Health>,
    log: Following,
    began: Instant,
    /// Owns what is left to do once this is dropped.
    afterwards: TaskTracker,
    /// Returned when the process is gone.
    turn: Option<OwnedSemaphorePermit>,
}

impl Trial {
    fn start(core: &Core, config: ServerConfig, turn: OwnedSemaphorePermit) -> Self {
        // On a board of its own, it shows nothing to any client.
        let changed = Arc::new(Notify::new());
        let board = Board::new(Arc::clone(&core.sessions), Arc::clone(&changed));
        let seat = board.take_seat(&config.name);
        let live = core.live_full();
        let surroundings = Surroundings {
            limits: live.config.limits,
            sessions: &core.sessions,
            board: &board,
            ledger: &core.ledger,
            changed: &changed,
            oauth: &core.oauth,
            aliyun: live.config.aliyun.as_ref(),
        };
        let server = Server::new(
            seat,
            config,
            None,
            Shelf::nowhere(),
            None,
            Legacy::default(),
            &surroundings,
        );
        board.arrange(vec![Listing {
            seat,
            config: &server.config,
            owner: None,
            kept: None,
        }]);
        let log = Arc::clone(&server.inbox.log);
        let trial = Self {
            published: board.watch(),
            state: server.watch_state(),
            log: Following::new(log, 0, core.ending.draining.clone()),
            began: Instant::now(),
            afterwards: core.retiring.clone(),
            turn: Some(turn),
            board,
            server,
        };
        trial.server.start();
        trial
    }

    /// The next event, and whether it is the last one.
    async fn next(&mut self) -> Option<(Bytes, bool)> {
        let deadline = tokio::time::Instant::from_std(self.began + PATIENCE);
        loop {
            // What it printed explains what comes of it, so it is told first.
            if !self.log.log.after(self.log.seen).is_empty() {
                return Some((lines(&self.log.next().await?), false));
            }
            if let Some(outcome) = self.outcome() {
                return Some((outcome, true));
            }
            tokio::select! {
                lines_written = self.log.next() => return Some((lines(&lines_written?), false)),
                published = self.published.changed() => published.ok()?,
                changed = self.state.changed() => changed.ok()?,
                () = tokio::time::sleep_until(deadline) => {
                    return Some((failed(&self.too_slow()), true));
                }
            }
        }
    }

    fn outcome(&self) -> Option<Bytes> {
        match self.server.state() {
            Health::Failing { failure, .. } => Some(failed(&failure)),
            Health::Ready { .. } | Health::Degraded { .. }
                if self.board.is_known(self.server.index()) =>
            {
                Some(event("ok", &self.found()))
            }
            _ => None,
        }
    }

    fn found(&self) -> TestOk {
        let offer = self.server.offer();
        let config = &self.server.config;
        let hello = self.server.hello();
        let info = hello.as_ref().and_then(|hello| hello.server_info.as_ref());
        let info: serde_json::Value = info
            .and_then(|info| serde_json::from_slice(info).ok())
            .unwrap_or_default();
        let text = |name: &str| info[name].as_str().unwrap_or_default().to_owned();
        let catalog = self.board.catalog(None);
        let listed = catalog.view(None).listed_tools();
        let tools = offer.tools.iter().map(|tool| {
            let exposed = listed.iter().find(|listed| listed.own == tool.key);
            row(tool, config, exposed.map(|listed| listed.exposed.clone()))
        });
        TestOk {
            name: text("name"),
            version: text("version"),
            protocol: hello
                .as_ref()
                .map(|hello| hello.protocol_version.clone())
                .unwrap_or_default(),
            tools: tools.collect(),
            prompts: offer.prompts.len(),
            resources: offer.resources.len() + offer.templates.len(),
            took: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn too_slow(&self) -> Failure {
        let seconds = PATIENCE.as_secs();
        Failure {
            message: Words::new(
                format!("it did not say what it offers within {seconds} s"),
                format!("{seconds} 秒内没有给出它提供的内容"),
            ),
            remedy: Some(Words::new(
                "see what it printed; if it downloads something first, try again",
                "请查看它的输出；如果它需要先下载内容，请重试",
            )),
            last_lines: self.log.log.last(12),
        }
    }
}

impl Drop for Trial {
    /// However it ends, also where nobody listens any more: the process goes.
    fn drop(&mut self) {
        let server = Arc::clone(&self.server);
        server.close(&Words::new("the trial is over", "试运行已结束"));
        let turn = self.turn.take();
        self.afterwards.spawn(async move {
            server.ended().await;
            drop(turn);
        });
    }
}

fn busy() -> Problem {
    Problem::new(
        Code::Failed,
        Words::new(
            "several servers are being tried out already",
            "已有多个服务器正在试运行",
        ),
    )
    .remedy(Words::new(
        "wait until one of them has finished, or stop it",
        "请等待其中一个结束，或将其停止",
    ))
    .status(axum::http::StatusCode::TOO_MANY_REQUESTS)
}

/// The server that a form describes, read as it would be read from the file.
fn config_of(core: &Core, form: ServerForm) -> Result<ServerConfig, Problem> {
    let refuse = |refusal| Problem::of_refusal(refusal, Some(0));
    let source = core
        .source
        .as_ref()
        .ok_or_else(|| refuse(Refusal::NoSource))?;
    let name = form.name.clone();
    let mut form = form;
    form.enabled = true;
    // It may not have a name yet, or the one of the server that is being edited.
    if form.name.trim().is_empty() {
        "server".clone_into(&mut form.name);
    }
    let text = edit::apply(edit::starter(), &Edit::AddServer(form))
        .map_err(|error| refuse(Refusal::Edit(error)))?;
    let loaded = match source.read(&text, std::path::PathBuf::new()) {
        Ok(loaded) => loaded,
        Err(LoadError::Invalid { problems, .. }) => return Err(refuse(Refusal::Invalid(problems))),
        Err(error) => return Err(Problem::bad_request(error)),
    };
    let mut servers = loaded.config.servers.into_iter();
    let server = servers.next().map(|mut server| {
        // One process shows what there is to see.
        server.pool.max_connections = 1;
        server.pool.min_connections = server.pool.min_connections.min(1);
        server
    });
    server.ok_or_else(|| {
        Problem::new(
            Code::Failed,
            Words::new(
                format!("\"{name}\" could not be read back"),
                format!("无法读回“{name}”"),
            ),
        )
    })
}

fn lines(document: &[u8]) -> Bytes {
    encode_sse(Some("log"), document).into()
}

fn failed(failure: &Failure) -> Bytes {
    event("failed", failure)
}

fn event(name: &str, document: &impl Serialize) -> Bytes {
    let document = serde_json::to_vec(document).unwrap_or_default();
    encode_sse(Some(name), &document).into()
}
