//! The app from start to end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use gateway::words::{Language, Words};
use tauri::{App, AppHandle, Manager, RunEvent};

use crate::core::Core;
use crate::{api, display, signals, window};

/// Runs the desktop app until its window is closed or the system ends it.
///
/// The exit code is 1 where it cannot run at all; the reason is on stderr, in the user's language.
pub fn run() -> ExitCode {
    if display::is_missing(env) {
        return refuse(&display::none());
    }
    // Tauri's window library panics where a display is named but does not let it in.
    let app = match catch_unwind(AssertUnwindSafe(build)) {
        Ok(app) => app,
        Err(_) => return refuse(&display::unusable()),
    };
    match app.and_then(start) {
        Ok(app) => exit_code(app.run_return(on_event)),
        Err(error) => {
            eprintln!("mcp-gateway-desktop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> anyhow::Result<App> {
    let app = tauri::Builder::default().invoke_handler(tauri::generate_handler![api::api]);
    Ok(app.build(tauri::generate_context!())?)
}

/// Only now, when nothing can keep the app from running: a core that has started must be stopped.
fn start(app: App) -> anyhow::Result<App> {
    app.manage(Core::start()?);
    Ok(app)
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::Ready => {
            signals::watch(app.clone());
            if let Err(error) = window::show(app) {
                eprintln!("mcp-gateway-desktop: {error:#}");
                app.exit(1);
            }
        }
        // There is no tray yet that could bring a closed window back: closing it is the end.
        RunEvent::ExitRequested { .. } => window::hide(app),
        RunEvent::Exit => app.state::<Core>().stop(),
        _ => {}
    }
}

fn refuse(reason: &Words) -> ExitCode {
    eprintln!("{}", reason.text(Language::from_env(env)));
    ExitCode::FAILURE
}

fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
