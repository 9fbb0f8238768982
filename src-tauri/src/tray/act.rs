//! Does what a click on the tray's menu asks for.

use anyhow::bail;
use tauri::{AppHandle, Manager as _};

use super::Tray;
use super::action::Action;
use super::status::ServerState;
use crate::autostart;
use crate::core::{Ask, Core};
use crate::desktop;
use crate::window::{self, Route, encoded};

/// On the main thread: whatever takes longer is left to a task.
pub(super) fn act(app: &AppHandle, action: Action) {
    match action {
        Action::Open => window::show(app, None),
        Action::Go(route) => window::show(app, Some(route)),
        Action::Restart(server) => {
            let ask = Ask {
                method: "POST".to_owned(),
                path: format!("/api/servers/{}/restart", encoded(&server)),
                body: None,
            };
            change(app, server, ask);
        }
        Action::Toggle(server) => {
            let off = app.state::<Tray>().server_state(&server) == Some(ServerState::Disabled);
            let ask = Ask {
                method: "PATCH".to_owned(),
                path: format!("/api/servers/{}", encoded(&server)),
                body: Some(serde_json::json!({ "enabled": off }).to_string()),
            };
            change(app, server, ask);
        }
        Action::CopyEndpoint => copy_endpoint(app),
        Action::TryAgain => app.state::<Core>().try_again(),
        Action::RunAtLogin => run_at_login(app),
        Action::Quit => app.exit(0),
    }
}

/// Asks the gateway to change a server. If it does not, its page is shown, which says why.
fn change(app: &AppHandle, server: String, ask: Ask) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = changed(&app, ask).await {
            tracing::warn!("{server} was not changed: {error:#}");
            window::show(&app, Some(Route::server(&server)));
        }
        app.state::<Tray>().correct_checks(&app);
    });
}

async fn changed(app: &AppHandle, ask: Ask) -> anyhow::Result<()> {
    let reply = app.state::<Core>().request(ask).await?;
    if !(200..300).contains(&reply.status) {
        bail!("{}", reply.body);
    }
    Ok(())
}

fn copy_endpoint(app: &AppHandle) {
    let tray = app.state::<Tray>();
    let Some(endpoint) = tray.endpoint() else {
        return;
    };
    if let Err(error) = tray.clipboard.put(endpoint) {
        tracing::warn!(%error, "the endpoint could not be copied");
        // Home shows it, and copies it in its own way.
        window::show(app, Some(Route::home()));
    }
}

fn run_at_login(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let on = autostart::is_on(&app).unwrap_or(false);
        if let Err(trouble) = autostart::set(&app, !on) {
            tracing::warn!("{}", trouble.en);
            window::show(&app, Some(Route::settings()));
        }
        let tray = app.state::<Tray>();
        tray.refresh(&app);
        tray.correct_checks(&app);
        desktop::changed(&app);
    });
}
