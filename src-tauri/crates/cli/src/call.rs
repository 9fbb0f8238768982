//! `call`: one tool, its arguments, its result.

use std::io::{Read, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use gateway::words::Words;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::admin::Admin;
use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;
use crate::language::{failure, t};
use crate::running::{Ask, parse};

/// A call as the user typed it.
pub(crate) struct Call {
    pub(crate) name: String,
    /// A JSON object, sent as it was written.
    pub(crate) arguments: Box<RawValue>,
    pub(crate) json: bool,
}

#[derive(Serialize)]
struct Request<'a> {
    name: &'a str,
    arguments: &'a RawValue,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolResult {
    #[serde(default)]
    content: Vec<Value>,
    #[serde(default)]
    is_error: bool,
    #[serde(default)]
    structured_content: Option<Box<RawValue>>,
}

/// The arguments from the command line, or from `stdin` where it says `-`.
pub(crate) fn read_arguments(typed: String, stdin: &mut dyn Read) -> anyhow::Result<Box<RawValue>> {
    let text = if typed == "-" {
        let mut text = String::new();
        stdin.read_to_string(&mut text).context(t(
            "cannot read the arguments from stdin",
            "无法从标准输入读取参数",
        ))?;
        text
    } else {
        typed
    };
    let text = text.trim();
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) if value.get().starts_with('{') => Ok(value.to_owned()),
        Ok(_) => Err(failure(&Words::new(
            "the arguments must be a JSON object, such as '{\"text\": \"hello\"}'",
            "参数必须是 JSON 对象，例如 '{\"text\": \"你好\"}'",
        ))),
        Err(error) => Err(failure(&Words::new(
            format!(
                "the arguments are not JSON ({error}); write an object such as '{{\"text\": \"hello\"}}'"
            ),
            format!("参数不是 JSON({error})；请写成对象，例如 '{{\"text\": \"你好\"}}'"),
        ))),
    }
}

impl Call {
    /// Calls and prints. A tool that reports an error makes the exit code 1.
    pub(crate) fn run(
        &self,
        line: &CommandLine,
        target: &TargetArgs,
        context: &Context,
        out: &mut dyn Write,
    ) -> anyhow::Result<ExitCode> {
        let admin = Admin::find(line, target, context)?;
        let body = serde_json::to_vec(&Request {
            name: &self.name,
            arguments: &self.arguments,
        })?;
        let ask = Ask {
            method: Method::POST,
            path: "/tools/call",
            token: None,
            body: Some(body),
            deadline: None,
        };
        let answer = admin.ask(ask)?;
        let response: Response<'_> = parse(&answer)?;
        let result: ToolResult = parse(response.result.get().as_bytes())?;
        if self.json {
            writeln!(out, "{}", response.result.get())?;
        } else {
            print(&result, out)?;
        }
        Ok(if result.is_error {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// Text as it is, other content by what it is; structured content where there is nothing else.
fn print(result: &ToolResult, out: &mut dyn Write) -> anyhow::Result<()> {
    for item in &result.content {
        writeln!(out, "{}", readable(item))?;
    }
    if let (true, Some(structured)) = (result.content.is_empty(), &result.structured_content) {
        writeln!(out, "{}", structured.get())?;
    }
    Ok(())
}

fn readable(item: &Value) -> String {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text(item, "type").unwrap_or_default();
    let described = match kind.as_str() {
        "text" => return text(item, "text").unwrap_or_default(),
        "resource_link" => text(item, "uri"),
        "resource" => {
            let resource = item.get("resource").unwrap_or(&Value::Null);
            return text(resource, "text").unwrap_or_else(|| {
                format!("[{kind} {}]", text(resource, "uri").unwrap_or_default())
            });
        }
        _ => text(item, "mimeType"),
    };
    let hint = t("--json shows it", "用 --json 查看");
    format!("[{kind} {}; {hint}]", described.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_kept_as_they_were_written() {
        let stdin = &mut " {\"n\": 1.0, \"big\": 123456789012345678901234567890}\n".as_bytes();
        let arguments = read_arguments("-".to_owned(), stdin).expect("an object");
        assert_eq!(
            arguments.get(),
            "{\"n\": 1.0, \"big\": 123456789012345678901234567890}"
        );
        assert!(read_arguments("[1]".to_owned(), &mut std::io::empty()).is_err());
        assert!(read_arguments("{".to_owned(), &mut std::io::empty()).is_err());
    }

    #[test]
    fn content_is_text_or_named() {
        assert_eq!(readable(&json!({ "type": "text", "text": "a\nb" })), "a\nb");
        assert_eq!(
            readable(&json!({ "type": "resource", "resource": { "uri": "x:y", "text": "in" } })),
            "in"
        );
        assert_eq!(
            readable(&json!({ "type": "image", "mimeType": "image/png", "data": "" })),
            "[image image/png; --json shows it]"
        );
    }
}
