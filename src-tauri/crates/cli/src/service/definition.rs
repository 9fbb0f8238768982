//! What the service is to start, and what a person should know about that. Pure.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser as _;
use gateway::words::Words;

use crate::args::{CommandLine, Common};
use crate::language::t;

/// Variables of the gateway that are no secret. Those that have an option become one, which every
/// service manager can carry.
const CARRIED: [&str; 10] = [
    "MCP_GATEWAY_KEYCHAIN",
    "LOG_LEVEL",
    "GATEWAY_BASE_URL",
    "OAUTH_CLIENT_ID",
    "OAUTH_AUTHORIZATION_ENDPOINT",
    "OAUTH_TOKEN_ENDPOINT",
    "OAUTH_SCOPE",
    "OAUTH_CALLBACK_PORT",
    "MCP_SERVER_BASE_URL",
    "XDG_CONFIG_HOME",
];

/// Variables that a definition, which other programs may read, does not hold.
pub(super) const SECRETS: [&str; 2] = ["MCP_GATEWAY_KEY", "MCP_GATEWAY_PASSPHRASE"];

/// Parts of paths below which programs do not stay, and why. `^` is where a path begins.
const FLEETING: [(&str, &str, &str); 8] = [
    ("/target/debug/", "a build folder", "编译目录"),
    ("/target/release/", "a build folder", "编译目录"),
    ("/_npx/", "the cache of npx", "npx 的缓存"),
    (
        "/.mount_",
        "an AppImage while it runs",
        "运行期间挂载的 AppImage",
    ),
    (
        "/Cellar/",
        "one version of Homebrew's",
        "Homebrew 的单个版本",
    ),
    ("/nix/store/", "one version of Nix's", "Nix 的单个版本"),
    ("^/tmp/", "a folder for temporary files", "临时目录"),
    (
        "/AppData/Local/Temp/",
        "a folder for temporary files",
        "临时目录",
    ),
];

/// What a service manager starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    /// The version that wrote it.
    pub(crate) version: String,
    /// An absolute path.
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// What the command line and its surroundings say about the service.
pub(crate) struct Wish<'a> {
    pub(crate) program: &'a Path,
    /// The file that is used, if there is one.
    pub(crate) config: Option<&'a Path>,
    pub(crate) data_dir: &'a Path,
    pub(crate) host: Option<&'a str>,
    pub(crate) port: Option<u16>,
    pub(crate) log_level: Option<&'a str>,
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
}

// === impl Definition ===

impl Definition {
    /// The definition that this version writes. Paths are written out, for the service finds
    /// another home, other variables and another folder than whoever installs it.
    ///
    /// # Errors
    /// A path that is no text cannot stand in a file of text.
    pub(crate) fn of(wish: &Wish<'_>) -> anyhow::Result<Self> {
        let mut arguments = vec!["serve".to_owned()];
        let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        if let Some(config) = wish.config {
            option("--config", text(config)?);
        }
        option("--data-dir", text(wish.data_dir)?);
        if let Some(host) = wish.host {
            option("--host", host.to_owned());
        }
        let given = |name: &str| (wish.env)(name).filter(|value| !value.is_empty());
        let port = wish.port.map(|port| port.to_string());
        if let Some(port) = port.or_else(|| given("MCP_GATEWAY_PORT")) {
            option("--port", port);
        }
        if let Some(level) = wish.log_level {
            option("--log-level", level.to_owned());
        }
        let carried = CARRIED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), given(name)?)));
        let mut environment: Vec<_> = carried.collect();
        // The language of its log, and of what it tells.
        if let Some(locale) = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(given)
        {
            environment.push(("LANG".to_owned(), locale));
        }
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: text(wish.program)?,
            arguments,
            environment,
        })
    }

    /// The folder that the service's gateway keeps its data in, where it is named.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        self.common()?.data_dir
    }

    /// The configuration file that it is given.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        self.common()?.config
    }

    /// Its options as the gateway itself would read them, also where a person wrote them in another
    /// form; `None` where the gateway would not understand them.
    fn common(&self) -> Option<Common> {
        let line = std::iter::once(&self.program).chain(&self.arguments);
        let line = CommandLine::try_parse_from(line).ok()?;
        Some(line.common)
    }

    /// Why its program may be gone one day.
    pub(crate) fn doubts(&self) -> Option<Words> {
        let program = &self.program;
        let path = format!("^{}", program.replace('\\', "/"));
        let (_, en, zh) = FLEETING.iter().find(|(part, ..)| path.contains(part))?;
        Some(Words::new(
            format!(
                "{program} lies in {en}; once it is gone the service cannot start. Better install MCP Gateway and run `service install` with the installed program"
            ),
            format!(
                "{program} 位于{zh}，它消失后服务将无法启动。建议先安装 MCP Gateway，再用安装好的程序执行 `service install`"
            ),
        ))
    }
}

