//! How the app's core begins: the surroundings of this process, the configuration, the gateway.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use gateway::config::{LoadError, LoadOptions, Loaded, load, render};
use gateway::words::{Language, Words};
use gateway::{Gateway, StartError, Surroundings};
use tracing_subscriber::EnvFilter;

use crate::desktop::no_home;
use crate::folders::Folders;

/// Starts the gateway as the user's configuration says.
///
/// # Errors
/// In words for the window: a configuration with mistakes, a port that is taken, no data folder.
pub(crate) async fn begin(bridge: Option<PathBuf>) -> Result<Gateway, Words> {
    let folders = Folders::find().ok_or_else(no_home)?;
    let Loaded {
        config,
        path,
        warnings,
        mut notices,
    } = configuration(&folders)?;
    log_at(&config.log_level);
    for warning in warnings {
        let text = |language| render(std::slice::from_ref(&warning), path.as_deref(), language);
        notices.push(in_both(text));
    }
    for notice in &notices {
        tracing::warn!("{}", notice.en);
    }
    tracing::debug!(?bridge, "the stdio bridge");
    let surroundings = Surroundings {
        data_dir: folders.data().to_owned(),
        config_path: path,
        notices,
    };
    Gateway::start(config, surroundings)
        .await
        .map_err(|error| why(&error, &folders))
}

fn configuration(folders: &Folders) -> Result<Loaded, Words> {
    let options = LoadOptions {
        demo_command: demo_command(),
        ..LoadOptions::default()
    };
    folders
        .with_environment(|environment| load(&options, environment))
        .map_err(|error: LoadError| in_both(|language| error.render(language)))
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

/// Logs to stderr, where a desktop session keeps it; a level that cannot be read counts as `info`.
fn log_at(level: &str) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr);
        if let Err(error) = log.try_init() {
            eprintln!("mcp-gateway-desktop: no log: {error}");
        }
    });
}

/// Nobody who clicked an icon gave options on a command line, so none are proposed.
fn why(error: &StartError, folders: &Folders) -> Words {
    match error {
        StartError::Listen { host, port, source } => {
            let setting = PortSetting::find(folders);
            if source.kind() == io::ErrorKind::AddrInUse {
                port_is_taken(*host, *port, &setting)
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

    /// "Choose another port with …".
    fn words(&self) -> Words {
        match self {
            Self::Variable => Words::new(
                format!("the environment variable {}", Self::VARIABLE),
                format!("环境变量 {}", Self::VARIABLE),
            ),
            Self::File(Some(path)) => {
                let path = path.display();
                Words::new(
                    format!("gateway.port in {path}"),
                    format!("{path} 中的 gateway.port"),
                )
            }
            Self::File(None) => Words::new(
                "gateway.port in the configuration file",
                "配置文件中的 gateway.port",
            ),
        }
    }
}

fn port_is_taken(host: IpAddr, port: u16, setting: &PortSetting) -> Words {
    let Words { en, zh } = setting.words();
    Words::new(
        format!(
            "{host}:{port} is taken by another program, perhaps another gateway. Stop it, or choose another port with {en}, then try again."
        ),
        format!(
            "{host}:{port} 已被其他程序占用，可能是另一个网关。请停止它，或通过{zh} 换一个端口，然后重试。"
        ),
    )
}

fn cannot_listen(host: IpAddr, port: u16, source: &io::Error, setting: &PortSetting) -> Words {
    let Words { en, zh } = setting.words();
    Words::new(
        format!(
            "The gateway cannot listen on {host}:{port}: {source}. Choose another port with {en}, then try again."
        ),
        format!("网关无法监听 {host}:{port}：{source}。请通过{zh} 换一个端口，然后重试。"),
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
    fn a_taken_port_is_told_with_the_place_where_it_is_set() {
        let words =
            |setting: PortSetting| port_is_taken(Ipv4Addr::LOCALHOST.into(), 4298, &setting);
        let file = words(PortSetting::File(Some("/home/a/config.json".into())));
        assert!(
            file.en
                .contains("gateway.port in /home/a/config.json, then try again")
        );
        assert!(
            file.zh
                .contains("通过/home/a/config.json 中的 gateway.port 换一个端口")
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
        }
    }
}
