//! The table of steps: everything that `cargo xtask test` does, in order.

use std::process::Command;
use std::time::Instant;

use anyhow::bail;

use super::{conformance, elsewhere, end_to_end, fuzz, peers};
use crate::bench;
use crate::chaos;
use crate::dist;
use crate::node;
use crate::rust;
use crate::shell::{cargo, npm, run_within, target};
use crate::system::{self, Purpose};
use crate::words::said;

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    /// What `--only` takes.
    pub(super) name: &'static str,
    english: &'static str,
    chinese: &'static str,
    /// Steps without which this one says nothing.
    pub(super) needs: &'static [&'static str],
    /// Where nobody watches, it is killed after that long.
    pub(super) minutes: u64,
    /// Does it, until the deadline.
    pub(super) run: fn(Instant) -> anyhow::Result<Outcome>,
}

/// How a step ended that did not fail.
pub(super) enum Outcome {
    Done,
    /// What it works on does not exist.
    Skipped(String),
}

const DONE: anyhow::Result<Outcome> = Ok(Outcome::Done);

/// Steps that run only where they are asked for: they take long and find little that the
/// release workflow would not.
pub(super) const BY_NAME_ALONE: [&str; 1] = ["macos"];

/// The UI comes before Rust because the binaries embed it; everything of Rust
/// is one debug build with one set of features, so that nothing compiles twice.
#[rustfmt::skip]
pub(super) const STEPS: &[Step] = &[
    Step { name: "system",       english: "packages that are missing",        chinese: "安装缺少的系统软件包",     needs: &[],                     minutes: 15, run: install_system },
    Step { name: "fmt",          english: "Rust formatting",                  chinese: "Rust 代码格式",            needs: &[],                     minutes: 2,  run: check_format },
    Step { name: "ui-install",   english: "the interface's dependencies",     chinese: "安装界面的依赖",           needs: &[],                     minutes: 10, run: |until| install("ui", until) },
    Step { name: "ui-format",    english: "formatting of the interface",      chinese: "界面代码格式",             needs: &["ui-install"],         minutes: 5,  run: |until| script("format:check", until) },
    Step { name: "ui-check",     english: "types of the interface",           chinese: "界面类型检查",             needs: &["ui-install"],         minutes: 5,  run: |until| script("check", until) },
    Step { name: "ui-test",      english: "unit tests of the interface",      chinese: "界面单元测试",             needs: &["ui-install"],         minutes: 10, run: |until| script("test", until) },
    Step { name: "ui-build",     english: "build of the interface",           chinese: "构建界面",                 needs: &["ui-install"],         minutes: 5,  run: build_ui },
    Step { name: "deny",         english: "licences, sources and bans",       chinese: "依赖的许可证与来源",       needs: &[],                     minutes: 20, run: deny },
    Step { name: "clippy",       english: "lints, everything",                chinese: "静态分析（全部）",         needs: &[],                     minutes: 30, run: lint },
    Step { name: "headless",     english: "lints of the build without Tauri", chinese: "静态分析（不含 Tauri）",   needs: &[],                     minutes: 15, run: |until| rust(cargo(["clippy", "--package", "mcp-gateway-app", "--no-default-features", "--bins", "--locked", "--", "-D", "warnings"]), until) },
    Step { name: "windows",      english: "lints of the build for Windows",   chinese: "静态分析（Windows）",      needs: &[],                     minutes: 30, run: |until| foreign(elsewhere::windows(until)) },
    Step { name: "macos",        english: "lints of the build for macOS",     chinese: "静态分析（macOS）",        needs: &[],                     minutes: 30, run: |until| foreign(elsewhere::macos(until)) },
    Step { name: "doc",          english: "documentation",                    chinese: "文档构建",                 needs: &[],                     minutes: 10, run: document },
    Step { name: "build",        english: "debug build of everything",        chinese: "完整调试构建",             needs: &[],                     minutes: 40, run: |until| rust(cargo(["build", "--workspace", "--all-targets", "--locked"]), until) },
    Step { name: "peers",        english: "real MCP servers and SDK clients", chinese: "真实的 MCP 服务器与客户端", needs: &[],                     minutes: 15, run: install_peers },
    Step { name: "test",         english: "unit and integration tests",       chinese: "单元测试与集成测试",       needs: &["build"],              minutes: 30, run: |until| rust(cargo(["test", "--workspace", "--locked", "--no-fail-fast"]), until) },
    Step { name: "fuzz",         english: "what strangers can send, made up", chinese: "模糊测试：外来输入",       needs: &[],                     minutes: 15, run: fuzz_all },
    Step { name: "conformance",  english: "the official conformance suite",   chinese: "官方一致性测试套件",       needs: &["build", "peers"],     minutes: 12, run: conform },
    Step { name: "chaos",        english: "faulty servers, 50 clients, a kill", chinese: "故障服务器、50 个客户端与强杀", needs: &["build"],            minutes: 12, run: |until| rust(chaos::short(), until) },
    Step { name: "e2e-install",  english: "dependencies of the next two",     chinese: "安装端到端测试的依赖",     needs: &[],                     minutes: 10, run: |until| install("tests/e2e", until) },
    Step { name: "e2e-browser",  english: "the page in a browser",            chinese: "浏览器端到端测试",         needs: &["build", "peers", "e2e-install"], minutes: 15, run: |until| on_build("browser", until) },
    Step { name: "e2e-desktop",  english: "the app on a virtual desktop",     chinese: "虚拟桌面端到端测试",       needs: &["build", "peers", "e2e-install"], minutes: 15, run: |until| on_build("desktop", until) },
    Step { name: "instructions", english: "instructions per call",            chinese: "每次调用的指令数",         needs: &[],                     minutes: 30, run: instructions },
    Step { name: "dist",         english: "packages: contents, install, use, remove", chinese: "安装包：内容、安装、使用、卸载", needs: &["ui-install", "build", "peers", "e2e-install"], minutes: 40, run: packages },
];

