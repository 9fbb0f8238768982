//! `service install` and `uninstall`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use gateway::words::Words;

use super::changes::Change;
use super::definition::{Definition, SECRETS, Wish};
use super::diagnosis::Installed;
use super::manager::Process;
use super::{Service, replace};
use crate::args::CommandLine;
use crate::config;
use crate::language::{failure, said, t};

impl Service<'_> {
    /// Writes the definition, registers it and starts the service. Doing it again changes only
    /// what is to be changed.
    pub(super) fn install(
        &self,
        line: &CommandLine,
        start: bool,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> anyhow::Result<ExitCode> {
        let loaded = config::require(line, self.context)?;
        let data_dir = self.context.data_dir(line.common.data_dir.as_deref())?;
        let config = loaded.path.map(|path| self.context.cwd.join(path));
        let definition = Definition::of(&Wish {
            program: &self.context.program,
            config: config.as_deref(),
            data_dir: &data_dir,
            host: line.serve.host.as_deref(),
            port: line.common.port,
            log_level: line.common.log_level.as_deref(),
            env: self.context.env.as_ref(),
        })?;
        if let Some(words) = self.manager.refuses(&definition) {
            return Err(failure(&words));
        }
        let (definition, mut advice) = self.manager.fit(definition);
        advice.extend(definition.doubts());
        advice.extend(self.secrets());
        if config.is_none() {
            advice.push(Words::new(
                "there is no configuration file, so the built-in demo is served; write one with `mcp-gateway config init`, then install again",
                "没有配置文件，将提供内置的演示服务器；请用 `mcp-gateway config init` 生成一份，然后重新安装",
            ));
        }
        self.manager
            .reach()
            .map_err(|trouble| failure(&trouble.words()))?;

        // A service that moves to another folder is stopped where it is, while that is known.
        let change = self.change_to(&definition)?;
        let moves = matches!(change, Change::Replaced { .. });
        if moves && start {
            self.bring_down()?;
        }
        self.put(&definition, &change, out)?;
        self.manager
            .register()
            .map_err(|trouble| failure(&trouble.words()))?;
        advice.extend(self.manager.hint());
        for words in &advice {
            writeln!(err, "{} {}", t("note:", "注意："), said(words))?;
        }
        if start {
            return self.start(out, err);
        }
        let words = Words::new(
            "It starts when you log in, or with: mcp-gateway service start",
            "登录时会自动启动；也可执行：mcp-gateway service start",
        );
        writeln!(out, "{}", said(&words))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Secrets that are set here and will not be there.
    fn secrets(&self) -> impl Iterator<Item = Words> {
        let is_set = |name: &&str| (self.context.env)(name).is_some_and(|value| !value.is_empty());
        let missing: Vec<_> = SECRETS.into_iter().filter(is_set).collect();
        missing.into_iter().map(|name| {
            let place = self.manager.place_for(name);
            Words::new(
                format!(
                    "{name} is not written into the definition, which other programs may read; {}",
                    place.en
                ),
                format!(
                    "{name} 不会写入服务定义，因为其他程序可能读取该文件；{}",
                    place.zh
                ),
            )
        })
    }

    fn change_to(&self, definition: &Definition) -> anyhow::Result<Change> {
        let path = self.manager.path();
        let before = match std::fs::read(path) {
            Ok(bytes) => Some(self.manager.decode(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let path = path.display();
                return Err(failure(&Words::new(
                    format!("cannot read {path}: {error}"),
                    format!("无法读取 {path}：{error}"),
                )));
            }
        };
        let after = self.manager.render(definition);
        Ok(Change::of(before.as_deref(), &after, |text| {
            let definition = self.manager.parse(text)?;
            Some(self.manager.render(&definition))
        }))
    }

    fn put(
        &self,
        definition: &Definition,
        change: &Change,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let path = self.manager.path();
        let lead = match change {
            Change::New => t("Installed:", "已安装："),
            Change::Same => t("Installed already:", "此前已安装："),
            Change::Replaced { .. } => t("Installed anew:", "已更新："),
        };
        if let Change::Replaced { by_hand: true, .. } = change {
            let kept = free_name(path);
            let copied = std::fs::read(path).and_then(|bytes| replace(&kept, &bytes));
            copied.with_context(|| kept.display().to_string())?;
            let lead = t(
                "The definition was edited by hand and is kept:",
                "服务定义曾被手动修改，原文件保留为：",
            );
            writeln!(out, "{lead} {}", kept.display())?;
        }
        if *change != Change::Same {
            self.write(&self.manager.render(definition))?;
        }
        writeln!(out, "{lead} {}", path.display())?;
        if let Change::Replaced { lines, .. } = change {
            for line in lines {
                writeln!(out, "  {line}")?;
            }
        }
        Ok(())
    }

    /// Stops it and leaves nothing of it but configuration and data.
    pub(super) fn uninstall(
        &self,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> anyhow::Result<ExitCode> {
        let facts = self.look()?;
        let path = self.manager.path();
        let is_there = !matches!(facts.installed, Installed::No);
        let is_known = facts.observed.starts_at_login == Some(true)
            || !matches!(facts.observed.process, Process::Stopped | Process::Unknown);
        if !is_there && !is_known {
            let words = Words::new(
                "The service is not installed; there is nothing to remove.",
                "服务尚未安装，没有需要删除的内容。",
            );
            writeln!(out, "{}", said(&words))?;
            return Ok(ExitCode::SUCCESS);
        }
        match &facts.reach {
            Ok(()) => {
                self.bring_down()?;
            }
            Err(trouble) => writeln!(
                err,
                "{} {}",
                t(
                    "note: the service may still run, because its manager cannot be told:",
                    "注意：无法通知服务管理器，服务可能仍在运行："
                ),
                said(&trouble.cause)
            )?,
        }
        if let Err(trouble) = self.manager.withdraw() {
            writeln!(err, "{} {}", t("note:", "注意："), said(&trouble.cause))?;
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let path = path.display();
                return Err(failure(&Words::new(
                    format!("cannot remove {path}: {error}"),
                    format!("无法删除 {path}：{error}"),
                )));
            }
            _ => {}
        }
        if facts.reach.is_ok() {
            self.manager
                .forget()
                .map_err(|trouble| failure(&trouble.words()))?;
        }
        let path = path.display();
        let words = Words::new(
            format!("Removed: {path}\nConfiguration and data stay."),
            format!("已删除：{path}\n配置和数据保持不变。"),
        );
        writeln!(out, "{}", said(&words))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A name beside it that nothing has.
fn free_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = (0..).map(|count| match count {
        0 => format!("{name}.bak"),
        count => format!("{name}.bak.{count}"),
    });
    names
        .map(|name| path.with_file_name(name))
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.with_extension("bak"))
}
