//! Command lines as users type them, in folders of their own.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use gateway::instance::{Instance, Kind};
use gateway::words::Language;
use tempfile::TempDir;

use super::*;

/// A user with an empty home and nothing in the environment.
struct User {
    folder: TempDir,
    language: Language,
    env: HashMap<&'static str, String>,
}

/// What a command printed and how it ended.
#[derive(Debug)]
struct Printed {
    success: bool,
    out: String,
    err: String,
}

impl User {
    fn new(language: Language) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            language,
            env: HashMap::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn types(&self, args: &[&str]) -> Printed {
        let env = self.env.clone();
        let context = Context {
            language: self.language,
            colours: false,
            env: Box::new(move |name| env.get(name).cloned()),
            home: Some(self.path("home")),
            cwd: self.path(""),
            data_dir: Some(self.path("data")),
            program: PathBuf::from("/opt/mcp-gateway"),
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = std::iter::once("mcp-gateway")
            .chain(args.iter().copied())
            .map(OsString::from);
        let code = run(args, &context, &mut out, &mut err);
        Printed {
            success: code == ExitCode::SUCCESS,
            out: self.shown(&out),
            err: self.shown(&err),
        }
    }

    /// A gateway that runs on a folder of this user, as far as others can tell.
    fn runs_a_gateway(&self, data: &str, url: &str) -> Instance {
        let address = url.trim_start_matches("http://").parse();
        let folder = self.path(data);
        let claim = Instance::claim(&folder, Kind::Headless);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let instance = runtime.expect("a runtime").block_on(claim).expect("a lock");
        let listens = instance.listens_at(vec![address.expect("an address")]);
        listens.expect("a note");
        instance
    }

    /// Text with this test's folder made nameless.
    fn shown(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace(&self.folder.path().display().to_string(), "~")
    }
}

/// A server that answers one request with `status` and `body`; gives the URL, then the request.
fn answering(status: &str, body: &str) -> (String, std::thread::JoinHandle<String>) {
    in_turn(&[(status, body)])
}

/// A server that answers one request after the other; gives the URL, then the requests.
fn in_turn(answers: &[(&str, &str)]) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let responses: Vec<_> = answers
        .iter()
        .map(|(status, body)| {
            format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
        })
        .collect();
    let served = std::thread::spawn(move || {
        let requests = responses.iter().map(|response| {
            let (mut stream, _) = listener.accept().expect("a client");
            let (mut request, mut buffer) = (String::new(), [0; 4096]);
            loop {
                let read = stream.read(&mut buffer).expect("a request");
                request.push_str(&String::from_utf8_lossy(&buffer[..read]));
                let (head, body) = request.split_once("\r\n\r\n").unwrap_or((&request, ""));
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                if read == 0 || request.contains("\r\n\r\n") && body.len() >= length.unwrap_or(0) {
                    break;
                }
            }
            stream.write_all(response.as_bytes()).expect("an answer");
            request
        });
        requests.collect()
    });
    (url, served)
}

#[test]
fn the_grammar_is_sound() {
    CommandLine::command().debug_assert();
    args::grammar().debug_assert();
}

#[test]
fn help_speaks_both_languages() {
    for (language, name) in [(Language::English, "en"), (Language::Chinese, "zh")] {
        let user = User::new(language);
        insta::assert_snapshot!(format!("help_{name}"), user.types(&["--help"]).out);
        insta::assert_snapshot!(
            format!("help_call_{name}"),
            user.types(&["call", "--help"]).out
        );
        insta::assert_snapshot!(
            format!("help_config_{name}"),
            user.types(&["config", "-h"]).out
        );
        insta::assert_snapshot!(
            format!("help_secret_{name}"),
            user.types(&["secret", "-h"]).out
        );
        for command in ["logs", "token", "approve", "sign-in", "service"] {
            insta::assert_snapshot!(
                format!("help_{command}_{name}"),
                user.types(&[command, "-h"]).out
            );
        }
    }
}

