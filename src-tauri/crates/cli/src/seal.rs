//! `config seal`: secrets in plain text go from the config of a running gateway into its store.

use std::io::Write;
use std::process::ExitCode;

use gateway::words::Words;
use serde::Deserialize;

use crate::admin::Admin;
use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;
use crate::language::{said, t};
use crate::running::parse;
use crate::table::{Align, Table};

/// Of `GET /api/secrets`.
#[derive(Deserialize)]
struct Secrets {
    plain: Vec<Plain>,
}

#[derive(Deserialize)]
struct Plain {
    server: String,
    place: String,
    name: String,
}

/// Of `POST /api/secrets/seal`.
#[derive(Deserialize)]
struct Saved {
    path: String,
}

/// Moves them all, and says which.
pub(crate) fn run(
    line: &CommandLine,
    target: &TargetArgs,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let admin = Admin::find(line, target, context)?;
    let answer = admin.get("/api/secrets")?;
    let Secrets { plain } = parse(&answer)?;
    if plain.is_empty() {
        writeln!(
            out,
            "{}",
            t(
                "Nothing in the config looks like a secret in plain text.",
                "配置中没有疑似明文机密的内容。"
            )
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = admin.post("/api/secrets/seal", &serde_json::json!({}))?;
    let Saved { path } = parse(&answer)?;
    let mut table = Table::new([
        (t("SERVER", "服务器"), Align::Left),
        (t("PLACE", "位置"), Align::Left),
        (t("NAME", "名称"), Align::Left),
    ]);
    for plain in plain {
        table.row([plain.server, plain.place, plain.name]);
    }
    table.print(out)?;
    let done = Words::new(
        format!(
            "Moved out of {path}. Earlier versions of the file, which the gateway keeps in the folder backups of its data, still hold them: delete those you do not need. Values that others may have seen are best replaced where they were issued."
        ),
        format!(
            "已从 {path} 移出。网关数据目录下 backups 中保留的旧版文件仍含有这些内容，不需要的请删除；如可能已被他人看到，请到签发处更换。"
        ),
    );
    writeln!(out, "{}", said(&done))?;
    Ok(ExitCode::SUCCESS)
}
