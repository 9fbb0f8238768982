//! `doctor`: what is wrong with the gateway and its surroundings, and its repair.
//!
//! A gateway that runs on the data folder is asked, because it sees what its servers see. Where
//! none runs, the same is looked at from here, as it would be at a start.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use gateway::VaultOptions;
use gateway::doctor::Doctor;
use gateway::instance;
use gateway::words::{Language, Words};
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::admin::Admin;
use crate::args::{CommandLine, TargetArgs};
use crate::config;
use crate::context::Context;
use crate::language::{failure, t};
use crate::running::parse;
use crate::service;
use crate::table::printable;

/// Blocking work that may be left at the end, such as a name being looked up.
const LEFTOVERS: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Report {
    version: String,
    system: String,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    id: String,
    severity: String,
    title: Bilingual,
    cause: Option<Bilingual>,
    remedy: Option<Bilingual>,
    fix: Option<Offer>,
}

#[derive(Deserialize)]
struct Offer {
    id: String,
    label: Bilingual,
}

#[derive(Deserialize)]
struct Fixed {
    said: Bilingual,
}

#[derive(Deserialize)]
struct Bilingual {
    en: String,
    zh: String,
}

/// Who looks: the gateway that runs, or this process.
enum Looking<'a> {
    There(Admin<'a>, Words),
    Here(Doctor, Runtime, Words),
}

/// What the user wants repaired.
pub(crate) enum Repair {
    /// Nothing.
    Nothing,
    /// Whatever can be.
    Everything,
    /// One finding.
    One(String),
}

/// Looks, repairs what was asked for, looks again, and prints. Exit code 1 where something does
/// not work.
pub(crate) fn run(
    line: &CommandLine,
    repair: &Repair,
    json: bool,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let looking = Looking::new(line, context)?;
    let looked = look_and_repair(&looking, repair, context.language, err);
    let whence = looking.whence().text(context.language).to_owned();
    looking.close();
    let body = looked?;
    let report: Report = parse(&body)?;
    if json {
        out.write_all(&body)?;
        writeln!(out)?;
    } else {
        print(&report, &whence, context.language, out)?;
    }
    let problems = report.count("problem");
    Ok(if problems == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn look_and_repair(
    looking: &Looking<'_>,
    repair: &Repair,
    language: Language,
    err: &mut dyn Write,
) -> anyhow::Result<Vec<u8>> {
    let body = looking.examine()?;
    let report: Report = parse(&body)?;
    let offers = report.findings.into_iter().filter_map(|finding| {
        let wanted = match repair {
            Repair::Nothing => false,
            Repair::Everything => true,
            Repair::One(id) => finding.id == *id,
        };
        finding.fix.filter(|_| wanted)
    });
    let offers: Vec<Offer> = offers.collect();
    match (repair, offers.is_empty()) {
        (Repair::One(id), true) => {
            return Err(failure(&Words::new(
                format!(
                    "nothing that can be repaired is called \"{id}\"; `mcp-gateway doctor` lists what is"
                ),
                format!("没有名为“{id}”的可修复项；`mcp-gateway doctor` 会列出全部可修复项"),
            )));
        }
        (_, true) => return Ok(body),
        (_, false) => {}
    }
    for offer in offers {
        let fixed: Fixed = parse(&looking.fix(&offer.id)?)?;
        writeln!(
            err,
            "{} {}",
            t("repaired:", "已修复："),
            printable(fixed.said.text(language))
        )?;
    }
    looking.examine()
}

// === impl Looking ===

impl<'a> Looking<'a> {
    fn new(line: &CommandLine, context: &'a Context) -> anyhow::Result<Self> {
        let data_dir = context.data_dir(line.common.data_dir.as_deref())?;
        let occupant = instance::running(&data_dir);
        if let Some(address) = occupant.as_ref().and_then(|one| one.address()) {
            let target = TargetArgs {
                url: Some(format!("http://{address}")),
            };
            let admin = Admin::find(line, &target, context)?;
            let who = occupant.map_or_else(|| Words::new("", ""), |one| one.name());
            return Ok(Self::There(
                admin,
                Words::new(
                    format!("As seen by {}.", who.en),
                    format!("由{}检查。", who.zh),
                ),
            ));
        }
        let folder = data_dir.display();
        let mut whence = Words::new(
            format!("No gateway runs on {folder}; this is what one would find at its start."),
            format!("{folder} 上没有运行中的网关；以下是启动时会遇到的情况。"),
        );
        if service::is_meant(context, &data_dir) {
            whence.en += " Why the installed service does not run: mcp-gateway service status";
            whence.zh += "已安装的服务为何没有运行：mcp-gateway service status";
        }
        let vault = VaultOptions::from_env(&data_dir, |name| (context.env)(name));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let doctor = Doctor::at_rest(config::source(line, context), data_dir, vault);
        Ok(Self::Here(doctor, runtime, whence))
    }

    fn whence(&self) -> &Words {
        match self {
            Self::There(_, whence) | Self::Here(_, _, whence) => whence,
        }
    }

    /// The report as JSON.
    fn examine(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::There(admin, _) => admin.get("/api/doctor"),
            Self::Here(doctor, runtime, _) => {
                Ok(serde_json::to_vec(&runtime.block_on(doctor.examine()))?)
            }
        }
    }

    fn fix(&self, id: &str) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::There(admin, _) => {
                admin.post("/api/doctor/fix", &serde_json::json!({ "id": id }))
            }
            Self::Here(doctor, runtime, _) => {
                let fixed = runtime.block_on(doctor.fix(id));
                let fixed = fixed.map_err(|why| failure(&why));
                let fixed = fixed.with_context(|| id.to_owned())?;
                Ok(serde_json::to_vec(&fixed)?)
            }
        }
    }

    fn close(self) {
        if let Self::Here(doctor, runtime, _) = self {
            runtime.block_on(doctor.close());
            runtime.shutdown_timeout(LEFTOVERS);
        }
    }
}

