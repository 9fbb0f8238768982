//! Loading: command line over environment over file over `config/defaults.jsonc`.
//!
//! The surroundings (variables, folders) come in as values; only the file itself is read here.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use super::draft::Draft;
use super::env::{self, Overrides};
use super::locate::locate;
use super::model::{Config, ServerConfig};
use super::problem::{Place, Problem, Severity, render};
use super::reader::At;
use super::{check, file, notices, resolve, revision};
use crate::words::{Language, Words};

/// The commented defaults, which are also the documentation of every key.
pub const DEFAULTS: &str = include_str!("../../../../../config/defaults.jsonc");

/// What a load may depend on beside the file.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// Environment variables.
    pub vars: &'a dyn Fn(&str) -> Option<String>,
    /// The user's home folder.
    pub home: Option<&'a Path>,
    /// The folder that relative paths start from.
    pub cwd: &'a Path,
}

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `--config`
    pub file: Option<PathBuf>,
    /// Other options of the command line.
    pub overrides: Overrides,
    /// The command of the server named `demo` that is configured where no file is found.
    pub demo_command: Option<Vec<String>>,
}

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The file it came from, if there was one.
    pub path: Option<PathBuf>,
    /// Which text of that file.
    pub revision: Option<String>,
    /// What has no effect or will surprise.
    pub warnings: Vec<Problem>,
    /// What the user should hear.
    pub notices: Vec<Words>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read: it was named and does not exist, or access is denied.
    #[error("cannot read the config file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What it says, or what the environment or the command line say, cannot be used.
    #[error("the configuration cannot be used:\n{}", render(problems, path.as_deref(), Language::English))]
    Invalid {
        /// The file, if there is one.
        path: Option<PathBuf>,
        /// Every problem, warnings included.
        problems: Vec<Problem>,
    },
}

// === impl ===

impl Environment<'_> {
    /// A variable; one that is set to nothing counts as not set.
    pub(super) fn var(&self, name: &str) -> Option<String> {
        (self.vars)(name).filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("home", &self.home)
            .field("cwd", &self.cwd)
            .finish_non_exhaustive()
    }
}

impl LoadError {
    /// The error for a terminal, one problem per line.
    pub fn render(&self, language: Language) -> String {
        match self {
            Self::Unreadable { path, source } => {
                let path = path.display();
                let (en, zh) = if source.kind() == io::ErrorKind::NotFound {
                    (
                        "there is no such file; check the path, or write a file with: mcp-gateway config init".to_owned(),
                        "文件不存在；请检查路径，或用 mcp-gateway config init 生成一份".to_owned(),
                    )
                } else {
                    (source.to_string(), source.to_string())
                };
                let words = Words::new(
                    format!("cannot read the config file {path}: {en}"),
                    format!("无法读取配置文件 {path}：{zh}"),
                );
                words.text(language).to_owned()
            }
            Self::Invalid { path, problems } => render(problems, path.as_deref(), language),
        }
    }
}

/// Finds the file, reads it and lays the layers over each other.
///
/// # Errors
/// A file that was named but cannot be read, or any problem that is an error; all of them at once.
pub fn load(options: &LoadOptions, environment: &Environment<'_>) -> Result<Loaded, LoadError> {
    let path = locate(options.file.as_deref(), environment).path;
    let bytes = match &path {
        Some(path) => Some(std::fs::read(path).map_err(|source| LoadError::Unreadable {
            path: path.clone(),
            source,
        })?),
        None => None,
    };
    assemble(bytes.as_deref(), path, options, environment)
}

/// Everything of a load but the reading: `bytes` is the file's content, if there is a file.
pub(super) fn assemble(
    bytes: Option<&[u8]>,
    path: Option<PathBuf>,
    options: &LoadOptions,
    environment: &Environment<'_>,
) -> Result<Loaded, LoadError> {
    let mut problems = Vec::new();
    let command_line = env::command_line(&options.overrides, &mut problems);
    let variables = env::read(environment.vars, &mut problems);
    let (from_file, found) = match bytes.map(std::str::from_utf8) {
        Some(Ok(text)) => file::read(text),
        Some(Err(error)) => (
            Default::default(),
            vec![not_utf8(bytes.unwrap_or_default(), error.valid_up_to())],
        ),
        None => Default::default(),
    };
    problems.extend(found);
    problems.extend(check::check(&from_file));
    let above = command_line.log_level.as_ref();
    problems.extend(outranked(
        &from_file,
        above.or(variables.log_level.as_ref()),
    ));
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
    {
        return Err(LoadError::Invalid { path, problems });
    }

    let (defaults, _) = file::read(DEFAULTS);
    let says_host = command_line.listen.host.is_some() || from_file.listen.host.is_some();
    let below_environment = from_file.over(without_aliyun_mention(defaults));
    let mut draft = command_line.over(variables.over(below_environment));
    if !says_host {
        draft.listen.host = everywhere(&draft.listen).or(draft.listen.host);
    }
    let mut config = resolve::resolve(draft, environment.home);
    let mut notices = notices::of(&config, path.as_deref());
    if path.is_none() {
        notices.insert(0, notices::no_file(options.demo_command.is_some()));
        config.servers.extend(demo(options, environment));
    }
    Ok(Loaded {
        config,
        path,
        revision: bytes.map(revision),
        warnings: problems,
        notices,
    })
}

/// A log level in the file that something above the file outranks: it has no effect, and who edits
/// it would wonder why.
fn outranked(file: &Draft, above: Option<&At<String>>) -> Option<Problem> {
    let (own, above) = (file.log_level.as_ref()?, above?);
    let (name, level) = (&above.place.path, &above.value);
    (own.value != *level).then(|| {
        own.place.warning(Words::new(
            format!("has no effect: {name} says \"{level}\", which outranks the file; start the gateway without it for the file to count"),
            format!("不起作用：{name} 指定了“{level}”，它优先于配置文件；启动网关时去掉它，配置文件才会生效"),
        ))
    })
}

/// Whoever names a public address and no host means to be reached at it, as with predecessor A.
fn everywhere(listen: &super::draft::ListenDraft) -> Option<IpAddr> {
    let public = listen.base_url.as_deref()?;
    (!super::values::is_loopback_url(public)).then_some(Ipv4Addr::UNSPECIFIED.into())
}

/// The defaults name Alibaba Cloud's addresses; that alone configures nothing of it.
fn without_aliyun_mention(mut defaults: Draft) -> Draft {
    defaults.aliyun.mentioned = false;
    defaults
}

/// The built-in server, made by the reader like any other.
fn demo(options: &LoadOptions, environment: &Environment<'_>) -> Option<ServerConfig> {
    let command = options.demo_command.as_ref()?;
    let text =
        serde_json::json!({ "servers": [{ "name": "demo", "type": "local", "command": command }] })
            .to_string();
    let (demo, _) = file::read(&text);
    let (defaults, _) = file::read(DEFAULTS);
    resolve::resolve(demo.over(defaults), environment.home)
        .servers
        .pop()
}

fn not_utf8(bytes: &[u8], valid_up_to: usize) -> Problem {
    let before = &bytes[..valid_up_to];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[line_start..])
        .chars()
        .count()
        + 1;
    Place {
        path: String::new(),
        line,
        column,
    }
    .error(Words::new(
        "the file is not UTF-8 text; save it as UTF-8",
        "文件不是 UTF-8 文本；请另存为 UTF-8",
    ))
}