// === impl Step ===

impl Step {
    /// What it does, in the reader's language.
    pub(super) fn about(&self) -> &'static str {
        said(self.english, self.chinese)
    }
}

fn rust(mut command: Command, until: Instant) -> anyhow::Result<Outcome> {
    run_within(&mut command, Some(until))?;
    DONE
}

fn install_system(_until: Instant) -> anyhow::Result<Outcome> {
    system::ensure(&[
        Purpose::Build,
        Purpose::Desktop,
        Purpose::Package,
        Purpose::Test,
    ])?;
    DONE
}

fn install(folder: &str, until: Instant) -> anyhow::Result<Outcome> {
    if !node::is_package(folder) {
        return absent(folder);
    }
    node::install(folder, |command| run_within(command, Some(until)))?;
    DONE
}

fn absent(folder: &str) -> anyhow::Result<Outcome> {
    Ok(Outcome::Skipped(format!(
        "{} {folder}",
        said("there is no", "不存在")
    )))
}

fn script(name: &str, until: Instant) -> anyhow::Result<Outcome> {
    if !node::is_package("ui") {
        return absent("ui");
    }
    // CI=true keeps test runners from waiting for a key.
    run_within(npm("ui", ["run", name]).env("CI", "true"), Some(until))?;
    DONE
}

fn build_ui(until: Instant) -> anyhow::Result<Outcome> {
    let outcome = script("build", until)?;
    if matches!(outcome, Outcome::Done) {
        node::mark_ui_fresh()?;
    }
    Ok(outcome)
}

fn check_format(until: Instant) -> anyhow::Result<Outcome> {
    for manifest in rust::MANIFESTS {
        let mut command = cargo(["fmt", "--all", "--check", "--manifest-path", manifest]);
        run_within(&mut command, Some(until))?;
    }
    DONE
}

fn lint(until: Instant) -> anyhow::Result<Outcome> {
    for manifest in rust::MANIFESTS {
        let mut command = cargo(["clippy", "--workspace", "--all-targets", "--locked"]);
        command.args(["--manifest-path", manifest, "--", "-D", "warnings"]);
        command.env("CARGO_TARGET_DIR", target());
        run_within(&mut command, Some(until))?;
    }
    DONE
}

fn deny(until: Instant) -> anyhow::Result<Outcome> {
    rust::install_deny(|command| run_within(command, Some(until)))?;
    for manifest in rust::MANIFESTS {
        let mut command = cargo(["deny", "--locked", "--config", "deny.toml"]);
        command.args(["--manifest-path", manifest]);
        command.args(["check", "bans", "licenses", "sources"]);
        run_within(&mut command, Some(until))?;
    }
    DONE
}

/// What cannot be had here is no fault of the code.
fn foreign(linted: anyhow::Result<Option<String>>) -> anyhow::Result<Outcome> {
    Ok(linted?.map_or(Outcome::Done, Outcome::Skipped))
}

fn document(until: Instant) -> anyhow::Result<Outcome> {
    let mut command = cargo(["doc", "--no-deps", "--locked"]);
    for name in elsewhere::LIBRARIES {
        command.args(["--package", name]);
    }
    command.env("RUSTDOCFLAGS", "-D warnings");
    rust(command, until)
}

fn install_peers(until: Instant) -> anyhow::Result<Outcome> {
    if !node::is_package("tests/peers") {
        return absent("tests/peers");
    }
    peers::install(|command| run_within(command, Some(until)))?;
    DONE
}

fn fuzz_all(until: Instant) -> anyhow::Result<Outcome> {
    if cfg!(windows) {
        return Ok(Outcome::Skipped(
            said(
                "the fuzzer is for Linux and macOS",
                "模糊测试工具仅支持 Linux 和 macOS",
            )
            .to_owned(),
        ));
    }
    fuzz::run(until)?;
    DONE
}

fn conform(until: Instant) -> anyhow::Result<Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Outcome::Skipped(
            said(
                "its Node is for Linux on x64",
                "所需的 Node 仅支持 x64 Linux",
            )
            .to_owned(),
        ));
    }
    if !node::is_package("tests/peers") {
        return absent("tests/peers");
    }
    if !conformance::is_there() {
        bail!(
            "{}",
            said(
                "the suite is not installed; run the step `peers` first: cargo xtask test --only peers",
                "尚未安装该测试套件；请先运行步骤 `peers`：cargo xtask test --only peers",
            )
        );
    }
    conformance::run(until)?;
    DONE
}

fn instructions(until: Instant) -> anyhow::Result<Outcome> {
    bench::instructions::run(bench::instructions::Purpose::Check, |command| {
        run_within(command, Some(until))
    })?;
    DONE
}

/// End-to-end tests against the debug build.
fn on_build(part: &str, until: Instant) -> anyhow::Result<Outcome> {
    if !end_to_end::are_there() {
        return absent(end_to_end::FOLDER);
    }
    end_to_end::run(part, &target().join("debug"), "shots", until)?;
    DONE
}

/// The optimized build, as users get it: what passes uninstalled passes installed.
fn packages(until: Instant) -> anyhow::Result<Outcome> {
    let left_out = dist::test(
        |command| run_within(command, Some(until)),
        |programs| {
            if end_to_end::are_there() {
                end_to_end::run("desktop", programs, "shots-installed", until)?;
            }
            Ok(())
        },
    )?;
    Ok(left_out.map_or(Outcome::Done, |why| Outcome::Skipped(why.to_owned())))
}
