//! The tray: an icon with the gateway's state, and a menu.
//!
//! What it shows is decided in `menu`, which is pure; here it is kept in line with the news.

mod act;
mod action;
mod clipboard;
mod follow;
mod host;
mod icon;
mod live;
mod menu;
mod status;
mod text;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;

use crate::core::Core;
use crate::desktop::{self, Desktop};
use crate::{autostart, bus, panics, window};

use action::Action;
use clipboard::Clipboard;
use icon::Panel;
use live::Live;
use menu::Mark;
use status::{News, ServerState};

const ID: &str = "main";
/// At login a panel may come a little later than the app.
const PANEL_COMES: Duration = Duration::from_secs(5);

/// The tray as the rest of the shell sees it.
pub(crate) struct Tray {
    news: Mutex<News>,
    screen: Mutex<Option<Screen>>,
    /// Whether the desktop shows tray icons; none as long as that is not known.
    host: watch::Sender<Option<bool>>,
    clipboard: Clipboard,
}

/// What is on the screen; touched by the main thread alone.
struct Screen {
    icon: TrayIcon,
    menu: Live,
    mark: Mark,
    panel: Panel,
    tooltip: String,
}

impl Default for Tray {
    fn default() -> Self {
        Self {
            news: Mutex::new(News::Starting),
            screen: Mutex::new(None),
            host: watch::Sender::new(None),
            clipboard: Clipboard::default(),
        }
    }
}

/// Puts the icon on the screen, on the main thread. Gives false where there cannot be one; the
/// user has then been told why.
pub(crate) fn start(app: &AppHandle) -> bool {
    if bus::is_missing() {
        app.state::<Tray>().host.send_replace(Some(false));
        return false;
    }
    let panel = Panel::of(&current_desktop(), None);
    // The library for it is loaded now, and where it is not installed, that panics.
    let built = panics::caught(|| Screen::build(app, panel));
    match built {
        Ok(Ok(screen)) => *lock(&app.state::<Tray>().screen) = Some(screen),
        Ok(Err(error)) => {
            eprintln!("mcp-gateway-desktop: there is no tray icon: {error}");
            return false;
        }
        Err(reason) => {
            let words = host::no_library(&reason);
            eprintln!("{}", words.text(app.state::<Desktop>().language()));
            return false;
        }
    }
    follow(app);
    watch_host(app);
    true
}

/// Shows the window after all if no tray comes up in which the app could be found.
pub(crate) fn show_window_if_alone(app: &AppHandle) {
    let app = app.clone();
    let mut host = app.state::<Tray>().host.subscribe();
    tauri::async_runtime::spawn(async move {
        let comes = host.wait_for(|there| *there == Some(true));
        if tokio::time::timeout(PANEL_COMES, comes).await.is_err() && !window::is_there(&app) {
            window::show(&app, None);
        }
    });
}

// === impl Tray ===

impl Tray {
    /// Whether the user finds the app in the tray.
    pub(crate) fn is_reachable(&self) -> bool {
        *self.host.borrow() == Some(true) && lock(&self.screen).is_some()
    }

    /// Brings the screen in line with the news, the language and the settings, from any thread.
    pub(crate) fn refresh(&self, app: &AppHandle) {
        on_main_thread(app, |app| {
            let tray = app.state::<Tray>();
            let news = lock(&tray.news).clone();
            lock(&tray.screen)
                .as_mut()
                .map_or(Ok(()), |screen| screen.show(app, &news))
        });
    }

    /// Takes the icon off the screen, because the app ends.
    pub(crate) fn leave(&self, app: &AppHandle) {
        self.clipboard.close();
        drop(app.remove_tray_by_id(ID));
        *lock(&self.screen) = None;
    }

    fn hear(&self, app: &AppHandle, news: News) {
        *lock(&self.news) = news;
        self.refresh(app);
    }

    fn correct_checks(&self, app: &AppHandle) {
        on_main_thread(app, |app| {
            lock(&app.state::<Tray>().screen)
                .as_ref()
                .map_or(Ok(()), |screen| screen.menu.correct_checks())
        });
    }

    fn endpoint(&self) -> Option<String> {
        match &*lock(&self.news) {
            News::Running(status) => Some(status.endpoint.clone()),
            News::Starting | News::Waiting(_) | News::Failed(_) => None,
        }
    }

    fn server_state(&self, name: &str) -> Option<ServerState> {
        match &*lock(&self.news) {
            News::Running(status) => {
                let mut servers = status.servers.iter();
                Some(servers.find(|server| server.name == name)?.state)
            }
            News::Starting | News::Waiting(_) | News::Failed(_) => None,
        }
    }
}

