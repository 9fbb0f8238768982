//! Tools that ask the client or its user. What a tool does is the same in both eras; only where
//! rounds exist does it run again for each of them.

use serde_json::{Value, json};

use super::super::caller::Caller;
use super::super::message::{Outcome, failure, text};
use super::super::questions::{Question, Unanswered, ask, filled, form, name, roots, sample};
use super::schemas;

pub(super) const NAMES: &[&str] = &[
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

pub(super) async fn call(caller: &Caller) -> Outcome {
    match tool(caller).await {
        Ok(result) => Ok(result),
        Err(unanswered) => unanswered.end(),
    }
}

async fn tool(caller: &Caller) -> Result<Value, Unanswered> {
    let whoever = || name("user_name", "What is your name?");
    match caller.name() {
        "test_sampling" => sampled(caller, "sampling", caller.text_argument("prompt")?).await,
        "test_elicitation" => {
            let field = |about: &str| json!({ "type": "string", "description": about });
            let fields = json!({
                "username": field("The user's name"), "email": field("The user's address"),
            });
            let message = caller.text_argument("message")?;
            let question = form("user_input", message, fields, &["username", "email"]);
            let answers = ask(caller, &[question], None).await?;
            Ok(text(format!(
                "User response: {}",
                told(&answers["user_input"])
            )))
        }
        "test_elicitation_sep1034_defaults" => elicited(caller, schemas::with_defaults()).await,
        "test_elicitation_sep1330_enums" => elicited(caller, schemas::with_choices()).await,
        "test_missing_capability" => sampled(caller, "sampling", "Are you there?").await,
        "test_streaming_elicitation" => {
            caller.report(50, 100);
            greeted(caller, whoever()).await
        }
        "test_input_required_result_sampling" => {
            sampled(caller, "capital_question", "What is the capital of France?").await
        }
        "test_input_required_result_list_roots" => {
            let answers = ask(caller, &[roots("client_roots")], None).await?;
            Ok(text(format!("Roots: {}", answers["client_roots"]["roots"])))
        }
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => confirmed(caller).await,
        "test_input_required_result_multiple_inputs" => {
            let questions = [
                whoever(),
                sample("greeting", "Generate a greeting", 50),
                roots("client_roots"),
            ];
            let answers = ask(caller, &questions, Some(json!({ "asked": 3 }))).await?;
            let name = filled(&answers["user_name"], "name");
            let greeting = &answers["greeting"]["content"];
            let roots = &answers["client_roots"]["roots"];
            Ok(text(format!("{greeting} for {name} at {roots}")))
        }
        "test_input_required_result_multi_round" => two_rounds(caller).await,
        "test_input_required_result_capabilities" => {
            let mut questions = vec![whoever(), sample("greeting", "Generate a greeting", 50)];
            questions.retain(|question| caller.can(question.capability()));
            if questions.is_empty() {
                return Ok(failure("there is nothing that this client could be asked"));
            }
            let answers = ask(caller, &questions, None).await?;
            Ok(text(format!("Answered: {}", Value::from(answers))))
        }
        _ => greeted(caller, whoever()).await,
    }
}

async fn greeted(caller: &Caller, question: Question) -> Result<Value, Unanswered> {
    let key = question.key;
    let answers = ask(caller, &[question], None).await?;
    Ok(text(format!("Hello, {}!", filled(&answers[key], "name"))))
}

async fn sampled(caller: &Caller, key: &'static str, prompt: &str) -> Result<Value, Unanswered> {
    let answers = ask(caller, &[sample(key, prompt, 100)], None).await?;
    let said = &answers[key]["content"]["text"];
    Ok(text(format!(
        "LLM response: {}",
        said.as_str().unwrap_or_default()
    )))
}

async fn elicited(caller: &Caller, fields: Value) -> Result<Value, Unanswered> {
    let question = form("user_input", "Please fill this in", fields, &[]);
    let answers = ask(caller, &[question], None).await?;
    Ok(text(format!(
        "Elicitation completed: {}",
        told(&answers["user_input"])
    )))
}

/// The state must come back as it was given, or there is no answer at all.
async fn confirmed(caller: &Caller) -> Result<Value, Unanswered> {
    let fields = json!({ "ok": { "type": "boolean" } });
    let question = form("confirm", "Please confirm", fields, &["ok"]);
    let answers = ask(caller, &[question], Some(json!({ "asked": 1 }))).await?;
    Ok(text(format!("state-ok, {}", told(&answers["confirm"]))))
}

/// What the first round brought is in the state of the second.
async fn two_rounds(caller: &Caller) -> Result<Value, Unanswered> {
    let known = caller
        .state()?
        .and_then(|state| state["name"].as_str().map(str::to_owned));
    let first = match known {
        Some(name) => name,
        None => {
            let question = name("step1", "Step 1: What is your name?");
            let answers = ask(caller, &[question], Some(json!({ "step": 1 }))).await?;
            filled(&answers["step1"], "name")
        }
    };
    let fields = json!({ "color": { "type": "string" } });
    let question = form(
        "step2",
        "Step 2: What is your favorite color?",
        fields,
        &["color"],
    );
    let state = json!({ "step": 2, "name": first });
    let answers = ask(caller, &[question], Some(state)).await?;
    let color = filled(&answers["step2"], "color");
    Ok(text(format!("{first} likes {color}.")))
}

fn told(answer: &Value) -> String {
    let action = answer["action"].as_str().unwrap_or_default();
    format!("action={action}, content={}", answer["content"])
}