#[test]
fn mistakes_on_the_command_line_are_explained_in_both_languages() {
    for args in [
        &["--prot", "1"][..],
        &["statsu"],
        &["-p", "port"],
        &["call"],
        &["config"],
        &["-p"],
        &["-p", "1", "-p", "2"],
    ] {
        let english = User::new(Language::English).types(args);
        assert!(!english.success && english.out.is_empty(), "{english:?}");
        let chinese = User::new(Language::Chinese).types(args);
        assert!(
            !chinese.success && chinese.err.starts_with("错误："),
            "{args:?}: {chinese:?}"
        );
    }
    let chinese = User::new(Language::Chinese).types(&["statsu"]);
    assert!(
        chinese.err.contains("statsu") && chinese.err.contains("是否想写“status”"),
        "{}",
        chinese.err
    );
}

#[test]
fn options_of_serve_are_refused_elsewhere() {
    let printed = User::new(Language::English).types(&["--stdio", "tools"]);
    assert!(printed.err.contains("belong to `serve`"), "{printed:?}");
}

#[test]
fn a_first_config_is_written_once_found_and_sound() {
    let user = User::new(Language::English);
    let before = user.types(&["config", "info"]);
    assert!(before.success);
    insta::assert_snapshot!("info_without_file", before.out);

    let written = user.types(&["config", "init"]);
    assert!(written.success, "{written:?}");
    let path = user.path("home/.config/mcp-gateway/config.json");
    let text = std::fs::read_to_string(&path).expect("the file");
    assert!(
        text.contains(r#"["/opt/mcp-gateway","demo-server"]"#),
        "{text}"
    );
    insta::assert_snapshot!("info_after_init", user.types(&["config", "info"]).out);

    std::fs::write(&path, "{}").expect("the user's edit");
    let again = user.types(&["config", "init"]);
    assert!(
        !again.success && again.err.contains("left as it is"),
        "{again:?}"
    );
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "{}");
}

#[cfg(unix)]
#[test]
fn config_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let user = User::new(Language::English);
    assert!(user.types(&["-c", "mine.json", "config", "init"]).success);
    let mode = std::fs::metadata(user.path("mine.json"))
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_example_is_copied_and_nothing_replaced_unasked() {
    let user = User::new(Language::English);
    assert!(user.types(&["copy-config", "new/config.json"]).success);
    let info = user.types(&["config", "info", "-c", "new/config.json"]);
    assert!(
        info.success && info.out.contains("minimax, zai-mcp-server, searxng"),
        "{info:?}"
    );
    assert!(info.out.contains("No problems."), "{info:?}");

    std::fs::write(user.path("new/config.json"), "mine").expect("the user's edit");
    let refused = user.types(&["copy-config", "new/config.json"]);
    assert!(
        !refused.success && refused.err.contains("--force"),
        "{refused:?}"
    );
    assert!(
        user.types(&["copy-config", "new/config.json", "--force"])
            .success
    );
    let text = std::fs::read_to_string(user.path("new/config.json")).expect("the file");
    assert!(text.contains("zhipu"));
}

#[test]
fn a_file_with_mistakes_is_shown_with_all_of_them() {
    let user = User::new(Language::Chinese);
    let text = "{\n  \"port\": \"x\",\n  \"servers\": [{ \"name\": \"mcp\", \"comand\": [] }]\n}\n";
    std::fs::write(user.path("config.json"), text).expect("the file");
    let info = user.types(&["config", "info"]);
    assert!(!info.success);
    insta::assert_snapshot!("info_mistakes_zh", info.out);

    let tools = user.types(&["tools"]);
    assert!(
        !tools.success && tools.err.contains("config.json:2:11"),
        "{tools:?}"
    );
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let user = User::new(Language::English);
    let info = user.types(&["-c", "nowhere.json", "config", "info"]);
    assert!(
        !info.success && info.out.contains("named, but not there"),
        "{info:?}"
    );
    let serve = user.types(&["-c", "nowhere.json"]);
    assert!(
        !serve.success && serve.err.contains("there is no such file"),
        "{serve:?}"
    );
}

