//! What the doctor can do about a finding. Each fix can be applied twice without harm, and says
//! what it did.

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::folder;
use super::patient::Patient;
use crate::config::edit::Edit;
use crate::words::Words;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fix {
    /// Write where a server's program is.
    UseProgram { server: String, path: PathBuf },
    /// Let a file be started.
    MakeExecutable { server: String, file: PathBuf },
    /// Make a server's working directory.
    CreateFolder { server: String, folder: PathBuf },
    /// Listen on another port.
    SetPort(u16),
    /// End what gateways left behind which are gone.
    EndLeftovers,
    /// Take the rights of other users away.
    CloseToOthers(Vec<PathBuf>),
}

/// What a fix came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "DoctorFixed"))]
pub struct Fixed {
    /// What was done; or that there was nothing to do any more.
    pub said: Words,
    /// Takes a change of the configuration back.
    pub undo: Option<String>,
}

/// A change of the configuration that was made.
#[derive(Debug)]
pub(super) struct Edited {
    pub(super) path: PathBuf,
    pub(super) undo: Option<String>,
}

impl Fix {
    /// What would be done.
    pub(super) fn label(&self) -> Words {
        match self {
            Self::UseProgram { path, .. } => {
                let path = path.display();
                Words::new(
                    format!("Write {path} into the configuration"),
                    format!("把 {path} 写入配置"),
                )
            }
            Self::MakeExecutable { file, .. } => {
                let file = file.display();
                Words::new(
                    format!("Make {file} executable"),
                    format!("为 {file} 添加可执行权限"),
                )
            }
            Self::CreateFolder { folder, .. } => {
                let folder = folder.display();
                Words::new(format!("Create {folder}"), format!("创建 {folder}"))
            }
            Self::SetPort(port) => Words::new(
                format!("Use port {port} instead"),
                format!("改用端口 {port}"),
            ),
            Self::EndLeftovers => Words::new("End these processes", "结束这些进程"),
            Self::CloseToOthers(_) => Words::new("Let this user alone in", "仅允许当前用户访问"),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// In words; everything is as it was, or nearly so.
    pub(super) async fn apply(&self, patient: &Patient) -> Result<Fixed, Words> {
        match self {
            Self::UseProgram { server, path } => {
                let command = path.display().to_string();
                let edited = patient
                    .edit_server(server, |form| match form.command.first_mut() {
                        Some(program) => *program = command,
                        None => form.command.push(command),
                    })
                    .await?;
                patient.start_again(server).await;
                let path = path.display();
                Ok(edited.said(Words::new(
                    format!("The command of \"{server}\" is {path} now"),
                    format!("“{server}”的命令现在是 {path}"),
                )))
            }
            Self::SetPort(port) => {
                let edited = patient.edit(&Edit::SetPort(*port)).await?;
                Ok(edited.said(Words::new(
                    format!("The gateway's port is {port} now; give clients the new address"),
                    format!("网关的端口现在是 {port}；请把新地址告知客户端"),
                )))
            }
            Self::MakeExecutable { server, file } => {
                let path = file.clone();
                blocking(move || make_executable(&path)).await?;
                patient.start_again(server).await;
                let file = file.display();
                Ok(done(
                    format!("{file} can be started now"),
                    format!("{file} 现在可以执行"),
                ))
            }
            Self::CreateFolder { server, folder } => {
                let path = folder.clone();
                blocking(move || std::fs::create_dir_all(path)).await?;
                patient.start_again(server).await;
                let folder = folder.display();
                Ok(done(
                    format!("{folder} is there now"),
                    format!("{folder} 已创建"),
                ))
            }
            Self::EndLeftovers => {
                let (before, _) = patient.ledger().remains();
                patient.ledger().reap().await;
                let count = before.len();
                Ok(done(
                    format!("Ended, with everything that they had started: {count}"),
                    format!("已结束 {count} 个进程，包括它们启动的所有进程"),
                ))
            }
            Self::CloseToOthers(paths) => {
                let paths = paths.clone();
                blocking(move || folder::close(&paths)).await?;
                Ok(done(
                    "Only this user can look into the data folder now".to_owned(),
                    "现在只有当前用户可以查看数据目录".to_owned(),
                ))
            }
        }
    }
}

// === impl Edited ===

impl Edited {
    /// Says where the change was made, and where the former text is.
    fn said(self, what: Words) -> Fixed {
        let path = self.path.display();
        Fixed {
            said: Words::new(
                format!("{}. Written: {path}", what.en),
                format!("{}。已写入：{path}", what.zh),
            ),
            undo: self.undo,
        }
    }
}

fn done(en: String, zh: String) -> Fixed {
    Fixed {
        said: Words::new(en, zh),
        undo: None,
    }
}

#[cfg(unix)]
fn make_executable(file: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = std::fs::metadata(file)?.permissions();
    permissions.set_mode(permissions.mode() | 0o100);
    std::fs::set_permissions(file, permissions)
}

/// Here the name of a file says whether it can be started.
#[cfg(not(unix))]
fn make_executable(_: &std::path::Path) -> io::Result<()> {
    Ok(())
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), Words> {
    let outcome = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    outcome.map_err(|error| {
        Words::new(
            format!("this could not be done: {error}"),
            format!("未能完成：{error}"),
        )
    })
}
