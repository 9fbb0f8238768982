//! The gateway core inside the app: a thread and a tokio runtime of its own.
//!
//! The window's runtime never runs a piece of it, so that a busy or dying window delays no
//! client, and the other way round. What the core needs to begin is in `begin`.

mod entrance;

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context as _;
use axum::body::to_bytes;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Reply;
use crate::begin::{Stuck, begin, journal, stirred};

pub(crate) use entrance::{Ask, Entrance, Phase};

/// The gateway gives what runs 30 s to finish; past that, something is stuck and the app goes.
const DRAIN: Duration = Duration::from_secs(33);
/// No answer that the page reads comes near.
const LARGEST_REPLY: usize = 64 << 20;

/// The core as the shell holds it.
#[derive(Debug)]
pub(crate) struct Core {
    runtime: Handle,
    entrance: Entrance,
    life: Life,
    /// Disconnected once the core's thread has ended. Behind a lock only because the shell's
    /// state is shared; one thread, the one that exits, ever asks.
    ended: std::sync::Mutex<mpsc::Receiver<()>>,
}

/// What ends the core, or gives it another try, and the shell's tasks that end with it.
#[derive(Debug, Clone, Default)]
struct Life {
    stop: CancellationToken,
    again: Arc<Notify>,
    tasks: TaskTracker,
}

/// Why it may go better now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chance {
    /// The user says so.
    Asked,
    /// Something has happened to the configuration file.
    FileStirred,
}

// === impl Core ===

impl Core {
    /// Starts it; requests wait until it is ready. `bridge` is where the stdio bridge lies.
    pub(crate) fn start(bridge: Option<PathBuf>) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("core")
            .enable_all()
            .build()
            .context("the core's runtime")?;
        let handle = runtime.handle().clone();
        let (set_phase, phase) = watch::channel(Phase::Starting);
        let life = Life::default();
        let lived = life.clone();
        let (alive, ended) = mpsc::channel();
        std::thread::Builder::new()
            .name("core-main".to_owned())
            .spawn(move || {
                runtime.block_on(lived.run(&set_phase, bridge));
                // What is left are file reads and the like: nobody waits for their results.
                runtime.shutdown_background();
                drop(alive);
            })
            .context("the core's thread")?;
        Ok(Self {
            runtime: handle,
            entrance: Entrance::new(phase),
            life,
            ended: std::sync::Mutex::new(ended),
        })
    }

    /// Answers a request of the window with the whole of the answer.
    pub(crate) async fn request(&self, ask: Ask) -> anyhow::Result<Reply> {
        let entrance = self.entrance.clone();
        // On the core's runtime: a handler may leave tasks behind that outlive the request.
        let answered = self.runtime.spawn(async move {
            let response = entrance.send(ask).await?;
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), LARGEST_REPLY).await?;
            Ok(Reply {
                status,
                body: String::from_utf8(body.into())?,
            })
        });
        answered.await.context("the core gave up the request")?
    }

    /// Runs a task of the shell beside the core, until it ends by itself or the core does.
    pub(crate) fn spawn<F>(&self, task: impl FnOnce(Entrance) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = task(self.entrance.clone());
        let stop = self.life.stop.clone();
        self.life.tasks.spawn_on(
            async move {
                stop.run_until_cancelled_owned(task).await;
            },
            &self.runtime,
        );
    }

    /// Lets a core that could not start try again, because its user removed the cause.
    pub(crate) fn try_again(&self) {
        self.life.again.notify_one();
    }

    /// Ends it in order and waits until it has ended.
    pub(crate) fn stop(&self) {
        self.life.stop.cancel();
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(DRAIN) {
            tracing::error!("the core did not end in time");
        }
    }
}

// === impl Life ===

impl Life {
    /// From start to end, on the core's own thread.
    async fn run(&self, phase: &watch::Sender<Phase>, bridge: Option<PathBuf>) {
        let journal = journal();
        let wait = |what| {
            phase.send_replace(Phase::Waiting(what));
        };
        loop {
            let begun = begin(bridge.clone(), &journal, &wait);
            let Some(begun) = self.stop.run_until_cancelled(begun).await else {
                break;
            };
            let running = match begun {
                Ok(running) => running,
                Err(stuck) => {
                    let is_told =
                        matches!(&*phase.borrow(), Phase::Failed(told) if *told == stuck.cause);
                    if !is_told {
                        tracing::error!("{}", stuck.cause.en);
                        phase.send_replace(Phase::Failed(stuck.cause.clone()));
                    }
                    match self.chance(&stuck).await {
                        None => break,
                        Some(Chance::Asked) => drop(phase.send_replace(Phase::Starting)),
                        Some(Chance::FileStirred) => {}
                    }
                    continue;
                }
            };
            phase.send_replace(Phase::Running(running.router()));
            self.stop.cancelled().await;
            // The window's streams first: the gateway waits for what still reads from it.
            self.end_tasks().await;
            return running.shutdown().await;
        }
        self.end_tasks().await;
    }

    /// Waits for a reason to try again; `None` at the end of the app.
    async fn chance(&self, stuck: &Stuck) -> Option<Chance> {
        let chance = async {
            tokio::select! {
                () = self.again.notified() => Chance::Asked,
                () = stirred(stuck) => Chance::FileStirred,
            }
        };
        self.stop.run_until_cancelled(chance).await
    }

    /// They all listen to `stop`, so this takes as long as the slowest takes to notice.
    async fn end_tasks(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
