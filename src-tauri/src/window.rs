//! The window. Described in tauri.conf.json, built when it is first shown, and destroyed when it
//! is closed to the tray, because a hidden page keeps 120 MB.

mod route;
mod script;

use std::sync::{Mutex, PoisonError};

use tauri::utils::config::WindowConfig;
use tauri::webview::{Color, PageLoadEvent};
use tauri::{
    AppHandle, Emitter as _, Manager, PhysicalPosition, PhysicalSize, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, Window, WindowEvent,
};

use crate::desktop::{self, Desktop};
use crate::settings::Theme;
use crate::stream::Streams;
use crate::tray::Tray;

pub(crate) use route::{Route, encoded};

const LABEL: &str = "main";

/// What the window leaves behind for its successor.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    place: Mutex<Option<Place>>,
    /// Where a page that still loads is to go.
    pending: Mutex<Pending>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    position: PhysicalPosition<i32>,
    size: PhysicalSize<u32>,
    maximized: bool,
}

#[derive(Debug, Default)]
struct Pending {
    loaded: bool,
    route: Option<Route>,
}

/// Shows the window, in front of others, from any thread; builds it if there is none.
pub(crate) fn show(app: &AppHandle, route: Option<Route>) {
    let handle = app.clone();
    let shown = app.run_on_main_thread(move || {
        if let Err(error) = show_now(&handle, route) {
            tracing::error!("the window cannot be shown: {error:#}");
            eprintln!("mcp-gateway-desktop: the window cannot be shown: {error:#}");
        }
    });
    if let Err(error) = shown {
        tracing::warn!(%error, "the window was not shown");
    }
}

/// As `show`, on the main thread, with what goes wrong.
pub(crate) fn show_now(app: &AppHandle, route: Option<Route>) -> tauri::Result<()> {
    let Some(window) = app.get_webview_window(LABEL) else {
        return build(app, route);
    };
    window.show()?;
    window.unminimize()?;
    window.set_focus()?;
    route.map_or(Ok(()), |route| go(&window, route))
}

/// Whether there is one.
pub(crate) fn is_there(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL).is_some()
}

/// Takes the window off the screen, because the app ends.
pub(crate) fn destroy(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.destroy()
    {
        tracing::warn!(%error, "the window could not be closed");
    }
}

/// Puts another theme on the window that is there.
pub(crate) fn set_theme(app: &AppHandle, theme: Option<Theme>) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = dress_anew(&window, theme)
    {
        tracing::warn!(%error, "the window's theme could not be set");
    }
}

/// What becomes of the window and its page.
pub(crate) fn on_event(window: &Window, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            remember_place(window);
            // Without a tray, nothing would be left on the screen to bring the window back.
            if !window.state::<Tray>().is_reachable() {
                api.prevent_close();
                if let Err(error) = window.minimize() {
                    tracing::warn!(%error, "the window could not be minimized");
                }
            }
        }
        WindowEvent::Destroyed => window.state::<Streams>().page_is_gone(),
        WindowEvent::ThemeChanged(theme) => on_theme(window, *theme),
        _ => {}
    }
}

fn build(app: &AppHandle, route: Option<Route>) -> tauri::Result<()> {
    let desktop = app.state::<Desktop>();
    let theme = desktop.theme();
    let mut config = described(app).clone();
    if let Some(route) = route {
        config.url = WebviewUrl::App(format!("#{route}").into());
    }
    *lock(&app.state::<Remembered>().pending) = Pending::default();
    let window = WebviewWindowBuilder::from_config(app, &config)?
        .theme(chosen(theme))
        .background_color(background(chosen(theme).unwrap_or(tauri::Theme::Light)))
        .initialization_script(script::speaks(desktop::system_language()))
        .initialization_script(script::remembers(desktop.chosen_language(), theme))
        .on_page_load(|window, load| on_page_load(&window, load.event()))
        .build()?;
    // Nothing is drawn before the main thread is free again: no other colour flashes up.
    dress(&window, theme)?;
    take_place(&window)
}

