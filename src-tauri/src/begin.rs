//! How the app's core begins: the surroundings of this process, the configuration, the gateway.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use gateway::config::{LoadError, LoadOptions, Loaded, Severity, Source, render};
use gateway::instance::{HandOverError, Kind, Occupant, PortHolder, hand_over, running};
use gateway::words::{Language, Words};
use gateway::{Gateway, Journal, StartError, Surroundings, VaultOptions};

use crate::desktop::no_home;
use crate::folders::{Folders, working_folder};

/// The log level until the configuration is read.
const BEFORE: &str = "info";

/// A file on which nobody tells of changes is looked at this often.
const LOOK: Duration = Duration::from_secs(5);

/// A file whose reading takes longer lies where nothing answers.
const READ: Duration = Duration::from_secs(10);

/// Why there is no gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// For window and tray: the first line says what is the matter, each other one is a mistake.
    pub(crate) cause: Words,
    /// The file itself cannot be used.
    in_file: bool,
}

/// Starts the gateway as the user's configuration says. A gateway that somebody started in a
/// terminal on the same data is asked to make room first, because its user has opened the app.
/// What may take long is told to `wait` in words.
///
/// # Errors
/// A configuration with mistakes, a port that is taken, no data folder, a gateway that is not to
/// be asked.
pub(crate) async fn begin(
    bridge: Option<PathBuf>,
    journal: &Journal,
    wait: &impl Fn(Words),
) -> Result<Gateway, Stuck> {
    let folders = Folders::find().ok_or_else(no_home)?;
    let loaded = load(&folders, journal).await?;
    // The start waits for one that is on its way out.
    if let Some(leaving) = running(folders.data()).filter(|one| one.leaving) {
        wait(waits_for(&leaving));
    }
    let there = match start(loaded, bridge.clone(), &folders, journal).await {
        Ok(gateway) => return Ok(gateway),
        Err(StartError::Running {
            occupant: Some(occupant),
            ..
        }) => occupant,
        Err(error) => return Err(why(&error, &folders).into()),
    };
    if there.kind == Kind::Headless {
        tracing::warn!(pid = there.pid, "{} has the data folder", there.name().en);
        wait(waits_for(&there));
    }
    hand_over(folders.data(), &there)
        .await
        .map_err(|error| error.words(&there))?;
    tracing::info!(pid = there.pid, "it has made room");
    // The other one may have changed the file until its end.
    let loaded = load(&folders, journal).await?;
    start(loaded, bridge, &folders, journal)
        .await
        .map_err(|error| why(&error, &folders).into())
}

/// Waits until something happens to the configuration file. For one that cannot be used, a look
/// now and then will do as well; nothing else is tried without being asked.
pub(crate) async fn stirred(stuck: &Stuck) {
    let Some(folders) = Folders::find() else {
        return std::future::pending().await;
    };
    let patience = if stuck.in_file { LOOK } else { Duration::MAX };
    source(&folders).stirred(patience).await;
}

/// What is waited for, for window and tray.
fn waits_for(occupant: &Occupant) -> Words {
    let who = occupant.name();
    Words::new(
        format!(
            "Waiting until {} has finished its calls in flight and made room",
            who.en
        ),
        format!("正在等待{}完成进行中的调用并让出", who.zh),
    )
}

async fn start(
    (loaded, source): (Loaded, Source),
    bridge: Option<PathBuf>,
    folders: &Folders,
    journal: &Journal,
) -> Result<Gateway, StartError> {
    let surroundings = Surroundings {
        data_dir: folders.data().to_owned(),
        kind: Kind::Desktop,
        source: Some(source),
        bridge,
        vault: VaultOptions::from_env(folders.data(), |name| std::env::var(name).ok()),
        journal: journal.clone(),
    };
    // Before it goes on in the log; a start that fails and is tried again and again says it once.
    let advice = loaded.clone();
    let started = Gateway::start(loaded, surroundings).await;
    if started.is_ok() {
        advise(&advice);
    }
    started
}

async fn load(folders: &Folders, journal: &Journal) -> Result<(Loaded, Source), Stuck> {
    let source = source(folders);
    let loaded = source.load_within(READ).await.map_err(|error| Stuck {
        cause: unusable(&error),
        in_file: true,
    })?;
    journal.set_level(&loaded.config.log_level);
    Ok((loaded, source))
}

