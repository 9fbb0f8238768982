//! What the scenarios of the suite want asked. Their servers judge by themselves; which of them a
//! refusal is the right end of is known here only.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::Options;
use super::answers;
use super::front::Front;
use crate::wait;

/// Sign-ins that must not succeed.
const REFUSED: [&str; 7] = [
    "auth/resource-mismatch",
    "auth/scope-retry-limit",
    "auth/iss-supported-missing",
    "auth/iss-wrong-issuer",
    "auth/iss-unexpected",
    "auth/iss-normalized",
    "auth/metadata-issuer-mismatch",
];

/// What is known about one before it begins.
pub(super) struct Scenario {
    name: String,
    /// Its server wants a sign-in.
    pub(super) signs_in: bool,
    /// It is right when the server cannot be used.
    pub(super) is_refused: bool,
}

impl Scenario {
    /// A scenario by the suite's name for it.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            signs_in: name.starts_with("auth/"),
            is_refused: REFUSED.contains(&name),
        }
    }
}

/// Asks what the scenario wants asked.
pub(super) async fn run(options: &Options, front: &Front) -> anyhow::Result<()> {
    match options.scenario.name.as_str() {
        // It looks at how the gateway greets its server, which has nothing to be listed.
        "request-metadata" => Ok(()),
        "initialize" => front.list("tools/list", "tools").await.map(drop),
        // It looks at what is done with a list.
        "json-schema-ref-no-deref" => tools(front).await.map(drop),
        "http-custom-headers" => given_calls(options, front).await,
        "json-schema-2020-12-preservation" => schema_back(front).await,
        "sep-2322-client-request-state" => every_tool(front, Some("test_mrtr_unrelated")).await,
        "http-standard-headers" => {
            every_tool(front, None).await?;
            everything_else(front).await
        }
        _ => every_tool(front, None).await,
    }
}

/// The tools, as soon as they are known.
pub(super) async fn tools(front: &Front) -> anyhow::Result<Vec<Value>> {
    let listed = wait::until("there are tools", async || {
        match front.list("tools/list", "tools").await {
            Ok(tools) if tools.is_empty() => None,
            listed => Some(listed),
        }
    });
    listed.await
}

/// Calls each tool with what its schema wants; where one asks back, `between` is called before
/// it is answered.
async fn every_tool(front: &Front, between: Option<&str>) -> anyhow::Result<()> {
    let tools = tools(front).await?;
    let between = between.map(|name| {
        let mut tools = tools.iter();
        let found = tools.find(|tool| tool["name"] == name);
        found.with_context(|| format!("no tool {name}"))
    });
    let between = between.transpose()?;
    for tool in &tools {
        front.call(tool, &arguments(tool), between).await?;
    }
    Ok(())
}

/// What a tool's schema wants.
pub(super) fn arguments(tool: &Value) -> Value {
    let properties = tool["inputSchema"]["properties"].as_object();
    properties.map(answers::filled).unwrap_or_default().into()
}

/// The calls that the suite has written down.
async fn given_calls(options: &Options, front: &Front) -> anyhow::Result<()> {
    let tools = tools(front).await?;
    let calls = options.context["toolCalls"].as_array();
    for call in calls.context("the suite names calls")? {
        let mut known = tools.iter();
        let tool = known.find(|tool| tool["name"] == call["name"]);
        let tool = tool.with_context(|| format!("no tool for {call}"))?;
        front.call(tool, &call["arguments"], None).await?;
    }
    Ok(())
}

/// Calls a tool with the schema of another one.
async fn schema_back(front: &Front) -> anyhow::Result<()> {
    let tools = tools(front).await?;
    let named = |name: &str| {
        let found = tools.iter().find(|tool| tool["name"] == name);
        found.with_context(|| format!("no tool {name}"))
    };
    let schema = &named("json_schema_2020_12_tool")?["inputSchema"];
    let echo = named("json_schema_echo")?;
    let schema = json!({ "schema": schema });
    front.call(echo, &schema, None).await.map(drop)
}

/// Reads every resource, and gets every prompt.
async fn everything_else(front: &Front) -> anyhow::Result<()> {
    let resources = front.list("resources/list", "resources").await?;
    let prompts = front.list("prompts/list", "prompts").await?;
    ensure!(
        !resources.is_empty() && !prompts.is_empty(),
        "no resources, or no prompts"
    );
    for resource in resources {
        let which = json!({ "uri": resource["uri"] });
        front.ask("resources/read", &which).await?;
    }
    for prompt in prompts {
        let which = json!({ "name": prompt["name"] });
        front.ask("prompts/get", &which).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_that_must_fail_is_told_from_one_that_must_not() {
        let wrong = Scenario::named("auth/iss-wrong-issuer");
        assert!(wrong.signs_in && wrong.is_refused);
        let right = Scenario::named("auth/iss-supported");
        assert!(right.signs_in && !right.is_refused);
        assert!(!Scenario::named("tools_call").signs_in);
    }
}
