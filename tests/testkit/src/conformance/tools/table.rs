//! Which tools there are.

use serde_json::{Value, json};

use super::schemas;

/// A tool: its name, what it is for, and its arguments.
type Row = (&'static str, &'static str, fn() -> Value);

/// `test_simple_text` stays the first: the suite calls the first tool without arguments.
const TOOLS: [Row; 36] = [
    ("test_simple_text", "Says something", schemas::nothing),
    ("test_image_content", "Shows a picture", schemas::nothing),
    ("test_audio_content", "Plays silence", schemas::nothing),
    (
        "test_embedded_resource",
        "Brings a resource along",
        schemas::nothing,
    ),
    (
        "test_multiple_content_types",
        "Brings a text, a picture and a resource",
        schemas::nothing,
    ),
    (
        "test_tool_with_logging",
        "Logs three lines",
        schemas::nothing,
    ),
    ("test_logging_tool", "Logs a line", schemas::nothing),
    (
        "test_tool_with_progress",
        "Reports progress three times",
        schemas::nothing,
    ),
    ("test_error_handling", "Fails", schemas::nothing),
    (
        "test_reconnection",
        "Closes its stream before it answers",
        schemas::nothing,
    ),
    ("test_sampling", "Asks the model", || {
        schemas::texts(&["prompt"])
    }),
    ("test_elicitation", "Asks the user", || {
        schemas::texts(&["message"])
    }),
    (
        "test_elicitation_sep1034_defaults",
        "Asks with defaults",
        schemas::nothing,
    ),
    (
        "test_elicitation_sep1330_enums",
        "Asks with choices",
        schemas::nothing,
    ),
    (
        "json_schema_2020_12_tool",
        "Has a schema with everything",
        schemas::everything,
    ),
    (
        "test_header_param",
        "Wants an argument repeated in a header",
        schemas::region,
    ),
    (
        "test_missing_capability",
        "Needs sampling",
        schemas::nothing,
    ),
    (
        "test_streaming_elicitation",
        "Reports progress, then asks",
        schemas::nothing,
    ),
    (
        "test_trigger_tool_change",
        "Adds or removes a tool",
        schemas::nothing,
    ),
    (
        "test_trigger_prompt_change",
        "Adds or removes a prompt",
        schemas::nothing,
    ),
    (
        "test_trigger_resource_update",
        "Tells of a changed resource",
        schemas::nothing,
    ),
    (
        "test_input_required_result_elicitation",
        "Asks for a name",
        schemas::nothing,
    ),
    (
        "test_input_required_result_sampling",
        "Asks for a capital",
        schemas::nothing,
    ),
    (
        "test_input_required_result_list_roots",
        "Asks for the roots",
        schemas::nothing,
    ),
    (
        "test_input_required_result_request_state",
        "Asks, and remembers",
        schemas::nothing,
    ),
    (
        "test_input_required_result_multiple_inputs",
        "Asks three things at once",
        schemas::nothing,
    ),
    (
        "test_input_required_result_multi_round",
        "Asks twice",
        schemas::nothing,
    ),
    (
        "test_input_required_result_tampered_state",
        "Asks, and trusts nobody",
        schemas::nothing,
    ),
    (
        "test_input_required_result_capabilities",
        "Asks what can be asked",
        schemas::nothing,
    ),
    (
        "test_tool_with_task",
        "Asks, then works on as a task",
        schemas::nothing,
    ),
    ("greet", "Greets", || schemas::texts(&["name"])),
    (
        "slow_compute",
        "Computes for some seconds, as a task if possible",
        schemas::seconds,
    ),
    ("failing_job", "Fails, as a task only", schemas::nothing),
    (
        "protocol_error_job",
        "Breaks, as a task if possible",
        schemas::nothing,
    ),
    ("confirm_delete", "Asks before it deletes", || {
        schemas::texts(&["filename"])
    }),
    ("multi_input", "Asks two things at once", schemas::nothing),
];

/// As `tools/list` gives them.
pub(super) fn all() -> Vec<Value> {
    TOOLS
        .iter()
        .map(|(name, about, schema)| {
            json!({ "name": name, "description": about, "inputSchema": schema() })
        })
        .collect()
}

/// The headers that a tool wants, each with the argument it repeats.
pub(crate) fn headers(tool: &str) -> Vec<(String, String)> {
    let schema = TOOLS
        .iter()
        .find(|(name, ..)| *name == tool)
        .map(|(.., schema)| schema())
        .unwrap_or_default();
    let properties = schema["properties"].as_object();
    properties
        .into_iter()
        .flatten()
        .filter_map(|(property, schema)| {
            let header = schema["x-mcp-header"].as_str()?;
            Some((header.to_owned(), property.clone()))
        })
        .collect()
}
