//! `secret` as users type it, with what comes over stdin.

use super::*;

/// What `secret` prints for a user whose stdin holds `value`.
fn keeps(user: &User, args: &[&str], value: &str) -> Printed {
    let env = user.env.clone();
    let context = Context {
        language: user.language,
        colours: false,
        env: Box::new(move |name| env.get(name).cloned()),
        home: Some(user.path("home")),
        cwd: user.path(""),
        data_dir: Some(user.path("data")),
        program: PathBuf::from("/opt/mcp-gateway"),
    };
    language::speak(user.language);
    let args = ["mcp-gateway", "secret"].iter().chain(args);
    let mut line = CommandLine::read(args.map(OsString::from)).expect("a command line");
    let Some(Sub::Secret { action }) = line.command.take() else {
        panic!("it is `secret`");
    };
    let mut stdin = value.as_bytes();
    let input = secret::Input::Stream(&mut stdin);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let done = secret::run_with(&line, &action, input, &context, &mut out, &mut err);
    let mut err = user.shown(&err);
    if let Err(error) = &done {
        err.push_str(&error.to_string());
    }
    Printed {
        success: done.is_ok(),
        out: user.shown(&out),
        err,
    }
}

#[test]
fn secrets_are_kept_listed_and_removed_and_never_shown() {
    for (language, kept, gone) in [
        (
            Language::English,
            "${secret:GITHUB_TOKEN}",
            "there is no secret",
        ),
        (Language::Chinese, "${secret:GITHUB_TOKEN}", "没有名为"),
    ] {
        let mut user = User::new(language);
        user.env.insert("MCP_GATEWAY_KEYCHAIN", "off".to_owned());
        let set = keeps(&user, &["set", "GITHUB_TOKEN"], "planted-value\n");
        assert!(set.success && set.out.contains(kept), "{set:?}");
        assert!(set.err.contains("~/data/store.key"), "{set:?}");

        let listed = keeps(&user, &["list"], "");
        assert!(listed.out.contains("GITHUB_TOKEN"), "{listed:?}");
        for printed in [&set, &listed] {
            let all = format!("{printed:?}");
            assert!(!all.contains("planted-value"), "{all}");
        }

        assert!(keeps(&user, &["remove", "GITHUB_TOKEN"], "").success);
        let again = keeps(&user, &["remove", "GITHUB_TOKEN"], "");
        assert!(!again.success && again.err.contains(gone), "{again:?}");
        assert!(!keeps(&user, &["list"], "").out.contains("GITHUB_TOKEN"));
    }
}

#[test]
fn a_secret_that_cannot_be_kept_is_explained() {
    let mut user = User::new(Language::English);
    user.env.insert("MCP_GATEWAY_KEY", "no key".to_owned());
    let printed = keeps(&user, &["set", "NAME"], "value");
    assert!(printed.err.contains("openssl rand"), "{printed:?}");
    let printed = keeps(&user, &["set", "two words"], "value");
    assert!(printed.err.contains("cannot be the name"), "{printed:?}");
    let printed = keeps(&user, &["set", "NAME"], "\n");
    assert!(printed.err.contains("no value"), "{printed:?}");
}

#[test]
fn a_config_is_sealed_by_the_gateway_that_runs_on_it() {
    let plain = r#"{"plain": [{"server": "hub", "place": "env", "name": "API_KEY", "suggested": "API_KEY"}]}"#;
    let saved = r#"{"path": "/home/me/config.json", "revision": "1", "undo": "1", "notices": []}"#;
    for (language, said) in [
        (Language::English, "Moved out of /home/me/config.json"),
        (Language::Chinese, "已从 /home/me/config.json 移出"),
    ] {
        let user = User::new(language);
        std::fs::create_dir_all(user.path("data")).expect("a folder");
        std::fs::write(user.path("data/admin.token"), "t0ken\n").expect("a token");
        let (url, served) = in_turn(&[("200 OK", plain), ("200 OK", saved)]);
        let printed = user.types(&["config", "seal", "--url", &url]);
        assert!(printed.success && printed.out.contains(said), "{printed:?}");
        assert!(printed.out.contains("hub") && printed.out.contains("API_KEY"));
        let requests = served.join().expect("served");
        assert!(requests.contains("POST /api/secrets/seal "), "{requests}");
    }
}

#[test]
fn a_config_without_secrets_is_left_alone() {
    let user = User::new(Language::English);
    let (url, served) = answering("200 OK", r#"{"plain": []}"#);
    let printed = user.types(&["config", "seal", "--url", &url]);
    assert!(
        printed.success && printed.out.contains("Nothing"),
        "{printed:?}"
    );
    let request = served.join().expect("served");
    assert!(request.starts_with("GET /api/secrets "), "{request}");
}