// === impl Report ===

impl Report {
    fn count(&self, severity: &str) -> usize {
        let found = self.findings.iter();
        found.filter(|one| one.severity == severity).count()
    }
}

impl Bilingual {
    fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

fn print(
    report: &Report,
    whence: &str,
    language: Language,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    writeln!(out, "MCP Gateway {} · {}", report.version, report.system)?;
    writeln!(out, "{whence}\n")?;
    for finding in &report.findings {
        let is_bad = ["problem", "warning"].contains(&finding.severity.as_str());
        let title = printable(finding.title.text(language));
        writeln!(out, "{} {title}", word(&finding.severity))?;
        if let Some(cause) = &finding.cause {
            writeln!(out, "    {}", printable(cause.text(language)))?;
        }
        if let Some(remedy) = &finding.remedy {
            let remedy = printable(remedy.text(language));
            writeln!(out, "    {} {remedy}", t("To do:", "解决办法："))?;
        }
        if let Some(fix) = &finding.fix {
            let label = printable(fix.label.text(language));
            let id = quoted(&fix.id);
            let lead = t("Can be repaired:", "可自动修复：");
            writeln!(out, "    {lead} {label}")?;
            writeln!(out, "        mcp-gateway doctor --fix {id}")?;
        }
        if is_bad {
            writeln!(out)?;
        }
    }
    let [problems, warnings, fine, skipped] =
        ["problem", "warning", "ok", "skipped"].map(|severity| report.count(severity));
    let total = Words::new(
        format!(
            "Problems: {problems}, warnings: {warnings}, in order: {fine}, not checked: {skipped}"
        ),
        format!("问题 {problems} 个，警告 {warnings} 个，正常 {fine} 项，未检查 {skipped} 项"),
    );
    writeln!(out, "\n{}", total.text(language))?;
    Ok(())
}

fn word(severity: &str) -> &str {
    match severity {
        "problem" => t("problem:", "问题："),
        "warning" => t("warning:", "警告："),
        "ok" => t("ok:", "正常："),
        "skipped" => t("not checked:", "未检查："),
        other => other,
    }
}

/// An id as a shell takes it for one word.
fn quoted(id: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:./@".contains(c);
    if id.chars().all(is_plain) {
        id.to_owned()
    } else {
        format!("'{}'", id.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_well() {
        let report = serde_json::json!({
            "version": "0.1.0", "system": "linux x86_64",
            "findings": [
                { "id": "command:my files", "subject": "my files", "severity": "problem",
                  "title": { "en": "The command `npx` was not found", "zh": "找不到命令 `npx`" },
                  "cause": { "en": "Searched: /usr/bin", "zh": "已查找：/usr/bin" },
                  "remedy": { "en": "write its path\u{1b}[0m", "zh": "请写完整路径" },
                  "fix": { "id": "command:my files", "label": { "en": "Write it", "zh": "写入" } } },
                { "id": "proxy", "subject": null, "severity": "ok",
                  "title": { "en": "No proxy is set", "zh": "没有设置代理" },
                  "cause": null, "remedy": null, "fix": null },
            ]
        });
        let report: Report = serde_json::from_value(report).expect("a report");
        let shown = |language| {
            crate::language::speak(language);
            let mut out = Vec::new();
            print(&report, "Here.", language, &mut out).expect("a vector takes everything");
            String::from_utf8(out).expect("UTF-8")
        };
        let english = shown(Language::English);
        assert_eq!(
            english,
            "MCP Gateway 0.1.0 · linux x86_64\nHere.\n\n\
             problem: The command `npx` was not found\n    Searched: /usr/bin\n    To do: write its path [0m\n    Can be repaired: Write it\n        mcp-gateway doctor --fix 'command:my files'\n\n\
             ok: No proxy is set\n\nProblems: 1, warnings: 0, in order: 1, not checked: 0\n"
        );
        let chinese = shown(Language::Chinese);
        assert!(chinese.contains("问题： 找不到命令") && chinese.contains("问题 1 个"));
    }

    #[test]
    fn an_id_is_one_word_for_a_shell() {
        assert_eq!(quoted("command:files"), "command:files");
        assert_eq!(quoted("command:it's"), "'command:it'\\''s'");
        assert_eq!(quoted("command:$HOME"), "'command:$HOME'");
    }
}