// === impl Screen ===

impl Screen {
    fn build(app: &AppHandle, panel: Panel) -> tauri::Result<Self> {
        let language = app.state::<Desktop>().language();
        let news = News::Starting;
        let (mark, tooltip) = (menu::mark(&news), menu::tooltip(&news, language));
        let menu = Live::new(app, menu::menu(&news, language, autostart::is_on(app).ok()))?;
        let mut icon = TrayIconBuilder::with_id(ID)
            .icon(icon::image(mark, panel))
            .icon_as_template(panel == Panel::Template)
            .tooltip(&tooltip)
            .menu(&menu.menu())
            // On Windows the left button opens, the right one shows the menu.
            .show_menu_on_left_click(!cfg!(windows))
            .on_menu_event(|app, event| {
                if let Some(action) = Action::of(event.id().as_ref()) {
                    act::act(app, action);
                }
            })
            .on_tray_icon_event(|icon, event| {
                if cfg!(windows) && is_left_click(&event) {
                    window::show(icon.app_handle(), None);
                }
            });
        // The library writes each icon to a file; without a runtime folder it would share one
        // with every user of the machine.
        if let (None, Some(data)) = (
            std::env::var_os("XDG_RUNTIME_DIR"),
            app.state::<Desktop>().data(),
        ) {
            icon = icon.temp_dir_path(data.join("tray"));
        }
        Ok(Self {
            icon: icon.build(app)?,
            menu,
            mark,
            panel,
            tooltip,
        })
    }

    fn show(&mut self, app: &AppHandle, news: &News) -> tauri::Result<()> {
        let language = app.state::<Desktop>().language();
        let entries = menu::menu(news, language, autostart::is_on(app).ok());
        self.menu.change_into(app, entries)?;
        let tooltip = menu::tooltip(news, language);
        if self.tooltip != tooltip {
            self.icon.set_tooltip(Some(&tooltip))?;
            self.tooltip = tooltip;
        }
        let mark = menu::mark(news);
        if self.mark != mark {
            self.mark = mark;
            self.draw()?;
        }
        Ok(())
    }

    fn lie_on(&mut self, panel: Panel) -> tauri::Result<()> {
        if self.panel == panel {
            return Ok(());
        }
        self.panel = panel;
        self.draw()
    }

    fn draw(&self) -> tauri::Result<()> {
        let image = icon::image(self.mark, self.panel);
        self.icon
            .set_icon_with_as_template(Some(image), self.panel == Panel::Template)
    }
}

/// Beside the core, so that the news end with it.
fn follow(app: &AppHandle) {
    let hearing = app.clone();
    app.state::<Core>().spawn(|entrance| async move {
        follow::follow(entrance, |news| {
            hearing.state::<Tray>().hear(&hearing, news)
        })
        .await;
    });
}

fn watch_host(app: &AppHandle) {
    let (watching, asking) = (app.clone(), app.clone());
    let core = app.state::<Core>();
    core.spawn(|_| async move {
        host::watch(|there| {
            let known = watching.state::<Tray>().host.send_replace(Some(there));
            if known != Some(there) {
                desktop::changed(&watching);
            }
        })
        .await;
    });
    core.spawn(|_| async move {
        host::watch_brightness(|is_light| {
            let panel = Panel::of(&current_desktop(), is_light);
            on_main_thread(&asking, move |app| {
                lock(&app.state::<Tray>().screen)
                    .as_mut()
                    .map_or(Ok(()), |screen| screen.lie_on(panel))
            });
        })
        .await;
    });
}

/// Runs `work` where menus and icons may be touched.
fn on_main_thread(
    app: &AppHandle,
    work: impl FnOnce(&AppHandle) -> tauri::Result<()> + Send + 'static,
) {
    let handle = app.clone();
    let asked = app.run_on_main_thread(move || {
        if let Err(error) = work(&handle) {
            tracing::warn!(%error, "the tray could not be changed");
        }
    });
    if let Err(error) = asked {
        tracing::debug!(%error, "the app ends: the tray is not changed any more");
    }
}

fn is_left_click(event: &TrayIconEvent) -> bool {
    matches!(
        event,
        TrayIconEvent::Click {
            button: MouseButton::Left,
            button_state: MouseButtonState::Up,
            ..
        }
    )
}

/// Which desktop this is, as freedesktop.org has it: names, separated by colons.
fn current_desktop() -> String {
    std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
