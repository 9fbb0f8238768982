//! What the admin API says when it cannot do what it was asked.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::servers::ServerDetail;
use crate::change::Refusal;
use crate::config::edit::EditError;
use crate::config::{Problem as Mistake, Severity};
use crate::instance::PortHolder;
use crate::words::Words;

/// Why a request of the admin API was not done; everything is as it was. Boxed: handlers
/// return it through many hands.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Details>);

/// A problem as it is sent.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Problem"))]
pub(crate) struct Details {
    /// One line in English, for programs and logs.
    pub(crate) error: String,
    /// What kind of problem it is.
    pub(crate) code: Code,
    /// The cause, for a person.
    pub(crate) message: Words,
    /// What to do about it.
    pub(crate) remedy: Option<Words>,
    /// What is wrong with single fields.
    pub(crate) fields: Vec<FieldProblem>,
    /// Where the file was changed meanwhile: what it says now.
    pub(crate) current: Option<Box<ServerDetail>>,
    /// Where the file was changed meanwhile: which text it is now.
    pub(crate) revision: Option<String>,
    #[serde(skip)]
    status: StatusCode,
}

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "ProblemCode"))]
pub(crate) enum Code {
    /// The file was changed by somebody else meanwhile.
    Conflict,
    /// What was sent cannot be used.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// The admin token is missing or wrong.
    Unauthorized,
    /// This gateway cannot do that.
    Unsupported,
    /// It was tried and failed.
    Failed,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FieldProblem {
    /// A member of what was sent; empty where it concerns the whole.
    pub(crate) field: String,
    /// Cause and remedy.
    pub(crate) message: Words,
}

impl Problem {
    /// A problem without fields.
    pub(crate) fn new(code: Code, message: Words) -> Self {
        Self(Box::new(Details {
            error: one_line(&message.en),
            status: code.status(),
            code,
            message,
            remedy: None,
            fields: Vec::new(),
            current: None,
            revision: None,
        }))
    }

    /// The cause, and what to do about it, as one text.
    pub(crate) fn words(&self) -> Words {
        let Details {
            message, remedy, ..
        } = &*self.0;
        match remedy {
            Some(remedy) => Words::new(
                format!("{}: {}", message.en.trim_end_matches('.'), remedy.en),
                format!("{}：{}", message.zh.trim_end_matches('。'), remedy.zh),
            ),
            None => message.clone(),
        }
    }

    /// The same with what the file says about the server now.
    pub(crate) fn current(mut self, detail: Option<ServerDetail>) -> Self {
        self.0.current = detail.map(Box::new);
        self
    }

    /// The same with what to do.
    pub(crate) fn remedy(mut self, remedy: Words) -> Self {
        let message = self.0.message.en.trim_end_matches('.');
        self.0.error = one_line(&format!("{message}: {}", remedy.en));
        self.0.remedy = Some(remedy);
        self
    }

    /// The same with what is wrong with one field.
    pub(crate) fn field(mut self, field: &str, message: Words) -> Self {
        self.0.fields.push(FieldProblem {
            field: field.to_owned(),
            message,
        });
        self
    }

    /// The same under another HTTP status.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// There is no server of this name.
    pub(crate) fn no_server(name: &str) -> Self {
        Self::new(
            Code::NotFound,
            Words::new(
                format!("There is no server named \"{name}\""),
                format!("没有名为“{name}”的服务器"),
            ),
        )
        .remedy(Words::new(
            "It may have been removed or renamed; look at the list of servers",
            "它可能已被删除或改名；请查看服务器列表",
        ))
    }

    /// What was sent is not what this address takes.
    pub(crate) fn bad_request(why: impl std::fmt::Display) -> Self {
        Self::new(
            Code::Invalid,
            Words::new(
                format!("the request cannot be read: {why}"),
                format!("无法读取请求：{why}"),
            ),
        )
        .status(StatusCode::BAD_REQUEST)
    }

