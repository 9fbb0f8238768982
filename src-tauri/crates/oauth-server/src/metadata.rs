//! The documents by which clients find their way: protected resource (RFC 9728) and
//! authorization server (RFC 8414).
//!
//! Pure. The issuer is the gateway's address, byte for byte the same in every document
//! and answer; clients compare.

use serde_json::{Value, json};

use crate::authorize::{OFFLINE, SCOPE};

/// The document of an endpoint, or of the whole gateway where `path` is empty.
pub(crate) fn protected_resource(base: &str, path: &str) -> Value {
    json!({
        "resource": format!("{base}{path}"),
        "authorization_servers": [base],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": "MCP Gateway",
    })
}

/// The document of the authorization server.
pub(crate) fn authorization_server(base: &str) -> Value {
    json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "registration_endpoint": format!("{base}/oauth/register"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": [SCOPE, OFFLINE],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "ui_locales_supported": ["en", "zh-Hans"],
    })
}

/// Where the document of an endpoint is: the path goes after the well-known part
/// (RFC 9728, section 3.1).
pub(crate) fn protected_resource_url(base: &str, path: &str) -> String {
    format!("{base}/.well-known/oauth-protected-resource{path}")
}

/// The `WWW-Authenticate` of an answer that wants a token (RFC 6750, RFC 9728
/// section 5.1).
pub(crate) fn challenge(base: &str, path: &str, error: Option<&str>) -> String {
    let mut text = format!(
        "Bearer resource_metadata=\"{}\", scope=\"{SCOPE}\"",
        quoted(&protected_resource_url(base, path))
    );
    if let Some(error) = error {
        text.push_str(&format!(", error=\"{}\"", quoted(error)));
    }
    text
}

/// What may stand between quotes in a header.
fn quoted(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_agree_with_each_other() {
        let base = "https://gw.example.com";
        let server = authorization_server(base);
        let resource = protected_resource(base, "/ecs/mcp");
        assert_eq!(server["issuer"], base);
        assert_eq!(resource["authorization_servers"][0], server["issuer"]);
        assert_eq!(resource["resource"], "https://gw.example.com/ecs/mcp");
        assert_eq!(protected_resource(base, "")["resource"], base);
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
        // A client would ask for it each time it signs in to the resource.
        assert_eq!(resource["scopes_supported"], json!(["mcp"]));
    }

    #[test]
    fn a_challenge_names_the_document_of_its_endpoint() {
        assert_eq!(
            challenge("http://localhost:4298", "/ecs/mcp", Some("invalid_token")),
            "Bearer resource_metadata=\"http://localhost:4298/.well-known/oauth-protected-resource/ecs/mcp\", \
             scope=\"mcp\", error=\"invalid_token\""
        );
        assert!(!challenge("http://x\"\r\ny: z", "/mcp", None).contains(['\r', '\n']));
    }
}
