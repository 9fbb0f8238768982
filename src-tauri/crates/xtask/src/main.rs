//! `cargo xtask`: the project's habits, one command each.
//!
//! It builds, starts and measures the product but links none of it.

mod bench;
mod chaos;
mod dist;
mod icons;
mod node;
mod run;
mod rust;
mod server;
mod shell;
mod stamp;
mod system;
mod test;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's habits · 本项目的常用命令
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    habit: Habit,
}

#[derive(Subcommand)]
enum Habit {
    /// Install what the system lacks, build and start the gateway · 安装缺少的系统软件包,构建并启动网关
    Run(run::Options),
    /// Every check that CI makes · 运行 CI 的全部检查
    Test(test::Options),
    /// Formatting, lints and licences only · 只检查格式、静态分析和许可证
    Lint,
    /// Format the Rust and the UI sources · 格式化 Rust 与界面代码
    Fmt,
    /// Build the packages that users install · 构建供用户安装的软件包
    Dist(dist::Options),
    /// What the Linux packages hold beside the programs; Tauri calls it · Linux 安装包中程序以外的文件,由 Tauri 调用
    #[command(hide = true)]
    DistFiles,
    /// Draw the icon files from their SVG sources · 由 SVG 源文件生成全部图标
    Icons,
    /// Speed, memory, start time, instructions per call · 测量速度、内存、启动时间与每次调用的指令数
    Bench(bench::Options),
    /// Faulty servers, 50 clients, a gateway that is killed; every call is accounted for · 故障服务器、50 个客户端、被强杀的网关：逐一核对每次调用
    Chaos(chaos::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().habit {
        Habit::Run(options) => run::run(&options),
        Habit::Test(options) => test::run(&options),
        Habit::Lint => test::run(&test::Options::only(&["fmt", "clippy", "headless", "deny"])),
        Habit::Fmt => rust::format().and_then(|()| node::format()),
        Habit::Dist(options) => dist::run(&options),
        Habit::DistFiles => dist::write_files(),
        Habit::Icons => icons::draw(),
        Habit::Bench(options) => bench::run(&options),
        Habit::Chaos(options) => chaos::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}: {error:#}", words::said("error", "错误"));
            ExitCode::FAILURE
        }
    }
}