fn text(path: &Path) -> anyhow::Result<String> {
    let path = path.to_str().filter(|path| !path.contains(['\n', '\r']));
    path.map(str::to_owned).context(t(
        "a path of the service is not plain text; choose another with --config or --data-dir, or install the program elsewhere",
        "服务使用的某个路径不是普通文本；请用 --config 或 --data-dir 另选路径，或把程序安装到别处",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(env: &'static [(&'static str, &'static str)]) -> Definition {
        let env = move |name: &str| {
            let found = env.iter().find(|(one, _)| *one == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Definition::of(&Wish {
            program: Path::new("/usr/bin/mcp-gateway"),
            config: Some(Path::new("/home/a/c.json")),
            data_dir: Path::new("/home/a/data"),
            host: Some("127.0.0.1"),
            port: Some(5000),
            log_level: None,
            env: &env,
        })
        .expect("text")
    }

    #[test]
    fn what_was_chosen_is_carried_and_secrets_are_not() {
        let definition = of(&[
            ("PATH", "/usr/bin"),
            ("LC_ALL", "zh_CN.UTF-8"),
            ("LANG", "C"),
            ("MCP_GATEWAY_PASSPHRASE", "open sesame"),
            ("MCP_GATEWAY_KEY", "k"),
            ("MCP_GATEWAY_KEYCHAIN", "off"),
            ("LOG_LEVEL", ""),
        ]);
        assert_eq!(
            definition.arguments.join(" "),
            "serve --config /home/a/c.json --data-dir /home/a/data --host 127.0.0.1 --port 5000"
        );
        let environment: Vec<_> = definition
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            environment,
            ["MCP_GATEWAY_KEYCHAIN=off", "LANG=zh_CN.UTF-8"]
        );
        assert_eq!(definition.data_dir(), Some("/home/a/data".into()));
        assert_eq!(definition.config(), Some("/home/a/c.json".into()));
    }

    #[test]
    fn options_are_read_in_every_form() {
        let with = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|one| (*one).to_owned()).collect();
            let definition = Definition {
                arguments,
                ..of(&[])
            };
            (definition.config(), definition.data_dir())
        };
        let both = (Some("/c.json".into()), Some("/d".into()));
        assert_eq!(with(&["serve", "--config=/c.json", "--data-dir=/d"]), both);
        assert_eq!(with(&["-c", "/c.json", "--data-dir", "/d", "serve"]), both);
        assert_eq!(with(&["-c/c.json", "--data-dir=/d"]), both);
        assert_eq!(with(&["serve", "--no-such-option"]), (None, None));
    }

    #[test]
    fn a_program_that_will_not_stay_is_doubted() {
        let doubted = |program: &str| {
            let program = program.to_owned();
            Definition { program, ..of(&[]) }.doubts().is_some()
        };
        assert!(!doubted("/usr/bin/mcp-gateway"));
        assert!(!doubted("C:\\Program Files\\MCP Gateway\\mcp-gateway.exe"));
        assert!(doubted("/home/a/gateway/target/debug/mcp-gateway"));
        assert!(doubted(
            "C:\\src\\gateway\\target\\release\\mcp-gateway.exe"
        ));
        assert!(doubted("/home/a/.npm/_npx/1f/node_modules/x/mcp-gateway"));
        assert!(doubted("/tmp/.mount_MCPabc/usr/bin/mcp-gateway"));
        assert!(doubted("/tmp/mcp-gateway"));
        assert!(!doubted("/home/a/tmp/mcp-gateway"));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let odd = Path::new(std::ffi::OsStr::from_bytes(b"/opt/\xff"));
        assert!(text(odd).is_err());
        assert!(text(Path::new("/opt/a\nExecStart=b")).is_err());
    }
}