fn source(folders: &Folders) -> Source {
    let options = LoadOptions {
        demo_command: demo_command(),
        ..LoadOptions::default()
    };
    Source::of_process(options, Some(folders.home().to_owned()), working_folder())
}

/// What is wrong with the configuration: the file first, then a line for each mistake.
fn unusable(error: &LoadError) -> Words {
    let LoadError::Invalid { path, problems } = error else {
        return in_both(|language| error.render(language));
    };
    let first = match path {
        Some(path) => {
            let path = path.display();
            Words::new(
                format!("The configuration file cannot be used: {path}"),
                format!("配置文件无法使用：{path}"),
            )
        }
        None => Words::new("The configuration cannot be used", "配置无法使用"),
    };
    let mistakes = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    mistakes.fold(first, |told, mistake| {
        let one = at_line(mistake.line, &mistake.path, &mistake.words);
        Words::new(
            format!("{}\n{}", told.en, one.en),
            format!("{}\n{}", told.zh, one.zh),
        )
    })
}

/// One mistake with its line and its key, if it has them.
pub(crate) fn at_line(line: usize, key: &str, words: &Words) -> Words {
    let (mut en, mut zh) = (String::new(), String::new());
    if line > 0 {
        en = format!("Line {line}: ");
        zh = format!("第 {line} 行：");
    }
    if !key.is_empty() {
        en.push_str(&format!("{key}: "));
        zh.push_str(&format!("{key}："));
    }
    Words::new(en + &words.en, zh + &words.zh)
}

// === impl Stuck ===

impl From<Words> for Stuck {
    fn from(cause: Words) -> Self {
        Self {
            cause,
            in_file: false,
        }
    }
}

/// What the window shows as well.
fn advise(loaded: &Loaded) {
    for notice in &loaded.notices {
        tracing::warn!("{}", notice.en);
    }
    if !loaded.warnings.is_empty() {
        let path = loaded.path.as_deref();
        tracing::warn!("{}", render(&loaded.warnings, path, Language::English));
    }
}

/// The headless binary beside this one offers the demo; both are always installed together.
fn demo_command() -> Option<Vec<String>> {
    let program = std::env::current_exe().ok()?;
    let beside = program.with_file_name(format!("mcp-gateway{}", std::env::consts::EXE_SUFFIX));
    beside.exists().then(|| {
        vec![
            beside.to_string_lossy().into_owned(),
            "demo-server".to_owned(),
        ]
    })
}

/// The app's log, before it is known how much the configuration wants of it: why that cannot be
/// read is the first thing that may have to be said.
pub(crate) fn journal() -> Journal {
    Journal::start(BEFORE).unwrap_or_else(|error| {
        eprintln!("mcp-gateway-desktop: no log: {error}");
        Journal::silent()
    })
}

/// Nobody who clicked an icon gave options on a command line, so none are proposed.
fn why(error: &StartError, folders: &Folders) -> Words {
    match error {
        StartError::Running { occupant, folder } => {
            let path = folder.display();
            match occupant {
                Some(occupant) => HandOverError::Stays.words(occupant),
                None => Words::new(
                    format!(
                        "Another gateway is just starting or stopping on the data folder {path}. Try again in a moment."
                    ),
                    format!("另一个网关正在数据目录 {path} 上启动或停止。请稍后重试。"),
                ),
            }
        }
        StartError::Listen {
            host,
            port,
            source,
            holder,
        } => {
            let setting = PortSetting::find(folders);
            if error.is_taken() {
                let who = PortHolder::name_of(holder.as_ref());
                port_is_taken(*host, *port, &who, &setting)
            } else {
                cannot_listen(*host, *port, source, &setting)
            }
        }
        StartError::Data { path, source } => {
            let path = path.display();
            Words::new(
                format!(
                    "The data folder {path} cannot be used: {source}. Make it a folder that you can write to, then try again."
                ),
                format!("无法使用数据目录 {path}：{source}。请确保它是可写的目录，然后重试。"),
            )
        }
    }
}

