//! The headless command line: starts the gateway, looks after its configuration and talks to a
//! running one. Owns what is printed; decides nothing about MCP.

mod args;
mod language;
mod usage;

mod context;
mod logging;
mod write;

mod config;
mod serve;
mod stdio;

mod seal;
mod secret;

mod account;
mod admin;
mod approve;
mod call;
mod doctor;
mod logs;
mod moment;
mod proof;
mod running;
mod service;
mod status;
mod table;
mod token;
mod tools;
mod ui;

mod demo;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use admin::Admin;
use args::{CommandLine, ConfigAction, Sub};
use context::Context;
use gateway::words::{Language, Words};

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    run(
        std::env::args_os(),
        &Context::of_process(),
        &mut io::stdout(),
        &mut io::stderr(),
    )
}

/// The command line's grammar with its help in this language, for what documents it.
pub fn command(language: Language) -> clap::Command {
    language::speak(language);
    args::grammar()
}

/// Runs one command line; what it prints goes to `out` and `err`.
fn run(
    args: impl IntoIterator<Item = OsString>,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    language::speak(context.language);
    let line = match CommandLine::read(args) {
        Ok(line) => line,
        Err(error) => {
            let text = usage::explain(&error, context.language);
            let written = if error.use_stderr() {
                err.write_all(text.as_bytes())
            } else {
                out.write_all(text.as_bytes())
            };
            return match written {
                Ok(()) => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
                Err(_) => ExitCode::FAILURE,
            };
        }
    };
    match dispatch(line, context, out, err) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when stderr is gone too; the exit code still says it.
            _ = writeln!(err, "{} {error:#}", language::t("error:", "错误："));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(
    mut line: CommandLine,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let command = line
        .command
        .take()
        .unwrap_or(Sub::Serve(args::ServeArgs::default()));
    if let Sub::Serve(own) = &command {
        line.serve.host = own.host.clone().or(line.serve.host);
        line.serve.stdio |= own.stdio;
    } else if line.serve.stdio || line.serve.host.is_some() {
        return Err(language::failure(&Words::new(
            "--stdio and --host belong to `serve` and mean nothing to another command",
            "--stdio 和 --host 只用于 `serve`，对其他命令没有意义",
        )));
    }
    match command {
        Sub::Serve(_) if line.serve.stdio => stdio::run(&line, context),
        Sub::Serve(_) => serve::run(&line, context, out, err),
        Sub::Config {
            action: ConfigAction::Info,
        } => config::info(&line, context, out),
        Sub::Config {
            action: ConfigAction::Init,
        } => config::init(&line, context, out),
        Sub::Config {
            action: ConfigAction::Schema,
        } => config::schema(out),
        Sub::Config {
            action: ConfigAction::Seal { target },
        } => seal::run(&line, &target, context, out),
        Sub::CopyConfig { path, force } => config::copy(&context.cwd.join(path), force, out),
        Sub::Tools { target, json } => tools::run(&line, &target, json, context, out),
        Sub::Call {
            name,
            arguments,
            target,
            json,
        } => {
            let call = call::Call {
                name,
                arguments: call::read_arguments(arguments, &mut io::stdin())?,
                json,
            };
            call.run(&line, &target, context, out)
        }
        Sub::Status { target, json } => status::run(&line, &target, json, context, out),
        Sub::Doctor { fix, json } => {
            let repair = match fix {
                None => doctor::Repair::Nothing,
                Some(id) if id.is_empty() => doctor::Repair::Everything,
                Some(id) => doctor::Repair::One(id),
            };
            doctor::run(&line, &repair, json, context, out, err)
        }
        Sub::Logs { wanted, target } => logs::run(
            &Admin::find(&line, &target, context)?,
            &wanted,
            (&line, &target),
            context,
            out,
            err,
        ),
        Sub::Service { action } => service::run(line, action, context, out, err),
        Sub::Ui { target, no_open } => ui::run(&line, &target, !no_open, context, out, err),
        Sub::Secret { action } => secret::run(&line, &action, context, out, err),
        Sub::Token { action } => {
            let admin = Admin::find(&line, action.target(), context)?;
            token::run(&admin, &action, context, out, err)
        }
        Sub::Approve { code, deny, target } => approve::run(
            &Admin::find(&line, &target, context)?,
            code.as_deref(),
            deny,
            out,
        ),
        Sub::SignIn {
            provider,
            user,
            no_browser,
            target,
        } => {
            let admin = Admin::find(&line, &target, context)?;
            match provider {
                Some(provider) => {
                    let whose = (provider.as_str(), user.as_deref());
                    account::sign_in(&admin, whose, !no_browser, context, out, err)
                }
                None => account::list(&admin, context, out),
            }
        }
        Sub::SignOut {
            provider,
            user,
            target,
        } => account::sign_out(
            &Admin::find(&line, &target, context)?,
            &provider,
            user.as_deref(),
            out,
        ),
        Sub::DemoServer => demo::run(),
    }
}

/// `mcp-gateway tools | head` closes the pipe early; that is no failure of ours.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