    /// Why a change was not made. `position` is that of the server in question in the
    /// file's list, so that what is wrong with it lands at its fields.
    pub(crate) fn of_refusal(refusal: Refusal, position: Option<usize>) -> Self {
        match refusal {
            Refusal::NoSource => Self::new(
                Code::Unsupported,
                Words::new(
                    "this gateway was started without a configuration that can be changed",
                    "该网关启动时未指定可修改的配置",
                ),
            ),
            Refusal::NoPlace => Self::new(
                Code::Failed,
                Words::new(
                    "there is no home folder to write a configuration into",
                    "没有可写入配置的主目录",
                ),
            )
            .remedy(Words::new(
                "set HOME, or name a file with --config",
                "请设置 HOME，或用 --config 指定文件",
            )),
            Refusal::Unreadable(path, why) => Self::new(
                Code::Failed,
                Words::new(
                    format!(
                        "the configuration {} cannot be read: {}",
                        path.display(),
                        why.en
                    ),
                    format!("无法读取配置 {}：{}", path.display(), why.zh),
                ),
            )
            .remedy(Words::new(
                "put the file back, or make it readable UTF-8 text; then try again",
                "请恢复该文件，或确保它是可读的 UTF-8 文本，然后重试",
            )),
            Refusal::Conflict { revision } => {
                let mut problem = Self::new(
                    Code::Conflict,
                    Words::new(
                        "the configuration file was changed meanwhile",
                        "配置文件已被其他途径修改",
                    ),
                )
                .remedy(Words::new(
                    "look at what it says now, then decide what is to be written",
                    "请查看文件的当前内容，再决定写入什么",
                ));
                problem.0.revision = revision;
                problem
            }
            Refusal::Edit(error) => {
                let code = match error {
                    EditError::NotFound(_) => Code::NotFound,
                    _ => Code::Invalid,
                };
                let mut problem = Self::new(code, error.message()).remedy(error.remedy());
                let fields = error.fields().into_iter();
                problem.0.fields = fields
                    .map(|field| FieldProblem {
                        field: field.field.to_owned(),
                        message: field.message,
                    })
                    .collect();
                problem
            }
            Refusal::Invalid(mistakes) => Self::mistakes(
                Words::new(
                    "the configuration would have mistakes, so nothing was changed",
                    "配置会有错误，因此未做任何修改",
                ),
                mistakes,
                position,
            ),
            Refusal::Mistakes(mistakes) => Self::mistakes(
                Words::new(
                    "the configuration file has mistakes; what was in force stays in force",
                    "配置文件有错误；仍沿用之前生效的配置",
                ),
                mistakes,
                None,
            )
            .remedy(Words::new(
                "correct the file, then try again",
                "请修正该文件，然后重试",
            )),
            Refusal::Listen {
                host,
                port,
                source,
                holder,
            } => {
                let taken = source.kind() == std::io::ErrorKind::AddrInUse;
                let why = if taken {
                    let who = PortHolder::name_of(holder.as_ref());
                    Words::new(
                        format!("port {port} is taken by {}; choose another one", who.en),
                        format!("端口 {port} 已被{}占用；请换一个", who.zh),
                    )
                } else {
                    Words::new(
                        format!("cannot listen on {host}:{port}: {source}; choose another port"),
                        format!("无法监听 {host}:{port}：{source}；请换一个端口"),
                    )
                };
                Self::new(Code::Invalid, why.clone()).field("port", why)
            }
            Refusal::Unwritable(path, error) => Self::new(
                Code::Failed,
                Words::new(
                    format!(
                        "the configuration {} cannot be written: {error}",
                        path.display()
                    ),
                    format!("无法写入配置 {}：{error}", path.display()),
                ),
            )
            .remedy(Words::new(
                "make the file and its folder writable; nothing was changed",
                "请确保该文件及其目录可写；未做任何修改",
            )),
            Refusal::Unwritten(path) => Self::new(
                Code::Failed,
                Words::new(
                    format!(
                        "the configuration {} is still being written: the drive that it lies on does not answer",
                        path.display()
                    ),
                    format!(
                        "配置 {} 仍在写入：其所在的驱动器没有响应",
                        path.display()
                    ),
                ),
            )
            .remedy(Words::new(
                "check the drive; the change is in force once it is written",
                "请检查该驱动器；修改写入后即会生效",
            )),
            Refusal::Busy => Self::new(
                Code::Failed,
                Words::new(
                    "nothing was changed: another change of the configuration is still being written",
                    "未做任何修改：配置的另一项修改仍在写入",
                ),
            )
            .remedy(Words::new("try again in a moment", "请稍后重试")),
            Refusal::NothingToUndo => Self::new(
                Code::Conflict,
                Words::new(
                    "this change can no longer be taken back",
                    "该修改已无法撤销",
                ),
            )
            .remedy(Words::new(
                "former texts of the file are kept in the folder \"backups\" of the data folder",
                "数据目录的 backups 文件夹中保留有该文件以前的内容",
            )),
        }
    }

