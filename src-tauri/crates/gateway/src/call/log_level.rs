//! The level of log messages that a modern request asks for, at a legacy server: there it is a
//! setting of the connection (MCP 2025-11-25, "Logging / Setting Log Level").

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wire::Era;

use crate::log_level::LogLevel;
use crate::upstream::Connection;

/// A call does not wait for longer until its messages can come.
const PATIENCE: Duration = Duration::from_secs(1);

/// Has a server send messages of this level from now on. It is not raised again: what a client
/// has not asked for is kept from it.
pub(super) async fn lower(connection: &Arc<Connection>, level: LogLevel) {
    let told = &connection.told_level;
    let is_legacy = connection.era() == Era::Legacy;
    let has_levels = connection.hello().is_some_and(|hello| hello.has("logging"));
    if !is_legacy || !has_levels || told.load(Ordering::Relaxed) <= level as u8 {
        return;
    }
    told.store(level as u8, Ordering::Relaxed);
    let params = format!(r#"{{"level":"{}"}}"#, level.as_str());
    if let Err(error) = connection.ask("logging/setLevel", &params, PATIENCE).await {
        let server = &connection.inbox.server;
        tracing::warn!(%server, %error, "the log level could not be set");
    }
}
