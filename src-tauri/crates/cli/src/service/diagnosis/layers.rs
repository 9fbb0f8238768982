//! What is said of each layer.

use gateway::instance::Occupant;
use gateway::words::Words;

use super::super::ending::{ending, remedy_of};
use super::super::manager::Process;
use super::{Answer, ConfigFact, Facts, Installed, Layer, State, url};

impl Facts {
    pub(super) fn config(&self) -> Layer {
        match &self.config {
            ConfigFact::Demo => Layer::ok(
                "config",
                Words::new(
                    "there is no configuration file, so the built-in demo is served",
                    "没有配置文件，将提供内置的演示服务器",
                ),
            )
            .with(match self.reach {
                Ok(()) => Words::new(
                    "write one with `mcp-gateway config init`, then `mcp-gateway service install` again",
                    "用 `mcp-gateway config init` 生成一份，然后重新执行 `mcp-gateway service install`",
                ),
                Err(_) => Words::new(
                    "write one with `mcp-gateway config init`",
                    "用 `mcp-gateway config init` 生成一份",
                ),
            }),
            ConfigFact::Sound(path) => {
                let path = path.display();
                Layer::ok(
                    "config",
                    Words::new(
                        format!("the configuration {path} can be used"),
                        format!("配置 {path} 可以使用"),
                    ),
                )
            }
            ConfigFact::Broken(problems) => {
                let (state, en, zh) = match self.runs() {
                    true => (
                        State::Warning,
                        "the configuration cannot be used; the gateway goes on with the former one, but would not start again",
                        "配置无法使用；网关仍沿用之前的配置，但无法再次启动",
                    ),
                    false => (
                        State::Problem,
                        "the configuration cannot be used",
                        "配置无法使用",
                    ),
                };
                Layer {
                    lines: problems.lines().map(str::to_owned).collect(),
                    ..Layer::new("config", state, Words::new(en, zh)).with(Words::new(
                        "correct what is listed here",
                        "请修正以上列出的问题",
                    ))
                }
            }
        }
    }

    pub(super) fn manager(&self) -> Layer {
        let name = self.manager;
        match &self.reach {
            Ok(()) => Layer::ok(
                "manager",
                Words::new(format!("{name} can be reached"), format!("可以连接 {name}")),
            ),
            Err(trouble) => Layer::new(
                "manager",
                State::Problem,
                Words::new(
                    format!("{name} cannot be reached: {}", trouble.cause.en),
                    format!("无法连接 {name}：{}", trouble.cause.zh),
                ),
            )
            .with(trouble.remedy.clone()),
        }
    }

    pub(super) fn installation(&self) -> Layer {
        let layer = self.definition();
        // Without its manager nothing can be installed; what is said of that comes first.
        let is_readable = !matches!(self.installed, Installed::Unreadable { .. });
        match self.reach {
            Err(_) if is_readable => Layer {
                remedy: None,
                ..layer
            },
            _ => layer,
        }
    }

    fn definition(&self) -> Layer {
        let problem = |words| Layer::new("installation", State::Problem, words);
        let again = Words::new("mcp-gateway service install", "mcp-gateway service install");
        let (path, definition) = match &self.installed {
            Installed::No => {
                return problem(Words::new("the service is not installed", "服务尚未安装"))
                    .with(again);
            }
            Installed::Unreadable { path, why } => {
                let path = path.display();
                return problem(Words::new(
                    format!("{path} cannot be read: {why}"),
                    format!("无法读取 {path}：{why}"),
                ))
                .with(Words::new(
                    "make it readable for you",
                    "请确保您可以读取该文件",
                ));
            }
            Installed::Strange(path) => {
                let path = path.display();
                return problem(Words::new(
                    format!("{path} does not say what to start"),
                    format!("{path} 没有说明要启动什么"),
                ))
                .with(again);
            }
            Installed::Yes {
                program_exists: false,
                definition,
                ..
            } => {
                let program = &definition.program;
                return problem(Words::new(
                    format!("the program of the service, {program}, is not there"),
                    format!("服务的程序 {program} 不存在"),
                ))
                .with(Words::new(
                    "install it again with the program that you have: mcp-gateway service install",
                    "请用现有的程序重新安装：mcp-gateway service install",
                ));
            }
            Installed::Yes {
                path, definition, ..
            } => (path.display(), definition),
        };
        let wrote = &definition.version;
        if wrote != self.version {
            let now = self.version;
            let words = match wrote.as_str() {
                "" => Words::new(
                    format!("it is installed, not by `service install`: {path}"),
                    format!("已安装，但不是由 `service install` 生成：{path}"),
                ),
                wrote => Words::new(
                    format!("it is installed by version {wrote}, and this is {now}: {path}"),
                    format!("由版本 {wrote} 安装，而当前版本为 {now}：{path}"),
                ),
            };
            return Layer::new("installation", State::Warning, words).with(Words::new(
                "bring it up to date: mcp-gateway service install",
                "更新：mcp-gateway service install",
            ));
        }
        let installed = Layer::ok(
            "installation",
            Words::new(
                format!("it is installed: {path}"),
                format!("已安装：{path}"),
            ),
        );
        match definition.doubts() {
            None => installed,
            Some(doubts) => Layer {
                state: State::Warning,
                said: doubts,
                ..installed
            },
        }
    }

    pub(super) fn registration(&self) -> Layer {
        if !self.is_installed() || self.reach.is_err() {
            return unregistered();
        }
        match self.observed.starts_at_login {
            Some(true) => Layer {
                remedy: self.hint.clone(),
                ..Layer::ok(
                    "registration",
                    Words::new("it starts when you log in", "登录时会自动启动"),
                )
            },
            Some(false) => Layer::new(
                "registration",
                State::Warning,
                Words::new("it does not start when you log in", "登录时不会自动启动"),
            )
            .with(Words::new(
                "mcp-gateway service install",
                "mcp-gateway service install",
            )),
            None => unregistered(),
        }
    }

