//! How a login shell is asked for its environment, and how its answer is read. Pure.
//!
//! Every shell is given the same one command, `/bin/sh -c '…'`, which all of them
//! understand alike; what differs is how each is made to read its user's files. The
//! answer stands between two marks, for those files may print whatever they like.

use std::ffi::OsString;
use std::path::Path;

use super::variables::Variables;

/// Accounts that nobody logs in to have these.
const NO_SHELLS: &[&str] = &["false", "nologin", "sync", "true"];

/// Set while the shell is asked. The files of many users, and frameworks for shells, know
/// one of them and leave out what needs somebody sitting there.
pub(super) const ASKING: &[(&str, &str)] = &[
    ("VSCODE_RESOLVING_ENVIRONMENT", "1"),
    ("INTELLIJ_ENVIRONMENT_READER", "1"),
    ("MCP_GATEWAY_READS_ENVIRONMENT", "1"),
    ("DISABLE_AUTO_UPDATE", "true"),
    ("ZSH_TMUX_AUTOSTART", "false"),
    ("ZSH_TMUX_AUTOSTARTED", "true"),
];

/// What brackets the answer. It is printed in two halves that stand apart in the command,
/// so that a shell which prints its command does not print a mark.
#[derive(Debug, Clone)]
pub(super) struct Mark(String, String);

/// One way to ask: what the shell is called with.
pub(super) type Arguments = Vec<String>;

// === impl Mark ===

impl Mark {
    /// One that nobody prints by accident.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let half = || getrandom::u64().map(|number| format!("{number:016x}"));
        Ok(Self(half()?, half()?))
    }

    fn text(&self) -> String {
        format!("{}{}", self.0, self.1)
    }

    /// The command. Without a single quote inside, so that any shell takes it as one word.
    fn command(&self) -> String {
        let mark = format!("printf %s%s {} {}", self.0, self.1);
        // The last is for a macOS whose env has no -0.
        let print = "/usr/bin/env -0 2>/dev/null || /bin/cat /proc/self/environ 2>/dev/null || /usr/bin/perl -e \"print map { qq(\\$_=\\$ENV{\\$_}\\0) } keys %ENV\" 2>/dev/null";
        format!("/bin/sh -c '{mark}; {{ {print}; }}; {mark}'")
    }

    /// What was printed between the marks; `None` until both are there.
    pub(super) fn between<'a>(&self, printed: &'a [u8]) -> Option<&'a [u8]> {
        let mark = self.text();
        let finder = memchr::memmem::Finder::new(mark.as_bytes());
        let start = finder.find(printed)? + mark.len();
        let end = finder.find(&printed[start..])?;
        Some(&printed[start..start + end])
    }
}

/// How a shell is asked, the best way first: the next one is taken where it ends without an
/// answer. Nothing for what is no shell.
pub(super) fn ways(shell: &Path, mark: &Mark) -> Vec<Arguments> {
    let name = shell
        .file_stem()
        .map(|name| name.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    let command = mark.command();
    let way = |flags: &[&str], command: String| {
        let mut way: Arguments = flags.iter().map(|flag| (*flag).to_owned()).collect();
        way.push(command);
        way
    };
    match name.as_str() {
        _ if NO_SHELLS.contains(&name.as_str()) => Vec::new(),
        // A login bash reads .profile and its kin only, an interactive one .bashrc only. So
        // one starts the other, as a desktop's session starts a terminal.
        "bash" => {
            let inner = command.replace('\'', "'\\''");
            let within = format!("exec \"$BASH\" -i -c '{inner}'");
            vec![way(&["-l", "-c"], within), way(&["-l", "-c"], command)]
        }
        // They take -l alone or not at all.
        "csh" | "tcsh" => vec![way(&["-i", "-c"], command.clone()), way(&["-c"], command)],
        "nu" => vec![way(&["-l", "-c"], format!("^{command}"))],
        "pwsh" | "pwsh-preview" => vec![way(&["-Login", "-Command"], command)],
        "elvish" | "xonsh" => vec![way(&["-i", "-c"], command.clone()), way(&["-c"], command)],
        // zsh, fish, ksh, dash and whatever else is like them.
        _ => vec![
            way(&["-i", "-l", "-c"], command.clone()),
            way(&["-l", "-c"], command.clone()),
            way(&["-c"], command),
        ],
    }
}

/// The variables that stand between the marks, each ended by NUL.
pub(super) fn parse(answer: &[u8]) -> Variables {
    answer
        .split(|byte| *byte == 0)
        .filter_map(|pair| {
            // A name may not be empty; `env` passes through what nobody can set.
            let at = memchr::memchr(b'=', pair).filter(|at| *at > 0)?;
            Some((text(&pair[..at]), text(&pair[at + 1..])))
        })
        .collect()
}

#[cfg(unix)]
fn text(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn text(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark("0123".to_owned(), "4567".to_owned())
    }

    #[test]
    fn the_answer_stands_between_the_marks_whatever_is_printed_around_it() {
        let printed = b"Welcome!\n01234567A=1\0B=two\nlines\0C=\0=x\0junk\0D=a=b\x0001234567bye";
        let answer = mark().between(printed).map(parse);
        let expected: Variables = [("A", "1"), ("B", "two\nlines"), ("C", ""), ("D", "a=b")]
            .into_iter()
            .collect();
        assert_eq!(answer, Some(expected));
    }

    #[test]
    fn half_an_answer_is_none() {
        assert_eq!(mark().between(b"01234567PATH=/bin\0"), None);
        assert_eq!(mark().between(b""), None);
    }

    #[test]
    fn a_shell_that_prints_its_command_prints_no_mark() {
        for way in ways(Path::new("/bin/zsh"), &mark()) {
            let echoed = way.concat();
            assert!(!echoed.contains("01234567"), "{echoed}");
        }
    }

    #[test]
    fn each_shell_is_made_to_read_its_users_files() {
        let flags = |shell: &str| -> Vec<Vec<String>> {
            ways(Path::new(shell), &mark())
                .into_iter()
                .map(|mut way| {
                    way.pop();
                    way
                })
                .collect()
        };
        assert_eq!(flags("/usr/bin/zsh")[0], ["-i", "-l", "-c"]);
        assert_eq!(flags("/usr/bin/fish")[0], ["-i", "-l", "-c"]);
        assert_eq!(flags("/bin/tcsh")[0], ["-i", "-c"]);
        assert_eq!(flags("/usr/bin/nu"), [["-l", "-c"]]);
        assert!(flags("/usr/sbin/nologin").is_empty());
        assert!(flags("/bin/false").is_empty());
        let bash = ways(Path::new("/bin/bash"), &mark());
        assert_eq!(bash[0][..2], ["-l", "-c"]);
        assert!(bash[0][2].contains("-i -c"), "{:?}", bash[0]);
    }
}
