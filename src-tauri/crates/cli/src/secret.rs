//! `secret set`, `secret list` and `secret remove`: what `${secret:NAME}` in the config means.
//!
//! Works on the store itself, whether a gateway is running or not. A value comes from stdin or is
//! typed unseen; never from the command line, which every user of the machine can see.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use gateway::words::Words;
use vault::{Fault, Options, Secret, Vault};

use crate::args::{CommandLine, SecretAction};
use crate::context::Context;
use crate::language::{failure, t};
use crate::moment::date;
use crate::table::{Align, Table};

/// No token or key is longer, and a file given by mistake is noticed.
const LONGEST: u64 = 64 * 1024;

/// Where a value comes from.
pub(crate) enum Input<'a> {
    /// A person at a terminal, who is asked.
    Person,
    /// A pipe or a file.
    Stream(&'a mut dyn Read),
}

/// Does one of them, with the value from this process's stdin.
pub(crate) fn run(
    line: &CommandLine,
    action: &SecretAction,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut stdin = io::stdin();
    let input = if stdin.is_terminal() {
        Input::Person
    } else {
        Input::Stream(&mut stdin)
    };
    run_with(line, action, input, context, out, err)
}

/// Does one of them.
pub(crate) fn run_with(
    line: &CommandLine,
    action: &SecretAction,
    input: Input<'_>,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let folder = context.data_dir(line.common.data_dir.as_deref())?;
    let vault = Vault::new(Options::from_env(folder, context.env.as_ref()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = match action {
        SecretAction::Set { name } => {
            // Before anything is asked: a person should not type it in vain.
            if !vault::is_name(name) {
                return Err(explained(Fault::Name { name: name.clone() }));
            }
            let value = read(name, input)?;
            runtime.block_on(set(&vault, name, &value, context, out, err))
        }
        SecretAction::List => runtime.block_on(list(&vault, out)),
        SecretAction::Remove { name } => runtime.block_on(remove(&vault, name, out)),
    };
    runtime.block_on(vault.close());
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn set(
    vault: &Vault,
    name: &str,
    value: &Secret,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    vault.set_secret(name, value).await.map_err(explained)?;
    if let Some(notice) = vault.state().await.notice() {
        let notice = Words::new(notice.en, notice.zh);
        writeln!(err, "{}", notice.text(context.language))?;
    }
    let kept = Words::new(
        format!(
            "Kept. Write ${{secret:{name}}} in the config; a server that is running takes the new value when it starts again."
        ),
        format!("已保存。在配置中写作 ${{secret:{name}}}；正在运行的服务器重新启动后使用新值。"),
    );
    writeln!(out, "{}", kept.text(context.language))?;
    Ok(ExitCode::SUCCESS)
}

async fn list(vault: &Vault, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let secrets = vault.secrets().await.map_err(explained)?;
    if secrets.is_empty() {
        writeln!(
            out,
            "{}",
            t(
                "No secrets. Keep one with: mcp-gateway secret set NAME",
                "没有机密。保存机密：mcp-gateway secret set 名称"
            )
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new([
        (t("NAME", "名称"), Align::Left),
        (t("SET", "设置时间"), Align::Left),
    ]);
    for secret in secrets {
        table.row([secret.name, date(secret.changed)]);
    }
    table.print(out)?;
    Ok(ExitCode::SUCCESS)
}

async fn remove(vault: &Vault, name: &str, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    if !vault.remove_secret(name).await.map_err(explained)? {
        return Err(failure(&Words::new(
            format!("there is no secret “{name}”; `mcp-gateway secret list` shows which there are"),
            format!("没有名为“{name}”的机密；`mcp-gateway secret list` 可列出现有的机密"),
        )));
    }
    writeln!(out, "{}", t("Removed.", "已删除。"))?;
    Ok(ExitCode::SUCCESS)
}

/// The value, without the line's end that a terminal or `echo` adds.
fn read(name: &str, input: Input<'_>) -> anyhow::Result<Secret> {
    let value = match input {
        Input::Person => {
            let question = Words::new(
                format!("Value of {name} (not shown): "),
                format!("{name} 的值（输入时不显示）："),
            );
            rpassword::prompt_password(crate::language::said(&question))
        }
        Input::Stream(stream) => {
            let mut text = String::new();
            stream
                .take(LONGEST + 1)
                .read_to_string(&mut text)
                .map(|_| text)
        }
    };
    let value = value.context(t("cannot read the value", "无法读取机密的值"))?;
    let length = value.len() as u64;
    let value = value.strip_suffix('\n').unwrap_or(&value);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(failure(&Words::new(
            "no value was given: type it, or send it to stdin",
            "没有给出机密的值：请输入，或通过标准输入传入",
        )));
    }
    if length > LONGEST {
        return Err(failure(&Words::new(
            "the value is longer than 64 KiB: is it the right file?",
            "机密的值超过 64 KiB：请确认传入的文件是否正确",
        )));
    }
    Ok(Secret::new(value))
}

fn explained(fault: Fault) -> anyhow::Error {
    failure(&Words::new(fault.to_string(), fault.chinese()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_loses_its_line_end_and_nothing_else() {
        let value = |text: &str| {
            read("NAME", Input::Stream(&mut text.as_bytes()))
                .map(|secret| secret.reveal().to_owned())
                .ok()
        };
        assert_eq!(value("abc\n").as_deref(), Some("abc"));
        assert_eq!(value("abc\r\n").as_deref(), Some("abc"));
        assert_eq!(value(" a\nb \n\n").as_deref(), Some(" a\nb \n"));
        assert_eq!(value("\n"), None);
        assert_eq!(value(&"x".repeat(64 * 1024 + 1)), None);
    }
}
