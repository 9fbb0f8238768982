//! How the app's core begins: the surroundings of this process, the configuration, the gateway.

use std::path::{Path, PathBuf};

use directories::BaseDirs;
use gateway::config::{Environment, LoadError, LoadOptions, Loaded, load, render};
use gateway::words::{Language, Words};
use gateway::{Gateway, Surroundings};
use tracing_subscriber::EnvFilter;

/// Starts the gateway as the user's configuration says.
///
/// # Errors
/// In words for the window: a configuration with mistakes, a port that is taken, no data folder.
pub(crate) async fn begin() -> Result<Gateway, Words> {
    let folders = BaseDirs::new().ok_or_else(no_home)?;
    let Loaded {
        config,
        path,
        warnings,
        mut notices,
    } = configuration(folders.home_dir())?;
    log_at(&config.log_level);
    for warning in warnings {
        let text = |language| render(std::slice::from_ref(&warning), path.as_deref(), language);
        notices.push(in_both(text));
    }
    for notice in &notices {
        tracing::warn!("{}", notice.en);
    }
    let data_dir = folders.data_dir().join("mcp-gateway");
    let surroundings = Surroundings {
        data_dir,
        config_path: path,
        notices,
    };
    Gateway::start(config, surroundings)
        .await
        .map_err(|error| error.words())
}

fn configuration(home: &Path) -> Result<Loaded, Words> {
    let env = |name: &str| std::env::var(name).ok();
    // A folder deleted under the process leaves nothing that relative paths could mean.
    let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let environment = Environment {
        vars: &env,
        home: Some(home),
        cwd: &cwd,
    };
    let options = LoadOptions {
        demo_command: demo_command(),
        ..LoadOptions::default()
    };
    load(&options, &environment)
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
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if let Err(error) = log.try_init() {
        eprintln!("mcp-gateway-desktop: no log: {error}");
    }
}

fn in_both(text: impl Fn(Language) -> String) -> Words {
    Words::new(text(Language::English), text(Language::Chinese))
}

fn no_home() -> Words {
    Words::new(
        "This user has no home folder to keep the gateway's data in; set HOME.",
        "当前用户没有主目录可存放网关的数据；请设置 HOME。",
    )
}
