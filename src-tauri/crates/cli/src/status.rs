//! `status`: how a running gateway and its servers are doing.

use std::io::Write;
use std::process::ExitCode;

use gateway::words::{Language, Words};
use serde::Deserialize;

use crate::admin::Admin;
use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;
use crate::language::t;
use crate::running::parse;
use crate::table::{Align, Table, printable};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    version: String,
    state: String,
    /// Seconds.
    uptime: f64,
    endpoint: String,
    config_path: Option<String>,
    sessions: u64,
    #[serde(default)]
    config_problems: Vec<ConfigProblem>,
    #[serde(default)]
    notices: Vec<Bilingual>,
    servers: Vec<Server>,
    #[serde(default)]
    clashes: Vec<Clash>,
}

#[derive(Deserialize)]
struct Bilingual {
    en: String,
    zh: String,
}

/// Something wrong with the file on disk.
#[derive(Deserialize)]
struct ConfigProblem {
    /// From 1; 0 where it is in no line.
    line: usize,
    column: usize,
    message: Bilingual,
    remedy: Option<Bilingual>,
}

#[derive(Deserialize)]
struct Server {
    name: String,
    transport: String,
    state: String,
    tools: u64,
    prompts: u64,
    resources: u64,
    pool: Pool,
    /// Bytes; none where no process of it runs on the gateway's machine.
    #[serde(default)]
    memory: Option<u64>,
    /// Percent of one core.
    #[serde(default)]
    cpu: Option<f64>,
    error: Option<ServerError>,
}

