//! The desktop around the window, as the page asks about it and changes it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use gateway::words::{Language, Words};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Emitter as _, Manager as _, State};

use crate::folders::{ConfigFile, Folders};
use crate::settings::{Settings, Tag, Theme};
use crate::tray::Tray;
use crate::{autostart, window};

/// What the user chose, for everybody who needs to know.
#[derive(Debug)]
pub(crate) struct Desktop {
    settings: Mutex<Settings>,
    folders: Option<Folders>,
}

/// What the page hears; see `Desktop` in ui/src/api/tauri.ts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Surroundings {
    tray_host: bool,
    autostart: bool,
    autostart_error: Option<Words>,
    language: Option<Tag>,
    theme: Option<Theme>,
    platform: &'static str,
}

/// Why something was not done.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    message: Words,
}

/// What the page can have opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Which {
    /// The data folder.
    Data,
    /// The configuration file.
    Config,
}

impl From<Words> for Refusal {
    fn from(message: Words) -> Self {
        Self { message }
    }
}

// === impl Desktop ===

impl Desktop {
    /// Reads what was chosen; what is wrong with the file comes beside it.
    pub(crate) fn read() -> (Self, Option<Words>) {
        let folders = Folders::find();
        let (settings, trouble) = Settings::read(folders.as_ref().map(Folders::data));
        (
            Self {
                settings: Mutex::new(settings),
                folders,
            },
            trouble,
        )
    }

    /// The language that the user reads.
    pub(crate) fn language(&self) -> Language {
        self.chosen_language()
            .map_or_else(system_language, Language::from)
    }

    /// The theme, if one was chosen.
    pub(crate) fn theme(&self) -> Option<Theme> {
        self.with_settings(|settings| settings.theme())
    }

    /// The data folder of a user who has a home.
    pub(crate) fn data(&self) -> Option<PathBuf> {
        Some(self.folders.as_ref()?.data().to_owned())
    }

    /// The language, if one was chosen.
    pub(crate) fn chosen_language(&self) -> Option<Tag> {
        self.with_settings(|settings| settings.language())
    }

    /// Nothing else is locked or waited for meanwhile: the main thread asks, too.
    fn with_settings<T>(&self, work: impl FnOnce(&mut Settings) -> T) -> T {
        work(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The language of the session that the app runs in.
pub(crate) fn system_language() -> Language {
    Language::from_env(|name| std::env::var(name).ok())
}

/// Tells the page, if there is one, to ask again.
pub(crate) fn changed(app: &AppHandle) {
    if let Err(error) = app.emit("desktop-changed", ()) {
        tracing::warn!(%error, "the page does not know that the desktop has changed");
    }
}

/// What the page shows of the desktop.
#[tauri::command(async)]
pub(crate) fn desktop(
    app: AppHandle,
    desktop: State<'_, Desktop>,
    tray: State<'_, Tray>,
) -> Surroundings {
    let autostart = autostart::is_on(&app);
    let trouble = autostart::trouble(&app);
    Surroundings {
        tray_host: tray.is_reachable(),
        autostart: matches!(autostart, Ok(true)),
        autostart_error: autostart.err().or(trouble),
        language: desktop.chosen_language(),
        theme: desktop.theme(),
        platform: std::env::consts::OS,
    }
}

/// Whether the app is started at login.
#[tauri::command(async)]
pub(crate) fn set_autostart(app: AppHandle, on: bool) -> Result<(), Refusal> {
    let changed = autostart::set(&app, on);
    app.state::<Tray>().refresh(&app);
    Ok(changed?)
}

/// The language of the tray, and of the window the next time.
#[tauri::command(async)]
pub(crate) fn set_language(
    app: AppHandle,
    desktop: State<'_, Desktop>,
    language: Option<Tag>,
) -> Result<(), Refusal> {
    let kept = desktop.with_settings(|settings| settings.set_language(language));
    app.state::<Tray>().refresh(&app);
    Ok(kept?)
}

/// The theme of the window's frame and background.
#[tauri::command(async)]
pub(crate) fn set_theme(
    app: AppHandle,
    desktop: State<'_, Desktop>,
    theme: Option<Theme>,
) -> Result<(), Refusal> {
    let kept = desktop.with_settings(|settings| settings.set_theme(theme));
    window::set_theme(&app, theme);
    Ok(kept?)
}

/// Shows the data folder or the configuration file with the program that the user has for it.
#[tauri::command(async)]
pub(crate) fn open_path(desktop: State<'_, Desktop>, which: Which) -> Result<(), Refusal> {
    let folders = desktop.folders.as_ref().ok_or_else(no_home)?;
    let path = match (which, folders.config_file()) {
        (Which::Data, _) => folders.data().to_owned(),
        (Which::Config, ConfigFile::There(path)) => path,
        (Which::Config, ConfigFile::NotYet(place)) => {
            return Err(no_config(place.as_deref()).into());
        }
    };
    let opened = tauri_plugin_opener::open_path(&path, None::<&str>);
    opened.map_err(|error| not_opened(&path, &error.to_string()).into())
}

/// For a user without a home folder.
pub(crate) fn no_home() -> Words {
    Words::new(
        "This user has no home folder to keep the gateway's data in; set HOME.",
        "当前用户没有主目录可存放网关的数据；请设置 HOME。",
    )
}

fn no_config(place: Option<&std::path::Path>) -> Words {
    let Some(place) = place.map(|place| place.display()) else {
        return no_home();
    };
    Words::new(
        format!(
            "There is no configuration file yet. Add a server in the window, and {place} is written."
        ),
        format!("还没有配置文件。在窗口中添加服务器后，会生成 {place}。"),
    )
}

fn not_opened(path: &std::path::Path, error: &str) -> Words {
    let path = path.display();
    Words::new(
        format!(
            "{path} could not be opened: {error}. Open it yourself with a file manager or an editor."
        ),
        format!("无法打开 {path}：{error}。请自行用文件管理器或编辑器打开。"),
    )
}
