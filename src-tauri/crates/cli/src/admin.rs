//! The admin API of a running gateway, with the token from its data folder.

use std::path::{Path, PathBuf};

use gateway::words::Words;
use reqwest::StatusCode;

use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;
use crate::language::failure;
use crate::running::{Ask, Running};

/// A gateway and the folder that holds its token.
pub(crate) struct Admin {
    running: Running,
    data_dir: PathBuf,
}

impl Admin {
    /// The gateway and data folder that the command line means.
    pub(crate) fn find(
        line: &CommandLine,
        target: &TargetArgs,
        context: &Context,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            running: Running::find(target.url.as_deref(), line, context)?,
            data_dir: context.data_dir(line.common.data_dir.as_deref())?,
        })
    }

    /// The body of a successful answer.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        // Asked without a token first when there is none, so that "nothing listens" is said rather
        // than "no token".
        let token = self.token();
        let answer = self.running.ask(Ask {
            token: token.as_deref().ok(),
            ..Ask::get(path)
        })?;
        if answer.status == StatusCode::UNAUTHORIZED {
            token?;
            let folder = self.data_dir.display();
            return Err(failure(&Words::new(
                format!(
                    "the gateway does not accept the admin token in {folder}; name its own data folder with --data-dir"
                ),
                format!("网关不接受 {folder} 中的管理令牌;请用 --data-dir 指定它的数据目录"),
            )));
        }
        answer.success()
    }

    /// The page's address for a browser on this machine. The token stands behind
    /// the `#`, which browsers send to nobody.
    pub(crate) fn page(&self) -> anyhow::Result<String> {
        Ok(format!(
            "{}/ui/#token={}",
            self.running.base(),
            self.token()?
        ))
    }

    fn token(&self) -> anyhow::Result<String> {
        read_token(&self.data_dir)
    }
}

fn read_token(data_dir: &Path) -> anyhow::Result<String> {
    let path = data_dir.join("admin.token");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let path = path.display();
        failure(&Words::new(
            format!("cannot read the admin token {path}: {error}; if the gateway keeps its data elsewhere, say --data-dir"),
            format!("无法读取管理令牌 {path}:{error};如果网关的数据在别处,请用 --data-dir 指定"),
        ))
    })?;
    Ok(text.trim().to_owned())
}
