//! Clients with access and accounts, over a gateway's admin API.

use super::*;

/// A user who runs the gateway, and may therefore ask for anything.
fn owner(language: Language) -> User {
    let user = User::new(language);
    std::fs::create_dir_all(user.path("data")).expect("a folder");
    std::fs::write(user.path("data/admin.token"), "t0ken\n").expect("a token");
    user
}

/// What a command prints over one answer, and the request that it made.
fn over(user: &User, args: &[&str], status: &str, body: &str) -> (Printed, String) {
    let (url, served) = answering(status, body);
    let _running = user.runs_a_gateway("data", &url);
    let mut args = args.to_vec();
    args.extend(["--url", &url]);
    let printed = user.types(&args);
    (printed, served.join().expect("served"))
}

#[test]
fn a_new_token_stands_alone_on_stdout() {
    let user = owner(Language::English);
    let answer = r#"{"id":"g1","token":"mgw_abc"}"#;
    let (printed, request) = over(&user, &["token", "new", "CI runner"], "200 OK", answer);
    assert_eq!(printed.out, "mgw_abc\n");
    assert!(printed.err.contains("token revoke g1"), "{}", printed.err);
    assert!(request.starts_with("POST /api/grants "), "{request}");
    assert!(request.contains("authorization: Bearer t0ken"), "{request}");
    assert!(request.ends_with(r#"{"label":"CI runner"}"#), "{request}");
    let named = ["token", "new", "x", "--user", "aliyun:intl:1"];
    let (_, request) = over(&user, &named, "200 OK", answer);
    assert!(
        request.ends_with(r#"{"label":"x","user":"aliyun:intl:1"}"#),
        "{request}"
    );
}

#[test]
fn who_has_access_is_listed_in_both_languages() {
    let answer = r#"{"grants":[
        {"id":"g1","user":"local","clientName":"Claude Code","clientId":"c","resource":"http://localhost:4298/mcp",
         "created":1795266300,"lastUsed":1795266360,"expiresAt":1797858300},
        {"id":"g2","user":"local","clientName":"CI\u001b[31m","clientId":"-","created":0}]}"#;
    let list = |language| {
        over(&owner(language), &["token", "list"], "200 OK", answer)
            .0
            .out
    };
    insta::assert_snapshot!(list(Language::English), @r"
    ID  CLIENT       USER   FOR                        SINCE                 LAST USED             UNTIL
    g1  Claude Code  local  http://localhost:4298/mcp  2026-11-21 13:05 UTC  2026-11-21 13:06 UTC  2026-12-21 13:05 UTC
    g2  CI [31m      local  everything                 1970-01-01 00:00 UTC  never                 no end
    ");
    let chinese = list(Language::Chinese);
    assert!(
        chinese.contains("全部") && chinese.contains("从未"),
        "{chinese}"
    );
    let (none, _) = over(
        &owner(Language::English),
        &["token", "list"],
        "200 OK",
        r#"{"grants":[]}"#,
    );
    assert!(none.out.contains("token new"), "{}", none.out);
}

#[test]
fn what_is_no_id_is_not_asked_for() {
    let user = owner(Language::English);
    let (revoked, request) = over(&user, &["token", "revoke", "g-1_"], "200 OK", "{}");
    assert_eq!(revoked.out, "Revoked.\n");
    assert!(request.starts_with("DELETE /api/grants/g-1_ "), "{request}");
    for id in ["../users/local", "a/b", "", "a?b"] {
        let printed = user.types(&["token", "revoke", id, "--url", "http://127.0.0.1:9"]);
        assert!(printed.err.contains("is no id"), "{id}: {}", printed.err);
    }
    let gone = r#"{"code":"notFound","error":"there is no such access"}"#;
    let (printed, _) = over(&user, &["token", "revoke", "g9"], "404 Not Found", gone);
    assert!(
        !printed.success && printed.err.contains("no such access"),
        "{}",
        printed.err
    );
}

#[test]
fn who_waits_is_listed_and_an_unknown_code_decides_nothing() {
    let answer = r#"{"approvals":[{"id":"a1","code":"KQ7M-2XDP","clientName":"Claude Code","clientId":"c",
        "redirectHost":"localhost","resource":"http://localhost:4298/mcp","expiresAt":1}]}"#;
    let user = owner(Language::English);
    let (listed, _) = over(&user, &["approve"], "200 OK", answer);
    insta::assert_snapshot!(listed.out, @r"
    CODE       CLIENT       GOES BACK TO  WANTS
    KQ7M-2XDP  Claude Code  localhost     http://localhost:4298/mcp
    ");
    let (unknown, request) = over(&user, &["approve", "AAAA-AAAA"], "200 OK", answer);
    assert!(
        !unknown.success && unknown.err.contains("no client waits"),
        "{}",
        unknown.err
    );
    assert!(request.starts_with("GET /api/approvals "), "{request}");
    assert!(!user.types(&["approve", "--deny"]).success, "deny whom?");
}

#[test]
fn a_sign_in_prints_where_to_go_and_what_must_be_reachable() {
    let user = owner(Language::English);
    let answer = r#"{"authorizeUrl":"https://signin.example/auth?state=1","redirect":"http://localhost:4298/oauth/callback","expiresIn":600}"#;
    let args = ["sign-in", "aliyun:intl", "--no-browser"];
    let (printed, request) = over(&user, &args, "200 OK", answer);
    assert_eq!(printed.out, "https://signin.example/auth?state=1\n");
    assert!(
        printed.err.contains("http://localhost:4298/oauth/callback"),
        "{}",
        printed.err
    );
    assert!(
        request.ends_with(r#"{"provider":"aliyun:intl","open":false}"#),
        "{request}"
    );
    let args = ["sign-in", "aliyun:intl", "--user", "bob", "--no-browser"];
    let (printed, request) = over(&user, &args, "200 OK", answer);
    assert_eq!(printed.out, "https://signin.example/auth?state=1\n");
    assert!(
        request.ends_with(r#"{"provider":"aliyun:intl","open":false,"user":"bob"}"#),
        "{request}"
    );
    assert!(!user.types(&["sign-in", "--user", "bob"]).success, "where?");
    let (out, request) = over(&user, &["sign-out", "aliyun:intl"], "200 OK", "{}");
    assert_eq!(out.out, "Signed out.\n");
    assert!(
        request.ends_with(r#"{"provider":"aliyun:intl"}"#),
        "{request}"
    );
}

#[test]
fn accounts_are_listed_with_what_is_wrong() {
    let answer = r#"{"accounts":[
        {"provider":"aliyun:intl","title":{"en":"x","zh":"x"},"user":"local","state":"signedIn","name":"alice","refreshable":true,"expiresAt":1},
        {"provider":"server:notes","user":"local","state":"needsSignIn","why":{"en":"It was revoked.","zh":"已被吊销。"}}]}"#;
    let list = |language| over(&owner(language), &["sign-in"], "200 OK", answer).0.out;
    insta::assert_snapshot!(list(Language::English), @r"
    PROVIDER      STATE          ACCOUNT  USER   UNTIL
    aliyun:intl   signed in      alice    local  renewed by itself
    server:notes  needs sign-in           local

    server:notes: It was revoked.
    ");
    assert!(list(Language::Chinese).contains("需要登录"));
}
