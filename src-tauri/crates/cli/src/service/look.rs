//! Gathers what a diagnosis is made from. It changes nothing.

use std::time::Duration;

use gateway::config::LoadError;
use gateway::instance::running;
use serde::Deserialize;

use super::Service;
use super::diagnosis::{Answer, ConfigFact, Facts, Installed};
use super::manager::{Observed, Process};
use crate::admin::Admin;
use crate::args::{CommandLine, Common, ServeArgs, TargetArgs};
use crate::config;
use crate::language::said;
use crate::running::{Ask, parse};

/// For an answer from memory.
const ANSWER: Duration = Duration::from_secs(5);

/// As much of `/api/status` as is shown here.
#[derive(Deserialize)]
struct Status {
    version: String,
    servers: Vec<Server>,
}

#[derive(Deserialize)]
struct Server {
    name: String,
    state: String,
}

impl Service<'_> {
    /// Everything there is to know.
    pub(super) fn look(&self) -> anyhow::Result<Facts> {
        let installed = self.installed();
        let line = self.command_line(&installed)?;
        let reach = self.manager.reach();
        let observed = match reach {
            Ok(()) => self.manager.observe(),
            Err(_) => Observed::default(),
        };
        let data_dir = self.context.data_dir(line.common.data_dir.as_deref())?;
        let mut facts = Facts {
            config: self.config(&line),
            manager: self.manager.name(),
            reach,
            installed,
            observed,
            occupant: running(&data_dir),
            answer: Answer::NotAsked,
            lines: Vec::new(),
            hint: None,
            version: env!("CARGO_PKG_VERSION"),
        };
        if let Some(address) = facts.own().and_then(|own| own.address()) {
            facts.answer = self.ask(&line, &format!("http://{address}"));
        }
        if facts.observed.starts_at_login == Some(true) {
            facts.hint = self.manager.hint();
        }
        let is_well = matches!(facts.answer, Answer::Said { .. });
        let was_started = facts.reach.is_ok()
            && matches!(facts.installed, Installed::Yes { .. })
            && !matches!(facts.observed.process, Process::Stopped);
        if was_started && !is_well {
            facts.lines = match self.manager.last_lines() {
                Ok(lines) => lines,
                Err(why) => vec![said(&why).to_owned()],
            };
        }
        Ok(facts)
    }

    /// A command line that means the service's gateway.
    pub(super) fn command_line(&self, installed: &Installed) -> anyhow::Result<CommandLine> {
        let config = match installed {
            Installed::Yes { definition, .. } => definition.config(),
            _ => None,
        };
        Ok(CommandLine {
            common: Common {
                config,
                port: None,
                log_level: None,
                data_dir: Some(self.data_dir()?),
            },
            serve: ServeArgs::default(),
            command: None,
        })
    }

    fn config(&self, line: &CommandLine) -> ConfigFact {
        match config::load_for(line, self.context) {
            Ok(loaded) => loaded.path.map_or(ConfigFact::Demo, ConfigFact::Sound),
            Err(error @ (LoadError::Unreadable { .. } | LoadError::Invalid { .. })) => {
                ConfigFact::Broken(error.render(self.context.language))
            }
        }
    }

    fn ask(&self, line: &CommandLine, url: &str) -> Answer {
        let target = TargetArgs {
            url: Some(url.to_owned()),
        };
        let asked = || -> anyhow::Result<Status> {
            let admin = Admin::find(line, &target, self.context)?;
            let body = admin.ask(Ask {
                deadline: Some(ANSWER),
                ..Ask::get("/api/status")
            })?;
            parse(&body)
        };
        match asked() {
            Err(error) => Answer::Silent(format!("{error:#}")),
            Ok(status) => {
                let enabled = status.servers.into_iter();
                let enabled: Vec<_> = enabled.filter(|one| one.state != "disabled").collect();
                Answer::Said {
                    version: status.version,
                    servers: enabled.len(),
                    troubled: enabled
                        .iter()
                        .filter(|one| matches!(one.state.as_str(), "failing" | "needsSignIn"))
                        .map(|one| (one.name.clone(), one.state.clone()))
                        .collect(),
                }
            }
        }
    }
}
