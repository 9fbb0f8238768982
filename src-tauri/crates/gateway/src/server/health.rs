//! Whether the connections that say nothing are still there, and what is done with one
//! that hangs.
//!
//! A call without a sign of life proves little: a tool may take long, and a server that
//! works on one thing at a time answers nothing meanwhile. One that does not even answer
//! `ping` after such a call hangs. Its process is ended and another started in its place;
//! calls that it has not answered fail with the cause. If one of them shows signs of life all
//! the same, it is not lost: where the pool has room for a successor, that is started beside
//! and the connection ended after the last of its calls; where it has not, the connection
//! stays in use, and is asked again when none of its calls is left.
//!
//! A process that is idle is asked now and then. One that stands still, and answers nothing
//! else either, is replaced; one that only leaves `ping` unanswered is not, which shows in its
//! server's state. One that ends because of that is not asked again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wire::Era;

use super::keeper::Stage;
use super::{Server, keeper, offer};
use crate::config::model::Transport;
use crate::lifecycle::Happened;
use crate::upstream::{Connection, OwnCallError, sign_of_life};
use crate::words::Words;

/// An idle process is asked this often. A remote server is not: its next call finds out,
/// and nobody's token is renewed for nothing.
const EVERY: Duration = Duration::from_secs(30);
/// A client whose call says nothing is shown after so long that it goes on: it and what is between
/// would take the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);
/// A `ping` is answered within this time, or within `callTimeout` where that is shorter.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// What is done with a connection that hangs.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// Another takes its place.
    Replaced,
    /// It is asked again after the calls that go on there.
    Spared,
}

impl Server {
    /// Ends calls without a sign of life, has their clients see those that go on in silence, and
    /// closes what has been idle.
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
            connection.pending.tell_of_silence(SILENCE);
            let is_due = connection.is_spared() && connection.in_flight() == 0;
            if connection.is_open() && (is_due || !late.is_empty()) {
                self.doubt(&connection);
            } else if self.is_to_be_asked(&connection) {
                self.ask_in_passing(&connection);
            }
        }
        // Subscribers may be gone without a word.
        self.listening.look();
        for connection in self.pool.done_with() {
            connection.condemn(&self.it_hung(Fate::Replaced));
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
                Some(true) => {
                    server.pool.reinstate(&connection);
                    server.is_complete();
                }
                // A refusal over HTTP, or an empty answer, is a sign of life, too.
                None => server.pool.reinstate(&connection),
                Some(false) => server.replace(&connection, asked),
            }
        });
    }

    /// It hangs, having been `asked` in vain.
    fn replace(self: &Arc<Self>, connection: &Arc<Connection>, asked: Instant) {
        let is_lively = connection.pending.is_lively_since(asked);
        if is_lively && !self.pool.has_room() {
            // No process beyond the most, and no call lost that goes on.
            connection.spare();
            self.pool.reinstate(connection);
            self.ails(self.it_hung(Fate::Spared));
            return;
        }
        self.put_aside(connection, self.it_hung(Fate::Replaced), !is_lively);
    }

    /// It gets no further call, and ends: now or after the last that it has.
    fn put_aside(self: &Arc<Self>, connection: &Arc<Connection>, cause: Words, now: bool) {
        let Some(removed) = self.pool.set_aside(connection) else {
            return;
        };
        let name = &self.config.name;
        tracing::warn!(server = %name, "a connection hangs and is replaced");
        if removed.was_primary && removed.left > 0 {
            offer::resubscribe(self);
        }
        if now {
            connection.condemn(&cause);
        }
        self.ails(cause);
        self.pool.needs_keeper.notify_one();
    }

    fn ails(&self, cause: Words) {
        let failure = keeper::failure(self, cause, Stage::Use);
        self.happened(Happened::Ailing { failure });
    }

    fn it_hung(&self, fate: Fate) -> Words {
        let silence = self.config.call_timeout.as_secs_f32();
        let patience = self.ping_patience().as_secs_f32();
        let ping = self.ping();
        let (en, zh) = match fate {
            Fate::Replaced => ("its process is replaced", "其进程将被替换"),
            Fate::Spared => (
                "once the calls that still go on there have ended, it is asked again, and its process replaced if it does not answer",
                "待仍在进行的调用结束后会再次询问，届时若无回应，将替换其进程",
            ),
        };
        Words::new(
            format!(
                "it hangs: a call had no sign of life for {silence} s, and `{ping}` no answer for {patience} s; {en}"
            ),
            format!(
                "它已无响应：有调用 {silence} 秒没有动静，`{ping}` {patience} 秒没有回应；{zh}"
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
                Some(false)
                    if connection.in_flight() == 0 && !connection.pending.may_be_at_work() =>
                {
                    server.ask_otherwise(&connection, patience).await;
                }
                None if !server.closing.is_cancelled() => {
                    server.shies.store(true, Ordering::Relaxed);
                }
                Some(false) | None => {}
            }
        });
    }

    /// It is idle and left what it was asked unanswered. There are servers that never answer that; one
    /// that says nothing to `tools/list` either, not even a refusal, stands still, and the
    /// next call would be lost there.
    async fn ask_otherwise(self: &Arc<Self>, connection: &Arc<Connection>, patience: Duration) {
        if !connection.distrust() {
            return;
        }
        let answer = connection.ask_any("tools/list", "", patience).await;
        let stands_still = matches!(answer, Err(OwnCallError::Timeout { .. }));
        let (seconds, ping) = (patience.as_secs_f32(), self.ping());
        // A call that came before it was distrusted has a deadline of its own.
        if stands_still && connection.in_flight() == 0 {
            let cause = Words::new(
                format!(
                    "it was idle and stood still: neither `{ping}` nor `tools/list` had an answer within {seconds} s; its process is replaced"
                ),
                format!(
                    "它在空闲时已停止响应：`{ping}` 和 `tools/list` 在 {seconds} 秒内均无回应；其进程将被替换"
                ),
            );
            self.put_aside(connection, cause, true);
            return;
        }
        self.pool.reinstate(connection);
        if answer.is_ok() {
            self.ails(Words::new(
                format!("it is idle and does not answer `{ping}` within {seconds} s"),
                format!("它处于空闲状态，但 {seconds} 秒内没有回应 `{ping}`"),
            ));
        }
    }

    fn ping_patience(&self) -> Duration {
        self.config.call_timeout.clamp(PATIENCE.0, PATIENCE.1)
    }
}
