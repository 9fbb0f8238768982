//! Why a change was not made: cause, remedy, and which fields of the form are at fault.

use serde::Serialize;

use crate::config::problem::{Problem, Severity};
use crate::words::Words;

/// A change that was not made. The file is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    /// The file itself has mistakes, so that nothing can be said about what a change would do.
    #[error("the configuration file has mistakes")]
    Broken(Vec<Problem>),
    /// The file has no server of this name.
    #[error("the configuration file has no server named {0:?}")]
    NotFound(String),
    /// This is an Alibaba Cloud service, of which the file says only its path.
    #[error("{0:?} is an Alibaba Cloud service")]
    Service(String),
    /// Something that was asked for cannot be.
    #[error("some values cannot be used")]
    Invalid(Vec<FieldProblem>),
    /// The changed text would not mean what was asked for.
    #[error("the change cannot be made without touching something else in the file")]
    Mismatch,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldProblem {
    /// A key of the form or of the settings; empty for the whole.
    pub(crate) field: &'static str,
    /// What is wrong, and what would be right.
    pub(crate) message: Words,
}

// === impl EditError ===

impl EditError {
    /// The cause.
    pub(crate) fn message(&self) -> Words {
        match self {
            Self::Broken(_) => Words::new(
                "the configuration file has mistakes; nothing was changed",
                "配置文件有错误，未作任何修改",
            ),
            Self::NotFound(name) => Words::new(
                format!("the configuration file has no server named \"{name}\""),
                format!("配置文件中没有名为“{name}”的服务器"),
            ),
            Self::Service(alias) => Words::new(
                format!(
                    "\"{alias}\" is an Alibaba Cloud service, of which only the names and the choice of its tools can be changed here; nothing was changed"
                ),
                format!("“{alias}”是阿里云服务，此处只能修改其工具的名称和取舍；未作任何修改"),
            ),
            Self::Invalid(_) => Words::new(
                "some values cannot be used; nothing was changed",
                "部分内容无法使用，未作任何修改",
            ),
            Self::Mismatch => Words::new(
                "this change would touch something else in the configuration file; nothing was changed",
                "此修改会影响配置文件中的其他内容，未作任何修改",
            ),
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> Words {
        match self {
            Self::Broken(_) => Words::new(
                "correct the file by hand, then try again",
                "请手动修正该文件，然后重试",
            ),
            Self::NotFound(_) => Words::new(
                "it may have been removed or renamed; look at the list of servers",
                "它可能已被删除或改名；请查看服务器列表",
            ),
            Self::Service(_) => Words::new(
                "change its path in the file, under mcpServer.services; or remove it and add it again",
                "请在文件的 mcpServer.services 中修改其路径，或将其删除后重新添加",
            ),
            Self::Invalid(_) => Words::new(
                "correct what is marked, then try again",
                "请修改标出的内容，然后重试",
            ),
            Self::Mismatch => {
                Words::new("make the change in the file by hand", "请在文件中手动修改")
            }
        }
    }

    /// Every single thing that is wrong.
    pub(crate) fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Broken(problems) => problems.iter().map(FieldProblem::located).collect(),
            Self::Invalid(fields) => fields.clone(),
            Self::NotFound(_) | Self::Service(_) | Self::Mismatch => Vec::new(),
        }
    }

    /// The errors of a text that a change has led to, each under the field that is at fault.
    pub(super) fn of_result(problems: &[Problem]) -> Self {
        let errors = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        let fields = errors.map(|problem| FieldProblem {
            field: field(&problem.path),
            message: problem.words.clone(),
        });
        Self::Invalid(fields.collect())
    }
}

// === impl FieldProblem ===

impl FieldProblem {
    pub(crate) fn new(field: &'static str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            field,
            message: Words::new(en, zh),
        }
    }

    /// A mistake of the file, with its place.
    fn located(problem: &Problem) -> Self {
        let (line, path) = (problem.line, &problem.path);
        let key = if path.is_empty() {
            String::new()
        } else {
            format!("{path}: ")
        };
        Self::new(
            "",
            format!("line {line}: {key}{}", problem.words.en),
            format!("第 {line} 行：{key}{}", problem.words.zh),
        )
    }
}

/// The field that a path such as `servers[3].env.TOKEN` or `mapping.files.rename.a` is about.
/// A server's name is somewhere in the latter and may be anything, so the key is searched behind it.
fn field(path: &str) -> &'static str {
    const OF_SERVER: [(&str, &str); 12] = [
        ("name", "name"),
        ("type", "kind"),
        ("command", "command"),
        ("env", "env"),
        ("cwd", "cwd"),
        ("url", "url"),
        ("headers", "headers"),
        ("callTimeout", "callTimeout"),
        ("poolSize", "poolSize"),
        ("sharing", "sharing"),
        ("description", "description"),
        ("auth", "auth"),
    ];
    if let Some((_, rest)) = path
        .strip_prefix("servers[")
        .and_then(|rest| rest.split_once(']'))
    {
        let rest = rest.trim_start_matches('.');
        let key = rest.split(['.', '[']).next().unwrap_or_default();
        let known = OF_SERVER.iter().find(|(known, _)| *known == key);
        return known.map_or("", |(_, field)| field);
    }
    let by_name = |keys: &[&'static str]| {
        let found = keys.iter().find(|key| path.contains(&format!(".{key}")));
        found.copied().unwrap_or("")
    };
    if path.starts_with("mapping") {
        by_name(&["rename", "prefix", "stripPrefix"])
    } else if path.starts_with("toolFilters") {
        by_name(&["include", "exclude"])
    } else if path.starts_with("mcpServer.services") {
        "path"
    } else if path.starts_with("oauth.clientId") {
        "clientId"
    } else if path == "port" || path == "gateway.port" {
        "port"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_at_its_field() {
        for (path, expected) in [
            ("servers[12].name", "name"),
            ("servers[0].env[\"a b\"]", "env"),
            ("servers[0].command[1]", "command"),
            ("servers[0]", ""),
            ("mapping[\"a b\"].rename.x", "rename"),
            ("toolFilters.s.exclude[0]", "exclude"),
            ("gateway.port", "port"),
            ("mcpServer.services.ecs", "path"),
            ("oauth.clientIds.cn", "clientId"),
            ("servers[0].auth.clientSecret", "auth"),
            ("limits.depth", ""),
        ] {
            assert_eq!(field(path), expected, "{path}");
        }
    }
}
