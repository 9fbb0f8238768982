//! What the demo's tools do.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Number, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::answer::{Answer, Refusal, failed, text};
use super::session::Caller;

/// Runs one `tools/call`. Unknown tools are protocol errors, bad arguments are the tool's own
/// failures: the model that chose them can choose again.
pub(super) async fn call(params: &Value, caller: &Caller) -> Answer {
    let name = super::catalog::string(params, "name")?;
    let none = Map::new();
    let arguments = Arguments(match params.get("arguments") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(arguments)) => arguments,
        Some(_) => {
            return Err(Refusal::bad_params(
                "arguments must be an object / arguments 应为对象",
            ));
        }
    });
    let done = match name {
        "echo" => arguments.string("text").map(text),
        "add" => add(&arguments),
        "current_time" => current_time(&arguments),
        "roll_dice" => roll_dice(&arguments),
        "slow_count" => slow_count(&arguments, params, caller).await,
        "ask_name" => ask_name(caller).await,
        _ => {
            return Err(Refusal::bad_params(format!(
                "unknown tool / 未知工具：{name}"
            )));
        }
    };
    Ok(done.unwrap_or_else(failed))
}

/// A tool's result, or why it could not do it.
type Done = Result<Value, String>;

fn add(arguments: &Arguments<'_>) -> Done {
    let (a, b) = (arguments.number("a")?, arguments.number("b")?);
    // Whole numbers stay exact, whatever a float would make of them.
    let whole = |number: &Number| number.to_string().parse::<i128>().ok();
    let sum = match whole(a).zip(whole(b)).and_then(|(a, b)| a.checked_add(b)) {
        Some(sum) => sum.to_string(),
        None => {
            let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
            let sum = Number::from_f64(float(a) + float(b));
            sum.ok_or("the sum is out of range / 结果超出范围")?
                .to_string()
        }
    };
    let value: Value = serde_json::from_str(&sum).map_err(|error| error.to_string())?;
    let mut result = text(sum);
    result["structuredContent"] = json!({ "sum": value });
    Ok(result)
}

fn current_time(arguments: &Arguments<'_>) -> Done {
    let hours = arguments.whole("utcOffsetHours", -12..=14, 0)?;
    let hours = i8::try_from(hours).map_err(|error| error.to_string())?;
    let offset = UtcOffset::from_hms(hours, 0, 0).map_err(|error| error.to_string())?;
    let now = OffsetDateTime::now_utc().to_offset(offset);
    let now = now.replace_nanosecond(0).unwrap_or(now);
    now.format(&Rfc3339)
        .map(text)
        .map_err(|error| error.to_string())
}

fn roll_dice(arguments: &Arguments<'_>) -> Done {
    let count = arguments.whole("count", 1..=100, 2)?;
    let sides = arguments.whole("sides", 2..=1000, 6)?;
    let sides = u64::try_from(sides).map_err(|error| error.to_string())?;
    let mut rolls = Vec::new();
    for _ in 0..count {
        // 64 bits over at most 1000 sides: the bias is beyond anyone's patience.
        let random = getrandom::u64().map_err(|error| error.to_string())?;
        rolls.push(random % sides + 1);
    }
    let shown: Vec<_> = rolls.iter().map(ToString::to_string).collect();
    Ok(text(format!(
        "{} = {}",
        shown.join(" + "),
        rolls.iter().sum::<u64>()
    )))
}

async fn slow_count(arguments: &Arguments<'_>, params: &Value, caller: &Caller) -> Done {
    let to = arguments.whole("to", 1..=1000, 5)?;
    let delay = arguments.whole("delayMs", 0..=60_000, 500)?;
    let delay = Duration::from_millis(u64::try_from(delay).map_err(|error| error.to_string())?);
    let token = params.pointer("/_meta/progressToken");
    caller.log(&format!("counting to {to} / 数到 {to}"));
    for number in 1..=to {
        tokio::time::sleep(delay).await;
        if let Some(token) = token {
            caller.notify(
                "notifications/progress",
                json!({ "progressToken": token, "progress": number, "total": to, "message": format!("{number}/{to}") }),
            );
        }
    }
    Ok(text(format!("Counted to {to}. / 数到了 {to}。")))
}

async fn ask_name(caller: &Caller) -> Done {
    if !caller.can_be_asked() {
        return Err(
            "your client cannot ask the user (elicitation) / 您的客户端不支持询问用户(elicitation)"
                .to_owned(),
        );
    }
    let question = json!({
        "message": "What is your name? / 您叫什么名字？",
        "requestedSchema": {
            "type": "object",
            "properties": { "name": { "type": "string", "title": "Name / 姓名" } },
            "required": ["name"]
        }
    });
    let reply = caller.ask("elicitation/create", question).await?;
    match (
        reply.get("action").and_then(Value::as_str),
        reply.pointer("/content/name").and_then(Value::as_str),
    ) {
        (Some("accept"), Some(name)) => Ok(text(format!("Hello, {name}! / 你好，{name}！"))),
        _ => Ok(text("No name, no greeting. / 没有姓名，就不问候了。")),
    }
}

/// A call's arguments; each getter says what it wanted.
struct Arguments<'a>(&'a Map<String, Value>);

impl<'a> Arguments<'a> {
    fn string(&self, key: &str) -> Result<&'a str, String> {
        self.0
            .get(key)
            .and_then(Value::as_str)
            .ok_or_else(|| format!("{key} must be a string / {key} 应为字符串"))
    }

    fn number(&self, key: &str) -> Result<&'a Number, String> {
        match self.0.get(key) {
            Some(Value::Number(number)) => Ok(number),
            _ => Err(format!("{key} must be a number / {key} 应为数字")),
        }
    }

    fn whole(&self, key: &str, range: RangeInclusive<i64>, default: i64) -> Result<i64, String> {
        let Some(value) = self.0.get(key).filter(|value| !value.is_null()) else {
            return Ok(default);
        };
        value.as_i64().filter(|value| range.contains(value)).ok_or_else(|| {
            let (low, high) = (range.start(), range.end());
            format!("{key} must be a whole number from {low} to {high} / {key} 应为 {low} 到 {high} 的整数")
        })
    }
}
