//! `servers[].auth`: a word, or an object with what is settled before a sign-in.

use super::fields::Fields;
use super::model::{Auth, OAuthConfig};
use super::reader::Node;
use super::values;
use crate::words::Words;

/// Reads the value of one server.
pub(super) fn auth(node: &Node<'_, '_>) -> Option<Auth> {
    if node.is_object() {
        node.fields().and_then(object)
    } else {
        word(node)
    }
}

fn word(node: &Node<'_, '_>) -> Option<Auth> {
    let text = node.text_or(
        "\"oauth\", \"none\" or an object with \"clientId\"",
        " \"oauth\"、\"none\" 或带 \"clientId\" 的对象",
    )?;
    match text.as_str() {
        "oauth" => Some(Auth::OAuth(OAuthConfig::default())),
        "none" => Some(Auth::None),
        _ => node.unexpected("\"oauth\" or \"none\"", " \"oauth\" 或 \"none\""),
    }
}

fn object(mut fields: Fields<'_, '_>) -> Option<Auth> {
    let kind = fields.get("type").map(|node| word(&node));
    let secret_node = fields.get("clientSecret");
    let config = OAuthConfig {
        client_id: text(&mut fields, "clientId"),
        client_secret: secret_node
            .as_ref()
            .and_then(Node::text)
            .filter(|text| !text.trim().is_empty()),
        scope: text(&mut fields, "scope"),
        authorization_server: fields
            .get("authorizationServer")
            .and_then(|node| node.parsed(values::url)),
        client_metadata_url: fields
            .get("clientMetadataUrl")
            .and_then(|node| node.parsed(values::document_url)),
    };
    fields.finish(|_| None);
    if let Some(node) = secret_node
        && config.client_secret.is_some()
        && config.client_id.is_none()
    {
        node.error(Words::new(
            "a client secret belongs to a client id; add \"clientId\", or remove this",
            "客户端密钥必须与客户端 ID 一起使用；请补上 \"clientId\"，或删除此项",
        ));
    }
    match kind {
        Some(Some(Auth::None)) => Some(Auth::None),
        Some(None) => None,
        _ => Some(Auth::OAuth(config)),
    }
}

fn text(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    let text = fields.get(key).and_then(|node| node.text());
    text.filter(|text| !text.trim().is_empty())
}
