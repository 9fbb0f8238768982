//! Writes what documents the three programs into a folder laid out as `/usr/share`: manual pages
//! in both languages and completions for bash, zsh and fish. `cargo xtask dist` runs it.
//!
//! An example, so that the program that is shipped carries none of it.

mod manual;
mod notes;
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap_complete::Shell;
use gateway::words::Language;

use programs::{PROGRAMS, Program};

/// Where each shell looks below `/usr/share`. For zsh it is the distribution's own choice, so it
/// gets a folder that the packager moves.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions"),
    (Shell::Zsh, "zsh"),
    (Shell::Fish, "fish/vendor_completions.d"),
];
const MANUALS: [(Language, &str); 2] = [
    (Language::English, "man/man1"),
    (Language::Chinese, "man/zh_CN/man1"),
];

fn main() -> ExitCode {
    let done = std::env::args_os()
        .nth(1)
        .context("usage · 用法: documents FOLDER")
        .and_then(|folder| write(&PathBuf::from(folder)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error · 错误: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> anyhow::Result<()> {
    for (name, content) in files()? {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Every file: its path below the folder and what it holds.
fn files() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for program in &PROGRAMS {
        for (language, folder) in MANUALS {
            for (name, page) in manual::pages(program, language)? {
                files.push((format!("{folder}/{name}"), page));
            }
        }
        files.extend(COMPLETIONS.map(|(shell, folder)| completion(program, shell, folder)));
    }
    Ok(files)
}

fn completion(program: &Program, shell: Shell, folder: &str) -> (String, Vec<u8>) {
    let mut grammar = program.grammar(Language::English);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar, program.name, &mut script);
    let name = match shell {
        Shell::Zsh => format!("_{}", program.name),
        Shell::Fish => format!("{}.fish", program.name),
        _ => program.name.to_owned(),
    };
    (format!("{folder}/{name}"), script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_a_page_in_both_languages_and_completions_for_every_shell() {
        let files = files().expect("grammars that can be rendered");
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        for program in &PROGRAMS {
            let name = program.name;
            for expected in [
                format!("man/man1/{name}.1"),
                format!("man/zh_CN/man1/{name}.1"),
                format!("bash-completion/completions/{name}"),
                format!("zsh/_{name}"),
                format!("fish/vendor_completions.d/{name}.fish"),
            ] {
                assert!(names.contains(&expected.as_str()), "{expected}: {names:?}");
            }
        }
    }

    #[test]
    fn every_command_that_help_shows_has_a_page_and_a_hidden_one_has_none() {
        let files = files().expect("grammars that can be rendered");
        let has = |name: &str| files.iter().any(|(file, _)| file == name);
        assert!(has("man/man1/mcp-gateway-config-init.1"));
        assert!(has("man/zh_CN/man1/mcp-gateway-tools.1"));
        assert!(!has("man/man1/mcp-gateway-demo-server.1"));
    }

    #[test]
    fn a_chinese_page_has_no_english_headings() {
        for (name, page) in files().expect("grammars that can be rendered") {
            let page = String::from_utf8(page).expect("text");
            for heading in page.lines().filter_map(|line| line.strip_prefix(".SH ")) {
                let ascii = heading.is_ascii();
                assert_eq!(ascii, !name.contains("zh_CN"), "{name}: {heading}");
            }
        }
    }
}