    fn mistakes(message: Words, mistakes: Vec<Mistake>, position: Option<usize>) -> Self {
        let mut problem = Self::new(Code::Invalid, message);
        problem.0.fields = mistakes
            .into_iter()
            .filter(|mistake| mistake.severity == Severity::Error)
            .map(|mistake| at_field(mistake, position))
            .collect();
        problem
    }
}

impl Code {
    fn status(self) -> StatusCode {
        match self {
            Self::Conflict => StatusCode::CONFLICT,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Unsupported => StatusCode::NOT_IMPLEMENTED,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// What a program printed may have several lines.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    lines.collect::<Vec<_>>().join(" ")
}

/// A mistake of the file at the field where it was made, or with its place in the file.
fn at_field(mistake: Mistake, position: Option<usize>) -> FieldProblem {
    let own = position.map(|position| format!("servers[{position}]"));
    let rest = own.and_then(|own| mistake.path.strip_prefix(&own).map(str::to_owned));
    if let Some(rest) = rest {
        let field = rest.trim_start_matches('.');
        let end = field.find(['.', '[']).unwrap_or(field.len());
        return FieldProblem {
            field: field[..end].to_owned(),
            message: mistake.words,
        };
    }
    let of_form = ["mapping.", "toolFilters."]
        .iter()
        .any(|known| position.is_some() && mistake.path.starts_with(known));
    if of_form || ["gateway.port", "port"].contains(&mistake.path.as_str()) {
        let field = mistake.path.rsplit('.').next().unwrap_or_default();
        return FieldProblem {
            field: field.to_owned(),
            message: mistake.words,
        };
    }
    let line = mistake.line;
    let (en, zh) = match mistake.path.as_str() {
        "" => (format!("line {line}"), format!("第 {line} 行")),
        path => (
            format!("line {line}, {path}"),
            format!("第 {line} 行，{path}"),
        ),
    };
    FieldProblem {
        field: String::new(),
        message: Words::new(
            format!("{en}: {}", mistake.words.en),
            format!("{zh}：{}", mistake.words.zh),
        ),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.0.status, axum::Json(&self.0)).into_response();
        if self.0.code == Code::Unauthorized {
            response.headers_mut().insert(
                axum::http::header::WWW_AUTHENTICATE,
                axum::http::HeaderValue::from_static("Bearer"),
            );
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_lands_at_its_field() {
        let mistake = |path: &str| Mistake {
            path: path.to_owned(),
            line: 7,
            column: 1,
            words: Words::new("x", "x"),
            severity: Severity::Error,
        };
        let field = |path| at_field(mistake(path), Some(2)).field;
        assert_eq!(field("servers[2].command"), "command");
        assert_eq!(field("servers[2].env.KEY"), "env");
        assert_eq!(field("servers[2].command[0]"), "command");
        assert_eq!(field("servers[2]"), "");
        assert_eq!(field("mapping.files.prefix"), "prefix");
        assert_eq!(field("servers[22].command"), "");
        let elsewhere = at_field(mistake("servers[1].url"), Some(2));
        assert_eq!(elsewhere.message.en, "line 7, servers[1].url: x");
        let of_no_form = at_field(mistake("mapping.files.prefix"), None);
        assert_eq!(of_no_form.field, "");
        assert_eq!(of_no_form.message.en, "line 7, mapping.files.prefix: x");
    }

    #[test]
    fn the_error_is_one_line() {
        let problem = Problem::new(Code::Failed, Words::new("it broke:\n  in two.", "坏了"));
        assert_eq!(problem.0.error, "it broke: in two.");
        let problem = problem.remedy(Words::new("mend it", "修好它"));
        assert_eq!(problem.0.error, "it broke: in two: mend it");
    }
}
