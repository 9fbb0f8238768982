//! A server over the stdin and stdout of a child process.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;
use wire::LineDecoder;

use super::inbox::{self, Inbox};
use super::outbox::Outbox;
use super::process::{Child, SpawnError};
use super::slot::Lost;
use super::{Connection, Link};
use crate::config::model::ServerConfig;
use crate::ledger::Ledger;
use crate::words::Words;

/// Longest line of a server's log that is kept.
const LOG_LINE: usize = crate::server::log::LONGEST;

/// Room that a read must find; below it, a new buffer is begun. Lines are cut
/// out of the buffer without copying, so that it cannot be used again.
const READ_AT_LEAST: usize = 2 * 1024;
const READ_AHEAD: usize = 32 * 1024;

/// After its start, until it has most likely started what it works with.
const SETTLED: Duration = Duration::from_millis(500);

/// How long a server that has closed its output may go on explaining itself.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Starts the process. The connection lives as long as [`drive`] runs.
///
/// # Errors
/// Where the command cannot be started.
pub(crate) async fn open(
    config: &ServerConfig,
    ledger: &Arc<Ledger>,
    inbox: Arc<Inbox>,
    closing: CancellationToken,
) -> Result<(Arc<Connection>, Child), SpawnError> {
    let child = tokio::select! {
        child = Child::spawn(config, ledger) => child?,
        // A program that is still being looked for keeps nobody.
        () = closing.cancelled() => return Err(SpawnError::closed()),
    };
    // Room for the largest message twice over.
    let outbox_limit = inbox.limits.message_bytes.saturating_mul(2);
    let connection = Connection::new(Link::Stdio(Outbox::new(outbox_limit)), inbox, closing);
    if let Some(id) = child.id() {
        // Set here and nowhere else.
        connection.process.get_or_init(|| id);
    }
    Ok((connection, child))
}

/// Owns the child until it is gone: reads, writes and logs, then stops the
/// whole process group. Why it ended.
pub(crate) async fn drive(connection: Arc<Connection>, mut child: Child) -> Words {
    let Some(pipes) = child.take_pipes() else {
        connection.closing.cancel();
        let reason = Words::new("the process has no pipes", "进程没有管道");
        connection.pending.close(&Lost::Died(reason.clone()));
        child.stop().await;
        return reason;
    };
    let Link::Stdio(outbox) = &connection.link else {
        unreachable!("BUG: stdio drives stdio links")
    };
    let reason = {
        let reading = read(&connection, pipes.stdout);
        let writing = outbox.drain_into(pipes.stdin);
        let logging = log(&connection, pipes.stderr);
        // Who has left its group is found again if this gateway is killed soon.
        let looking = async {
            tokio::time::sleep(SETTLED).await;
            child.look().await;
        };
        tokio::pin!(reading, writing, logging, looking);
        let (mut logged, mut written, mut looked) = (false, false, false);
        let reason = loop {
            tokio::select! {
                reason = &mut reading => break reason,
                // A closed stdin alone ends nothing: what the server still prints may be answers.
                _ = &mut writing, if !written => written = true,
                () = &mut logging, if !logged => logged = true,
                () = &mut looking, if !looked => looked = true,
                () = connection.closing.cancelled() => break connection.farewell(),
            }
        };
        if !logged && !connection.closing.is_cancelled() {
            // What it printed last says why it ended.
            drop(tokio::time::timeout(LAST_WORDS, &mut logging).await);
        }
        // Once it has left, nobody can tell any more who descends from it.
        child.look().await;
        child.leaves();
        // stdin, stdout and stderr close here: the end of input asks the server to leave.
        reason
    };
    let asked_to = connection.closing.is_cancelled();
    connection.closing.cancel();
    if asked_to {
        // Nothing it says is read any more; who waits for it need not watch it leave.
        connection.pending.close(&Lost::Died(reason.clone()));
    }
    let status = if connection.is_condemned() {
        child.end().await
    } else {
        child.stop().await
    };
    let reason = match status {
        Some(status) if !asked_to => Words::new(
            format!("{} ({status})", reason.en),
            format!("{}（{}）", reason.zh, in_chinese(status)),
        ),
        _ => reason,
    };
    connection.pending.close(&Lost::Died(reason.clone()));
    reason
}

