//! The Windows Task Scheduler, spoken to through `schtasks`. Its words are those of the system's
//! language, so nothing is read from it but XML and numbers.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use gateway::words::Words;

use super::definition::Definition;
use super::manager::{End, Manager, Observed, Process, Trouble};
use super::programs::{Programs, Ran, act};
use super::task::{self, NAME};
use crate::context::Context;
use crate::language::t;

const ASK: Duration = Duration::from_secs(20);
const ACT: Duration = Duration::from_secs(60);

/// A gateway that was asked to leave does so within less.
const FORMER: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// `SCHED_S_TASK_RUNNING`.
const RUNS: i64 = 267_009;

/// What the Task Scheduler gives as the result of a task that runs, has not yet run, was ended by
/// its user, or waits for its trigger (SCHED_S_…, Windows task scheduler error codes).
const NO_FAILURES: [i64; 6] = [0, 267_008, RUNS, 267_011, 267_014, 267_045];

/// The task of this user.
pub(crate) struct Tasks {
    /// The file from which the task was made.
    file: PathBuf,
    user: String,
    programs: Box<dyn Programs>,
}

impl Tasks {
    pub(crate) fn new(context: &Context, programs: Box<dyn Programs>) -> anyhow::Result<Self> {
        let named = |name: &str| (context.env)(name).filter(|value| !value.is_empty());
        let user = named("USERNAME").context(t(
            "the variable USERNAME is not set, so the task would belong to nobody",
            "未设置变量 USERNAME，无法确定任务属于哪个用户",
        ))?;
        let user = match named("USERDOMAIN") {
            Some(domain) => format!("{domain}\\{user}"),
            None => user,
        };
        Ok(Self {
            // Always in the usual folder, so that it is found whatever data folder is chosen.
            file: context.data_dir(None)?.join("service.xml"),
            user,
            programs,
        })
    }

    fn act(&self, args: &[&str]) -> Result<(), Trouble> {
        act(self.programs.as_ref(), ("schtasks", args), ACT, || {
            Words::new(
                "look at the task “MCP Gateway” in the Task Scheduler (taskschd.msc)",
                "请在任务计划程序（taskschd.msc）中查看任务“MCP Gateway”",
            )
        })
    }

    fn listed(&self) -> Option<Ran> {
        self.ask(&["/query", "/tn", NAME, "/fo", "csv", "/v", "/nh"])
    }

