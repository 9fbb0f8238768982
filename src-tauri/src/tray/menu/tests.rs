use super::*;

fn server(name: &str, state: &str, tools: usize) -> serde_json::Value {
    let error = (state == "failing").then(|| {
        serde_json::json!({
            "message": { "en": "npx was not found\nlooked in /bin", "zh": "找不到 npx\n查找了 /bin" },
            "remedy": null,
            "lastLines": [],
        })
    });
    serde_json::json!({ "name": name, "state": state, "tools": tools, "error": error })
}

fn status(state: &str, servers: &[serde_json::Value]) -> Status {
    serde_json::from_value(serde_json::json!({
        "state": state,
        "endpoint": "http://localhost:4298/mcp",
        "servers": servers,
    }))
    .expect("a status")
}

fn one_failing() -> News {
    News::Running(status(
        "degraded",
        &[
            server("git", "ready", 12),
            server("web", "failing", 0),
            server("old", "disabled", 0),
        ],
    ))
}

/// A menu as a reader sees it: a dot before what cannot be clicked, a box before what is checked.
fn drawn(entries: &[Entry]) -> String {
    let mut lines = Vec::new();
    draw(entries, 0, &mut lines);
    lines.join("\n")
}

fn draw(entries: &[Entry], depth: usize, lines: &mut Vec<String>) {
    for entry in entries {
        let line = match entry {
            Entry::Separator => "---".to_owned(),
            Entry::Item { label, enabled, .. } => {
                format!("{}{label}", if *enabled { "" } else { "· " })
            }
            Entry::Check {
                label,
                enabled,
                checked,
                ..
            } => format!(
                "{}[{}] {label}",
                if *enabled { "" } else { "· " },
                if *checked { "x" } else { " " }
            ),
            Entry::Submenu { label, .. } => format!("{label} >"),
        };
        lines.push(format!("{}{line}", "  ".repeat(depth)));
        if let Entry::Submenu { entries, .. } = entry {
            draw(entries, depth + 1, lines);
        }
    }
}

#[test]
fn a_failing_server_is_told_with_its_cause() {
    assert_eq!(
        drawn(&menu(&one_failing(), Language::English, Some(true))),
        "\
· Needs attention
· 1 of 2 servers, 12 tools
---
· Needs attention
web — npx was not found
---
Servers >
  git >
    · Ready
    Restart
    [x] Enabled
    Open…
  web (Failing) >
    · Failing
    Restart
    [x] Enabled
    Open…
  old (Disabled) >
    · Disabled
    · Restart
    [ ] Enabled
    Open…
  ---
  Add server…
Doctor…
Copy endpoint
---
Open MCP Gateway
[x] Run at login
---
Quit"
    );
}

#[test]
fn the_same_in_chinese() {
    assert_eq!(
        drawn(&menu(&one_failing(), Language::Chinese, Some(false))),
        "\
· 需要处理
· 1/2 个服务器可用，12 个工具
---
· 需要处理
web：找不到 npx
---
服务器 >
  git >
    · 就绪
    重启
    [x] 启用
    打开…
  web（出错） >
    · 出错
    重启
    [x] 启用
    打开…
  old（已停用） >
    · 已停用
    · 重启
    [ ] 启用
    打开…
  ---
  添加服务器…
诊断…
复制接入地址
---
打开 MCP Gateway
[ ] 登录时启动
---
退出"
    );
}

#[test]
fn a_gateway_that_could_not_start_says_why_and_tries_again() {
    let news = News::Failed(Words::new("port 4298 is taken", "端口 4298 已被占用"));
    assert_eq!(
        drawn(&menu(&news, Language::English, None)),
        "\
The gateway could not start
· port 4298 is taken
Try again
---
Open MCP Gateway
· [ ] Run at login
---
Quit"
    );
}

