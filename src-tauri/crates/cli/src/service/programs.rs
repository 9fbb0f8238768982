//! The system's programs that a service manager is spoken to with. Each has a deadline.

use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use gateway::words::Words;

use super::manager::Trouble;

/// Runs such a program.
pub(crate) trait Programs {
    /// Runs it to its end.
    ///
    /// # Errors
    /// It could not be run, or did not end in time; not that it failed.
    fn run(&self, program: &str, args: &[&str], deadline: Duration) -> Result<Ran, CannotRun>;
}

/// Has a program do something.
///
/// # Errors
/// Why it was not done, and `remedy`.
pub(crate) fn act(
    programs: &dyn Programs,
    (program, args): (&str, &[&str]),
    deadline: Duration,
    remedy: fn() -> Words,
) -> Result<(), Trouble> {
    let cause = match programs.run(program, args, deadline) {
        Ok(ran) => match ran.complaint() {
            None => return Ok(()),
            Some(complaint) => complaint,
        },
        Err(why) => why.words(),
    };
    Err(Trouble::new(cause, remedy()))
}

/// Where more is to be learnt.
pub(crate) fn ask_status() -> Words {
    Words::new(
        "`mcp-gateway service status` says more",
        "`mcp-gateway service status` 会给出更多信息",
    )
}

/// What a program said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The command as a person would type it.
    pub(crate) command: String,
    /// Its exit code was 0.
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Why a program said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CannotRun {
    /// It is not there.
    Missing { program: String },
    /// The system does not start it.
    Refused { program: String, why: String },
    /// It did not end, and was ended.
    Late { command: String, seconds: u64 },
}

/// The programs of this machine.
pub(crate) struct Installed;

impl Programs for Installed {
    fn run(&self, program: &str, args: &[&str], deadline: Duration) -> Result<Ran, CannotRun> {
        let refused = |why: std::io::Error| match why.kind() {
            ErrorKind::NotFound => CannotRun::Missing {
                program: program.to_owned(),
            },
            _ => CannotRun::Refused {
                program: program.to_owned(),
                why: why.to_string(),
            },
        };
        let command = command_line(program, args);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(refused)?;
        let ended = runtime.block_on(async {
            let output = tokio::process::Command::new(program)
                .args(args)
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .output();
            tokio::time::timeout(deadline, output).await
        });
        let Ok(output) = ended else {
            return Err(CannotRun::Late {
                command,
                seconds: deadline.as_secs(),
            });
        };
        let output = output.map_err(refused)?;
        Ok(Ran {
            command,
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// A command as a person would type it.
fn command_line(program: &str, args: &[&str]) -> String {
    let words = std::iter::once(&program).chain(args);
    let words = words.map(|word| match word.contains([' ', '$']) || word.is_empty() {
        true => format!("'{word}'"),
        false => (*word).to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

// === impl Ran ===

impl Ran {
    /// Why it failed, in its own words; `None` where it did not.
    pub(crate) fn complaint(&self) -> Option<Words> {
        if self.success {
            return None;
        }
        let said = [&self.stderr, &self.stdout]
            .into_iter()
            .map(|text| text.trim())
            .find(|text| !text.is_empty())
            .unwrap_or_default();
        let command = &self.command;
        Some(match said {
            "" => Words::new(
                format!("`{command}` failed without a word"),
                format!("`{command}` 失败，没有任何输出"),
            ),
            said => Words::new(
                format!("`{command}` failed: {said}"),
                format!("`{command}` 失败：{said}"),
            ),
        })
    }
}

// === impl CannotRun ===

impl CannotRun {
    /// In words.
    pub(crate) fn words(&self) -> Words {
        match self {
            Self::Missing { program } => Words::new(
                format!("the command `{program}` was not found"),
                format!("找不到命令 `{program}`"),
            ),
            Self::Refused { program, why } => Words::new(
                format!("`{program}` cannot be started: {why}"),
                format!("无法运行 `{program}`：{why}"),
            ),
            Self::Late { command, seconds } => Words::new(
                format!("`{command}` did not end within {seconds} s"),
                format!("`{command}` 在 {seconds} 秒内没有结束"),
            ),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    fn run(args: &[&str], deadline: Duration) -> Result<Ran, CannotRun> {
        Installed.run("sh", args, deadline)
    }

    #[test]
    fn what_a_program_says_is_told_where_it_fails() {
        let minute = Duration::from_secs(60);
        let ran = run(&["-c", "echo no bus >&2; exit 4"], minute).expect("it runs");
        let complaint = ran.complaint().expect("it failed");
        assert_eq!(
            complaint.en,
            "`sh -c 'echo no bus >&2; exit 4'` failed: no bus"
        );
        assert_eq!(run(&["-c", ":"], minute).expect("runs").complaint(), None);
        let missing = Installed.run("no-such-program", &[], minute);
        assert!(
            matches!(missing, Err(CannotRun::Missing { .. })),
            "{missing:?}"
        );
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let begun = Instant::now();
        let late = run(&["-c", "exec sleep 600"], Duration::from_millis(200));
        assert!(matches!(late, Err(CannotRun::Late { .. })), "{late:?}");
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