    /// Waits until the former run is over: while it lasts, another is dropped without a word
    /// (`IgnoreNew`).
    fn wait_for_the_former(&self) {
        let asked = Instant::now();
        let runs = || {
            let listed = self.listed();
            listed.is_some_and(|ran| result(&ran.stdout) == Some(RUNS))
        };
        while runs() && asked.elapsed() < FORMER {
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn ask(&self, args: &[&str]) -> Option<Ran> {
        let ran = self.programs.run("schtasks", args, ASK).ok()?;
        ran.success.then_some(ran)
    }
}

impl Manager for Tasks {
    fn name(&self) -> &'static str {
        "Task Scheduler"
    }

    fn path(&self) -> &Path {
        &self.file
    }

    fn render(&self, definition: &Definition) -> String {
        task::render(definition, &self.user)
    }

    fn parse(&self, text: &str) -> Option<Definition> {
        task::parse(text)
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        task::encoded(text)
    }

    fn decode(&self, bytes: &[u8]) -> String {
        task::decoded(bytes)
    }

    fn fit(&self, mut definition: Definition) -> (Definition, Vec<Words>) {
        let lost = std::mem::take(&mut definition.environment).into_iter();
        // The language follows Windows; the search for the file has ended with it.
        let lost = lost.filter(|(name, _)| !["LANG", "XDG_CONFIG_HOME"].contains(&name.as_str()));
        let advice = lost.map(|(name, value)| {
            Words::new(
                format!("a task has no environment of its own; for the service to find {name}, set it for the user: setx {name} \"{value}\""),
                format!("任务没有自己的环境变量；要让服务读到 {name}，请为用户设置：setx {name} \"{value}\""),
            )
        });
        let advice = advice.collect();
        (definition, advice)
    }

    fn refuses(&self, definition: &Definition) -> Option<Words> {
        let words = std::iter::once(&definition.program).chain(&definition.arguments);
        // It puts the values of variables in the place of %NAME%, and there is no way to quote it.
        let odd = words
            .into_iter()
            .find(|word| word.matches('%').count() > 1)?;
        Some(Words::new(
            format!(
                "the Task Scheduler takes what stands between percent signs for the name of a variable: {odd}; choose a path without them"
            ),
            format!("任务计划程序会把百分号之间的内容当作变量名：{odd}；请选择不含百分号的路径"),
        ))
    }

    fn place_for(&self, _secret: &str) -> Words {
        // What `setx` is told stands in the shell's history and in every list of processes.
        Words::new(
            "let the Credential Manager hold the key instead, which it does where none is set",
            "请改由凭据管理器保存密钥：不设置该变量时即由它保存",
        )
    }

    fn reach(&self) -> Result<(), Trouble> {
        let ran = self
            .programs
            .run("schtasks", &["/query", "/fo", "csv", "/nh"], ASK);
        let cause = match ran {
            Ok(ran) => match ran.complaint() {
                None => return Ok(()),
                Some(complaint) => complaint,
            },
            Err(why) => why.words(),
        };
        Err(Trouble::new(
            cause,
            Words::new(
                "let the Windows service “Schedule” run, then try again",
                "请确认 Windows 服务“Task Scheduler”（Schedule）正在运行，然后重试",
            ),
        ))
    }

    fn register(&self) -> Result<(), Trouble> {
        let file = self.file.to_string_lossy();
        self.act(&["/create", "/tn", NAME, "/xml", &file, "/f"])
    }

    fn withdraw(&self) -> Result<(), Trouble> {
        let is_there = self.ask(&["/query", "/tn", NAME]).is_some();
        if is_there {
            self.act(&["/delete", "/tn", NAME, "/f"])
        } else {
            Ok(())
        }
    }

    fn forget(&self) -> Result<(), Trouble> {
        Ok(())
    }

    fn start(&self) -> Result<(), Trouble> {
        self.wait_for_the_former();
        self.act(&["/run", "/tn", NAME])
    }

    fn stop(&self) -> Result<(), Trouble> {
        self.act(&["/end", "/tn", NAME])
    }

    fn stops_hard(&self) -> bool {
        true
    }

    fn observe(&self) -> Observed {
        let task = self.ask(&["/query", "/tn", NAME, "/xml"]);
        let starts_at_login = task.map(|ran| task::is_enabled(&ran.stdout));
        let listed = self.listed();
        Observed {
            // A task that is not there cannot be told.
            starts_at_login: Some(starts_at_login.unwrap_or(false)),
            process: listed.map_or(Process::Unknown, |ran| read(&ran.stdout)),
        }
    }

    fn last_lines(&self) -> Result<Vec<String>, Words> {
        Err(Words::new(
            "Windows keeps nothing of what a task prints; `mcp-gateway logs` shows its log, and `mcp-gateway` in a terminal why it does not start",
            "Windows 不保留任务的输出；`mcp-gateway logs` 可以查看它的日志，在终端中运行 `mcp-gateway` 可以看到无法启动的原因",
        ))
    }
}

/// A line of `schtasks /query /fo csv /v /nh`: the seventh field is the last result. Whether the
/// task runs is said in the system's language; the gateway's own note tells that.
fn read(listed: &str) -> Process {
    match result(listed) {
        Some(result) if NO_FAILURES.contains(&result) => Process::Unknown,
        None => Process::Unknown,
        Some(code) => Process::Failed {
            end: i32::try_from(code).map_or_else(|_| End::Other(code.to_string()), End::Code),
            again: false,
        },
    }
}

fn result(listed: &str) -> Option<i64> {
    let line = listed.lines().find(|line| !line.trim().is_empty())?;
    let mut fields = line.trim().trim_matches('"').split("\",\"");
    fields.nth(6)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::service::samples;
    use crate::service::scripted::Scripted;

    fn tasks(programs: Scripted) -> Tasks {
        Tasks {
            file: PathBuf::from(r"C:\data\service.xml"),
            user: r"DESK\me".to_owned(),
            programs: Box::new(programs),
        }
    }

    #[test]
    fn what_schtasks_is_told() {
        let (programs, told) = Scripted::new(|_| Ok(""));
        let tasks = tasks(programs);
        tasks.reach().expect("there");
        tasks.register().expect("taken");
        tasks.start().expect("started");
        tasks.stop().expect("ended");
        tasks.withdraw().expect("deleted");
        insta::assert_snapshot!("schtasks", told.borrow().join("\n"));
    }

    #[test]
    fn the_last_result_is_a_number_in_every_language() {
        let line = |result: &str| {
            format!(
                "\r\n\"DESK\",\"\\MCP Gateway\",\"N/A\",\"就绪\",\"Interactive only\",\"2026/11/21\",\"{result}\",\"me\"\r\n"
            )
        };
        assert_eq!(read(&line("267009")), Process::Unknown);
        assert_eq!(read(&line("0")), Process::Unknown);
        let failed = |end| Process::Failed { end, again: false };
        assert_eq!(read(&line("3")), failed(End::Code(3)));
        assert_eq!(
            read(&line("3221225786")),
            failed(End::Other("3221225786".to_owned()))
        );
    }

    #[test]
    fn what_a_task_cannot_hold_is_said() {
        let (programs, _) = Scripted::new(|_| Ok(""));
        let (definition, advice) = tasks(programs).fit(samples::odd());
        assert!(definition.environment.is_empty());
        assert_eq!(advice.len(), 1);
        assert!(advice[0].en.contains("setx OAUTH_SCOPE"), "{advice:?}");
    }

    #[test]
    fn a_start_waits_for_the_end_of_the_former_run() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let (programs, told) = Scripted::new(|command| {
            if !command.contains("/query") {
                return Ok("");
            }
            Ok(match ASKED.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => "\"DESK\",\"x\",\"N/A\",\"y\",\"z\",\"2026\",\"267009\",\"me\"",
                _ => "\"DESK\",\"x\",\"N/A\",\"y\",\"z\",\"2026\",\"0\",\"me\"",
            })
        });
        tasks(programs).start().expect("started");
        let told = told.borrow();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[3].contains("/run"), "{told:?}");
    }

    #[test]
    fn a_path_that_would_be_read_as_a_variable_is_refused() {
        let (programs, _) = Scripted::new(|_| Ok(""));
        let tasks = tasks(programs);
        assert_eq!(tasks.refuses(&samples::plain()), None);
        assert_eq!(tasks.refuses(&samples::odd()), None);
        let mut definition = samples::plain();
        definition.arguments.push(r"C:\%USER%\c.json".to_owned());
        assert!(tasks.refuses(&definition).is_some());
    }
}