fn described(app: &AppHandle) -> &WindowConfig {
    let mut windows = app.config().app.windows.iter();
    let config = windows.find(|window| window.label == LABEL);
    config.expect("BUG: tauri.conf.json describes no main window")
}

/// The theme of the frame, and behind the page the colour that the page will have.
fn dress(window: &WebviewWindow, theme: Option<Theme>) -> tauri::Result<()> {
    let theme = match chosen(theme) {
        Some(theme) => {
            // The window library has just put the desktop's theme on it, whatever was chosen.
            window.set_theme(Some(theme))?;
            theme
        }
        None => window.theme()?,
    };
    window.set_background_color(Some(background(theme)))
}

fn dress_anew(window: &WebviewWindow, theme: Option<Theme>) -> tauri::Result<()> {
    if chosen(theme).is_none() {
        window.set_theme(None)?;
        let system = window.theme()?;
        if cfg!(target_os = "linux") && system == tauri::Theme::Dark {
            // Here "none" means light until the desktop's theme changes the next time.
            window.set_theme(Some(system))?;
        }
    }
    dress(window, theme)
}

/// The desktop has changed its theme; the window library follows it, whatever was chosen.
fn on_theme(window: &Window, theme: tauri::Theme) {
    let done = match chosen(window.state::<Desktop>().theme()) {
        Some(chosen) if chosen != theme => window.set_theme(Some(chosen)),
        Some(_) => Ok(()),
        None => window.get_webview_window(LABEL).map_or(Ok(()), |page| {
            page.set_background_color(Some(background(theme)))
        }),
    };
    if let Err(error) = done {
        tracing::warn!(%error, "the window's theme could not be set");
    }
}

/// What was chosen, unless it was to follow the system.
fn chosen(theme: Option<Theme>) -> Option<tauri::Theme> {
    match theme {
        Some(Theme::Light) => Some(tauri::Theme::Light),
        Some(Theme::Dark) => Some(tauri::Theme::Dark),
        Some(Theme::System) | None => None,
    }
}

/// `--page` in ui/src/app.css.
fn background(theme: tauri::Theme) -> Color {
    match theme {
        tauri::Theme::Dark => Color(0x0e, 0x11, 0x16, 0xff),
        _ => Color(0xf5, 0xf6, 0xf8, 0xff),
    }
}

fn on_page_load(window: &WebviewWindow, event: PageLoadEvent) {
    let remembered = window.state::<Remembered>();
    let mut pending = lock(&remembered.pending);
    match event {
        PageLoadEvent::Started => {
            pending.loaded = false;
            window.state::<Streams>().page_is_gone();
        }
        PageLoadEvent::Finished => {
            pending.loaded = true;
            let route = pending.route.take();
            drop(pending);
            if let Some(route) = route {
                tell(window, &route);
            }
        }
    }
}

/// Leads the page to another of its views; one that still loads, as soon as it listens.
fn go(window: &WebviewWindow, route: Route) -> tauri::Result<()> {
    let remembered = window.state::<Remembered>();
    let mut pending = lock(&remembered.pending);
    if pending.loaded {
        drop(pending);
        tell(window, &route);
    } else {
        pending.route = Some(route);
    }
    Ok(())
}

fn tell(window: &WebviewWindow, route: &Route) {
    if let Err(error) = window.emit("go", route.to_string()) {
        tracing::warn!(%error, "the page could not be led to {route}");
    }
}

fn remember_place(window: &Window) {
    let place = || -> tauri::Result<Place> {
        Ok(Place {
            position: window.outer_position()?,
            size: window.inner_size()?,
            maximized: window.is_maximized()?,
        })
    };
    match place() {
        Ok(place) => *lock(&window.state::<Remembered>().place) = Some(place),
        Err(error) => tracing::debug!(%error, "the window's place is not known"),
    }
}

fn take_place(window: &WebviewWindow) -> tauri::Result<()> {
    let Some(place) = *lock(&window.state::<Remembered>().place) else {
        return Ok(());
    };
    if place.maximized {
        return window.maximize();
    }
    window.set_size(place.size)?;
    window.set_position(place.position)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