#[test]
fn each_mistake_of_a_file_that_keeps_it_from_starting_is_told_with_its_line() {
    let lines = |count| {
        let mistakes = (1..=count).map(|n| format!("Line {n}: is wrong"));
        let lines = std::iter::once("The file cannot be used:".to_owned()).chain(mistakes);
        lines.collect::<Vec<_>>().join("\n")
    };
    let told = |count| {
        let news = News::Failed(Words::new(lines(count), "否"));
        let drawn = drawn(&menu(&news, Language::English, None));
        drawn.split("\n---").next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        told(2),
        "\
The gateway could not start
· The file cannot be used:
· Line 1: is wrong
· Line 2: is wrong
Try again"
    );
    assert!(told(10).ends_with("· Line 8: is wrong\nAnd 2 more…\nTry again"));
}

#[test]
fn what_is_waited_for_is_told() {
    let news = News::Waiting(Words::new("Waiting for a gateway", "正在等待一个网关"));
    assert!(
        drawn(&menu(&news, Language::Chinese, None))
            .starts_with("· 正在启动\n· 正在等待一个网关\n---")
    );
    assert_eq!(mark(&news), Mark::Busy);
    assert_eq!(
        tooltip(&news, Language::English),
        "MCP Gateway\nStarting\nWaiting for a gateway"
    );
}

#[test]
fn while_it_starts_there_is_nothing_to_list_yet() {
    assert_eq!(
        drawn(&menu(&News::Starting, Language::Chinese, Some(false))),
        "\
· 正在启动
---
打开 MCP Gateway
[ ] 登录时启动
---
退出"
    );
}

#[test]
fn the_demo_cannot_be_switched_off() {
    let mut demo = server("demo", "ready", 3);
    demo["builtIn"] = true.into();
    let drawn = drawn(&menu(
        &News::Running(status("ok", &[demo])),
        Language::English,
        None,
    ));
    assert!(drawn.contains("· [x] Enabled"), "{drawn}");
}

#[test]
fn long_lists_end_where_the_window_goes_on() {
    let many: Vec<_> = (0..60)
        .map(|n| server(&format!("s{n}"), "failing", 0))
        .collect();
    let entries = menu(
        &News::Running(status("degraded", &many)),
        Language::English,
        None,
    );
    let drawn = drawn(&entries);
    assert_eq!(drawn.matches(" — npx").count(), MOST_CAUSES);
    assert!(drawn.contains("And 52 more…"), "{drawn}");
    assert_eq!(drawn.matches("(Failing) >").count(), MOST_SERVERS);
    assert!(drawn.contains("  All servers…\n"), "{drawn}");
}

#[test]
fn exactly_as_many_as_fit_leave_nothing_out() {
    let many: Vec<_> = (0..MOST_CAUSES)
        .map(|n| server(&format!("s{n}"), "failing", 0))
        .collect();
    let entries = menu(
        &News::Running(status("degraded", &many)),
        Language::English,
        None,
    );
    assert!(!drawn(&entries).contains("more…"));
    assert!(!drawn(&entries).contains("All servers"));
}

#[test]
fn a_click_on_a_cause_leads_to_its_server() {
    let entries = menu(&one_failing(), Language::English, None);
    let id = entries.iter().find_map(|entry| match entry {
        Entry::Item { id, label, .. } if label.starts_with("web — ") => Some(id),
        _ => None,
    });
    assert_eq!(
        Action::of(id.expect("the cause")),
        Some(Action::Go(Route::server("web")))
    );
}

#[test]
fn the_icon_tells_good_from_bad() {
    let of = |state, servers: &[_]| mark(&News::Running(status(state, servers)));
    let (ready, failing, disabled) = (
        server("a", "ready", 1),
        server("b", "failing", 0),
        server("c", "disabled", 0),
    );
    assert_eq!(mark(&News::Starting), Mark::Busy);
    assert_eq!(mark(&News::Failed(Words::new("x", "x"))), Mark::Bad);
    assert_eq!(of("ok", std::slice::from_ref(&ready)), Mark::Ok);
    assert_eq!(of("initializing", std::slice::from_ref(&ready)), Mark::Busy);
    assert_eq!(of("degraded", &[ready, failing.clone()]), Mark::Warn);
    assert_eq!(of("degraded", &[failing, disabled.clone()]), Mark::Bad);
    assert_eq!(of("ok", &[disabled]), Mark::Off);
}

