//! What came of a sign-in, in words, from what the core answered to `POST /api/accounts/callback`.
//! Pure.

use gateway::words::Words;
use serde::Deserialize;

use crate::notices::Notice;
use crate::said::Said;

/// A name that a provider gives; more of it does not fit into a sentence.
const LONGEST_NAME: usize = 80;

/// The sign-in is done.
#[derive(Deserialize)]
struct SignedIn {
    provider: String,
    name: Option<String>,
}

/// It is not; see `Problem` in ui/src/api/types.ts.
#[derive(Deserialize)]
struct Problem {
    message: Said,
    remedy: Option<Said>,
}

/// There is no gateway; see `core/entrance`.
#[derive(Deserialize)]
struct Outage {
    failure: Said,
}

/// The core's answer, for a person.
pub(super) fn outcome(status: u16, body: &str) -> Notice {
    if (200..300).contains(&status) {
        return Notice::good(signed_in(serde_json::from_str(body).ok()));
    }
    if let Ok(problem) = serde_json::from_str::<Problem>(body) {
        return Notice::bad(problem.message.into(), problem.remedy.map(Words::from));
    }
    if let Ok(Outage { failure }) = serde_json::from_str(body) {
        return not_running(&failure.into());
    }
    unexpected(status)
}

/// Where the browser goes on, in which a client waits for its access.
pub(super) fn next(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Done {
        next: Option<String>,
    }
    serde_json::from_str::<Done>(body).ok()?.next
}

/// Nobody answered.
pub(super) fn unanswered() -> Notice {
    Notice::bad(
        Words::new(
            "The sign-in could not be finished: the gateway has ended.",
            "登录未能完成：网关已停止运行。",
        ),
        Some(again()),
    )
}

fn signed_in(answer: Option<SignedIn>) -> Words {
    let Some(SignedIn { provider, name }) = answer else {
        return Words::new("Signed in.", "登录成功。");
    };
    let place = place(&provider);
    match name.map(|name| presentable(&name)) {
        Some(name) if !name.is_empty() => Words::new(
            format!("Signed in to {} as {name}.", place.en),
            format!("已登录{}，账号：{name}。", place.zh),
        ),
        _ => Words::new(
            format!("Signed in to {}.", place.en),
            format!("已登录{}。", place.zh),
        ),
    }
}

/// An account's provider by its id, as `GET /api/accounts` has it.
fn place(provider: &str) -> Words {
    match provider {
        "aliyun:intl" => Words::new("Alibaba Cloud International", "阿里云国际站"),
        "aliyun:cn" => Words::new("the China site of Alibaba Cloud", "阿里云中国站"),
        other => {
            let name = presentable(other.strip_prefix("server:").unwrap_or(other));
            Words::new(name.clone(), format!(" {name}"))
        }
    }
}

/// A text of others within a sentence of ours.
fn presentable(text: &str) -> String {
    let clean = text.chars().filter(|c| !c.is_control());
    clean
        .take(LONGEST_NAME)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn not_running(cause: &Words) -> Notice {
    Notice::bad(
        Words::new(
            format!(
                "The sign-in could not be finished, because the gateway could not start: {}",
                cause.en
            ),
            format!("登录未能完成，因为网关无法启动：{}", cause.zh),
        ),
        Some(again()),
    )
}

fn unexpected(status: u16) -> Notice {
    Notice::bad(
        Words::new(
            format!("The sign-in could not be finished: the gateway answered with HTTP {status}."),
            format!("登录未能完成：网关返回了 HTTP {status}。"),
        ),
        Some(again()),
    )
}

fn again() -> Words {
    Words::new(
        "Begin the sign-in again under Accounts.",
        "请在“账号”页面重新登录。",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(status: u16, body: &str) -> String {
        outcome(status, body).text().en
    }

    #[test]
    fn a_sign_in_that_is_done_names_the_account() {
        let notice = outcome(200, r#"{"provider":"aliyun:intl","name":"me@example.com"}"#);
        assert!(notice.is_good());
        assert_eq!(
            notice.text(),
            Words::new(
                "Signed in to Alibaba Cloud International as me@example.com.",
                "已登录阿里云国际站，账号：me@example.com。"
            )
        );
        assert_eq!(
            outcome(200, r#"{"provider":"server:github","name":null}"#).text(),
            Words::new("Signed in to github.", "已登录 github。")
        );
        assert_eq!(english(204, ""), "Signed in.");
    }

    #[test]
    fn a_name_cannot_break_the_sentence() {
        let body = format!(
            r#"{{"provider":"server:x","name":"a\n{}"}}"#,
            "b".repeat(500)
        );
        let text = english(200, &body);
        assert!(!text.contains('\n') && text.len() < 120, "{text}");
        assert_eq!(
            english(200, r#"{"provider":"server:x","name":"\u0007 "}"#),
            "Signed in to x."
        );
    }

    #[test]
    fn a_refusal_is_told_in_the_core_s_words() {
        let notice = outcome(
            400,
            r#"{"error":"used","code":"invalid","fields":[],
                "message":{"en":"Used.","zh":"已用过。"},"remedy":{"en":"Again.","zh":"再来。"}}"#,
        );
        assert!(!notice.is_good());
        assert_eq!(notice.text(), Words::new("Used. Again.", "已用过。再来。"));
    }

    #[test]
    fn without_a_gateway_or_without_words_it_is_told_as_well() {
        let text = english(
            503,
            r#"{"failure":{"en":"The port is taken.","zh":"端口被占用。"}}"#,
        );
        assert!(text.contains("The port is taken."), "{text}");
        for body in ["", "not found", "{}"] {
            let text = english(404, body);
            assert!(text.contains("HTTP 404"), "{text}");
        }
        assert!(!unanswered().is_good());
    }
}