/// How a process ended, as `ExitStatus` says it in English.
fn in_chinese(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("被信号 {signal} 终止");
    }
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("退出码 {code}"))
}

/// Reads messages until the server's stdout ends; why it ended.
async fn read(connection: &Arc<Connection>, mut stdout: impl AsyncRead + Unpin) -> Words {
    let mut lines = LineDecoder::new(connection.inbox.limits.message_bytes);
    if let Err(ended) = fill(&mut lines, &mut stdout).await {
        return ended;
    }
    connection.has_spoken();
    loop {
        loop {
            match lines.next_line() {
                Ok(Some(line)) => inbox::receive(connection, line),
                Ok(None) => break,
                Err(too_long) => {
                    let limit = too_long.limit;
                    let why = Words::new(
                        format!("its answer is larger than limits.messageBytes ({limit})"),
                        format!("应答超过 limits.messageBytes ({limit})"),
                    );
                    inbox::unusable(connection, &too_long.head, &why);
                }
            }
        }
        if let Err(ended) = fill(&mut lines, &mut stdout).await {
            return ended;
        }
    }
}

/// Reads once.
///
/// # Errors
/// Why there is nothing more to be read.
async fn fill(lines: &mut LineDecoder, stdout: &mut (impl AsyncRead + Unpin)) -> Result<(), Words> {
    let buffer = lines.buffer();
    if buffer.capacity() - buffer.len() < READ_AT_LEAST {
        buffer.reserve(READ_AHEAD);
    }
    match stdout.read_buf(lines.buffer()).await {
        Ok(0) => Err(Words::new(
            "the server closed its output",
            "服务器关闭了输出",
        )),
        Ok(_) => Ok(()),
        Err(error) => Err(Words::new(
            format!("reading from the server failed: {error}"),
            format!("读取服务器输出失败：{error}"),
        )),
    }
}

/// Keeps what the server prints to stderr.
async fn log(connection: &Connection, mut stderr: impl AsyncRead + Unpin) {
    let inbox = &connection.inbox;
    let mut lines = LineDecoder::new(LOG_LINE);
    loop {
        loop {
            match lines.next_line() {
                Ok(Some(line)) => inbox.printed(&String::from_utf8_lossy(&line)),
                Ok(None) => break,
                Err(too_long) => inbox.printed(&format!("({too_long})")),
            }
        }
        lines.buffer().reserve(1024);
        if !matches!(stderr.read_buf(lines.buffer()).await, Ok(1..)) {
            return;
        }
        connection.has_spoken();
    }
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::process::Stdio;

    use process_wrap::tokio::CommandWrap;

    use super::super::pending::Call;
    use super::super::slot::Slot;
    use super::*;

    #[tokio::test]
    async fn calls_at_a_process_that_hangs_end_once_with_the_cause() {
        let wrap = CommandWrap::with_new("sleep", |command| {
            command
                .arg("600")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
        });
        let child = Child::start(wrap).unwrap();
        let closing = CancellationToken::new();
        let link = Link::Stdio(Outbox::new(1_000));
        let connection = Connection::new(link, Inbox::stand_in(), closing);
        let driver = tokio::spawn(drive(Arc::clone(&connection), child));
        let call = || Call {
            slot: Slot::new(),
            progress_token: None,
            client: None,
            lease: None,
        };
        let begun = call();
        let slot = Arc::clone(&begun.slot);
        let write = |id: &str| wire::request(id, "tools/call", "{}");
        connection.start(begun, write).unwrap();

        connection.condemn(&Words::new("it hangs", "它已无响应"));

        let lost = slot.answer().await.unwrap_err();
        assert!(
            matches!(&lost, Lost::Died(why) if why.en == "it hangs"),
            "{lost:?}"
        );
        // With the process, well before one that does not hang would be sent a signal.
        let ended = tokio::time::timeout(Duration::from_millis(1900), driver);
        assert_eq!(ended.await.unwrap().unwrap().en, "it hangs");
        let lost = connection.start(call(), write).unwrap_err().1;
        assert!(matches!(lost, Lost::Unsent(_)), "{lost:?}");
    }
}
