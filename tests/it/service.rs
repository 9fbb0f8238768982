//! `mcp-gateway service` with systemd --user. In its place stands a script that really starts
//! and stops what the unit says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use gateway::instance::{Occupant, running};
use serde_json::{Value, json};
use testkit::process::{is_alive, terminate};
use testkit::wait::until_true;
use testkit::{Ended, McpHttp, Setup, run};

use crate::support::{setup, tools};

const PROGRAMS: [(&str, &str); 3] = [
    ("systemctl", include_str!("service/systemctl")),
    ("journalctl", include_str!("service/journalctl")),
    ("loginctl", include_str!("service/loginctl")),
];

/// A user whose systemd is the stand-in, with a configuration that has one server.
struct User {
    setup: Setup,
}

impl User {
    fn new() -> Self {
        let setup = setup();
        let (bin, state) = (setup.path("bin"), setup.path("systemd"));
        fs::create_dir(&state).expect("a folder");
        fs::create_dir(&bin).expect("a folder");
        for (name, text) in PROGRAMS {
            let program = bin.join(name);
            fs::write(&program, text).expect("it is written");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("may be run");
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let setup = setup
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("STANDIN", state.display().to_string())
            .env("MCP_GATEWAY_KEYCHAIN", "off");
        let user = Self { setup };
        let script = tools(json!([{"name": "see", "does": [{"env": "HOME"}]}]));
        let server = user.setup.fake_entry("files", script, &json!({}));
        user.configure(&json!({"gateway": {"port": 0}, "servers": [server]}));
        user
    }

    fn configure(&self, config: &Value) {
        let path = self.setup.path("home/.config/mcp-gateway/config.json");
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, config.to_string()).expect("it is written");
    }

    async fn service(&self, args: &[&str]) -> Ended {
        self.setup.run(&[&["service"], args].concat()).await
    }

    fn unit(&self) -> PathBuf {
        let folder = self.setup.path("home/.config/systemd/user");
        folder.join("mcp-gateway.service")
    }

    fn occupant(&self) -> Option<Occupant> {
        running(&self.setup.path("home/.local/share/mcp-gateway"))
    }

    /// What systemctl was told, but for its being asked.
    fn told(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.setup.path("systemd/calls")).unwrap_or_default();
        let is_question = |line: &str| line.starts_with("show") || line.starts_with("cat");
        let calls = calls.lines().filter(|line| !is_question(line));
        calls.map(str::to_owned).collect()
    }
}

impl Drop for User {
    /// A service outlives whoever started it, and so it would a test that fails.
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.setup.path("systemd/pid")).ok();
        if let Some(pid) = pid.and_then(|pid| pid.trim().parse().ok())
            && is_alive(pid)
        {
            terminate(pid);
        }
    }
}

fn check(ended: &Ended, code: i32, said: &[&str]) {
    assert_eq!(ended.status.code(), Some(code), "{ended:#?}");
    for part in said {
        let is_said = ended.stdout.contains(part) || ended.stderr.contains(part);
        assert!(is_said, "{part} in {ended:#?}");
    }
}

