//! The process's surroundings as values: the only place of the command line that reads them.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use directories::BaseDirs;
use gateway::config::Environment;
use gateway::words::Language;

use crate::language::t;

/// Looks up an environment variable.
pub(crate) type Variables = Box<dyn Fn(&str) -> Option<String>>;

/// Everything that a command may know of where it runs.
pub(crate) struct Context {
    pub(crate) language: Language,
    /// What is printed may be coloured.
    pub(crate) colours: bool,
    pub(crate) env: Variables,
    pub(crate) home: Option<PathBuf>,
    pub(crate) cwd: PathBuf,
    /// The platform's data folder for this program, if the user has one.
    pub(crate) data_dir: Option<PathBuf>,
    /// This executable.
    pub(crate) program: PathBuf,
}

impl Context {
    /// The surroundings of this process.
    pub(crate) fn of_process() -> Self {
        // A variable that is not Unicode cannot be a value of ours and counts as not set.
        let env = |name: &str| std::env::var(name).ok();
        let folders = BaseDirs::new();
        Self {
            language: Language::from_env(env),
            // See https://no-color.org.
            colours: std::io::stdout().is_terminal()
                && env("NO_COLOR").is_none_or(|value| value.is_empty()),
            env: Box::new(env),
            home: folders
                .as_ref()
                .map(|folders| folders.home_dir().to_owned()),
            // A folder deleted under the process leaves nothing that relative paths could mean.
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            data_dir: folders.map(|folders| folders.data_dir().join("mcp-gateway")),
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("mcp-gateway")),
        }
    }

    /// What loading a configuration may depend on.
    pub(crate) fn environment(&self) -> Environment<'_> {
        Environment {
            vars: self.env.as_ref(),
            home: self.home.as_deref(),
            cwd: &self.cwd,
        }
    }

    /// The data folder: `--data-dir`, or the platform's.
    pub(crate) fn data_dir(&self, chosen: Option<&Path>) -> anyhow::Result<PathBuf> {
        match chosen {
            Some(path) => Ok(self.cwd.join(path)),
            None => self.data_dir.clone().context(t(
                "this user has no home folder to keep data in; name a folder with --data-dir",
                "当前用户没有主目录可存放数据；请用 --data-dir 指定目录",
            )),
        }
    }

    /// The stdio bridge, which is installed beside this program.
    pub(crate) fn bridge(&self) -> Option<PathBuf> {
        let name = format!("mcp-stdio-bridge{}", std::env::consts::EXE_SUFFIX);
        Some(self.program.with_file_name(name)).filter(|path| path.exists())
    }

    /// The command of the built-in demo server.
    pub(crate) fn demo_command(&self) -> Vec<String> {
        vec![
            self.program.to_string_lossy().into_owned(),
            "demo-server".to_owned(),
        ]
    }
}
