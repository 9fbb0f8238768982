//! Manual pages from a command line's grammar: one for the program and one for each command.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use gateway::words::Language;

use crate::notes::Section;
use crate::programs::{PROGRAMS, Program, either};

/// The section of the manual for programs.
const SECTION: &str = "1";

/// The pages of a program: file name and source.
pub(crate) fn pages(
    program: &Program,
    language: Language,
) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut grammar = program.grammar(language);
    grammar.build();
    let mut pages = Vec::new();
    add(&grammar, program.notes, language, &mut pages)?;
    Ok(pages)
}

/// The page of a command and those of the commands below it. Only the first has notes.
fn add(
    command: &Command,
    notes: &[Section],
    language: Language,
    pages: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let name = full_name(command);
    pages.push((format!("{name}.{SECTION}"), page(command, notes, language)?));
    for below in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        add(below, &[], language, pages)?;
    }
    Ok(())
}

fn full_name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, notes: &[Section], language: Language) -> io::Result<Vec<u8>> {
    let t = |en, zh| either(language, en, zh);
    let man = Man::new(command.clone()).section(SECTION);
    let mut page = title(full_name(command)).into_bytes();
    let name = rendered(|out| man.render_name_section(out))?;
    page.extend(headed(&name, t("NAME", "名称")));
    let synopsis = rendered(|out| man.render_synopsis_section(out))?;
    page.extend(headed(&synopsis, t("SYNOPSIS", "概要")));
    let description = rendered(|out| man.render_description_section(out))?;
    page.extend(headed(&description, t("DESCRIPTION", "描述")));
    if let Some(more) = command.get_after_help() {
        let mut roff = Roff::new();
        roff.control("PP", []);
        roff.text([roman(more.to_string())]);
        roff.to_writer(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|one| !one.is_hide_set()) {
        let commands = rendered(|out| man.render_subcommands_section(out))?;
        page.extend(headed(&commands, t("COMMANDS", "命令")));
    }
    for section in notes {
        section.roff(language).to_writer(&mut page)?;
    }
    see_also(full_name(command), t("SEE ALSO", "另请参阅")).to_writer(&mut page)?;
    Ok(page)
}

/// Clap leaves an empty date out, which makes the rest slip. `Aq` is the straight apostrophe that
/// the sections use. Ragged on the right and without hyphens: justified Chinese gets holes.
fn title(name: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH \"{name}\" \"{SECTION}\" \"\" \"MCP Gateway {version}\" \"MCP Gateway\"\n.nh\n.ad l\n"
    )
}

fn rendered(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<String> {
    let mut out = Vec::new();
    write(&mut out)?;
    String::from_utf8(out).map_err(io::Error::other)
}

/// A rendered section under another heading than clap's, which knows no languages.
fn headed(section: &str, heading: &str) -> Vec<u8> {
    let body = section
        .split_once("\n.SH ")
        .map_or(section, |(_, rest)| rest);
    let body = body.strip_prefix(".SH ").unwrap_or(body);
    let body = body.split_once('\n').map_or("", |(_, body)| body);
    format!(".SH \"{heading}\"\n{body}").into_bytes()
}

/// The other programs, and the program itself on the page of one of its commands.
fn see_also(own: &str, heading: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    let mut line = Vec::new();
    for program in PROGRAMS.iter().filter(|program| program.name != own) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.push(bold(program.name));
        line.push(roman(format!("({SECTION})")));
    }
    roff.text(line);
    roff
}
