//! The methods that both eras have.

use serde_json::json;

use super::caller::Caller;
use super::message::{Fault, Outcome};
use super::{prompts, resources, tools};

/// Does what a request asks for.
pub(super) async fn call(caller: &Caller, method: &str) -> Outcome {
    if method.ends_with("/list") && !caller.params["cursor"].is_null() {
        return Err(Fault::invalid("there is only one page").into());
    }
    match method {
        "tools/list" => Ok(json!({ "tools": tools::list(&caller.fixture) })),
        "tools/call" => tools::call(caller).await,
        "prompts/list" => Ok(json!({ "prompts": prompts::list(&caller.fixture) })),
        "prompts/get" => prompts::get(caller).await,
        "resources/list" => Ok(json!({ "resources": resources::list() })),
        "resources/templates/list" => Ok(json!({ "resourceTemplates": resources::templates() })),
        "resources/read" => Ok(resources::read(caller)?),
        "completion/complete" => Ok(json!({
            "completion": { "values": [], "total": 0, "hasMore": false }
        })),
        _ => Err(Fault::unknown_method(method).into()),
    }
}
