//! A running gateway, asked by somebody who may read its data folder.
//!
//! Owns where the admin token comes from and where it may go: to a loopback address, never to
//! another machine, not even where `--data-dir` is named, for it opens everything and may travel
//! in plain text; and there only to the gateway of that very data folder, never to a stranger
//! that has its port. Without a token the request is made all the same, because most gateways want
//! none for their tools, and so that "nothing listens" is said rather than "no token".

use std::path::PathBuf;

use anyhow::Context as _;
use gateway::instance::Occupant;
use gateway::words::Words;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use wire::SseEvent;

use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;
use crate::language::{failure, t};
use crate::running::{Answer, Ask, Heard, Running, parse};

/// What lets a browser in.
#[derive(Deserialize)]
struct Code {
    code: String,
}

/// A gateway and the folder that may hold its token.
pub(crate) struct Admin<'a> {
    running: Running,
    /// It is the gateway of that folder that listens there, and no stranger.
    proven: bool,
    /// `--data-dir`.
    chosen: Option<PathBuf>,
    context: &'a Context,
}

impl<'a> Admin<'a> {
    /// The gateway and data folder that the command line means.
    pub(crate) fn find(
        line: &CommandLine,
        target: &TargetArgs,
        context: &'a Context,
    ) -> anyhow::Result<Self> {
        let mut admin = Self {
            running: Running::find(target.url.as_deref(), line, context)?,
            proven: false,
            chosen: line.common.data_dir.clone(),
            context,
        };
        if let Some(own) = admin.own().and_then(|gateway| admin.running.of(&gateway)) {
            admin.running = own;
            admin.proven = true;
        }
        Ok(admin)
    }

    /// The body of a successful answer to a GET.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.ask(Ask::get(path))
    }

    /// The body of a successful answer to a POST of this JSON.
    pub(crate) fn post(&self, path: &str, body: &serde_json::Value) -> anyhow::Result<Vec<u8>> {
        self.ask(Ask {
            method: Method::POST,
            body: Some(body.to_string().into_bytes()),
            ..Ask::get(path)
        })
    }

    /// Asks for something to be taken away.
    pub(crate) fn delete(&self, path: &str) -> anyhow::Result<()> {
        let ask = Ask {
            method: Method::DELETE,
            ..Ask::get(path)
        };
        self.ask(ask).map(drop)
    }

    /// The body of a successful answer; where the token is wanted and missing or wrong, what to do.
    pub(crate) fn ask(&self, ask: Ask<'_>) -> anyhow::Result<Vec<u8>> {
        let token = self.token();
        let answer = self.running.ask(Ask {
            token: token.as_deref().ok(),
            ..ask
        })?;
        self.success(token, answer)
    }

    fn success(&self, token: anyhow::Result<String>, answer: Answer) -> anyhow::Result<Vec<u8>> {
        if answer.status == StatusCode::UNAUTHORIZED {
            token.context(t(
                "this gateway wants its admin token",
                "该网关要求管理令牌",
            ))?;
            return Err(self.refused()?);
        }
        answer.success()
    }

    /// Hears what a successful answer tells, until it ends or the user wants no more.
    pub(crate) fn listen(
        &self,
        path: &str,
        hear: &mut dyn FnMut(&SseEvent) -> anyhow::Result<()>,
    ) -> anyhow::Result<Heard> {
        let token = self.token();
        let ask = Ask {
            token: token.as_deref().ok(),
            // It ends when the gateway or the user ends it.
            deadline: None,
            ..Ask::get(path)
        };
        match self.running.listen(ask, hear)? {
            Heard::Refused(answer) => Err(self.success(token, answer).err().unwrap_or_else(|| {
                failure(&Words::new("the gateway refused it", "网关拒绝了请求"))
            })),
            heard => Ok(heard),
        }
    }

    /// The page's address for a browser on this machine: with a code that works once,
    /// behind the `#`, which browsers send to nobody.
    pub(crate) fn page(&self) -> anyhow::Result<String> {
        let answer = self.ask(Ask {
            method: Method::POST,
            ..Ask::get("/api/codes")
        })?;
        let Code { code } = parse(&answer)?;
        Ok(format!("{}/ui/#code={code}", self.running.base()))
    }

    /// Read where it is needed, and only if it may be sent to this gateway.
    fn token(&self) -> anyhow::Result<String> {
        if !self.running.is_on_this_machine() {
            let base = self.running.base();
            return Err(failure(&Words::new(
                format!(
                    "{base} is not an address of this machine, and the token is never sent to another one; run the command on the gateway's own machine"
                ),
                format!(
                    "{base} 不是本机地址，而令牌不会发送到其他机器；请在网关所在的机器上执行该命令"
                ),
            )));
        }
        let path = self.data_dir()?.join("admin.token");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let path = path.display();
            failure(&Words::new(
                format!("cannot read the admin token {path}: {error}; run the command as the user who runs the gateway, and if it keeps its data elsewhere, name the folder with --data-dir"),
                format!("无法读取管理令牌 {path}:{error}；请以运行网关的用户执行该命令；如果网关的数据在别处，请用 --data-dir 指定"),
            ))
        })?;
        if !self.proven {
            return Err(self.stranger()?);
        }
        Ok(text.trim().to_owned())
    }

    /// The gateway that runs on the data folder.
    fn own(&self) -> Option<Occupant> {
        gateway::instance::running(&self.data_dir().ok()?)
    }

    /// Why the token is kept back.
    fn stranger(&self) -> anyhow::Result<anyhow::Error> {
        let (base, folder) = (self.running.base(), self.data_dir()?);
        let folder = folder.display();
        let elsewhere = self.own().and_then(|gateway| gateway.address());
        Ok(failure(&match elsewhere {
            Some(address) => Words::new(
                format!(
                    "the gateway of the data folder {folder} listens at http://{address}, and what listens at {base} is another program that is not shown its token; name its address with --url, or another data folder with --data-dir"
                ),
                format!(
                    "数据目录 {folder} 的网关在 http://{address} 监听，而 {base} 上是别的程序，不会向它出示令牌；请用 --url 指定网关地址，或用 --data-dir 指定另一个数据目录"
                ),
            ),
            None => Words::new(
                format!(
                    "no gateway runs on the data folder {folder}, so what listens at {base} is not shown its token; start the gateway, or name the data folder of the one that runs with --data-dir"
                ),
                format!(
                    "数据目录 {folder} 上没有正在运行的网关，因此不会向 {base} 上的程序出示令牌；请启动网关，或用 --data-dir 指定正在运行的网关的数据目录"
                ),
            ),
        }))
    }

    fn refused(&self) -> anyhow::Result<anyhow::Error> {
        let folder = self.data_dir()?;
        let folder = folder.display();
        Ok(failure(&Words::new(
            format!(
                "the gateway does not accept the admin token in {folder}; name its own data folder with --data-dir"
            ),
            format!("网关不接受 {folder} 中的管理令牌；请用 --data-dir 指定它的数据目录"),
        )))
    }

    /// The gateway's data folder, unless it runs on another machine.
    pub(crate) fn own_data_dir(&self) -> Option<PathBuf> {
        self.data_dir()
            .ok()
            .filter(|_| self.running.is_on_this_machine())
    }

    fn data_dir(&self) -> anyhow::Result<PathBuf> {
        self.context.data_dir(self.chosen.as_deref())
    }
}
