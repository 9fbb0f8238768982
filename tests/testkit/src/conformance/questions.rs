//! Asking the client something: one way to write it, three ways it travels.

use serde_json::{Map, Value, json};

use super::caller::{Caller, Way};
use super::message::{Fault, Stop, failure};
use super::state;

/// A question to the client or its user.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// Unique within a request.
    pub(super) key: &'static str,
    method: &'static str,
    params: Value,
}

/// The results, by their question's key.
pub(super) type Answers = Map<String, Value>;

/// A question that could not be put, as a tool tells it.
#[derive(Debug)]
pub(super) enum Unanswered {
    Stop(Stop),
    /// The client cannot or will not.
    Refused(String),
}

/// Asks the user by a form.
pub(super) fn form(
    key: &'static str,
    message: &str,
    properties: Value,
    required: &[&str],
) -> Question {
    Question {
        key,
        method: "elicitation/create",
        params: json!({
            "message": message,
            "requestedSchema": { "type": "object", "properties": properties, "required": required },
        }),
    }
}

/// Asks for a name.
pub(super) fn name(key: &'static str, message: &str) -> Question {
    form(
        key,
        message,
        json!({ "name": { "type": "string" } }),
        &["name"],
    )
}

/// Asks the client's model.
pub(super) fn sample(key: &'static str, prompt: &str, most: u32) -> Question {
    Question {
        key,
        method: "sampling/createMessage",
        params: json!({
            "messages": [{ "role": "user", "content": { "type": "text", "text": prompt } }],
            "maxTokens": most,
        }),
    }
}

/// Asks for the client's roots.
pub(super) fn roots(key: &'static str) -> Question {
    Question {
        key,
        method: "roots/list",
        params: json!({}),
    }
}

// === impl Question ===

impl Question {
    /// The capability that a client needs to answer.
    pub(super) fn capability(&self) -> &'static str {
        match self.method {
            "elicitation/create" => "elicitation",
            "sampling/createMessage" => "sampling",
            _ => "roots",
        }
    }

    fn body(&self) -> Value {
        json!({ "method": self.method, "params": self.params })
    }

    /// Whether a result is one for this question at all.
    fn accepts(&self, answer: &Value) -> bool {
        match self.method {
            "elicitation/create" => answer["action"].is_string(),
            "sampling/createMessage" => {
                answer["content"].is_object() || answer["content"].is_array()
            }
            _ => answer["roots"].is_array(),
        }
    }
}

// === impl Unanswered ===

impl From<Stop> for Unanswered {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Fault> for Unanswered {
    fn from(fault: Fault) -> Self {
        Self::Stop(fault.into())
    }
}

impl Unanswered {
    /// As a tool ends that cannot go on.
    pub(super) fn end(self) -> Result<Value, Stop> {
        match self {
            Self::Stop(stop) => Err(stop),
            Self::Refused(why) => Ok(failure(why)),
        }
    }
}

/// Asks everything at once and gives all the answers. `state` is what a later round will need to
/// know; it counts only where rounds exist.
pub(super) async fn ask(
    caller: &Caller,
    questions: &[Question],
    state: Option<Value>,
) -> Result<Answers, Unanswered> {
    let missing = questions
        .iter()
        .map(Question::capability)
        .find(|capability| !caller.can(capability));
    match (&caller.way, missing) {
        (Way::Legacy(_), Some(capability)) => Err(Unanswered::Refused(format!(
            "the client does not support {capability}"
        ))),
        (_, Some(capability)) => Err(Fault::needs(json!({ capability: {} })).into()),
        (Way::Legacy(peer), None) => {
            let mut answers = Answers::new();
            for question in questions {
                let asked = peer.ask(&caller.outbox, question.body()).await;
                let answer = asked.map_err(|error| {
                    Unanswered::Refused(format!("the client refused {}: {error}", question.method))
                })?;
                answers.insert(question.key.to_owned(), answer);
            }
            Ok(answers)
        }
        (Way::Task(task), None) => {
            let asked = questions
                .iter()
                .map(|question| (question.key.to_owned(), question.body()));
            Ok(task.ask(&caller.fixture.board, asked.collect()).await)
        }
        (Way::Modern, None) => rounds(caller, questions, state),
    }
}

/// The answers, if this is the round that brings them all; otherwise everything is asked again.
fn rounds(
    caller: &Caller,
    questions: &[Question],
    state: Option<Value>,
) -> Result<Answers, Unanswered> {
    let given = caller.state()?;
    let mut answers = Answers::new();
    for question in questions {
        let answer = caller
            .responses()
            .and_then(|responses| responses.get(question.key))
            .filter(|answer| question.accepts(answer));
        if let Some(answer) = answer {
            answers.insert(question.key.to_owned(), answer.clone());
        }
    }
    if answers.len() == questions.len() {
        return match (&state, given) {
            (Some(_), None) => Err(Fault::invalid("requestState is missing").into()),
            _ => Ok(answers),
        };
    }
    let requests: Map<_, _> = questions
        .iter()
        .map(|question| (question.key.to_owned(), question.body()))
        .collect();
    let mut body = json!({ "inputRequests": requests });
    if let Some(state) = state {
        body["requestState"] = state::seal(caller.name(), &state).into();
    }
    Err(Stop::Input(body).into())
}

/// What a form brought, or how it was turned down.
pub(super) fn filled(answer: &Value, field: &str) -> String {
    match answer["content"][field].as_str() {
        Some(text) => text.to_owned(),
        None => answer["action"].as_str().unwrap_or("nothing").to_owned(),
    }
}
