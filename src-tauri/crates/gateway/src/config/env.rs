//! The layers above the file: environment variables, and above them the command line.

use super::draft::Draft;
use super::problem::{Place, Problem};
use super::reader::At;
use super::values;
use crate::words::Words;

/// What the command line says; it wins over everything.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--host`
    pub host: Option<String>,
    /// `--port`
    pub port: Option<u16>,
    /// `--log-level`
    pub log_level: Option<String>,
}

/// The draft of the environment. A variable that is set to nothing counts as not set.
pub(super) fn read(env: &dyn Fn(&str) -> Option<String>, problems: &mut Vec<Problem>) -> Draft {
    let mut draft = Draft::default();
    let mut variables = Variables { env, problems };
    draft.listen.port = variables.parsed("MCP_GATEWAY_PORT", values::port);
    draft.listen.base_url = variables.parsed("GATEWAY_BASE_URL", values::base_url);
    draft.log_level = variables
        .log_level()
        .map(|level| outside("LOG_LEVEL", level));

    let aliyun = &mut draft.aliyun;
    aliyun.client_id = variables.text("OAUTH_CLIENT_ID");
    aliyun.authorization_endpoint = variables.parsed("OAUTH_AUTHORIZATION_ENDPOINT", values::url);
    aliyun.token_endpoint = variables.parsed("OAUTH_TOKEN_ENDPOINT", values::url);
    aliyun.scope = variables.text("OAUTH_SCOPE");
    aliyun.callback_port = variables.parsed("OAUTH_CALLBACK_PORT", values::port);
    aliyun.base_url = variables.parsed("MCP_SERVER_BASE_URL", values::base_url);
    aliyun.mentioned = aliyun.client_id.is_some() || aliyun.base_url.is_some();
    draft
}

/// The draft of the command line.
pub(super) fn command_line(overrides: &Overrides, problems: &mut Vec<Problem>) -> Draft {
    let mut draft = Draft::default();
    draft.listen.port = overrides.port;
    draft.listen.host = option("--host", overrides.host.as_deref(), values::host, problems);
    let level = overrides.log_level.as_deref();
    draft.log_level = option("--log-level", level, values::log_level, problems)
        .map(|level| outside("--log-level", level));
    draft
}

fn outside<T>(name: &str, value: T) -> At<T> {
    let place = Place::outside(name);
    At { value, place }
}

fn option<T>(
    name: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Words>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    parse(text?)
        .map_err(|words| problems.push(Place::outside(name).error(words)))
        .ok()
}

struct Variables<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    problems: &'a mut Vec<Problem>,
}

impl Variables<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Words>) -> Option<T> {
        let text = self.text(name)?;
        parse(&text)
            .map_err(|words| self.problems.push(Place::outside(name).error(words)))
            .ok()
    }

    /// `LOG_LEVEL` is shared with other programs: a word of theirs is no reason not to start.
    fn log_level(&mut self) -> Option<String> {
        let text = self.text("LOG_LEVEL")?;
        values::log_level(&text)
            .map_err(|words| {
                self.problems
                    .push(Place::outside("LOG_LEVEL").warning(words))
            })
            .ok()
    }
}
