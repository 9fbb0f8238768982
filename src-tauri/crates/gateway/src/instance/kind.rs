//! What kind of gateway this is, which decides whether it may be asked to make room.

use serde::{Deserialize, Serialize};

/// How a gateway was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// By the desktop app, inside of it.
    Desktop,
    /// On a command line, or by a program that does not start it again.
    Headless,
    /// By a service manager, which would start it again.
    Service {
        /// The one command that ends it for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop: Option<String>,
    },
}

// === impl Kind ===

impl Kind {
    /// What this process is, if it is no desktop app.
    pub fn of_headless(env: impl Fn(&str) -> Option<String>) -> Self {
        // Absent beyond Linux, where nothing is asked about it.
        let cgroup = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::told(env, std::process::id(), &cgroup)
    }

    /// From the environment, the process id and, on Linux, the text of `/proc/self/cgroup`.
    fn told(env: impl Fn(&str) -> Option<String>, pid: u32, cgroup: &str) -> Self {
        // systemd.exec(5): set to the id of the process that systemd itself started, so that
        // what a service starts in turn, such as a shell in a terminal, is none.
        let systemd = env("SYSTEMD_EXEC_PID").and_then(|pid| pid.parse().ok());
        if systemd == Some(pid) {
            return Self::Service {
                stop: systemd_stop(cgroup),
            };
        }
        // launchd calls what it starts by its label; "0" and "application.…" are what a
        // terminal and the programs in it inherit.
        match env("XPC_SERVICE_NAME") {
            Some(label)
                if !label.is_empty() && label != "0" && !label.starts_with("application.") =>
            {
                Self::Service {
                    stop: Some(format!("launchctl bootout gui/$(id -u)/{label}")),
                }
            }
            _ => Self::Headless,
        }
    }
}

/// The unit is the last part of the control group that is a service.
fn systemd_stop(cgroup: &str) -> Option<String> {
    let path = cgroup.lines().last()?.rsplit(':').next()?;
    let unit = path
        .rsplit('/')
        .find(|part| part.ends_with(".service") && !part.starts_with("user@"))?;
    let of_user = path.split('/').any(|part| part.starts_with("user@"));
    Some(if of_user {
        format!("systemctl --user stop {unit}")
    } else {
        format!("sudo systemctl stop {unit}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &'static str, value: &'static str, cgroup: &str) -> Kind {
        Kind::told(|asked| (asked == name).then(|| value.to_owned()), 7, cgroup)
    }

    fn service(stop: &str) -> Kind {
        Kind::Service {
            stop: Some(stop.to_owned()),
        }
    }

    #[test]
    fn a_service_is_stopped_by_whoever_started_it() {
        let of_user =
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/mcp-gateway.service\n";
        assert_eq!(
            told("SYSTEMD_EXEC_PID", "7", of_user),
            service("systemctl --user stop mcp-gateway.service")
        );
        assert_eq!(
            told(
                "SYSTEMD_EXEC_PID",
                "7",
                "0::/system.slice/gateway.service\n"
            ),
            service("sudo systemctl stop gateway.service")
        );
        assert_eq!(
            told("SYSTEMD_EXEC_PID", "7", "0::/\n"),
            Kind::Service { stop: None }
        );
        assert_eq!(
            told("XPC_SERVICE_NAME", "org.example.gateway", ""),
            service("launchctl bootout gui/$(id -u)/org.example.gateway")
        );
    }

    #[test]
    fn what_runs_in_a_terminal_is_no_service() {
        for (name, value) in [
            // The terminal itself is one, and its children inherit what it was told.
            ("SYSTEMD_EXEC_PID", "6"),
            ("XPC_SERVICE_NAME", "0"),
            ("XPC_SERVICE_NAME", "application.com.apple.Terminal.1.2"),
            ("HOME", "/home/a"),
        ] {
            assert_eq!(told(name, value, ""), Kind::Headless, "{name}={value}");
        }
    }
}
