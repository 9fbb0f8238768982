//! `initialize` towards clients (MCP, "Lifecycle / Initialization").

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use wire::{Envelope, Span, error_code, negotiate, string_text};

use super::offered;
use super::session::{Said, Session};
use crate::catalog::ServerIndex;
use crate::core::Core;
use crate::lifecycle::State;
use crate::oauth::Remedy;
use crate::server::Server;
use crate::user::{Caller, User};

/// The member of `_meta` by which a gateway recognizes itself.
pub(crate) const INSTANCE: &str = "io.github.mcp-gateway/instance";

/// Opens a session and answers.
///
/// # Errors
/// An error response, ready for the client.
pub(super) async fn initialize(
    core: &Core,
    scope: Option<ServerIndex>,
    caller: &Caller,
    text: &Bytes,
    envelope: &Envelope,
    id: Span,
) -> Result<(Arc<Session>, Bytes), Bytes> {
    let refuse =
        |code, message: &str| Bytes::from(wire::error_response(id.of(text), code, message, None));
    let params = envelope
        .params
        .whole
        .map_or(&b"{}"[..], |params| params.of(text));
    let member = |name: &str| {
        let found = wire::members(params).find(|member| member.key.of(params) == name.as_bytes());
        found.map(|member| member.value.of(params))
    };
    let Some(requested) = member("protocolVersion").and_then(string_text) else {
        return Err(refuse(
            error_code::INVALID_PARAMS,
            "params.protocolVersion must be a version such as \"2025-11-25\"",
        ));
    };
    let version = negotiate(&requested);
    let raw = |name| member(name).map(|raw| String::from_utf8_lossy(raw).into());
    let said = Said {
        capabilities: raw("capabilities").unwrap_or_else(|| "{}".into()),
        client_info: raw("clientInfo"),
    };
    let user = caller.user();
    let result = result(core, scope, user, version).await;
    let session = core
        .sessions
        .open(version, said, scope, &core.scope_name(scope), user)
        .map_err(|error| {
            refuse(
                error_code::INTERNAL_ERROR,
                &format!("no session could be opened: {error}"),
            )
        })?;
    session.used_by(caller);
    tracing::debug!(version = version.as_str(), "a session is open");
    Ok((
        session,
        wire::result_response(id.of(text), result.as_bytes()).into(),
    ))
}

async fn result(
    core: &Core,
    scope: Option<ServerIndex>,
    user: Option<&User>,
    version: wire::Version,
) -> String {
    let meta = json!({ INSTANCE: core.sessions.instance() });
    let server_info = json!({ "name": "mcp-gateway", "title": "MCP Gateway", "version": env!("CARGO_PKG_VERSION") });
    let version = version.as_str();
    match scope {
        None => {
            let capabilities = offered::in_session(core, user);
            let mut result = json!({ "protocolVersion": version, "capabilities": capabilities, "serverInfo": server_info, "_meta": meta });
            if let Some(instructions) = instructions(core, None, user) {
                result["instructions"] = instructions.into();
            }
            result.to_string()
        }
        Some(index) => {
            // One server's endpoint says what that server says, byte for byte.
            core.settled(scope, user).await;
            let hello = core.server(index).and_then(|server| server.hello());
            let raw = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
            let capabilities = hello.as_ref().map_or_else(
                || offered::told_once(None).to_string(),
                |hello| raw(&hello.capabilities),
            );
            let info = hello
                .as_ref()
                .and_then(|hello| hello.server_info.as_ref())
                .map_or_else(|| server_info.to_string(), raw);
            let instructions = instructions(core, scope, user);
            let instructions = instructions.map_or_else(String::new, |text| {
                format!(r#","instructions":{}"#, wire::quote(&text))
            });
            format!(
                r#"{{"protocolVersion":"{version}","capabilities":{capabilities},"serverInfo":{info}{instructions},"_meta":{meta}}}"#
            )
        }
    }
}

/// What an endpoint tells about its use.
pub(super) fn instructions(
    core: &Core,
    scope: Option<ServerIndex>,
    user: Option<&User>,
) -> Option<String> {
    if let Some(index) = scope {
        return core.server(index)?.hello()?.instructions;
    }
    let servers = core.in_scope(None, user);
    let each = servers.iter().filter_map(|server| {
        let instructions = server.hello()?.instructions?;
        Some(format!("## {}\n\n{instructions}", server.config.name))
    });
    let all: Vec<_> = each.chain(left_out(core, user)).collect();
    (!all.is_empty()).then(|| all.join("\n\n"))
}

/// Says which servers' tools a list has not, for want of an account, and how to get them.
pub(crate) fn left_out(core: &Core, user: Option<&User>) -> Option<String> {
    let names = |servers: &[Arc<Server>], wanted: fn(&Server) -> bool| {
        let servers = servers.iter().filter(|server| server.config.enabled);
        let servers = servers.filter(|server| wanted(server));
        let names = servers.map(|server| format!("`{}`", server.config.name));
        names.collect::<Vec<_>>().join(", ")
    };
    let Some(user) = user else {
        let missing = names(&core.live().servers, |server| server.owner.is_some());
        return (!missing.is_empty()).then(|| format!(
            "The tools of {missing} are left out, because they are used with somebody's account and this client has not shown whose. Give it a token (`mcp-gateway token new`), or connect it to /<server>/mcp, where it can sign in."
        ));
    };
    let missing = names(&core.in_scope(None, Some(user)), |server| {
        matches!(server.state(), State::NeedsSignIn { .. })
    });
    let until = match Remedy::of(user) {
        Remedy::Window => {
            let page = core.endpoint().replace("/mcp", "/ui/#/accounts");
            format!("their user signs in at {page}")
        }
        Remedy::Client => {
            "their user authenticates again in this client (/mcp in Claude Code)".to_owned()
        }
        Remedy::Owner => format!(
            "the gateway's owner signs their user in (`mcp-gateway sign-in PROVIDER --user {user}`)"
        ),
    };
    (!missing.is_empty()).then(|| format!("The tools of {missing} are left out until {until}."))
}
