//! `server/discover`: what is behind an endpoint (MCP 2026-07-28, "Discovery").

use serde_json::json;
use wire::{MODERN, meta, quote};

use super::handshake::{self, INSTANCE};
use super::offered;
use super::own_result::gateway_info;
use crate::core::Core;
use crate::dispatch::Incoming;

/// The result for an endpoint. Nobody may keep it: once all of its servers are known it says what
/// they have, and until then what may come.
pub(crate) async fn result(core: &Core, incoming: &Incoming) -> String {
    let (scope, user) = (incoming.scope, incoming.caller.user());
    core.settled(scope, user).await;
    let capabilities = offered::promised(core, scope, user).text;
    let instructions = handshake::instructions(core, scope, user);
    let instructions = instructions.map_or_else(String::new, |text| {
        format!(r#","instructions":{}"#, quote(&text))
    });
    let own = scope.and_then(|index| core.server(index)?.hello()?.server_info);
    let server_info = own.map_or_else(gateway_info, |raw| {
        String::from_utf8_lossy(&raw).into_owned()
    });
    let instance = json!(core.sessions.instance());
    format!(
        r#"{{"resultType":"complete","supportedVersions":["{MODERN}"],"capabilities":{capabilities}{instructions},"ttlMs":0,"cacheScope":"private","_meta":{{"{}":{server_info},"{INSTANCE}":{instance}}}}}"#,
        meta::SERVER_INFO
    )
}
