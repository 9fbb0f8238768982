//! A program that is nowhere, in words: where it was looked for, and what to do.

use std::path::{Path, PathBuf};

use super::{Found, LoginShell};
use crate::words::Words;

/// So many folders are named; the rest is counted.
const NAMED: usize = 8;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    /// What was searched.
    pub(crate) found: Found,
    /// What the login shell said.
    pub(crate) shell: LoginShell,
    /// To be written as `~`.
    pub(crate) home: Option<PathBuf>,
}

// === impl Missing ===

impl Missing {
    /// What is wrong.
    pub(crate) fn message(&self) -> Words {
        let program = &self.found.program;
        if self.found.late {
            return Words::new(
                format!(
                    "the search for the command `{program}` was given up: a folder does not answer"
                ),
                format!("已放弃查找命令 `{program}`：有目录没有响应"),
            );
        }
        Words::new(
            format!("the command `{program}` was not found"),
            format!("找不到命令 `{program}`"),
        )
    }

    /// What to do, and what was searched.
    pub(crate) fn remedy(&self) -> Words {
        let parts = [
            Some(self.first_step()),
            Some(self.searched()),
            self.about_shell(),
        ];
        let parts: Vec<Words> = parts.into_iter().flatten().collect();
        let joined = |separator: &str, text: fn(&Words) -> &str| {
            parts.iter().map(text).collect::<Vec<_>>().join(separator)
        };
        Words::new(
            joined("; ", |words| &words.en),
            joined("；", |words| &words.zh),
        )
    }

    fn first_step(&self) -> Words {
        if self.found.late {
            return Words::new(
                "a folder of PATH may be on a network drive that cannot be reached: take it out, or write the full path of the program in `command`",
                "PATH 中可能有目录位于无法访问的网络驱动器上：请将其移除，或在 `command` 中写程序的完整路径",
            );
        }
        self.unfit().unwrap_or_else(|| install(&self.found.program))
    }

    fn unfit(&self) -> Option<Words> {
        let file = self.short(self.found.elsewhere.first()?);
        Some(Words::new(
            format!(
                "there is {file}, which cannot be started by its name alone: make it executable, or write its full path in `command`"
            ),
            format!(
                "存在文件 {file}，但无法仅凭名称启动：请将其设为可执行，或在 `command` 中写完整路径"
            ),
        ))
    }

    fn searched(&self) -> Words {
        let folders = &self.found.searched;
        let named: Vec<String> = folders
            .iter()
            .take(NAMED)
            .map(|folder| self.short(folder))
            .collect();
        match folders.len() - named.len() {
            _ if named.is_empty() => {
                Words::new("there was no folder to search", "没有可供查找的目录")
            }
            0 => Words::new(
                format!("searched: {}", named.join(", ")),
                format!("已查找：{}", named.join("、")),
            ),
            more => Words::new(
                format!("searched: {} and {more} more", named.join(", ")),
                format!("已查找：{}，以及另外 {more} 个目录", named.join("、")),
            ),
        }
    }

    fn about_shell(&self) -> Option<Words> {
        let path = Words::new(
            "the PATH of your shell is not known",
            "无法得知您终端中的 PATH",
        );
        self.shell.unheard(&path)
    }

    fn short(&self, path: &Path) -> String {
        match self
            .home
            .as_ref()
            .and_then(|home| path.strip_prefix(home).ok())
        {
            Some(rest) => Path::new("~").join(rest).display().to_string(),
            None => path.display().to_string(),
        }
    }
}

// === impl LoginShell ===

impl LoginShell {
    /// Why its environment is not known, for who lacks something of it; `None` where it is, or
    /// there is none. `unknown` says what is not.
    pub(crate) fn unheard(&self, unknown: &Words) -> Option<Words> {
        let Words { en, zh } = unknown;
        match self {
            Self::TooLate { shell, .. } => Some(Words::new(
                format!(
                    "{en}, because {} did not start in time: check its startup files",
                    shell.display()
                ),
                format!(
                    "由于 {} 未能及时启动，{zh}：请检查其启动文件",
                    shell.display()
                ),
            )),
            Self::Silent { shell } => Some(Words::new(
                format!(
                    "{en}, because {} ended without telling it: check its startup files",
                    shell.display()
                ),
                format!(
                    "由于 {} 未给出环境变量就已退出，{zh}：请检查其启动文件",
                    shell.display()
                ),
            )),
            Self::NotAsked | Self::Told(_) | Self::Absent => None,
        }
    }
}

/// What brings a program onto a machine.
fn install(program: &str) -> Words {
    let stem = Path::new(program)
        .file_stem()
        .map(|stem| stem.to_string_lossy().to_ascii_lowercase());
    let (name, address) = match stem.as_deref().unwrap_or(program) {
        "node" | "npm" | "npx" | "corepack" => ("Node.js", "https://nodejs.org"),
        "pnpm" | "pnpx" => ("pnpm", "https://pnpm.io"),
        "yarn" => ("Yarn", "https://yarnpkg.com"),
        "uv" | "uvx" => ("uv", "https://docs.astral.sh/uv"),
        "pipx" => ("pipx", "https://pipx.pypa.io"),
        "python" | "python3" | "pip" | "pip3" => ("Python", "https://www.python.org"),
        "bun" | "bunx" => ("Bun", "https://bun.sh"),
        "deno" => ("Deno", "https://deno.com"),
        "docker" => ("Docker", "https://docs.docker.com/get-docker"),
        "go" => ("Go", "https://go.dev"),
        "cargo" => ("Rust", "https://rustup.rs"),
        _ => {
            return Words::new(
                "install it, or write its full path in `command`",
                "请安装它，或在 `command` 中写完整路径",
            );
        }
    };
    Words::new(
        format!("install {name} ({address}), or write the full path of `{program}` in `command`"),
        format!("请安装 {name}（{address}），或在 `command` 中写 `{program}` 的完整路径"),
    )
}