#[derive(Deserialize)]
struct Pool {
    total: u64,
    active: u64,
    max: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerError {
    message: Bilingual,
    remedy: Option<Bilingual>,
    #[serde(default)]
    last_lines: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clash {
    name: String,
    server: String,
    tool: String,
    exposed_as: String,
}

pub(crate) fn run(
    line: &CommandLine,
    target: &TargetArgs,
    json: bool,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let admin = Admin::find(line, target, context)?;
    let body = admin.get("/api/status")?;
    if json {
        out.write_all(&body)?;
        writeln!(out)?;
    } else {
        print(&parse(&body)?, context.language, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &Status, language: Language, out: &mut dyn Write) -> anyhow::Result<()> {
    let state = word(&status.state);
    writeln!(
        out,
        "MCP Gateway {} · {state} · {}",
        status.version,
        duration(status.uptime)
    )?;
    writeln!(out, "{} {}", t("Endpoint:", "端点："), status.endpoint)?;
    let config = status
        .config_path
        .as_deref()
        .unwrap_or(t("none, the built-in demo", "无，使用内置演示"));
    writeln!(out, "{} {config}", t("Config:", "配置："))?;
    writeln!(out, "{} {}\n", t("Sessions:", "会话："), status.sessions)?;
    print_problems(&status.config_problems, language, out)?;

    let mut table = Table::new([
        (t("SERVER", "服务器"), Align::Left),
        (t("STATE", "状态"), Align::Left),
        (t("VIA", "方式"), Align::Left),
        (t("TOOLS", "工具"), Align::Right),
        (t("PROMPTS", "提示"), Align::Right),
        (t("RESOURCES", "资源"), Align::Right),
        (t("MEMORY", "内存"), Align::Right),
        (t("CPU", "CPU"), Align::Right),
        (t("CONNECTIONS", "连接"), Align::Left),
    ]);
    for server in &status.servers {
        let Pool { total, active, max } = &server.pool;
        let busy = t("busy", "忙碌");
        table.row([
            server.name.clone(),
            word(&server.state).to_owned(),
            server.transport.clone(),
            server.tools.to_string(),
            server.prompts.to_string(),
            server.resources.to_string(),
            server.memory.map_or_else(nothing, megabytes),
            server.cpu.map_or_else(nothing, |cpu| format!("{cpu:.1}%")),
            format!("{total}/{max}, {active} {busy}"),
        ]);
    }
    table.print(out)?;
    for server in &status.servers {
        if let Some(error) = &server.error {
            explain(&server.name, error, language, out)?;
        }
    }
    for clash in &status.clashes {
        let Clash {
            name,
            server,
            tool,
            exposed_as,
        } = clash;
        let words = Words::new(
            format!("\"{name}\" is taken: {server}'s {tool} is exposed as {exposed_as}"),
            format!("“{name}”已被占用：{server} 的 {tool} 以 {exposed_as} 提供"),
        );
        writeln!(out, "\n{}", printable(words.text(language)))?;
    }
    for notice in &status.notices {
        writeln!(out, "\n{}", notice.text(language))?;
    }
    Ok(())
}

/// What keeps the file on disk from being put in force.
fn print_problems(
    problems: &[ConfigProblem],
    language: Language,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{}",
        t(
            "The configuration file cannot be put in force; what was in force stays in force:",
            "配置文件无法生效，仍沿用之前的配置："
        )
    )?;
    for problem in problems {
        let message = printable(problem.message.text(language));
        match problem.line {
            0 => writeln!(out, "  {message}")?,
            line => writeln!(out, "  {line}:{}: {message}", problem.column)?,
        }
        if let Some(remedy) = &problem.remedy {
            let remedy = printable(remedy.text(language));
            writeln!(out, "    {} {remedy}", t("To do:", "解决办法："))?;
        }
    }
    writeln!(out)?;
    Ok(())
}

/// Of a server without a process here.
fn nothing() -> String {
    "-".to_owned()
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

fn explain(
    name: &str,
    error: &ServerError,
    language: Language,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    writeln!(out, "\n{name}: {}", error.message.text(language))?;
    if let Some(remedy) = &error.remedy {
        writeln!(
            out,
            "  {} {}",
            t("To do:", "解决办法："),
            remedy.text(language)
        )?;
    }
    for line in &error.last_lines {
        writeln!(out, "  | {}", printable(line))?;
    }
    Ok(())
}

impl Bilingual {
    fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

/// A state of the gateway or of a server; one that this version does not know stays as it is.
fn word(state: &str) -> &str {
    match state {
        "ok" => t("ok", "正常"),
        "initializing" => t("starting", "启动中"),
        "degraded" => t("degraded", "部分可用"),
        "starting" => t("starting", "启动中"),
        "ready" => t("ready", "就绪"),
        "failing" => t("failing", "失败"),
        "needsSignIn" => t("needs sign-in", "需要登录"),
        "stopped" => t("stopped", "已停止"),
        "disabled" => t("disabled", "已禁用"),
        other => other,
    }
}

fn duration(seconds: f64) -> String {
    // Whole seconds are all that is shown; a negative or absurd value saturates.
    let seconds = seconds as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let up = t("up", "已运行");
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{up} {seconds} s"),
        (0, 0, _) => format!("{up} {minutes} min"),
        (0, ..) => format!("{up} {hours} h {minutes} min"),
        _ => format!("{up} {days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_well() {
        let status = serde_json::json!({
            "version": "0.1.0", "state": "degraded", "uptime": 8040, "endpoint": "http://localhost:4298/mcp",
            "configPath": "/home/me/config.json", "sessions": 2, "notices": [{ "en": "Take note.", "zh": "请注意。" }],
            "configProblems": [
                { "key": "servers[0].command", "line": 4, "column": 7, "message": { "en": "It is empty.", "zh": "不能为空。" } },
                { "key": "", "line": 0, "column": 0, "message": { "en": "It is gone.", "zh": "文件不存在。" },
                  "remedy": { "en": "Put it back.", "zh": "请恢复它。" } }
            ],
            "servers": [
                { "name": "files", "transport": "stdio", "state": "ready", "tools": 14, "prompts": 0, "resources": 2,
                  "pool": { "total": 1, "active": 0, "idle": 1, "max": 3 }, "memory": 88_604_672, "cpu": 0.25, "error": null },
                { "name": "搜索", "transport": "http", "state": "failing", "tools": 0, "prompts": 0, "resources": 0,
                  "pool": { "total": 0, "active": 0, "idle": 0, "max": 1 },
                  "error": { "message": { "en": "It exited.", "zh": "已退出。" },
                             "remedy": { "en": "Look.", "zh": "看看。" }, "lastLines": ["boom\u{1b}[0m"] } }
            ],
            "clashes": [{ "name": "a_b_c", "server": "a_b", "tool": "c", "exposedAs": "a_b_c_2" }]
        });
        let shown = |language| {
            crate::language::speak(language);
            let status: Status = parse(status.to_string().as_bytes()).expect("a status");
            let mut out = Vec::new();
            print(&status, language, &mut out).expect("a vector takes everything");
            String::from_utf8(out).expect("UTF-8")
        };
        insta::assert_snapshot!("status_en", shown(Language::English));
        insta::assert_snapshot!("status_zh", shown(Language::Chinese));
    }
}
