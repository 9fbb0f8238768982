//! `logs`: what a server printed and what happened to it, or what the gateway itself says, from a
//! running gateway or, where none runs, from the files that the last one left.

use std::io::Write;
use std::process::ExitCode;

use gateway::instance;
use gateway::logs::{self, LogLevel, LogLine, LogOf, Source};
use gateway::words::{Language, Words};
use reqwest::Url;
use serde::Deserialize;

use crate::admin::Admin;
use crate::args::{CommandLine, LogArgs, TargetArgs};
use crate::context::Context;
use crate::language::{failure, said, t};
use crate::running::{Heard, NothingListens, parse};
use crate::table::printable;

#[derive(Deserialize)]
struct LogLines {
    lines: Vec<LogLine>,
}

#[derive(Deserialize)]
struct Status {
    servers: Vec<Server>,
}

#[derive(Deserialize)]
struct Server {
    name: String,
}

pub(crate) fn run(
    admin: &Admin<'_>,
    wanted: &LogArgs,
    (line, target): (&CommandLine, &TargetArgs),
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let path = path_of(wanted.whose())?;
    let lines = match admin.get(&format!("{path}?follow=false")) {
        Ok(body) => parse::<LogLines>(&body)?.lines,
        Err(error) if error.is::<NothingListens>() => {
            return match elsewhere(admin, line, target, context)? {
                Some(found) => run(&found, wanted, (line, target), context, out, err),
                None => from_files(admin, wanted, error, context, out, err),
            };
        }
        Err(error) => return Err(named_wrong(admin, wanted, error)),
    };
    past(admin, wanted, &lines, context, out)?;
    if !wanted.follow {
        return Ok(ExitCode::SUCCESS);
    }
    let mut show = |event: &wire::SseEvent| {
        if event.event.as_deref() != Some("lines") {
            return Ok(());
        }
        for line in parse::<LogLines>(&event.data)?.lines {
            if is_wanted(wanted, line.level) {
                print(&line, context, out)?;
            }
        }
        Ok(out.flush()?)
    };
    let path = format!("{path}?after={}", lines.last().map_or(0, |line| line.seq));
    match admin.listen(&path, &mut show)? {
        Heard::Enough => {}
        Heard::Lost => {
            return Err(failure(&Words::new(
                "the connection to the gateway broke; does it still run?",
                "与网关的连接中断；网关是否仍在运行？",
            )));
        }
        Heard::End | Heard::Refused(_) => writeln!(
            err,
            "{}",
            match wanted.whose() {
                LogOf::Gateway => t(
                    "The log has ended: the gateway has stopped.",
                    "日志已结束：网关已停止。"
                ),
                LogOf::Server(_) => t(
                    "The log has ended: the gateway has stopped, or the server was removed.",
                    "日志已结束：网关已停止，或该服务器已被删除。"
                ),
            }
        )?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What there is already. Where the gateway remembers less than is wanted, its files may have more.
fn past(
    admin: &Admin<'_>,
    wanted: &LogArgs,
    lines: &[LogLine],
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let shown: Vec<_> = lines
        .iter()
        .filter(|line| is_wanted(wanted, line.level))
        .collect();
    let is_cut = lines.first().is_some_and(|line| line.seq > 1);
    if shown.len() < wanted.lines
        && (is_cut || lines.is_empty())
        && !wanted.follow
        && let Some(folder) = admin.own_data_dir()
        && let Ok(kept) = logs::kept_lines(&folder, wanted.whose(), wanted.lines, |line| {
            is_wanted_text(wanted, line)
        })
        && kept.len() > shown.len()
    {
        return print_kept(&kept, context, out);
    }
    let first = shown.len().saturating_sub(wanted.lines);
    for line in &shown[first..] {
        print(line, context, out)?;
    }
    Ok(out.flush()?)
}

/// The gateway of the data folder, where it runs at another address than the one that was asked
/// because nobody had named any.
fn elsewhere<'a>(
    asked: &Admin<'_>,
    line: &CommandLine,
    target: &TargetArgs,
    context: &'a Context,
) -> anyhow::Result<Option<Admin<'a>>> {
    let named = target.url.is_some()
        || line.common.port.is_some()
        || (context.env)("MCP_GATEWAY_URL").is_some_and(|url| !url.is_empty());
    let Some(folder) = asked.own_data_dir().filter(|_| !named) else {
        return Ok(None);
    };
    let Some(address) = instance::running(&folder).and_then(|one| one.address()) else {
        return Ok(None);
    };
    let target = TargetArgs {
        url: Some(format!("http://{address}")),
    };
    Admin::find(line, &target, context).map(Some)
}

