//! What the server of these stories publishes about itself, and where.

use serde_json::{Value, json};

use crate::behaviour::Place;
use crate::server::Server;

/// The status and document at a path, if one is published there.
pub(crate) fn published(server: &Server, path: &str) -> Option<(u16, Value)> {
    let behaviour = server.behave(|b| b.clone());
    let (base, issuer_path) = (server.base(), behaviour.issuer_path);
    let resource_path = match behaviour.resource_at {
        Place::Challenge => "/meta".to_owned(),
        Place::Inserted => "/.well-known/oauth-protected-resource/x/mcp".to_owned(),
        _ => "/.well-known/oauth-protected-resource".to_owned(),
    };
    let metadata_path = match behaviour.metadata_at {
        Place::OidcInserted => format!("/.well-known/openid-configuration{issuer_path}"),
        Place::OidcAppended => format!("{issuer_path}/.well-known/openid-configuration"),
        _ => format!("/.well-known/oauth-authorization-server{issuer_path}"),
    };
    if path == resource_path && behaviour.resource_at != Place::Nowhere {
        return Some((
            200,
            json!({
                "resource": behaviour.false_resource.map_or_else(|| server.endpoint(), str::to_owned),
                "authorization_servers": [server.issuer()],
                "scopes_supported": ["tools"],
            }),
        ));
    }
    if path == metadata_path && behaviour.metadata_at != Place::Nowhere {
        if behaviour.metadata_fails {
            return Some((503, json!({})));
        }
        let mut document = json!({
            "issuer": behaviour.false_issuer.map_or_else(|| server.issuer(), str::to_owned),
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "revocation_endpoint": format!("{base}/revoke"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "authorization_response_iss_parameter_supported": behaviour.says_issuer,
            "client_id_metadata_document_supported": behaviour.reads_documents,
        });
        if behaviour.pkce {
            document["code_challenge_methods_supported"] = json!(["S256"]);
        }
        if behaviour.registers {
            document["registration_endpoint"] = json!(format!("{base}/register"));
        }
        return Some((200, document));
    }
    None
}
