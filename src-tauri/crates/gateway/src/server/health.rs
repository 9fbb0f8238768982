//! Whether the connections that say nothing are still there, and what is done with one
//! that hangs.
//!
//! A call without a sign of life proves little: a tool may take long, and a server that
//! works on one thing at a time answers nothing meanwhile. One that does not even answer
//! `ping` after such a call hangs. Its process is ended and another started in its place;
//! calls that it has not answered fail with the cause. If one of them shows signs of life all
//! the same, it is not lost: where the pool has room for a successor, that is started beside
//! and the connection ended after the last of its calls; where it has not, the connection
//! stays in use.
//!
//! A process that is idle is asked now and then, which only shows in its server's state; one
//! that ends because of that is not asked again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wire::Era;

use super::{Server, keeper, offer};
use crate::config::model::Transport;
use crate::lifecycle::Happened;
use crate::upstream::{Connection, sign_of_life};
use crate::words::Words;

/// An idle process is asked this often. A remote server is not: its next call finds out,
/// and nobody's token is renewed for nothing.
const EVERY: Duration = Duration::from_secs(30);
/// A `ping` is answered within this time, or within `callTimeout` where that is shorter.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

impl Server {
    /// Ends calls without a sign of life and closes what has been idle.
    pub(crate) fn tidy(self: &Arc<Self>) {
        for connection in self.pool.connections() {
            let late = connection.pending.late(self.config.call_timeout);
            for id in &late {
                connection.give_up(*id);
            }
            if let Some(longest) = self.inbox.limits.call_longest {
                for id in connection.pending.older_than(longest) {
                    connection.cut_short(id);
                }
            }
            if !late.is_empty() && connection.is_open() {
                self.doubt(&connection);
            } else if self.is_to_be_asked(&connection) {
                self.ask_in_passing(&connection);
            }
        }
        // Subscribers may be gone without a word.
        self.listening.look();
        for connection in self.pool.done_with() {
            connection.condemn(&self.it_hung());
        }
        // What nobody has used yet may still be asked what it offers.
        let evicted = if self.board.is_known(self.index()) {
            self.pool.evict()
        } else {
            Vec::new()
        };
        for connection in &evicted {
            tracing::debug!(server = %self.config.name, "an idle connection is closed");
            connection.closing.cancel();
        }
        if !evicted.is_empty() && self.pool.counts().total == 0 {
            self.happened(Happened::Idle);
        }
    }

    /// All connections that are wanted are there, or on their way out.
    pub(super) fn is_complete(&self) {
        let connections = self.pool.connections();
        if connections.is_empty() {
            self.happened(Happened::Idle);
        } else if self.pool.counts().total > 0 && !connections.iter().any(|one| one.is_silent()) {
            self.happened(Happened::Well);
        }
    }

    /// A call had no sign of life: the connection gets no further one until it has answered.
    fn doubt(self: &Arc<Self>, connection: &Arc<Connection>) {
        if !connection.distrust() {
            return;
        }
        let (server, connection) = (Arc::clone(self), Arc::clone(connection));
        self.tasks.spawn(async move {
            let asked = Instant::now();
            match connection.answers(server.ping_patience()).await {
                // A refusal over HTTP, or an empty answer, is a sign of life, too.
                Some(true) | None => server.pool.reinstate(&connection),
                Some(false) => server.replace(&connection, asked),
            }
        });
    }

    /// It hangs, having been `asked` in vain.
    fn replace(self: &Arc<Self>, connection: &Arc<Connection>, asked: Instant) {
        let is_lively = connection.pending.is_lively_since(asked);
        let cause = self.it_hung();
        if is_lively && !self.pool.has_room() {
            // No process beyond the most, and no call lost that goes on.
            self.pool.reinstate(connection);
            self.ails(cause);
            return;
        }
        let Some(removed) = self.pool.set_aside(connection) else {
            return;
        };
        let name = &self.config.name;
        tracing::warn!(server = %name, "a connection hangs and is replaced");
        if removed.was_primary && removed.left > 0 {
            offer::resubscribe(self);
        }
        if !is_lively {
            connection.condemn(&cause);
        }
        self.ails(cause);
        self.pool.needs_keeper.notify_one();
    }

    fn ails(&self, cause: Words) {
        let failure = keeper::failure(self, cause);
        self.happened(Happened::Ailing { failure });
    }

    fn it_hung(&self) -> Words {
        let silence = self.config.call_timeout.as_secs_f32();
        let patience = self.ping_patience().as_secs_f32();
        let ping = self.ping();
        Words::new(
            format!(
                "it hangs: a call had no sign of life for {silence} s, and `{ping}` no answer for {patience} s; its process is replaced"
            ),
            format!(
                "它已无响应：有调用 {silence} 秒没有动静，`{ping}` {patience} 秒没有回应；其进程将被替换"
            ),
        )
    }

    /// What it is asked to see whether it is there.
    fn ping(&self) -> &'static str {
        sign_of_life(self.hello().map_or(Era::Legacy, |hello| hello.era))
    }

    fn is_to_be_asked(&self, connection: &Connection) -> bool {
        matches!(self.config.transport, Transport::Local { .. })
            && !self.shies.load(Ordering::Relaxed)
            && connection.takes_calls()
            && connection.hello().is_some()
            && connection.unheard_for() >= EVERY
    }

    fn ask_in_passing(self: &Arc<Self>, connection: &Arc<Connection>) {
        // Now, so that the next look finds it asked.
        connection.is_being_asked();
        let (server, connection) = (Arc::clone(self), Arc::clone(connection));
        self.tasks.spawn(async move {
            let patience = server.ping_patience();
            match connection.answers(patience).await {
                Some(true) => server.is_complete(),
                // A call that came meanwhile may be what keeps it.
                Some(false) if connection.in_flight() == 0 => {
                    let (patience, ping) = (patience.as_secs_f32(), server.ping());
                    let cause = Words::new(
                        format!("it is idle and does not answer `{ping}` within {patience} s"),
                        format!("它处于空闲状态，但 {patience} 秒内没有回应 `{ping}`"),
                    );
                    server.ails(cause);
                }
                None if !server.closing.is_cancelled() => {
                    server.shies.store(true, Ordering::Relaxed);
                }
                Some(false) | None => {}
            }
        });
    }

    fn ping_patience(&self) -> Duration {
        self.config.call_timeout.clamp(PATIENCE.0, PATIENCE.1)
    }
}