/// No gateway runs: what the last one left says what happened.
fn from_files(
    admin: &Admin<'_>,
    wanted: &LogArgs,
    silent: anyhow::Error,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let Some(folder) = admin.own_data_dir() else {
        return Err(silent);
    };
    let is_wanted = |line: &str| is_wanted_text(wanted, line);
    let kept = match logs::kept_lines(&folder, wanted.whose(), wanted.lines, is_wanted) {
        Ok(kept) => kept,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let names = logs::kept_names(&folder);
            return Err(match wanted.whose() {
                LogOf::Server(name) if !names.is_empty() => no_such(name, &names),
                _ => silent,
            });
        }
        Err(error) => return Err(error.into()),
    };
    let path = logs::path_of(&folder, wanted.whose());
    let path = path.display();
    let words = Words::new(
        format!("No gateway runs; this is what the last one wrote to {path}."),
        format!("没有正在运行的网关；以下是上次写入 {path} 的内容。"),
    );
    writeln!(err, "{}", said(&words))?;
    print_kept(&kept, context, out)?;
    Ok(ExitCode::SUCCESS)
}

fn print_kept(kept: &[String], context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    for line in kept {
        let (source, level) = logs::kind_of(line).unwrap_or((Source::Stderr, None));
        print_text(line, source, level, context, out)?;
    }
    Ok(out.flush()?)
}

fn print(line: &LogLine, context: &Context, out: &mut dyn Write) -> std::io::Result<()> {
    let text = match (context.language, &line.zh) {
        (Language::Chinese, Some(zh)) => zh,
        _ => &line.text,
    };
    let written = line.written(text);
    print_text(&written, line.source, line.level, context, out)
}

fn print_text(
    line: &str,
    source: Source,
    level: Option<LogLevel>,
    context: &Context,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let line = printable(line);
    match colour(source, level).filter(|_| context.colours) {
        Some(colour) => writeln!(out, "\u{1b}[{colour}m{line}\u{1b}[0m"),
        None => writeln!(out, "{line}"),
    }
}

/// What a line is coloured with, as ECMA-48 numbers it; most lines are not.
fn colour(source: Source, level: Option<LogLevel>) -> Option<&'static str> {
    match level {
        Some(level) if level >= LogLevel::Error => Some("31"),
        Some(LogLevel::Warning) => Some("33"),
        Some(LogLevel::Debug) => Some("2"),
        _ if source == Source::Gateway => Some("36"),
        _ => None,
    }
}

fn is_wanted(wanted: &LogArgs, level: Option<LogLevel>) -> bool {
    let own = level.unwrap_or(LogLevel::Info);
    wanted.level.is_none_or(|least| own >= least)
}

fn is_wanted_text(wanted: &LogArgs, line: &str) -> bool {
    is_wanted(wanted, logs::kind_of(line).and_then(|(_, level)| level))
}

/// Where a log is had.
fn path_of(log: LogOf<'_>) -> anyhow::Result<String> {
    let LogOf::Server(server) = log else {
        return Ok("/api/log".to_owned());
    };
    let mut url = Url::parse("http://localhost/api/servers")?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.push(server).push("log");
    }
    Ok(url.path().to_owned())
}

/// The names to choose from, where it was the name that was wrong.
fn named_wrong(admin: &Admin<'_>, wanted: &LogArgs, refused: anyhow::Error) -> anyhow::Error {
    let LogOf::Server(wanted) = wanted.whose() else {
        return refused;
    };
    let status = admin.get("/api/status").and_then(|body| {
        let status: Status = parse(&body)?;
        Ok(status.servers)
    });
    let Ok(servers) = status else { return refused };
    let names: Vec<_> = servers.into_iter().map(|server| server.name).collect();
    if names.iter().any(|name| name == wanted) {
        return refused;
    }
    no_such(wanted, &names)
}

fn no_such(name: &str, names: &[String]) -> anyhow::Error {
    let names = names.join(", ");
    failure(&Words::new(
        format!("there is no server \"{name}\"; there are: {names}"),
        format!("没有名为“{name}”的服务器；现有：{names}"),
    ))
}
