//! What the demo offers besides calls: its lists, its prompt, its resources, its completions.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};

const WELCOME: &str = "demo://welcome";
const GREETING: &str = "demo://greeting/";

/// Names that the greeting's template completes.
const NAMES: [&str; 6] = ["Ada", "Alan", "Grace", "Linus", "小明", "小红"];

pub(super) fn tools() -> Value {
    let read_only = json!({ "readOnlyHint": true, "idempotentHint": true, "openWorldHint": false });
    let changing = json!({ "readOnlyHint": true, "idempotentHint": false, "openWorldHint": false });
    json!({ "tools": [
        {
            "name": "echo",
            "title": "Echo / 回声",
            "description": "Returns the text it is given. / 原样返回给定的文本。",
            "inputSchema": object(json!({
                "text": { "type": "string", "description": "What to return / 要返回的文本" }
            }), &["text"]),
            "annotations": read_only,
        },
        {
            "name": "add",
            "title": "Add / 加法",
            "description": "Adds two numbers. / 计算两个数之和。",
            "inputSchema": object(json!({
                "a": { "type": "number", "description": "First number / 第一个数" },
                "b": { "type": "number", "description": "Second number / 第二个数" }
            }), &["a", "b"]),
            "outputSchema": object(json!({ "sum": { "type": "number" } }), &["sum"]),
            "annotations": read_only,
        },
        {
            "name": "current_time",
            "title": "Current time / 当前时间",
            "description": "Says what time it is, in UTC or at an offset from it. / 返回当前时间（UTC 或指定的时差）。",
            "inputSchema": object(json!({
                "utcOffsetHours": {
                    "type": "integer", "minimum": -12, "maximum": 14,
                    "description": "Hours ahead of UTC, 8 for Beijing / 与 UTC 的时差，北京为 8"
                }
            }), &[]),
            "annotations": changing,
        },
        {
            "name": "roll_dice",
            "title": "Roll dice / 掷骰子",
            "description": "Rolls dice and adds them up. / 掷若干骰子并求和。",
            "inputSchema": object(json!({
                "count": { "type": "integer", "minimum": 1, "maximum": 100, "description": "How many / 个数" },
                "sides": { "type": "integer", "minimum": 2, "maximum": 1000, "description": "Sides of each / 面数" }
            }), &[]),
            "annotations": changing,
        },
        {
            "name": "slow_count",
            "title": "Slow count / 慢速计数",
            "description": "Counts slowly, reports progress and can be cancelled. / 慢慢计数，报告进度，可以取消。",
            "inputSchema": object(json!({
                "to": { "type": "integer", "minimum": 1, "maximum": 1000, "description": "Last number / 数到几" },
                "delayMs": { "type": "integer", "minimum": 0, "maximum": 60000, "description": "Pause before each / 每步间隔（毫秒）" }
            }), &[]),
            "annotations": read_only,
        },
        {
            "name": "ask_name",
            "title": "Ask for a name / 询问姓名",
            "description": "Asks the user for a name and greets them; the client must support elicitation. / 询问用户姓名并问候；需要客户端支持 elicitation。",
            "inputSchema": object(json!({}), &[]),
            "annotations": changing,
        }
    ] })
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

pub(super) fn prompts() -> Value {
    json!({ "prompts": [{
        "name": "tour",
        "title": "Tour / 导览",
        "description": "Lets the model show what this server can do. / 让模型演示本服务器的功能。",
        "arguments": [{ "name": "language", "description": "en or zh / en 或 zh", "required": false }]
    }] })
}

pub(super) fn prompt(params: &Value) -> Answer {
    let name = string(params, "name")?;
    if name != "tour" {
        return Err(Refusal::bad_params(format!(
            "unknown prompt / 未知提示：{name}"
        )));
    }
    let text = match params
        .pointer("/arguments/language")
        .and_then(Value::as_str)
        .unwrap_or("en")
    {
        "zh" => {
            "请依次调用 demo 服务器的 echo、add、current_time 和 roll_dice 工具，并说明每个工具的作用。"
        }
        "en" => {
            "Call the demo server's tools echo, add, current_time and roll_dice in turn and say what each one does."
        }
        other => {
            return Err(Refusal::bad_params(format!(
                "language is en or zh / language 应为 en 或 zh: {other}"
            )));
        }
    };
    Ok(json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }] }))
}

pub(super) fn resources() -> Value {
    json!({ "resources": [{
        "uri": WELCOME,
        "name": "welcome",
        "title": "Welcome / 欢迎",
        "description": "What this server is for. / 本服务器的用途。",
        "mimeType": "text/plain"
    }] })
}

pub(super) fn templates() -> Value {
    json!({ "resourceTemplates": [{
        "uriTemplate": format!("{GREETING}{{name}}"),
        "name": "greeting",
        "title": "Greeting / 问候",
        "description": "A greeting for somebody. / 给某人的问候。",
        "mimeType": "text/plain"
    }] })
}

pub(super) fn resource(params: &Value) -> Answer {
    let uri = string(params, "uri")?;
    let text = match uri.strip_prefix(GREETING) {
        _ if uri == WELCOME => {
            "This server comes with MCP Gateway, to try things out. / 本服务器随 MCP Gateway 提供，供试用。".to_owned()
        }
        Some(name) if !name.is_empty() => format!("Hello, {name}! / 你好，{name}！"),
        // 2025-11-25, server/resources, "Error Handling".
        _ => return Err(Refusal { code: -32002, message: format!("resource not found / 找不到资源：{uri}") }),
    };
    Ok(json!({ "contents": [{ "uri": uri, "mimeType": "text/plain", "text": text }] }))
}

pub(super) fn complete(params: &Value) -> Answer {
    let typed = params.pointer("/argument/value").and_then(Value::as_str);
    let typed = typed
        .ok_or_else(|| Refusal::bad_params("argument.value is missing / 缺少 argument.value"))?;
    let known = params.pointer("/ref/uri").and_then(Value::as_str)
        == Some(&format!("{GREETING}{{name}}"))
        && params.pointer("/argument/name").and_then(Value::as_str) == Some("name");
    let typed = typed.to_lowercase();
    let values: Vec<_> = NAMES
        .into_iter()
        .filter(|name| known && name.to_lowercase().starts_with(&typed))
        .collect();
    Ok(json!({ "completion": { "total": values.len(), "hasMore": false, "values": values } }))
}

/// A string that the parameters must have.
pub(super) fn string<'a>(params: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    params
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::bad_params(format!("{key} must be a string / {key} 应为字符串")))
}