#[test]
fn nobody_listening_is_said_with_the_remedy() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let user = User::new(Language::English);
    for args in [&["tools"][..], &["call", "echo"], &["status"]] {
        let printed = user.types(&[&["-p", &port.to_string()][..], args].concat());
        assert!(!printed.success);
        assert_eq!(
            printed.err,
            format!(
                "error: nothing listens at http://127.0.0.1:{port}; start it with: mcp-gateway serve\n"
            )
        );
    }
    let unknown = user.types(&["-p", "0", "tools"]);
    assert!(unknown.err.contains("--url"), "{unknown:?}");
}

#[test]
fn tools_are_listed_as_a_table_or_as_they_came() {
    let body = r#"{"tools":[{"name":"files_read","description":"Reads.\nMore","serverName":"files","inputSchema":{}},{"name":"x","serverName":"s"}]}"#;
    let user = User::new(Language::English);
    let (url, served) = answering("200 OK", body);
    let printed = user.types(&["tools", "--url", &url]);
    assert_eq!(
        printed.out,
        "TOOL        SERVER  DESCRIPTION\nfiles_read  files   Reads.\nx           s\n"
    );
    assert!(served.join().expect("served").starts_with("GET /tools "));

    let (url, _served) = answering("200 OK", body);
    assert_eq!(
        user.types(&["tools", "--url", &format!("{url}/mcp"), "--json"])
            .out,
        format!("{body}\n")
    );
}

