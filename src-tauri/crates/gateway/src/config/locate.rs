//! Which file is the configuration.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::load::Environment;

/// Where a configuration was looked for and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file to read: one that was named, whether or not it exists, or the first that exists.
    pub path: Option<PathBuf>,
    /// The places in the order of the search. A named file ends the search.
    pub searched: Vec<PathBuf>,
}

/// Finds the configuration: `explicit` (`--config`), then `MCP_GATEWAY_CONFIG`, then the places
/// that both predecessors used.
pub fn locate(explicit: Option<&Path>, environment: &Environment<'_>) -> Located {
    let named = explicit
        .map(Path::to_owned)
        .or_else(|| environment.var("MCP_GATEWAY_CONFIG").map(PathBuf::from));
    if let Some(named) = named {
        let path = environment.cwd.join(expand_home(&named, environment.home));
        return Located {
            path: Some(path.clone()),
            searched: vec![path],
        };
    }
    let searched = usual_places(environment);
    Located {
        path: searched.iter().find(|path| is_there(path)).cloned(),
        searched,
    }
}

/// The file that `config init` writes and that is found first.
pub fn standard_path(environment: &Environment<'_>) -> Option<PathBuf> {
    config_folders(environment)
        .into_iter()
        .next()
        .map(|folder| folder.join("config.json"))
}

fn usual_places(environment: &Environment<'_>) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = config_folders(environment)
        .into_iter()
        .map(|folder| folder.join("config.json"))
        .collect();
    places.push(environment.cwd.join("config/servers.json"));
    places.push(environment.cwd.join("config.json"));
    places.extend(
        environment
            .home
            .map(|home| home.join(".mcp-gateway/config.json")),
    );
    places.dedup();
    places
}

/// The platform's folder first, then `~/.config`, which predecessor B used on every platform.
fn config_folders(environment: &Environment<'_>) -> Vec<PathBuf> {
    let home = environment.home;
    let platform = if cfg!(windows) {
        environment.var("APPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Application Support"))
    } else {
        // The XDG base directory specification: relative paths are ignored.
        environment
            .var("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let mut folders: Vec<PathBuf> = platform
        .into_iter()
        .chain(home.map(|home| home.join(".config")))
        .collect();
    folders.dedup();
    folders
        .into_iter()
        .map(|folder| folder.join("mcp-gateway"))
        .collect()
}

/// Whether a file is there. One that cannot be looked at counts as there, so that reading it
/// fails with its reason instead of another file being used in its place.
fn is_there(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(metadata) => metadata.is_file(),
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// `~/…` as a shell would have it; variables set by a desktop or a service never met one.
pub(super) fn expand_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
