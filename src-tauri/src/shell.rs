//! The app from start to end.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway::words::Words;
use tauri::{App, AppHandle, Manager as _, RunEvent};

use crate::args::{self, Asked};
use crate::core::Core;
use crate::deep_link;
use crate::desktop::{self, Desktop};
use crate::notices::{self, Notices};
use crate::stream::{self, Streams};
use crate::tray::{self, Tray};
use crate::{api, autostart, browser, bus, display, panics, sidecar, signals, window};

/// Runs the desktop app until its user quits it or the system ends it.
///
/// The exit code is 1 where it cannot run at all; the reason is on stderr, in the user's language.
pub fn run() -> ExitCode {
    match args::read(std::env::args().skip(1)) {
        Ok(Asked::Start) => {}
        Ok(Asked::Help) => return say(&args::help()),
        Ok(Asked::Version) => return say(&args::version()),
        Err(unknown) => {
            eprintln!(
                "{}",
                args::refusal(&unknown).text(desktop::system_language())
            );
            return ExitCode::from(2);
        }
    }
    if display::is_missing(env) {
        return refuse(&display::none());
    }
    let (desktop, trouble) = Desktop::read();
    let language = desktop.language();
    // Tauri's window library panics where a display is named but does not let it in.
    let Ok(app) = panics::caught(|| build(desktop)) else {
        return refuse(&display::unusable());
    };
    for words in trouble.into_iter().chain(bus::is_missing().then(bus::none)) {
        eprintln!("{}", words.text(language));
    }
    match app.and_then(start) {
        Ok(app) => exit_code(app.run_return(on_event)),
        Err(error) => {
            eprintln!("mcp-gateway-desktop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build(desktop: Desktop) -> anyhow::Result<App> {
    // What panels call the tray icon; they would read the program's file name otherwise.
    #[cfg(target_os = "linux")]
    glib::set_application_name("MCP Gateway");
    let app = tauri::Builder::default()
        // The first of all: where the app runs already, nothing else may begin.
        .plugin(tauri_plugin_single_instance::init(|app, args, _| {
            on_second_start(app, &args);
        }))
        .plugin(tauri_plugin_shell::init())
        .plugin(autostart::plugin())
        .plugin(tauri_plugin_deep_link::init())
        .manage(desktop)
        .manage(autostart::Trouble::default())
        .manage(Tray::default())
        .manage(Streams::default())
        .manage(Notices::default())
        .manage(window::Remembered::default())
        .manage(Farewell::default())
        .on_window_event(window::on_event)
        .invoke_handler(tauri::generate_handler![
            api::api,
            api::try_again,
            api::quit,
            stream::stream,
            stream::stop_stream,
            desktop::desktop,
            desktop::set_autostart,
            desktop::set_language,
            desktop::set_theme,
            desktop::open_path,
            browser::open_sign_in,
            notices::take_notices,
        ]);
    Ok(app.build(tauri::generate_context!())?)
}

/// Only now, when nothing can keep the app from running: a core that has started must be stopped.
fn start(app: App) -> anyhow::Result<App> {
    let bridge = sidecar::bridge(app.handle());
    signals::watch(app.handle().clone());
    app.manage(Core::start(bridge)?);
    api::tell_phases(app.handle());
    Ok(app)
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::Ready => on_ready(app),
        // The last window is closed: the tray goes on without one.
        RunEvent::ExitRequested {
            code: None, api, ..
        } => api.prevent_exit(),
        RunEvent::ExitRequested {
            code: Some(code),
            api,
            ..
        } => {
            if app.state::<Farewell>().is_said(app, code) {
                return;
            }
            api.prevent_exit();
        }
        RunEvent::Exit => app.state::<Core>().stop(),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::show(app, None),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            deep_link::follow(app, &args::links(urls.iter().map(tauri::Url::as_str)))
        }
        _ => {}
    }
}

/// The end of the app, which takes as long as the core finishes its work. The main thread stays
/// free meanwhile: it takes window and icon off the screen.
#[derive(Debug, Default)]
struct Farewell {
    begun: AtomicBool,
    said: AtomicBool,
}

// === impl Farewell ===

impl Farewell {
    /// Whether nothing is left to wait for; if there is, the app exits by itself after that.
    fn is_said(&self, app: &AppHandle, code: i32) -> bool {
        if self.said.load(Ordering::Acquire) {
            return true;
        }
        if !self.begun.swap(true, Ordering::AcqRel) {
            window::destroy(app);
            app.state::<Tray>().leave(app);
            // Whoever starts the app again from now on gets a new one; this one only finishes.
            tauri_plugin_single_instance::destroy(app);
            let app = app.clone();
            std::thread::spawn(move || {
                app.state::<Core>().stop();
                app.state::<Self>().said.store(true, Ordering::Release);
                app.exit(code);
            });
        }
        false
    }
}

fn on_ready(app: &AppHandle) {
    let in_tray = tray::start(app);
    #[cfg(target_os = "linux")]
    deep_link::register_if_wanted(app);
    let links = args::links(std::env::args());
    if in_tray && links.is_empty() && is_hidden(std::env::args()) {
        return tray::show_window_if_alone(app);
    }
    if let Err(error) = window::show_now(app, deep_link::route(&links)) {
        eprintln!("mcp-gateway-desktop: {error:#}");
        return app.exit(1);
    }
    deep_link::follow(app, &links);
}

/// Somebody started the app although it runs: the desktop, because one of our addresses was
/// opened, or the user; a login did not mean the window.
fn on_second_start(app: &AppHandle, args: &[String]) {
    let links = args::links(args);
    if !links.is_empty() {
        deep_link::follow(app, &links);
    } else if !is_hidden(args) {
        window::show(app, None);
    }
}

fn is_hidden(args: impl IntoIterator<Item = impl AsRef<str>>) -> bool {
    args.into_iter()
        .any(|arg| arg.as_ref() == autostart::HIDDEN)
}

fn say(words: &Words) -> ExitCode {
    println!("{}", words.text(desktop::system_language()));
    ExitCode::SUCCESS
}

fn refuse(reason: &Words) -> ExitCode {
    eprintln!("{}", reason.text(desktop::system_language()));
    ExitCode::FAILURE
}

fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