    pub(super) fn process(&self) -> Layer {
        if let Some(occupant) = self.own() {
            let pid = occupant.pid;
            return Layer::ok(
                "process",
                Words::new(
                    format!("it runs as process {pid}"),
                    format!("正在运行，进程 {pid}"),
                ),
            );
        }
        if let Some(occupant) = self.occupant.as_ref().filter(|_| !self.is_installed()) {
            let who = occupant.name();
            return Layer::new(
                "process",
                State::Unknown,
                Words::new(
                    format!("whether it runs; {} does", who.en),
                    format!("是否正在运行；{}正在运行", who.zh),
                ),
            );
        }
        if let Some(occupant) = &self.occupant {
            let (who, how) = (occupant.name(), occupant.remedy());
            return Layer::new(
                "process",
                State::Problem,
                Words::new(
                    format!("it does not run, because {} has its data folder", who.en),
                    format!("没有运行：{}占用着它的数据目录", who.zh),
                ),
            )
            .with(Words::new(
                format!(
                    "use that one, or {}; then: mcp-gateway service start",
                    how.en
                ),
                format!(
                    "可以直接使用它；或{}，然后执行：mcp-gateway service start",
                    how.zh
                ),
            ));
        }
        if !self.is_installed() || self.reach.is_err() {
            return Layer::unknown("process", Words::new("whether it runs", "是否正在运行"));
        }
        let start = Words::new("mcp-gateway service start", "mcp-gateway service start");
        let warning =
            |en: &str, zh: &str| Layer::new("process", State::Warning, Words::new(en, zh));
        let layer = match &self.observed.process {
            Process::Running { .. } => warning(
                "it runs, but has not yet said where it listens",
                "正在运行，但尚未说明监听地址",
            ),
            Process::Starting => warning("it is just starting", "正在启动"),
            Process::Stopping => Layer::new(
                "process",
                State::Problem,
                Words::new(
                    "it is just stopping: calls in flight may finish",
                    "正在停止：等待进行中的调用结束",
                ),
            ),
            Process::Stopped | Process::Unknown => Layer::new(
                "process",
                State::Problem,
                Words::new("it does not run", "没有运行"),
            )
            .with(start),
            Process::Failed { end, again } => {
                let end_words = ending(end);
                let said = match again {
                    true => Words::new(
                        format!("it failed: {}; it is tried again in a moment", end_words.en),
                        format!("运行失败：{}；稍后会自动重试", end_words.zh),
                    ),
                    false => Words::new(
                        format!("it failed: {}", end_words.en),
                        format!("运行失败：{}", end_words.zh),
                    ),
                };
                Layer::new("process", State::Problem, said).with(remedy_of(end))
            }
        };
        Layer {
            lines: self.lines.clone(),
            ..layer
        }
    }

    pub(super) fn health(&self) -> Layer {
        let nothing = || Layer::unknown("health", Words::new("whether it answers", "是否可以访问"));
        let Some(address) = self.own().and_then(Occupant::address).map(url) else {
            return nothing();
        };
        match &self.answer {
            Answer::NotAsked => nothing(),
            Answer::Silent(why) => Layer {
                lines: self.lines.clone(),
                ..Layer::new(
                    "health",
                    State::Problem,
                    Words::new(
                        format!("it does not answer at {address}: {why}"),
                        format!("{address} 没有应答：{why}"),
                    ),
                )
                .with(Words::new(
                    "mcp-gateway service restart",
                    "mcp-gateway service restart",
                ))
            },
            Answer::Said { version, .. } if version != self.version => Layer::new(
                "health",
                State::Warning,
                Words::new(
                    format!(
                        "version {version} answers at {address}, and this is {}",
                        self.version
                    ),
                    format!(
                        "{address} 应答的是版本 {version}，而当前版本为 {}",
                        self.version
                    ),
                ),
            )
            .with(Words::new(
                "mcp-gateway service restart",
                "mcp-gateway service restart",
            )),
            Answer::Said { .. } => Layer::ok(
                "health",
                Words::new(
                    format!("it answers at {address}/mcp"),
                    format!("可以访问：{address}/mcp"),
                ),
            ),
        }
    }

    pub(super) fn servers(&self) -> Layer {
        let Answer::Said {
            servers, troubled, ..
        } = &self.answer
        else {
            return Layer::unknown(
                "servers",
                Words::new("how its servers fare", "各服务器的状况"),
            );
        };
        if troubled.is_empty() {
            let words = Words::new(
                format!("servers: {servers} of {servers} can be used"),
                format!("服务器：{servers}/{servers} 个可用"),
            );
            return Layer::ok("servers", words);
        }
        let works = servers - troubled.len().min(*servers);
        let each = troubled.iter().map(|(name, state)| {
            let state = match state.as_str() {
                "needsSignIn" => ("needs sign-in", "需要登录"),
                _ => ("fails", "失败"),
            };
            (
                format!("{name} ({})", state.0),
                format!("{name}（{}）", state.1),
            )
        });
        let (en, zh): (Vec<_>, Vec<_>) = each.unzip();
        let (en, zh) = (en.join(", "), zh.join("、"));
        Layer::new(
            "servers",
            State::Warning,
            Words::new(
                format!("servers: {works} of {servers} can be used; {en}"),
                format!("服务器：{works}/{servers} 个可用；{zh}"),
            ),
        )
        .with(Words::new("mcp-gateway status", "mcp-gateway status"))
    }
}

fn unregistered() -> Layer {
    Layer::unknown(
        "registration",
        Words::new("whether it starts when you log in", "登录时是否自动启动"),
    )
}
