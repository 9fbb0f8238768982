//! The prompts.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Fixture;
use super::caller::Caller;
use super::message::{Fault, Outcome};
use super::questions::{self, Unanswered};
use super::tools::PIXEL;

/// The prompt that comes and goes.
const MORE: &str = "test_added_prompt";

pub(super) fn list(fixture: &Fixture) -> Value {
    let argument = |name: &str| json!({ "name": name, "description": "A text", "required": true });
    let mut prompts = vec![
        json!({ "name": "test_simple_prompt", "description": "One message" }),
        json!({
            "name": "test_prompt_with_arguments",
            "description": "A message made of two arguments",
            "arguments": [argument("arg1"), argument("arg2")],
        }),
        json!({
            "name": "test_prompt_with_embedded_resource",
            "description": "A message with a resource in it",
            "arguments": [argument("resourceUri")],
        }),
        json!({ "name": "test_prompt_with_image", "description": "A message with a picture" }),
        json!({
            "name": "test_input_required_result_prompt",
            "description": "A message that needs the user's input",
        }),
    ];
    if fixture.more_prompts.load(Ordering::SeqCst) {
        prompts.push(json!({ "name": MORE, "description": "A prompt that comes and goes" }));
    }
    prompts.into()
}

pub(super) async fn get(caller: &Caller) -> Outcome {
    let contents = match caller.name() {
        "test_simple_prompt" => vec![said("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (one, two) = (caller.text_argument("arg1")?, caller.text_argument("arg2")?);
            vec![said(&format!(
                "Prompt with arguments: arg1='{one}', arg2='{two}'"
            ))]
        }
        "test_prompt_with_embedded_resource" => {
            let uri = caller.text_argument("resourceUri")?;
            let resource =
                json!({ "uri": uri, "mimeType": "text/plain", "text": "The embedded text." });
            vec![
                json!({ "type": "resource", "resource": resource }),
                said("Please work on the resource above."),
            ]
        }
        "test_prompt_with_image" => vec![
            json!({ "type": "image", "data": PIXEL, "mimeType": "image/png" }),
            said("Please look at the picture above."),
        ],
        "test_input_required_result_prompt" => match with_input(caller).await {
            Ok(content) => vec![content],
            Err(Unanswered::Stop(stop)) => return Err(stop),
            Err(Unanswered::Refused(why)) => return Err(Fault::invalid(why).into()),
        },
        MORE if caller.fixture.more_prompts.load(Ordering::SeqCst) => vec![said("Here today.")],
        other => return Err(Fault::invalid(format!("there is no prompt {other}")).into()),
    };
    let messages: Vec<_> = contents
        .into_iter()
        .map(|content| json!({ "role": "user", "content": content }))
        .collect();
    Ok(json!({ "messages": messages }))
}

async fn with_input(caller: &Caller) -> Result<Value, Unanswered> {
    let question = questions::form(
        "user_context",
        "What context should the prompt use?",
        json!({ "context": { "type": "string" } }),
        &["context"],
    );
    let answers = questions::ask(caller, &[question], None).await?;
    let context = questions::filled(&answers["user_context"], "context");
    Ok(said(&format!("A prompt for this context: {context}")))
}

fn said(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}
