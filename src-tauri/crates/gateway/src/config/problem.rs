//! What is wrong with a configuration: where, why and what to do about it.
//!
//! A load collects every problem of a file; none is reported alone.

use std::path::Path;

use crate::words::{Language, Words};

/// One finding in a file, a variable or a command-line option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `servers[2].command`; a variable's or an option's name; empty for the file as a whole.
    pub path: String,
    /// Line, from 1; 0 when the finding is not in the file (a variable or an option).
    pub line: usize,
    /// Column in characters, from 1; 0 like `line`.
    pub column: usize,
    /// Cause and remedy.
    pub words: Words,
    /// Whether the configuration can be used all the same.
    pub severity: Severity,
}

/// Whether a configuration can be used in spite of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can; something in it has no effect or will surprise.
    Warning,
}

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// A variable or an option: a place outside the file.
    pub(super) fn outside(name: &str) -> Self {
        Self {
            path: name.to_owned(),
            line: 0,
            column: 0,
        }
    }

    pub(super) fn error(&self, words: Words) -> Problem {
        self.problem(Severity::Error, words)
    }

    pub(super) fn warning(&self, words: Words) -> Problem {
        self.problem(Severity::Warning, words)
    }

    fn problem(&self, severity: Severity, words: Words) -> Problem {
        Problem {
            path: self.path.clone(),
            line: self.line,
            column: self.column,
            words,
            severity,
        }
    }
}

/// One problem per line, `file:line:column: key: text`, ready for a terminal.
pub fn render(problems: &[Problem], file: Option<&Path>, language: Language) -> String {
    let lines = problems
        .iter()
        .map(|problem| render_one(problem, file, language));
    lines.collect::<Vec<_>>().join("\n")
}

fn render_one(problem: &Problem, file: Option<&Path>, language: Language) -> String {
    let mut line = String::new();
    if let Some(file) = file.filter(|_| problem.line > 0) {
        line.push_str(&format!(
            "{}:{}:{}: ",
            file.display(),
            problem.line,
            problem.column
        ));
    }
    if problem.severity == Severity::Warning {
        line.push_str(Words::new("warning: ", "警告：").text(language));
    }
    if !problem.path.is_empty() {
        line.push_str(&format!("{}: ", problem.path));
    }
    line.push_str(problem.words.text(language));
    line
}

/// The candidate that a misspelt name most likely meant, if one is near.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&name, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ` Did you mean …?` for a near miss, nothing otherwise.
pub(super) fn did_you_mean(suggestion: Option<&str>) -> Words {
    match suggestion {
        Some(name) => Words::new(
            format!("; did you mean \"{name}\"?"),
            format!("；是否想写 \"{name}\"？"),
        ),
        None => Words::new("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_recognized_and_strangers_are_not() {
        let keys = ["command", "callTimeout", "env", "poolSize"];
        assert_eq!(nearest("comand", keys), Some("command"));
        assert_eq!(nearest("CallTimeOut", keys), Some("callTimeout"));
        assert_eq!(nearest("evn", keys), Some("env"));
        assert_eq!(nearest("colour", keys), None);
    }

    #[test]
    fn a_place_outside_the_file_is_named_without_it() {
        let words = Words::new("is not a port", "不是端口");
        let problem = Place::outside("MCP_GATEWAY_PORT").error(words);
        assert_eq!(
            render(
                &[problem],
                Some(Path::new("config.json")),
                Language::Chinese
            ),
            "MCP_GATEWAY_PORT: 不是端口"
        );
    }
}
