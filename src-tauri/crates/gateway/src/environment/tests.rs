//! The whole lookup on file trees and shells of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

/// Nobody waits for it where nothing hangs.
const PATIENT: Duration = Duration::from_secs(60);

/// A machine in a folder: `home` is the user's, the folder itself stands for `/`.
struct Scene {
    folder: TempDir,
    own: Vec<(String, String)>,
    bare: bool,
    patience: Duration,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        let home = folder.path().join("home");
        Self {
            own: vec![
                ("HOME".to_owned(), home.display().to_string()),
                ("SHELL".to_owned(), "/usr/sbin/nologin".to_owned()),
            ],
            folder,
            bare: false,
            patience: PATIENT,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn file(self, path: &str, text: &str, mode: u32) -> Self {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    fn program(self, path: &str) -> Self {
        self.file(path, "#!/bin/sh\n", 0o755)
    }

    fn own(mut self, name: &str, value: impl Into<String>) -> Self {
        self.own.retain(|(known, _)| known != name);
        self.own.push((name.to_owned(), value.into()));
        self
    }

    /// A `PATH` of folders of the scene.
    fn list(&self, folders: &[&str]) -> String {
        let folders = folders.iter().map(|folder| self.path(folder));
        std::env::join_paths(folders)
            .unwrap()
            .into_string()
            .unwrap()
    }

    fn on_path(self, folders: &[&str]) -> Self {
        let list = self.list(folders);
        self.own("PATH", list)
    }

    /// A login shell; it is run by `/bin/sh`.
    fn shell(self, text: &str) -> Self {
        let shell = self.path("shell/mysh").display().to_string();
        self.file("shell/mysh", &format!("#!/bin/sh\n{text}\n"), 0o755)
            .own("SHELL", shell)
    }

    fn environment(&self) -> Environment {
        Environment {
            own: self.own.iter().cloned().collect(),
            home: Some(self.path("home")),
            root: self.folder.path().to_owned(),
            cwd: self.folder.path().to_owned(),
            bare: self.bare,
            patience: self.patience,
            asking: Mutex::default(),
            shell: watch::Sender::default(),
            ledger: StdMutex::default(),
        }
    }

    fn ledger(&self) -> Arc<Ledger> {
        Ledger::new(&self.path("data"))
    }

    async fn find(&self, program: &str) -> Found {
        self.find_with(program, &[]).await
    }

    async fn find_with(&self, program: &str, env: &[(String, String)]) -> Found {
        let environment = self.environment();
        environment.find(program, env, None, &self.ledger()).await
    }

    #[track_caller]
    fn check(&self, found: &Found, expected: &str) {
        assert_eq!(found.path, Some(self.path(expected)), "{found:?}");
    }
}

/// Ends a shell's text the way every shell ends: with the command that it was asked to run.
const RUNS: &str = r#"for last; do :; done; eval "$last""#;

#[tokio::test]
async fn the_path_decides_and_what_else_there_is_is_told() {
    let scene = Scene::new()
        .program("a/npx")
        .program("b/npx")
        .file("empty/npx", "no program", 0o644)
        .on_path(&["empty", "a", "b"]);
    let found = scene.find("npx").await;
    scene.check(&found, "a/npx");
    assert_eq!(found.elsewhere, [scene.path("b/npx")]);
    assert_eq!(found.front, None);
}

#[tokio::test]
async fn the_path_of_a_server_comes_before_the_gateways() {
    let scene = Scene::new()
        .program("a/npx")
        .program("b/npx")
        .program("b/uvx")
        .on_path(&["b"]);
    let env = [("PATH".to_owned(), scene.list(&["a"]))];
    let found = scene.find_with("npx", &env).await;
    scene.check(&found, "a/npx");
    // It is found, but the child's own PATH does not name its folder.
    let found = scene.find_with("uvx", &env).await;
    scene.check(&found, "b/uvx");
    assert_eq!(found.front, Some(scene.path("b")));
}

#[tokio::test]
async fn version_managers_are_searched_where_no_path_helps() {
    for (place, program) in [
        ("home/.nvm/versions/node/v20.1.0/bin", "npx"),
        ("home/.config/nvm/versions/node/v20.1.0/bin", "npx"),
        ("home/.local/share/fnm/aliases/default/bin", "npx"),
        (
            "home/.local/share/fnm/node-versions/v20.1.0/installation/bin",
            "npx",
        ),
        ("home/.volta/bin", "npx"),
        ("home/.local/share/mise/shims", "npx"),
        ("home/.asdf/shims", "npx"),
        ("home/.nodenv/shims", "npx"),
        ("home/.pyenv/shims", "python"),
        ("home/.rbenv/shims", "ruby"),
        ("home/.local/bin", "uvx"),
        ("home/.cargo/bin", "uvx"),
        ("home/.bun/bin", "bunx"),
        ("home/.deno/bin", "deno"),
        ("home/go/bin", "server"),
        ("home/.docker/bin", "docker"),
        ("opt/homebrew/bin", "npx"),
        ("usr/local/bin", "npx"),
        ("home/linuxbrew/.linuxbrew/bin", "npx"),
        ("snap/bin", "npx"),
        ("Applications/Docker.app/Contents/Resources/bin", "docker"),
    ] {
        let file = format!("{place}/{program}");
        let scene = Scene::new().program(&file).on_path(&["nothing"]);
        let found = scene.find(program).await;
        scene.check(&found, &file);
        assert_eq!(found.front, Some(scene.path(place)));
    }
}

#[tokio::test]
async fn managers_are_where_their_variables_say() {
    let scene = Scene::new()
        .program("elsewhere/versions/node/v20.1.0/bin/npx")
        .program("home/.nvm/versions/node/v22.0.0/bin/npx");
    let nvm = scene.path("elsewhere").display().to_string();
    let scene = scene.own("NVM_DIR", nvm);
    let found = scene.find("npx").await;
    scene.check(&found, "elsewhere/versions/node/v20.1.0/bin/npx");
}

#[tokio::test]
async fn the_default_of_nvm_is_taken_before_its_newest() {
    let scene = Scene::new()
        .program("home/.nvm/versions/node/v18.20.4/bin/npx")
        .program("home/.nvm/versions/node/v9.0.0/bin/npx")
        .program("home/.nvm/versions/node/v22.0.0/bin/npx");
    let found = scene.find("npx").await;
    scene.check(&found, "home/.nvm/versions/node/v22.0.0/bin/npx");
    let scene = scene.file("home/.nvm/alias/default", "18\n", 0o644);
    let found = scene.find("npx").await;
    scene.check(&found, "home/.nvm/versions/node/v18.20.4/bin/npx");
    assert_eq!(found.elsewhere.len(), 2);
}

#[tokio::test]
async fn what_the_shell_says_comes_before_the_usual_places() {
    let scene = Scene::new()
        .program("mine/npx")
        .program("home/.nvm/versions/node/v22.0.0/bin/npx")
        .on_path(&["nothing"]);
    let list = scene.list(&["mine"]);
    let scene = scene.shell(&format!(
        "echo Welcome; PATH=$PATH:{list}; export PATH; {RUNS}; echo Bye"
    ));
    let found = scene.find("npx").await;
    scene.check(&found, "mine/npx");
    assert_eq!(found.front, None, "the child's PATH names it");
    assert_eq!(
        found.searched[..2],
        [scene.path("nothing"), scene.path("mine")]
    );
}

#[tokio::test]
async fn the_shell_is_asked_once_and_only_where_something_is_missing() {
    let scene = Scene::new().program("a/npx").on_path(&["a"]);
    let count = scene.path("count").display().to_string();
    let scene = scene.shell(&format!("echo asked >> {count}; {RUNS}"));
    let (environment, ledger) = (scene.environment(), scene.ledger());
    environment.find("npx", &[], None, &ledger).await;
    assert!(matches!(environment.login_shell(), LoginShell::NotAsked));
    for _ in 0..3 {
        environment.find("uvx", &[], None, &ledger).await;
    }
    assert!(matches!(environment.login_shell(), LoginShell::Told(_)));
    assert_eq!(fs::read_to_string(count).unwrap(), "asked\n");
}

#[tokio::test]
async fn a_shell_that_hangs_is_ended_with_what_it_started() {
    let mut scene = Scene::new().on_path(&["nothing"]);
    scene.patience = Duration::from_millis(500);
    let pids = scene.path("pids").display().to_string();
    let scene = scene.program("home/.local/bin/uvx").shell(&format!(
        "/bin/sleep 600 & echo $! $$ > {pids}; wait; {RUNS}"
    ));
    let environment = scene.environment();
    let found = environment.find("uvx", &[], None, &scene.ledger()).await;
    scene.check(&found, "home/.local/bin/uvx");
    assert!(matches!(
        environment.login_shell(),
        LoginShell::TooLate { .. }
    ));
    let pids = fs::read_to_string(pids).unwrap();
    gone(&pids).await;
    assert!(
        !scene.path("data/children").exists()
            || fs::read_dir(scene.path("data/children"))
                .unwrap()
                .next()
                .is_none(),
        "struck out of the ledger"
    );
}

#[tokio::test]
async fn that_the_shell_is_being_asked_can_be_seen() {
    let mut scene = Scene::new().on_path(&["nothing"]);
    scene.patience = Duration::from_millis(500);
    let scene = scene.shell("/bin/sleep 600");
    let (environment, ledger) = (scene.environment(), scene.ledger());
    assert!(!environment.is_asking());
    let seen = async {
        while !environment.is_asking() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen);
    let found = environment.find("uvx", &[], None, &ledger);
    // The eye first, so that it blinks at nothing.
    let (seen, _) = tokio::join!(biased; seen, found);
    assert!(seen.is_ok());
    assert!(!environment.is_asking());
}

/// Waits until processes have ended.
async fn gone(pids: &str) {
    let deadline = Instant::now() + PATIENT;
    while pids.split_whitespace().any(runs) {
        assert!(Instant::now() < deadline, "still there: {pids}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn runs(pid: &str) -> bool {
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    // Where nobody buries the dead, they are still there.
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    rustix::process::test_kill_process(pid).is_ok() && !stat.is_ok_and(|stat| stat.contains(") Z "))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn jobs_that_a_shell_controls_are_ended_with_it() {
    let mut scene = Scene::new().on_path(&["nothing"]);
    scene.patience = Duration::from_millis(500);
    let pids = scene.path("pids").display().to_string();
    // `set -m` gives the job a process group of its own.
    let scene = scene.shell(&format!("set -m; /bin/sleep 600 & echo $! > {pids}; wait"));
    scene.find("uvx").await;
    let pids = fs::read_to_string(pids).unwrap();
    gone(&pids).await;
}

#[tokio::test]
async fn what_a_shells_files_leave_in_the_background_delays_nothing() {
    let scene = Scene::new().on_path(&["nothing"]);
    let list = scene.list(&["mine"]);
    let scene = scene.program("mine/npx").shell(&format!(
        "/bin/sleep 600 & PATH={list}; export PATH; {RUNS}"
    ));
    let began = Instant::now();
    let found = scene.find("npx").await;
    scene.check(&found, "mine/npx");
    assert!(began.elapsed() < PATIENT, "it was not waited for");
}

#[tokio::test]
async fn a_shell_whose_files_replace_it_is_asked_another_way() {
    // As `exec tmux` does without a terminal; only interactive shells read it.
    let scene = Scene::new().program("mine/npx").on_path(&["nothing"]);
    let list = scene.list(&["mine"]);
    let scene = scene.shell(&format!(
        "PATH={list}; export PATH; case $1 in -i) exec /bin/false;; esac; {RUNS}"
    ));
    let found = scene.find("npx").await;
    scene.check(&found, "mine/npx");
}

#[tokio::test]
async fn a_shell_that_cannot_be_used_is_done_without() {
    for shell in ["/nowhere/sh", "/bin/false", "relative"] {
        let scene = Scene::new()
            .program("home/.local/bin/uvx")
            .own("SHELL", shell)
            .on_path(&["nothing"]);
        let found = scene.find("uvx").await;
        scene.check(&found, "home/.local/bin/uvx");
    }
}

#[tokio::test]
async fn bash_reads_the_files_of_a_login_and_of_a_terminal() {
    let scene = Scene::new()
        .own("SHELL", "/bin/bash")
        .own("PATH", "/usr/bin:/bin")
        .file("home/.profile", "export FROM_PROFILE=yes\n", 0o644)
        .file(
            "home/.bashrc",
            "case $- in *i*) ;; *) return;; esac\nexport FROM_BASHRC='two\nlines'\n",
            0o644,
        );
    let environment = scene.environment();
    environment
        .find("nothing", &[], None, &scene.ledger())
        .await;
    let variables = environment.variables();
    let said = |name| variables.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(said("FROM_PROFILE"), Some("yes"));
    assert_eq!(said("FROM_BASHRC"), Some("two\nlines"));
    assert_eq!(said("VSCODE_RESOLVING_ENVIRONMENT"), None);
}

#[tokio::test]
async fn the_shell_sees_none_of_the_gateways_secrets() {
    let scene = Scene::new().on_path(&["nothing"]);
    let seen = scene.path("seen").display().to_string();
    let scene = scene
        .own("MCP_GATEWAY_KEY", "hush")
        .shell(&format!("/usr/bin/env > {seen}; {RUNS}"));
    let environment = scene.environment();
    environment
        .find("nothing", &[], None, &scene.ledger())
        .await;
    assert!(!fs::read_to_string(seen).unwrap().contains("hush"));
}

#[tokio::test]
async fn paths_are_left_to_the_system() {
    let scene = Scene::new().program("work/server.sh");
    let (environment, ledger) = (scene.environment(), scene.ledger());
    for program in ["./server.sh", "/nowhere/server"] {
        let launch = environment.launch(program, &[], None, &ledger).await;
        assert_eq!(launch.unwrap().program, Path::new(program));
    }
    let work = scene.path("work");
    let found = environment
        .find("./server.sh", &[], Some(&work), &ledger)
        .await;
    assert!(found.path.is_some(), "{found:?}");
    assert!(matches!(environment.login_shell(), LoginShell::NotAsked));
}

#[tokio::test]
async fn a_program_brings_its_folder_along() {
    let scene = Scene::new()
        .program("home/.nvm/versions/node/v22.0.0/bin/npx")
        .on_path(&["bin"]);
    let (environment, ledger) = (scene.environment(), scene.ledger());
    let launch = environment.launch("npx", &[], None, &ledger).await.unwrap();
    let path = launch.variables.get("PATH").unwrap().to_str().unwrap();
    assert_eq!(
        path,
        scene.list(&["home/.nvm/versions/node/v22.0.0/bin", "bin"])
    );
}

#[tokio::test]
async fn a_missing_program_is_told_with_what_was_searched_and_what_to_do() {
    let scene = Scene::new()
        .program("home/.local/bin/other")
        .own("SHELL", "/nowhere/sh")
        .on_path(&["a", "b"]);
    let (environment, ledger) = (scene.environment(), scene.ledger());
    let missing = environment
        .launch("npx", &[], None, &ledger)
        .await
        .unwrap_err();
    let (message, remedy) = (missing.message(), missing.remedy());
    let (a, b) = (scene.path("a"), scene.path("b"));
    assert_eq!(message.en, "the command `npx` was not found");
    assert_eq!(
        remedy.en,
        format!(
            "install Node.js (https://nodejs.org), or write the full path of `npx` in `command`; searched: {}, {}, ~/.local/bin; the PATH of your shell is not known, because /nowhere/sh ended without telling it: check its startup files",
            a.display(),
            b.display()
        )
    );
    assert_eq!(
        remedy.zh,
        format!(
            "请安装 Node.js（https://nodejs.org），或在 `command` 中写 `npx` 的完整路径；已查找：{}、{}、~/.local/bin；由于 /nowhere/sh 未给出环境变量就已退出，无法得知您终端中的 PATH：请检查其启动文件",
            a.display(),
            b.display()
        )
    );
}

#[tokio::test]
async fn a_file_that_is_no_program_is_pointed_out() {
    let scene = Scene::new().file("a/server", "text", 0o644).on_path(&["a"]);
    let (environment, ledger) = (scene.environment(), scene.ledger());
    let missing = environment
        .launch("server", &[], None, &ledger)
        .await
        .unwrap_err();
    let there = format!("there is {},", scene.path("a/server").display());
    assert!(
        missing.remedy().en.starts_with(&there),
        "{:?}",
        missing.remedy()
    );
}

#[tokio::test]
async fn a_bare_start_gives_the_shell_a_moment_and_no_more() {
    let mut scene = Scene::new().program("a/npx").on_path(&["a"]);
    scene.bare = true;
    let scene = scene.shell("/bin/sleep 600");
    let (environment, ledger) = (scene.environment(), scene.ledger());
    let end = CancellationToken::new();
    let preparing = environment.prepare(&ledger, end.clone());
    let launching = async {
        let launch = environment.launch("npx", &[], None, &ledger).await;
        end.cancel();
        launch
    };
    let ((), launch) = tokio::join!(preparing, launching);
    assert_eq!(launch.unwrap().program, scene.path("a/npx"));
    assert!(matches!(environment.login_shell(), LoginShell::NotAsked));
}

#[test]
fn a_shell_counts_how_deep_it_is() {
    let deep = |depth: &str| of_a_shell(&[("SHLVL", depth)].into_iter().collect());
    assert!(deep("1") && deep("3"));
    assert!(!deep("0") && !deep("") && !of_a_shell(&Variables::default()));
}

#[tokio::test]
async fn a_folder_that_does_not_answer_keeps_nobody() {
    let (answer, waits) = std::sync::mpsc::channel::<()>();
    let hung = apart(Duration::from_millis(10), move || waits.recv().is_ok());
    assert_eq!(hung.await, None);
    drop(answer);
    assert_eq!(apart(PATIENT, || 7).await, Some(7));

    let found = Found {
        program: "npx".to_owned(),
        searched: vec![PathBuf::from("/net/bin")],
        late: true,
        ..Found::default()
    };
    let missing = Missing {
        found,
        shell: LoginShell::NotAsked,
        home: None,
    };
    let (message, remedy) = (missing.message(), missing.remedy());
    assert!(message.en.contains("does not answer"), "{message:?}");
    assert!(remedy.en.contains("network drive") && remedy.en.contains("/net/bin"));
    assert!(remedy.zh.contains("网络驱动器"), "{remedy:?}");
}

#[tokio::test]
async fn a_folder_that_still_does_not_answer_is_waited_for_once() {
    let begun = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (answer, waits) = std::sync::mpsc::channel::<()>();
    let waits = Arc::new(StdMutex::new(waits));
    let attempt = |patience| {
        let (begun, waits) = (Arc::clone(&begun), Arc::clone(&waits));
        one_apart("/net/bin", patience, move || {
            begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            waits.lock().unwrap().recv().is_ok()
        })
    };
    for _ in 0..3 {
        // Long enough for the thread to begin.
        assert_eq!(attempt(Duration::from_millis(200)).await, None);
    }
    assert!(begun.load(std::sync::atomic::Ordering::SeqCst) <= 1);
    assert_eq!(one_apart("/other", PATIENT, || 7).await, Some(7));
    drop(answer);
    assert_eq!(attempt(PATIENT).await, Some(false), "it answers again");
}

#[tokio::test]
async fn a_shell_that_somebody_asks_for_ever_keeps_nobody() {
    let mut scene = Scene::new()
        .program("home/.local/bin/uvx")
        .on_path(&["nothing"]);
    scene.patience = Duration::from_millis(10);
    let (environment, ledger) = (scene.environment(), scene.ledger());
    let _asks = environment.asking.lock().await;
    let found = tokio::time::timeout(PATIENT, environment.find("uvx", &[], None, &ledger)).await;
    scene.check(&found.unwrap(), "home/.local/bin/uvx");
}

#[tokio::test]
async fn a_variable_that_is_missing_asks_a_shell_that_was_too_late_again() {
    let scene = Scene::new().on_path(&["nothing"]);
    let scene = scene.shell(&format!("TOKEN=told; export TOKEN; {RUNS}"));
    let environment = scene.environment();
    let late = |at| LoginShell::TooLate {
        shell: PathBuf::from("/bin/mysh"),
        at,
    };
    environment.enter_in(&scene.ledger());
    environment.shell.send_replace(late(Instant::now()));
    assert_eq!(environment.variable("TOKEN").await, None);
    let unheard = environment.unheard().unwrap();
    let missing = crate::config::expand::Unresolved::Missing(crate::config::expand::Reference {
        kind: crate::config::expand::Kind::Env,
        name: "TOKEN".to_owned(),
        place: "env.TOKEN".to_owned(),
    });
    let words = missing.words(Some(&unheard));
    assert!(
        words.en.contains("/bin/mysh did not start in time"),
        "{words:?}"
    );
    assert!(!words.en.contains("nor your login shell"), "{words:?}");
    assert!(words.zh.contains("未能及时启动"), "{words:?}");

    let long_ago = Instant::now().checked_sub(ASK_AGAIN * 2).unwrap();
    environment.shell.send_replace(late(long_ago));
    let told = environment.variable("TOKEN").await;
    assert_eq!(told.as_deref(), Some("told"));
    assert!(environment.unheard().is_none());
}
