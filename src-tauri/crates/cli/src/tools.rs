//! `tools`: what a running gateway offers.

use std::io::Write;
use std::process::ExitCode;

use serde::Deserialize;

use crate::admin::Admin;
use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;
use crate::language::t;
use crate::running::parse;
use crate::table::{Align, Table};

/// As much of a description as a table bears.
const DESCRIPTION_LENGTH: usize = 100;

#[derive(Deserialize)]
struct Listing {
    tools: Vec<Tool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    name: String,
    #[serde(default)]
    description: Option<String>,
    server_name: String,
}

pub(crate) fn run(
    line: &CommandLine,
    target: &TargetArgs,
    json: bool,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let body = Admin::find(line, target, context)?.get("/tools")?;
    if json {
        out.write_all(&body)?;
        writeln!(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let listing: Listing = parse(&body)?;
    if listing.tools.is_empty() {
        writeln!(
            out,
            "{}",
            t(
                "No tools. `mcp-gateway status` shows why.",
                "没有工具。原因见 `mcp-gateway status`。"
            )
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new([
        (t("TOOL", "工具"), Align::Left),
        (t("SERVER", "服务器"), Align::Left),
        (t("DESCRIPTION", "说明"), Align::Left),
    ]);
    for tool in listing.tools {
        let description = first_line(tool.description.as_deref().unwrap_or_default());
        table.row([tool.name, tool.server_name, description]);
    }
    table.print(out)?;
    Ok(ExitCode::SUCCESS)
}

fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(DESCRIPTION_LENGTH) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn descriptions_are_cut_between_characters() {
        assert_eq!(first_line("\n  one line \nanother"), "one line ");
        assert_eq!(first_line(&"网".repeat(101)).chars().count(), 101);
    }
}
