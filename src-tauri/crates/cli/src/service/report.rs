//! A diagnosis as it is printed.

use std::io::Write;
use std::process::ExitCode;

use super::Service;
use super::diagnosis::{Diagnosis, Facts, Layer, State};
use crate::language::{said, t};
use crate::table::printable;

impl Service<'_> {
    /// Looks, and says how the service fares.
    pub(super) fn status(&self, json: bool, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let facts = self.look()?;
        Ok(ExitCode::from(self.report(&facts, json, out)?))
    }

    /// Prints what was observed, and gives the exit code for it.
    pub(super) fn report(
        &self,
        facts: &Facts,
        json: bool,
        out: &mut dyn Write,
    ) -> anyhow::Result<u8> {
        let diagnosis = Diagnosis::of(facts);
        if json {
            writeln!(out, "{}", serde_json::to_string_pretty(&diagnosis)?)?;
        } else {
            print(&diagnosis, out)?;
        }
        Ok(diagnosis.exit_code)
    }
}

/// One line for each layer, and below those that are not in order what to do.
pub(super) fn print(diagnosis: &Diagnosis, out: &mut dyn Write) -> anyhow::Result<()> {
    let title = t("MCP Gateway as a service", "MCP Gateway 服务");
    writeln!(out, "{title} · {}\n", diagnosis.manager)?;
    for layer in &diagnosis.layers {
        print_layer(layer, out)?;
    }
    let mut remedies = diagnosis
        .layers
        .iter()
        .filter(|layer| layer.state == State::Problem)
        .filter_map(|layer| layer.remedy.as_ref());
    // What is broken below explains what is broken above; alone it needs no pointing at.
    if let (Some(remedy), Some(_)) = (remedies.next(), remedies.next()) {
        let lead = t("First:", "首先：");
        writeln!(out, "\n{lead} {}", printable(said(remedy)))?;
    }
    Ok(())
}

fn print_layer(layer: &Layer, out: &mut dyn Write) -> anyhow::Result<()> {
    let (word, lead) = match layer.state {
        State::Ok => (t("ok:", "正常："), t("Hint:", "提示：")),
        State::Warning => (t("warning:", "警告："), t("To do:", "解决办法：")),
        State::Problem => (t("problem:", "问题："), t("To do:", "解决办法：")),
        State::Unknown => (t("not known:", "未知："), t("To do:", "解决办法：")),
    };
    writeln!(out, "{word} {}", printable(said(&layer.said)))?;
    for line in &layer.lines {
        writeln!(out, "  | {}", printable(line))?;
    }
    if let Some(remedy) = &layer.remedy {
        writeln!(out, "    {lead} {}", printable(said(remedy)))?;
    }
    Ok(())
}
