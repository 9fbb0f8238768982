//! The configuration file as it is on disk now: every mistake and warning with its line.

use std::path::Path;

use super::finding::{Finding, Severity as Rank};
use crate::config::{LoadError, Loaded, Problem, Severity};
use crate::words::{Language, Words};

/// Judges what loading the file came to.
pub(super) fn judge(loaded: &Result<Loaded, LoadError>) -> Vec<Finding> {
    match loaded {
        Ok(loaded) => {
            let path = loaded.path.as_deref();
            let warnings = loaded.warnings.iter();
            let mut findings: Vec<Finding> = warnings.map(|warning| one(warning, path)).collect();
            let count = loaded.config.servers.len();
            let is_there = path.is_some();
            findings.insert(0, sound(path, count));
            for (index, notice) in loaded.notices.iter().enumerate() {
                if index == 0 && !is_there {
                    // That there is no file is what the first one says, and no fault.
                    findings[0].cause = Some(notice.clone());
                    continue;
                }
                let title = Words::new(
                    "The configuration may surprise you",
                    "配置可能与您的预期不同",
                );
                let id = format!("config:notice{index}");
                findings.push(Finding::warning(id, title).because(notice.clone()));
            }
            findings
        }
        Err(LoadError::Invalid { path, problems }) => problems
            .iter()
            .map(|problem| one(problem, path.as_deref()))
            .collect(),
        Err(error @ LoadError::Unreadable { .. }) => {
            let text = |language| error.render(language);
            vec![
                Finding::problem(
                    "config",
                    Words::new("The configuration file cannot be read", "无法读取配置文件"),
                )
                .because(Words::new(text(Language::English), text(Language::Chinese))),
            ]
        }
    }
}

fn sound(path: Option<&Path>, servers: usize) -> Finding {
    let title = match path {
        Some(path) => {
            let path = path.display();
            Words::new(
                format!("The configuration {path} can be used ({servers} servers)"),
                format!("配置 {path} 可以使用（{servers} 个服务器）"),
            )
        }
        None => Words::new("There is no configuration file yet", "还没有配置文件"),
    };
    Finding::ok("config", title)
}

fn one(problem: &Problem, file: Option<&Path>) -> Finding {
    let Problem {
        path, line, column, ..
    } = problem;
    let id = format!("config:{line}:{column}:{path}");
    let (en, zh) = match (file, line) {
        (Some(file), 1..) => {
            let file = file.display();
            (
                format!("line {line}, column {column} of {file}"),
                format!("{file} 第 {line} 行第 {column} 列"),
            )
        }
        _ => (path.clone(), path.clone()),
    };
    let (rank, title) = match problem.severity {
        Severity::Error => (
            Rank::Problem,
            Words::new(
                format!("The configuration has a mistake: {en}"),
                format!("配置有错误：{zh}"),
            ),
        ),
        Severity::Warning => (
            Rank::Warning,
            Words::new(
                format!("Something in the configuration has no effect or will surprise: {en}"),
                format!("配置中有内容无效或可能与预期不同：{zh}"),
            ),
        ),
    };
    let cause = match path.as_str() {
        "" => problem.words.clone(),
        path => Words::new(
            format!("`{path}`: {}", problem.words.en),
            format!("`{path}`：{}", problem.words.zh),
        ),
    };
    let mut finding = Finding::problem(id, title).because(cause);
    finding.severity = rank;
    finding
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{Environment, LoadOptions, load};

    fn judged(text: &str) -> Vec<Finding> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).expect("written");
        let options = LoadOptions {
            file: Some(path),
            ..LoadOptions::default()
        };
        judge(&load(
            &options,
            &Environment {
                vars: &|_| None,
                home: None,
                cwd: folder.path(),
            },
        ))
    }

    #[test]
    fn every_mistake_has_its_line() {
        let findings =
            judged("{\n \"servers\": [{ \"name\": \"a\" }],\n \"gateway\": { \"port\": \"x\" }\n}");
        assert!(findings.len() >= 2, "{findings:#?}");
        assert!(findings.iter().any(|one| one.severity == Rank::Problem
            && one.title.en.contains("line 3")
            && one.title.zh.contains("第 3 行")));
    }

    #[test]
    fn a_misspelt_key_is_a_warning_and_the_file_is_sound() {
        let findings = judged("{ \"servers\": [], \"gatway\": {} }");
        assert_eq!(findings[0].severity, Rank::Ok);
        let warning = findings.iter().find(|one| one.severity == Rank::Warning);
        let cause = warning.and_then(|one| one.cause.as_ref()).expect("a cause");
        assert!(cause.en.contains("gatway"), "{cause:?}");
    }

    #[test]
    fn a_file_that_is_not_there_is_a_problem() {
        let findings = judge(&Err(LoadError::Unreadable {
            path: PathBuf::from("/nowhere"),
            source: std::io::ErrorKind::NotFound.into(),
        }));
        assert_eq!(findings[0].severity, Rank::Problem);
    }
}
