//! Tools that ask nobody.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::caller::Caller;
use super::super::message::{Fault, failure, text};

/// A red pixel.
pub(crate) const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
/// A millisecond of silence.
const SILENCE: &str = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==";

const MOMENT: Duration = Duration::from_millis(50);

pub(super) const NAMES: &[&str] = &[
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_logging_tool",
    "test_tool_with_progress",
    "test_error_handling",
    "test_reconnection",
    "json_schema_2020_12_tool",
    "test_header_param",
    "greet",
];

pub(super) async fn call(caller: &Caller) -> Result<Value, Fault> {
    let picture = json!({ "type": "image", "data": PIXEL, "mimeType": "image/png" });
    Ok(match caller.name() {
        "test_simple_text" => text("This is a simple text response for testing."),
        "test_image_content" => json!({ "content": [picture] }),
        "test_audio_content" => json!({
            "content": [{ "type": "audio", "data": SILENCE, "mimeType": "audio/wav" }]
        }),
        "test_embedded_resource" => {
            let words = "This is an embedded resource content.";
            json!({ "content": [resource("test://embedded-resource", "text/plain", words)] })
        }
        "test_multiple_content_types" => {
            let data = json!({ "test": "data", "value": 123 }).to_string();
            json!({ "content": [
                { "type": "text", "text": "Multiple content types test:" },
                picture,
                resource("test://mixed-content-resource", "application/json", &data),
            ] })
        }
        "test_tool_with_logging" => {
            caller.log("info", "Tool execution started");
            sleep(MOMENT).await;
            caller.log("info", "Tool processing data");
            sleep(MOMENT).await;
            caller.log("info", "Tool execution completed");
            text("Three lines were logged.")
        }
        "test_logging_tool" => {
            caller.log("info", "A line");
            text("A line was logged, if that was wanted.")
        }
        "test_tool_with_progress" => {
            caller.report(0, 100);
            sleep(MOMENT).await;
            caller.report(50, 100);
            sleep(MOMENT).await;
            caller.report(100, 100);
            text("It is done.")
        }
        "test_error_handling" => failure("This tool intentionally returns an error for testing"),
        "test_reconnection" => {
            sleep(2 * MOMENT).await;
            text("The answer came after the stream was closed, where that is possible.")
        }
        "greet" => text(format!("Hello, {}!", caller.text_argument("name")?)),
        _ => text(caller.params["arguments"].to_string()),
    })
}

fn resource(uri: &str, kind: &str, text: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } })
}