#[tokio::test]
async fn a_service_from_its_installation_to_its_removal() {
    let user = User::new();
    check(&user.service(&["status"]).await, 4, &["not installed"]);
    let nothing = user.service(&["uninstall"]).await;
    check(&nothing, 0, &["nothing to remove"]);

    let installed = user.service(&["install"]).await;
    check(
        &installed,
        0,
        &["Installed:", "The service runs: http://127.0.0.1:"],
    );
    let first = user.occupant().expect("it runs");
    let address = first.address().expect("it listens");
    let client = McpHttp::connect(&format!("http://{address}/mcp"), "{}").await;
    let home = user.setup.path("home").display().to_string();
    assert_eq!(client.text("files_see", "{}").await, home);
    let status = user.service(&["status", "--json"]).await;
    check(&status, 0, &["\"exitCode\": 0"]);
    let again = user.service(&["install"]).await;
    check(
        &again,
        0,
        &["Installed already:", "The service already runs"],
    );
    assert_eq!(user.occupant(), Some(first.clone()), "and goes on");

    check(&user.service(&["restart"]).await, 0, &["The service runs"]);
    let second = user.occupant().expect("it runs");
    assert_ne!(second.pid, first.pid);
    assert!(!is_alive(first.pid));

    check(&user.service(&["stop"]).await, 0, &["is stopped"]);
    assert_eq!(user.occupant(), None);
    assert!(!is_alive(second.pid));
    check(&user.service(&["stop"]).await, 0, &["does not run"]);
    let status = user.service(&["status"]).await;
    check(
        &status,
        3,
        &["problem: it does not run", "mcp-gateway service start"],
    );
    let doctor = user.setup.run(&["doctor"]).await;
    assert!(
        doctor.stdout.contains("mcp-gateway service status"),
        "{doctor:#?}"
    );

    check(&user.service(&["start"]).await, 0, &["The service runs"]);
    let third = user.occupant().expect("it runs");
    check(&user.service(&["uninstall"]).await, 0, &["Removed:"]);
    assert!(!is_alive(third.pid) && !user.unit().exists());
    check(&user.service(&["status"]).await, 4, &["not installed"]);
    assert_eq!(
        user.told().last().map(String::as_str),
        Some("daemon-reload"),
        "{:?}",
        user.told()
    );
}

#[tokio::test]
async fn options_move_the_service_and_an_edited_unit_is_kept() {
    let user = User::new();
    check(&user.service(&["install"]).await, 0, &[]);
    let first = user.occupant().expect("it runs");

    let unit = fs::read_to_string(user.unit()).expect("the unit");
    let edited = unit.replace("[Service]\n", "[Service]\nNice=5\n");
    fs::write(user.unit(), &edited).expect("the user's edit");
    let elsewhere = user.setup.path("an odd $HOME 100% \"folder\"");
    let folder = elsewhere.to_str().expect("UTF-8");
    let moved = user.service(&["install", "--data-dir", folder]).await;

    check(
        &moved,
        0,
        &["- Nice=5", "edited by hand", ".bak", "The service runs"],
    );
    assert!(!is_alive(first.pid));
    let kept = user.unit().with_file_name("mcp-gateway.service.bak");
    assert_eq!(fs::read_to_string(kept).expect("kept"), edited);
    let second = running(&elsewhere).expect("it runs in the other folder");
    // Without the option it is found as well, for the unit names the folder.
    check(
        &user.service(&["status"]).await,
        0,
        &[&second.pid.to_string()],
    );
    check(&user.service(&["uninstall"]).await, 0, &["Removed:"]);
    assert_eq!(running(&elsewhere), None);
}

#[tokio::test]
async fn a_service_that_fails_is_explained_in_both_languages() {
    let user = User::new();
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = stranger.local_addr().expect("an address").port();
    user.configure(&json!({"gateway": {"port": port}}));

    let failed = user.service(&["install"]).await;
    let holder = format!("process {}", std::process::id());
    check(
        &failed,
        3,
        &["was not started", "exit code 1", "is taken by", &holder],
    );

    let mut status = user.setup.command(env!("CARGO_BIN_EXE_mcp-gateway"));
    status
        .args(["service", "status"])
        .env("LC_ALL", "zh_CN.UTF-8");
    check(
        &run(status).await,
        3,
        &["问题： 运行失败：退出码 1", "is taken by", "解决办法："],
    );
}

#[tokio::test]
async fn a_gateway_that_has_the_folder_is_named_and_left_alone() {
    let user = User::new();
    check(
        &user.service(&["install", "--no-start"]).await,
        0,
        &["service start"],
    );
    let mut other = user.setup.command(env!("CARGO_BIN_EXE_mcp-gateway"));
    let mut other = other
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    until_true("it runs", || user.occupant().is_some()).await;
    let process = format!("process {}", other.id());

    for verb in ["start", "restart"] {
        let refused = user.service(&[verb]).await;
        check(
            &refused,
            3,
            &["it does not run, because a gateway", &process],
        );
    }
    assert!(!user.told().iter().any(|call| call.starts_with("start")));
    assert!(is_alive(other.id()));

    terminate(other.id());
    other.wait().expect("it ends");
    check(&user.service(&["start"]).await, 0, &["The service runs"]);
    check(&user.service(&["uninstall"]).await, 0, &[]);
}