#[test]
fn a_call_sends_the_arguments_as_typed_and_its_result_decides_the_exit_code() {
    let mut user = User::new(Language::English);
    let (url, served) = answering(
        "200 OK",
        r#"{"result":{"content":[{"type":"text","text":"hi"}],"big":1e400}}"#,
    );
    user.env.insert("MCP_GATEWAY_URL", format!("{url}/sse"));
    let printed = user.types(&["call", "demo_echo", r#"{"n": 1.0}"#, "--json"]);
    assert!(printed.success, "{printed:?}");
    assert_eq!(
        printed.out,
        "{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"big\":1e400}\n"
    );
    assert!(
        served
            .join()
            .expect("served")
            .ends_with(r#"{"name":"demo_echo","arguments":{"n": 1.0}}"#)
    );

    let (url, _served) = answering(
        "200 OK",
        r#"{"result":{"content":[{"type":"text","text":"no"}],"isError":true}}"#,
    );
    let printed = user.types(&["call", "x", "--url", &url]);
    assert_eq!((printed.success, printed.out.as_str()), (false, "no\n"));

    let (url, _served) = answering("404 Not Found", r#"{"error":"there is no tool \"x\""}"#);
    let printed = user.types(&["call", "x", "--url", &url]);
    assert_eq!(
        (printed.success, printed.err.as_str()),
        (false, "error: there is no tool \"x\"\n")
    );
}

#[test]
fn status_shows_the_admin_token_to_the_gateway_only_and_says_where_it_is_missing() {
    let user = User::new(Language::English);
    let (url, _served) = answering("401 Unauthorized", "{}");
    let printed = user.types(&["status", "--url", &url]);
    assert!(
        printed.err.contains("admin.token") && printed.err.contains("--data-dir"),
        "{printed:?}"
    );

    std::fs::create_dir_all(user.path("other")).expect("a folder");
    std::fs::write(user.path("other/admin.token"), "s3cret\n").expect("a token");
    let (url, served) = answering("200 OK", r#"{"any":1}"#);
    let running = user.runs_a_gateway("other", &url);
    let printed = user.types(&["status", "--url", &url, "--data-dir", "other", "--json"]);
    assert_eq!(printed.out, "{\"any\":1}\n");
    assert!(served.join().expect("served").contains("Bearer s3cret"));
    drop(running);

    let (url, _served) = answering("401 Unauthorized", "{}");
    let running = user.runs_a_gateway("other", &url);
    let printed = user.types(&["status", "--url", &url, "--data-dir", "other"]);
    assert!(printed.err.contains("does not accept"), "{printed:?}");
    assert!(!printed.err.contains("s3cret"));
    drop(running);

    let (url, served) = answering("401 Unauthorized", "{}");
    let printed = user.types(&["status", "--url", &url, "--data-dir", "other"]);
    assert!(printed.err.contains("no gateway runs"), "{printed:?}");
    assert!(!served.join().expect("served").contains("s3cret"));
}

#[test]
fn tools_and_call_show_the_admin_token_where_they_may() {
    let user = User::new(Language::English);
    std::fs::create_dir_all(user.path("data")).expect("a folder");
    std::fs::write(user.path("data/admin.token"), "s3cret\n").expect("a token");
    let (url, served) = answering("200 OK", r#"{"tools":[]}"#);
    let running = user.runs_a_gateway("data", &url);
    assert!(user.types(&["tools", "--url", &url]).success);
    drop(running);
    assert!(served.join().expect("served").contains("Bearer s3cret"));
    let (url, served) = answering("200 OK", r#"{"result":{}}"#);
    let _running = user.runs_a_gateway("data", &url);
    assert!(user.types(&["call", "x", "--url", &url]).success);
    assert!(served.join().expect("served").contains("Bearer s3cret"));
}

#[test]
fn a_gateway_that_wants_a_token_is_told_of_plainly() {
    let wanted = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"no token"}}"#;
    let user = User::new(Language::English);
    for args in [&["tools"][..], &["call", "x"]] {
        let (url, served) = answering("401 Unauthorized", wanted);
        let printed = user.types(&[args, &["--url", &url]].concat());
        assert!(
            printed.err.starts_with(
                "error: this gateway wants its admin token: cannot read the admin token ~/data/admin.token"
            ) && printed.err.contains("--data-dir"),
            "{printed:?}"
        );
        assert!(!served.join().expect("served").contains("authorization"));
    }
}

/// Linux takes 0.0.0.0 to this machine, so that what would go to another one can be seen.
#[cfg(target_os = "linux")]
#[test]
fn the_token_goes_to_loopback_only() {
    if ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return;
    }
    let user = User::new(Language::English);
    std::fs::create_dir_all(user.path("data")).expect("a folder");
    std::fs::write(user.path("data/admin.token"), "s3cret").expect("a token");
    for args in [&["ui"][..], &["status"], &["tools"], &["call", "x"]] {
        let (url, served) = answering("401 Unauthorized", "{}");
        let url = url.replace("127.0.0.1", "0.0.0.0");
        let printed = user.types(&[args, &["--url", &url, "--data-dir", "data"]].concat());
        assert!(
            !printed.success && printed.err.contains("never sent to another"),
            "{printed:?}"
        );
        let request = served.join().expect("served");
        assert!(!request.contains("s3cret"), "{request}");
    }
}

#[test]
fn errors_are_understood_in_either_shape() {
    let user = User::new(Language::English);
    for body in [
        r#"{"error":"not so"}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"not so","data":[1.0]}}"#,
    ] {
        let (url, _served) = answering("403 Forbidden", body);
        let printed = user.types(&["tools", "--url", &url]);
        assert_eq!(printed.err, "error: not so\n");
    }
    let (url, _served) = answering("502 Bad Gateway", r#"{"error":{"code":1}}"#);
    let printed = user.types(&["tools", "--url", &url]);
    assert!(printed.err.contains("no gateway gives"), "{printed:?}");
}

#[test]
fn a_data_folder_is_taken_relative_to_where_the_user_is() {
    let context = Context {
        cwd: PathBuf::from("/here"),
        ..Context::of_process()
    };
    assert_eq!(
        context
            .data_dir(Some(Path::new("there")))
            .expect("a folder"),
        PathBuf::from("/here/there")
    );
}

mod access;
mod secrets;