/// Where the port that is tried is written down.
#[derive(Debug, PartialEq, Eq)]
enum PortSetting {
    Variable,
    File(Option<PathBuf>),
}

// === impl PortSetting ===

impl PortSetting {
    const VARIABLE: &str = "MCP_GATEWAY_PORT";

    fn find(folders: &Folders) -> Self {
        if std::env::var(Self::VARIABLE).is_ok_and(|port| !port.is_empty()) {
            return Self::Variable;
        }
        Self::File(folders.config_file().path().map(ToOwned::to_owned))
    }

    /// How another port is chosen, in the middle of a sentence.
    fn remedy(&self) -> Words {
        match self {
            Self::Variable => Words::new(
                format!(
                    "choose another port with the environment variable {}",
                    Self::VARIABLE
                ),
                format!("用环境变量 {} 换一个端口", Self::VARIABLE),
            ),
            Self::File(Some(path)) => {
                let path = path.display();
                Words::new(
                    format!("choose another port with gateway.port in {path}"),
                    format!("在 {path} 中用 gateway.port 换一个端口"),
                )
            }
            Self::File(None) => Words::new(
                "choose another port with gateway.port in the configuration file",
                "在配置文件中用 gateway.port 换一个端口",
            ),
        }
    }
}

fn port_is_taken(host: IpAddr, port: u16, who: &Words, setting: &PortSetting) -> Words {
    let Words { en, zh } = setting.remedy();
    Words::new(
        format!(
            "{host}:{port} is taken by {}. Stop it, or {en}, then try again.",
            who.en
        ),
        format!(
            "{host}:{port} 已被{}占用。请停止它，或{zh}，然后重试。",
            who.zh
        ),
    )
}

fn cannot_listen(host: IpAddr, port: u16, source: &io::Error, setting: &PortSetting) -> Words {
    let Words { en, zh } = setting.remedy();
    Words::new(
        format!(
            "The gateway cannot listen on {host}:{port}: {source}. Please {en}, then try again."
        ),
        format!("网关无法监听 {host}:{port}：{source}。请{zh}，然后重试。"),
    )
}

fn in_both(text: impl Fn(Language) -> String) -> Words {
    Words::new(text(Language::English), text(Language::Chinese))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn every_mistake_of_a_file_has_a_line_of_its_own() {
        let problem = |line, path: &str, severity| gateway::config::Problem {
            path: path.to_owned(),
            line,
            column: 2,
            words: Words::new("is wrong", "有误"),
            severity,
        };
        let error = LoadError::Invalid {
            path: Some("/c.json".into()),
            problems: vec![
                problem(3, "servers[0].name", Severity::Error),
                problem(4, "", Severity::Warning),
                problem(5, "", Severity::Error),
                problem(0, "--host", Severity::Error),
            ],
        };
        let words = unusable(&error);
        assert_eq!(
            words.en,
            "The configuration file cannot be used: /c.json\nLine 3: servers[0].name: is wrong\nLine 5: is wrong\n--host: is wrong"
        );
        assert_eq!(
            words.zh,
            "配置文件无法使用：/c.json\n第 3 行：servers[0].name：有误\n第 5 行：有误\n--host：有误"
        );
    }

    #[test]
    fn a_taken_port_is_told_with_the_place_where_it_is_set() {
        let who = Words::new("node (process 7)", "进程 7（node）");
        let words =
            |setting: PortSetting| port_is_taken(Ipv4Addr::LOCALHOST.into(), 4298, &who, &setting);
        let file = words(PortSetting::File(Some("/home/a/config.json".into())));
        assert!(
            file.en
                .contains("gateway.port in /home/a/config.json, then try again")
        );
        assert!(
            file.zh
                .contains("或在 /home/a/config.json 中用 gateway.port 换一个端口，然后重试")
        );
        let variable = words(PortSetting::Variable);
        assert!(
            variable
                .en
                .contains("environment variable MCP_GATEWAY_PORT")
        );
        assert!(variable.zh.contains("环境变量 MCP_GATEWAY_PORT"));
        for words in [file, variable] {
            assert!(!words.en.contains("--port") && !words.zh.contains("--port"));
            assert!(words.en.contains(&who.en) && words.zh.contains(&who.zh));
        }
    }
}