#[tokio::test]
async fn without_a_bus_nothing_is_installed() {
    let mut user = User::new();
    user.setup = std::mem::replace(&mut user.setup, setup()).env("STANDIN_WITHOUT_BUS", "1");
    let refused = user.service(&["install"]).await;
    check(&refused, 1, &["Failed to connect to bus"]);
    assert!(!user.unit().exists());
    let status = user.service(&["status"]).await;
    check(
        &status,
        4,
        &["problem: systemd --user cannot be reached", "To do:"],
    );
}

#[tokio::test]
async fn a_file_with_mistakes_is_not_installed() {
    let user = User::new();
    user.configure(&json!({"servers": [{"name": "mcp", "command": []}]}));
    let refused = user.service(&["install"]).await;
    check(&refused, 1, &["cannot be used", "config.json:1:"]);
    assert!(!user.unit().exists());
    check(&user.service(&["install", "--host"]).await, 2, &[]);
}

#[tokio::test]
async fn what_a_person_should_know_is_said_at_the_installation() {
    let mut user = User::new();
    user.setup = std::mem::replace(&mut user.setup, setup())
        .env("STANDIN_LINGER", "no")
        .env("MCP_GATEWAY_PASSPHRASE", "open sesame");
    let installed = user.service(&["install", "--no-start", "-p", "4321"]).await;
    check(&installed, 0, &["loginctl enable-linger", "service.env"]);
    let unit = fs::read_to_string(user.unit()).expect("the unit");
    assert!(!unit.contains("open sesame"), "{unit}");
    assert!(unit.contains("\"--port\" \"4321\""), "{unit}");
    let mode = fs::metadata(user.unit())
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// The program at another path, installing itself with this data folder.
async fn installed_from(user: &User, folder: &str, data: &str) -> Ended {
    let folder = user.setup.path(folder);
    fs::create_dir(&folder).expect("a folder");
    let program = folder.join("mcp-gateway");
    let ours = env!("CARGO_BIN_EXE_mcp-gateway");
    if fs::hard_link(ours, &program).is_err() {
        fs::copy(ours, &program).expect("a copy");
    }
    let mut install = user.setup.command(&program);
    let data = user.setup.path(data);
    install.args(["service", "install", "--no-start", "--data-dir"]);
    install.arg(data);
    run(install).await
}

/// Verified by the real one: it also looks whether the program is where it understood it to be.
#[tokio::test]
async fn systemd_takes_the_unit_of_a_user() {
    let user = User::new();
    let odd = installed_from(&user, "50% of $HOME & more 我", "it's \"$x\" \\ %h").await;
    check(&odd, 0, &[]);

    let verified = Command::new("systemd-analyze")
        .args(["--user", "verify"])
        .arg(user.unit())
        .env("XDG_RUNTIME_DIR", user.setup.path("runtime"))
        .output();
    let Ok(verified) = verified else {
        eprintln!("not verified, because there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let complaints = said.lines().filter(|line| line.contains("mcp-gateway"));
    let complaints: Vec<_> = complaints.collect();
    assert!(
        complaints.is_empty(),
        "{complaints:#?}\n{}",
        fs::read_to_string(user.unit()).unwrap_or_default()
    );
}

#[tokio::test]
async fn a_program_that_systemd_would_not_start_is_not_installed() {
    let user = User::new();
    let refused = installed_from(&user, "it's", "data").await;
    check(&refused, 1, &["quotation marks", "install it elsewhere"]);
    assert!(!user.unit().exists());
}

/// launchd starts again whatever fails, and has no code to be told by that it should not.
#[tokio::test]
async fn what_launchd_starts_beside_another_gateway_ends_in_order() {
    let gateway = setup().start().await;
    let refused = async |label: &str| {
        let mut second = gateway.setup().command(env!("CARGO_BIN_EXE_mcp-gateway"));
        second.args(["--port", "0", "--data-dir"]);
        second.arg(gateway.setup().path("data"));
        run({
            second.env("XPC_SERVICE_NAME", label);
            second
        })
        .await
    };
    let ours = refused("io.github.mcp-gateway.service").await;
    check(&ours, 0, &["already runs"]);
    check(&refused("0").await, 3, &["already runs"]);
}
