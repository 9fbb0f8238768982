//! `config info`, `config init`, `config schema` and `copy-config`.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use gateway::config::{
    LoadError, LoadOptions, Loaded, SCHEMA, SCHEMA_LINE, Source, load, locate, put_schema_beside,
    render, standard_path,
};
use gateway::words::{Language, Words};

use crate::args::CommandLine;
use crate::context::Context;
use crate::language::{failure, t};
use crate::write::{Existing, config_file};

const FIRST_FILE: &str = include_str!("../../../../config/init.jsonc");
const EXAMPLE: &str = include_str!("../../../../config/servers.example.json");

/// The demo's command as `config/init.jsonc` has it; replaced by where this program really is.
const DEMO_COMMAND: &str = r#"["mcp-gateway", "demo-server"]"#;

/// Loads the configuration that this command line means.
pub(crate) fn load_for(line: &CommandLine, context: &Context) -> Result<Loaded, LoadError> {
    load(&options(line, context), &context.environment())
}

/// The same circumstances for a gateway that runs on.
pub(crate) fn source(line: &CommandLine, context: &Context) -> Source {
    let options = options(line, context);
    Source::of_process(options, context.home.clone(), context.cwd.clone())
}

fn options(line: &CommandLine, context: &Context) -> LoadOptions {
    LoadOptions {
        file: line.common.config.clone(),
        overrides: line.overrides(),
        demo_command: Some(context.demo_command()),
    }
}

/// Loads it, or fails with every problem in the reader's language.
pub(crate) fn require(line: &CommandLine, context: &Context) -> anyhow::Result<Loaded> {
    load_for(line, context).map_err(|error| {
        let details = error.render(context.language);
        match error {
            LoadError::Unreadable { .. } => anyhow::Error::msg(details),
            LoadError::Invalid { .. } => failure(&Words::new(
                format!("the configuration cannot be used:\n{details}"),
                format!("配置无法使用：\n{details}"),
            )),
        }
    })
}

/// What was looked for, what is used, what is wrong. Exit code 1 if it cannot be used.
pub(crate) fn info(
    line: &CommandLine,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let located = locate(line.common.config.as_deref(), &context.environment());
    writeln!(
        out,
        "{}",
        t("Looked for, in this order:", "按以下顺序查找：")
    )?;
    for path in &located.searched {
        let state = match located.path.as_ref() == Some(path) {
            true if path.exists() => t("used", "使用"),
            true => t("named, but not there", "已指定，但不存在"),
            false if path.exists() => t(
                "there, not used: an earlier one was found",
                "存在，但未使用：前面已找到",
            ),
            false => t("not there", "不存在"),
        };
        writeln!(out, "  {}  ({state})", path.display())?;
    }
    writeln!(out)?;
    match load_for(line, context) {
        Ok(loaded) => {
            describe(&loaded, context.language, out)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(
                out,
                "{}\n{}",
                t("It cannot be used:", "无法使用："),
                error.render(context.language)
            )?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn describe(loaded: &Loaded, language: Language, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = &loaded.config;
    let names: Vec<_> = config
        .servers
        .iter()
        .filter(|server| !server.from_services)
        .map(|server| server.name.as_str())
        .collect();
    let names = if names.is_empty() {
        t("none", "无").to_owned()
    } else {
        names.join(", ")
    };
    writeln!(out, "{} {names}", t("Servers:", "服务器："))?;
    if let Some(aliyun) = &config.aliyun {
        let aliases: Vec<_> = aliyun
            .services
            .iter()
            .map(|(alias, _)| alias.as_str())
            .collect();
        writeln!(
            out,
            "{} {}",
            t("Alibaba Cloud services:", "阿里云服务："),
            aliases.join(", ")
        )?;
    }
    writeln!(out, "{} {}", t("Port:", "端口："), config.gateway.port)?;
    if loaded.warnings.is_empty() {
        writeln!(out, "{}", t("No problems.", "没有问题。"))?;
    } else {
        writeln!(
            out,
            "{}",
            render(&loaded.warnings, loaded.path.as_deref(), language)
        )?;
    }
    for notice in &loaded.notices {
        writeln!(out, "{}", notice.text(language))?;
    }
    Ok(())
}

/// Writes the first config file, where `--config` says or where it will be found.
pub(crate) fn init(
    line: &CommandLine,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let path = match &line.common.config {
        Some(path) => context.cwd.join(path),
        None => standard_path(&context.environment()).context(t(
            "this user has no home folder; name a file with --config",
            "当前用户没有主目录；请用 --config 指定文件",
        ))?,
    };
    let command = serde_json::to_string(&context.demo_command())?;
    let otherwise = Words::new(
        "name another file with --config",
        "请用 --config 指定其他文件",
    );
    write(
        &path,
        &FIRST_FILE.replace(DEMO_COMMAND, &command),
        Existing::Keep,
        &otherwise,
    )?;
    put_schema(&path)?;
    writeln!(out, "{} {}", t("Written:", "已写入："), path.display())?;
    writeln!(
        out,
        "{}",
        t(
            "Edit it, then start the gateway with: mcp-gateway",
            "编辑后启动网关：mcp-gateway"
        )
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the example with several servers.
pub(crate) fn copy(path: &Path, force: bool, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let existing = if force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let otherwise = Words::new(
        "name another file, or add --force",
        "请指定其他文件，或加上 --force",
    );
    let text = EXAMPLE.replacen("{\n", &format!("{{\n{SCHEMA_LINE}"), 1);
    write(path, &text, existing, &otherwise)?;
    put_schema(path)?;
    writeln!(out, "{} {}", t("Written:", "已写入："), path.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the schema of a config file, for an editor that keeps schemas elsewhere.
pub(crate) fn schema(out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    out.write_all(SCHEMA.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Where the file that was written expects it.
fn put_schema(config: &Path) -> anyhow::Result<()> {
    put_schema_beside(config).map_err(|error| {
        failure(&Words::new(
            format!(
                "{} is written, but not the schema beside it: {error}",
                config.display()
            ),
            format!(
                "{} 已写入，但未能写入旁边的 schema：{error}",
                config.display()
            ),
        ))
    })
}

fn write(path: &Path, text: &str, existing: Existing, otherwise: &Words) -> anyhow::Result<()> {
    let shown = path.display();
    config_file(path, text, existing).map_err(|error| {
        let Words { en, zh } = otherwise;
        failure(&match error.kind() {
            ErrorKind::AlreadyExists => Words::new(
                format!("{shown} exists and is left as it is; {en}"),
                format!("{shown} 已存在，保持不变；{zh}"),
            ),
            _ => Words::new(
                format!("cannot write {shown}: {error}"),
                format!("无法写入 {shown}:{error}"),
            ),
        })
    })
}