#[test]
fn the_tooltip_has_the_state_and_the_counts() {
    assert_eq!(
        tooltip(&one_failing(), Language::English),
        "MCP Gateway\nNeeds attention\n1 of 2 servers, 12 tools"
    );
    assert_eq!(
        tooltip(&News::Starting, Language::Chinese),
        "MCP Gateway\n正在启动"
    );
}

/// As `drawn`, without what comes before and after what waits for the user.
fn attention_in(status: Status, language: Language) -> String {
    let drawn = drawn(&menu(&News::Running(status), language, None));
    drawn.split("---\n").nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_client_that_asks_for_access_is_named_and_leads_to_the_accounts() {
    let mut asked = status("ok", &[server("git", "ready", 1)]);
    asked.approvals = 2;
    asked.asking = vec!["Claude Code".to_owned(), "x\ny".to_owned()];
    assert_eq!(
        attention_in(asked.clone(), Language::English),
        "· Needs attention\nClaude Code asks for access\nx asks for access\n"
    );
    assert_eq!(
        attention_in(asked.clone(), Language::Chinese),
        "· 需要处理\nClaude Code 请求访问\nx 请求访问\n"
    );
    let entries = menu(&News::Running(asked.clone()), Language::English, None);
    let id = entries.iter().find_map(|entry| match entry {
        Entry::Item { id, label, .. } if label.starts_with("Claude") => Some(id),
        _ => None,
    });
    assert_eq!(
        Action::of(id.expect("the client")),
        Some(Action::Go(Route::accounts()))
    );
    assert_eq!(mark(&News::Running(asked.clone())), Mark::Warn);

    asked.asking.clear();
    assert_eq!(
        attention_in(asked, Language::English),
        "· Needs attention\n2 clients ask for access\n"
    );
}

#[test]
fn an_account_that_is_signed_out_is_told_once() {
    let one = status(
        "ok",
        &[server("git", "ready", 1), server("ecs", "needsSignIn", 0)],
    );
    assert_eq!(
        attention_in(one.clone(), Language::English),
        "· Needs attention\necs — Needs sign-in\n"
    );
    assert_eq!(mark(&News::Running(one)), Mark::Warn);
    let all = status(
        "degraded",
        &[
            server("ecs", "needsSignIn", 0),
            server("oss", "needsSignIn", 0),
        ],
    );
    assert_eq!(
        attention_in(all.clone(), Language::Chinese),
        "· 需要处理\n2 个服务器需要登录\n"
    );
    assert_eq!(mark(&News::Running(all)), Mark::Warn);
}

#[test]
fn a_file_with_mistakes_is_told_and_leads_to_the_window() {
    let mut broken = status("ok", &[server("git", "ready", 12)]);
    broken.config_problems = serde_json::from_str(
        r#"[{"key": "servers[0].url", "line": 3, "message": {"en": "is no URL", "zh": "不是网址"}},
            {"key": "", "line": 9, "message": {"en": "odd", "zh": "有误"}}]"#,
    )
    .expect("two");
    assert_eq!(
        attention_in(broken.clone(), Language::English),
        "· Needs attention\nThe configuration file has 2 problems\nLine 3: servers[0].url: is no URL\nLine 9: odd\n"
    );
    let news = News::Running(broken);
    assert_eq!(mark(&news), Mark::Warn);
    let told = |language| {
        let entries = menu(&news, language, None);
        let found = entries.iter().find_map(|entry| match entry {
            Entry::Item {
                id,
                label,
                enabled: true,
            } if id == "go /" => Some(label.clone()),
            _ => None,
        });
        found.expect("an entry that leads there")
    };
    assert_eq!(
        told(Language::English),
        "The configuration file has 2 problems"
    );
    assert_eq!(told(Language::Chinese), "配置文件有 2 处问题");
}
