//! The resources.

use serde_json::{Value, json};

use super::caller::Caller;
use super::message::{Fault, INVALID_PARAMS, RESOURCE_NOT_FOUND};
use super::tools::PIXEL;

/// The one that changes, and can be subscribed to.
pub(super) const WATCHED: &str = "test://watched-resource";

const BEFORE_ID: &str = "test://template/";
const AFTER_ID: &str = "/data";

pub(super) fn list() -> Value {
    json!([
        { "uri": "test://static-text", "name": "static-text", "description": "A text", "mimeType": "text/plain" },
        { "uri": "test://static-binary", "name": "static-binary", "description": "A picture", "mimeType": "image/png" },
        { "uri": WATCHED, "name": "watched-resource", "description": "A text that changes", "mimeType": "text/plain" },
    ])
}

pub(super) fn templates() -> Value {
    json!([{
        "uriTemplate": "test://template/{id}/data",
        "name": "template",
        "description": "Data of whatever has this id",
        "mimeType": "application/json",
    }])
}

pub(super) fn read(caller: &Caller) -> Result<Value, Fault> {
    let uri = caller.params["uri"]
        .as_str()
        .ok_or_else(|| Fault::invalid("uri must be a string"))?;
    let text = |kind: &str, text: String| json!({ "uri": uri, "mimeType": kind, "text": text });
    let content = match uri {
        "test://static-text" => text("text/plain", "The text of a static resource.".to_owned()),
        "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": PIXEL }),
        WATCHED => text(
            "text/plain",
            "The text of a resource that is watched.".to_owned(),
        ),
        _ => match id_in(uri) {
            Some(id) => text(
                "application/json",
                json!({ "id": id, "found": true }).to_string(),
            ),
            None => return Err(unknown(caller, uri)),
        },
    };
    Ok(json!({ "contents": [content] }))
}

fn id_in(uri: &str) -> Option<&str> {
    let id = uri.strip_prefix(BEFORE_ID)?.strip_suffix(AFTER_ID)?;
    Some(id).filter(|id| !id.is_empty() && !id.contains('/'))
}

/// The eras have different codes for this.
fn unknown(caller: &Caller, uri: &str) -> Fault {
    let code = match caller.is_legacy() {
        true => RESOURCE_NOT_FOUND,
        false => INVALID_PARAMS,
    };
    Fault::new(code, format!("there is no resource {uri}")).with(json!({ "uri": uri }))
}

#[cfg(test)]
mod tests {
    use super::id_in;

    #[test]
    fn the_template_gives_back_its_id() {
        assert_eq!(id_in("test://template/123/data"), Some("123"));
        assert_eq!(id_in("test://template//data"), None);
        assert_eq!(id_in("test://template/1/2/data"), None);
        assert_eq!(id_in("test://other/123/data"), None);
    }
}
