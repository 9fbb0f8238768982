//! The tools: which there are (`table`), and what they do. All are listed in both eras, because
//! what a gateway routes is what is listed.

mod asking;
mod jobs;
mod plain;
mod schemas;
mod table;

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::Fixture;
use super::caller::Caller;
use super::listen::News;
use super::message::{Fault, Outcome, text};
use super::resources::WATCHED;

pub(super) use plain::PIXEL;
pub(super) use table::headers;

/// The tool whose stream ends before its answer.
pub(super) const RECONNECT: &str = "test_reconnection";

/// The tool that comes and goes.
const MORE: &str = "test_added_tool";

/// Every tool there is at the moment, always in the same order.
pub(super) fn list(fixture: &Fixture) -> Value {
    let mut tools = table::all();
    if fixture.more_tools.load(Ordering::SeqCst) {
        let schema = json!({ "type": "object" });
        tools.push(json!({
            "name": MORE, "description": "A tool that comes and goes", "inputSchema": schema,
        }));
    }
    tools.into()
}

/// Calls one.
pub(super) async fn call(caller: &Caller) -> Outcome {
    let name = caller.name();
    let fixture = &caller.fixture;
    match name {
        MORE if fixture.more_tools.load(Ordering::SeqCst) => Ok(text("Here today.")),
        "test_trigger_tool_change" => Ok(toggle(fixture, &fixture.more_tools, News::Tools)),
        "test_trigger_prompt_change" => Ok(toggle(fixture, &fixture.more_prompts, News::Prompts)),
        "test_trigger_resource_update" => {
            fixture.board.tell(News::Resource(WATCHED));
            Ok(text("The watched resource has changed."))
        }
        _ if plain::NAMES.contains(&name) => Ok(plain::call(caller).await?),
        _ if asking::NAMES.contains(&name) => asking::call(caller).await,
        _ if jobs::NAMES.contains(&name) => jobs::call(caller).await,
        _ => Err(Fault::invalid(format!("there is no tool {name}")).into()),
    }
}

/// Adds what is not there, removes what is.
fn toggle(fixture: &Fixture, there: &AtomicBool, news: News<'_>) -> Value {
    let was_there = there.fetch_xor(true, Ordering::SeqCst);
    fixture.board.tell(news);
    text(match was_there {
        true => "Removed.",
        false => "Added.",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Eras;

    #[test]
    fn every_listed_tool_is_known_and_every_known_one_is_listed() {
        let listed = list(&Fixture::new(Eras::Both));
        let mut listed: Vec<_> = listed
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|tool| tool["name"].as_str())
            .collect();
        assert_eq!(listed[0], "test_simple_text");
        let triggers = [
            "test_trigger_tool_change",
            "test_trigger_prompt_change",
            "test_trigger_resource_update",
        ];
        let mut known = [plain::NAMES, asking::NAMES, jobs::NAMES, &triggers].concat();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
    }
}
