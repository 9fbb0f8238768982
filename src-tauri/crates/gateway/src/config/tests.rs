//! Whole files in, configurations or problems out.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::load::assemble;
use super::model::{Auth, Config, Sharing, Transport};
use super::*;
use crate::words::Language;

mod accounts;

const B_EXAMPLE: &str = include_str!("../../../../../config/servers.example.json");
const A_EXAMPLE: &str = include_str!("../../../../../config/config.example.json");

fn attempt(text: &str, env: &[(&str, &str)], overrides: Overrides) -> Result<Loaded, LoadError> {
    let vars = |name: &str| {
        env.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let environment = Environment {
        vars: &vars,
        home: Some(Path::new("/home/me")),
        cwd: Path::new("/work"),
    };
    let options = LoadOptions {
        overrides,
        ..LoadOptions::default()
    };
    assemble(
        Some(text.as_bytes()),
        Some(PathBuf::from("config.json")),
        &options,
        &environment,
    )
}

fn loaded(text: &str) -> Loaded {
    attempt(text, &[], Overrides::default()).unwrap()
}

fn config(text: &str) -> Config {
    loaded(text).config
}

/// `line:column key severity` of everything that is wrong with a file.
fn findings(text: &str) -> Vec<String> {
    let problems = match attempt(text, &[], Overrides::default()) {
        Ok(loaded) => loaded.warnings,
        Err(LoadError::Invalid { problems, .. }) => problems,
        Err(other) => panic!("{other}"),
    };
    let findings = problems.iter().map(|problem| {
        let kind = if problem.severity == Severity::Error {
            "E"
        } else {
            "W"
        };
        format!(
            "{}:{} {} {kind}",
            problem.line, problem.column, problem.path
        )
    });
    findings.collect()
}

/// One local server with these further keys.
fn with(keys: &str) -> String {
    format!(r#"{{ "servers": [{{ "name": "s", "command": ["x"], {keys} }}] }}"#)
}

#[test]
fn the_defaults_load_and_leave_no_hole() {
    let loaded = loaded(DEFAULTS);
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config.gateway.port, 4298);
    assert_eq!(loaded.config.limits.message_bytes, 32 << 20);
    assert_eq!(loaded.config.limits.header_bytes, 64 << 10);
    assert_eq!(loaded.config.limits.sessions, 10_000);
    assert_eq!(config("{}").limits, loaded.config.limits);
    assert!(config("{}").aliyun.is_none());
}

#[test]
fn the_commented_server_in_the_defaults_says_what_an_unset_one_is() {
    let example = DEFAULTS
        .split("// -- example --")
        .nth(1)
        .unwrap()
        .split("// -- end --")
        .next()
        .unwrap();
    let example: Vec<&str> = example
        .lines()
        .map(|line| line.trim_start().trim_start_matches("//"))
        .collect();
    let full = loaded(&format!("{{ \"servers\": [{}] }}", example.join("\n")));
    assert_eq!(full.warnings, []);
    let bare = config(
        r#"{ "servers": [{ "name": "files", "command": ["npx", "-y", "@modelcontextprotocol/server-filesystem", "/data"] }] }"#,
    );
    assert_eq!(full.config.servers, bare.servers);
}

#[test]
fn predecessor_b_s_example_reads_as_it_is() {
    let loaded = loaded(B_EXAMPLE);
    assert_eq!((loaded.warnings, loaded.notices), (vec![], vec![]));
    let servers = loaded.config.servers;
    let prefixes: Vec<_> = servers
        .iter()
        .map(|server| server.naming.prefix.as_str())
        .collect();
    assert_eq!(prefixes, ["minimax", "zhipu", "searxng"]);
    assert_eq!(servers[0].pool.max_connections, 3);
    assert_eq!(servers[0].pool.idle_timeout, Duration::from_secs(60));
    assert_eq!(
        servers[2].naming.rename,
        [("searxng_web_search".to_owned(), "searxng_search".to_owned())]
    );
    let Transport::Local { env, .. } = &servers[1].transport else {
        panic!("a local server")
    };
    assert_eq!(env[1], ("Z_AI_MODE".to_owned(), "ZHIPU".to_owned()));
}

#[test]
fn predecessor_a_s_example_reads_as_it_is() {
    let loaded = loaded(A_EXAMPLE);
    assert_eq!(loaded.warnings, []);
    assert_eq!(
        loaded.notices.len(),
        1,
        "whoever is on the way can read along"
    );
    assert!(loaded.notices[0].en.contains("http://YOUR_SERVER_IP:3000"));
    assert!(loaded.config.gateway.host.is_unspecified());
    let aliyun = loaded.config.aliyun.unwrap();
    assert_eq!(
        aliyun.services[1],
        ("oss".to_owned(), "/mcp/oss".to_owned())
    );
    let servers = loaded.config.servers;
    let names: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["ecs", "oss", "rds"]);
    assert_eq!(servers[1].naming.prefix, "oss");
    assert_eq!(
        (&servers[1].auth, servers[1].from_services),
        (&Auth::Aliyun, true)
    );
    assert_eq!(
        servers[1].transport,
        Transport::Remote {
            url: "https://openapi-mcp-intl.vpc-proxy.aliyuncs.com/mcp/oss".to_owned(),
            headers: vec![],
        }
    );
    assert_eq!(aliyun.client_id.as_deref(), Some("YOUR_CLIENT_ID"));
}

#[test]
fn a_file_in_a_s_shape_means_port_3000_unless_it_says_otherwise() {
    assert_eq!(config(r#"{ "oauth": {} }"#).gateway.port, 3000);
    assert_eq!(
        config(r#"{ "mcpServer": { "services": { "ecs": "/mcp/ecs" } } }"#)
            .gateway
            .port,
        3000
    );
    assert_eq!(
        config(r#"{ "oauth": {}, "port": 8080 }"#).gateway.port,
        8080
    );
    assert_eq!(
        config(r#"{ "oauth": {}, "gateway": {} }"#).gateway.port,
        4298
    );
}

#[test]
fn command_line_beats_environment_beats_file_beats_default() {
    let file = r#"{ "gateway": { "host": "::1", "port": 1 }, "logLevel": "error" }"#;
    let port = |env: &[(&str, &str)], overrides| {
        attempt(file, env, overrides).unwrap().config.gateway.port
    };
    assert_eq!(port(&[], Overrides::default()), 1);
    assert_eq!(port(&[("MCP_GATEWAY_PORT", "")], Overrides::default()), 1);
    assert_eq!(port(&[("MCP_GATEWAY_PORT", "2")], Overrides::default()), 2);
    let overrides = Overrides {
        port: Some(0),
        ..Overrides::default()
    };
    let loaded = attempt(
        file,
        &[("MCP_GATEWAY_PORT", "2"), ("LOG_LEVEL", "debug")],
        overrides,
    )
    .unwrap();
    assert_eq!(loaded.config.gateway.port, 0);
    assert_eq!(loaded.config.gateway.host.to_string(), "::1");
    assert_eq!(loaded.config.log_level, "debug");
}

#[test]
fn a_log_level_that_is_outranked_is_told_with_its_line() {
    let file = "{\n  \"logLevel\": \"debug\"\n}";
    let warnings = |env: &[(&str, &str)], level: Option<&str>| {
        let overrides = Overrides {
            log_level: level.map(str::to_owned),
            ..Overrides::default()
        };
        let loaded = attempt(file, env, overrides).unwrap();
        render(&loaded.warnings, None, Language::English)
    };
    assert_eq!(warnings(&[], None), "");
    assert_eq!(warnings(&[("LOG_LEVEL", "DEBUG")], None), "");
    let told = warnings(&[("LOG_LEVEL", "warn")], None);
    assert!(
        told.contains("logLevel: has no effect: LOG_LEVEL says \"warn\""),
        "{told}"
    );
    let told = warnings(&[("LOG_LEVEL", "debug")], Some("error"));
    assert!(told.contains("--log-level says \"error\""), "{told}");
}

#[test]
fn every_variable_of_both_predecessors_counts() {
    let env = [
        ("GATEWAY_BASE_URL", "http://localhost:3000/"),
        ("OAUTH_CLIENT_ID", "id"),
        ("OAUTH_AUTHORIZATION_ENDPOINT", "https://a.example/auth"),
        ("OAUTH_TOKEN_ENDPOINT", "https://a.example/token"),
        ("OAUTH_SCOPE", "all"),
        ("OAUTH_CALLBACK_PORT", "9000"),
        ("MCP_SERVER_BASE_URL", "https://mcp.example/"),
    ];
    let loaded = attempt(
        r#"{ "oauth": { "clientId": "file" } }"#,
        &env,
        Overrides::default(),
    )
    .unwrap();
    assert_eq!(
        loaded.config.gateway.base_url.as_deref(),
        Some("http://localhost:3000")
    );
    assert_eq!(
        loaded.notices.len(),
        1,
        "no server, but nothing about a public address"
    );
    let aliyun = loaded.config.aliyun.unwrap();
    assert_eq!(aliyun.client_id.as_deref(), Some("id"));
    assert_eq!(aliyun.authorization_endpoint, "https://a.example/auth");
    assert_eq!(aliyun.token_endpoint, "https://a.example/token");
    assert_eq!(aliyun.scope, "all");
    assert_eq!(aliyun.callback_port, Some(9000));
    assert_eq!(aliyun.base_url, "https://mcp.example");
}

#[test]
fn bad_variables_and_options_are_named() {
    let overrides = Overrides {
        host: Some("nowhere".to_owned()),
        ..Overrides::default()
    };
    let env = [("MCP_GATEWAY_PORT", "70000"), ("LOG_LEVEL", "loud")];
    let Err(error) = attempt("{}", &env, overrides) else {
        panic!("must not load")
    };
    insta::assert_snapshot!(error.render(Language::English), @r#"
    --host: "nowhere" is not an address to listen on; write an IP address such as 127.0.0.1
    MCP_GATEWAY_PORT: "70000" is not a port; write a whole number from 0 to 65535
    warning: LOG_LEVEL: "loud" is not a log level; write off, error, warn, info, debug or trace, or a filter such as info,gateway=debug
    "#);
    assert!(attempt("{}", &[("LOG_LEVEL", "loud")], Overrides::default()).is_ok());
}

#[test]
fn a_server_grows_only_where_the_file_says_so() {
    let max = |text: &str| config(text).servers[0].pool.max_connections;
    assert_eq!(max(&with("")), 1);
    assert_eq!(max(&with("\"poolSize\": 4")), 4);
    assert_eq!(
        max(
            r#"{ "pool": { "maxConnections": 5 }, "servers": [{ "name": "s", "command": ["x"] }] }"#
        ),
        5
    );
    let min = |text: &str| config(text).servers[0].pool.min_connections;
    assert_eq!(min(&with("\"minConnections\": 0")), 0);
    let own = r#"{ "pool": { "minConnections": 0 }, "servers": [{ "name": "s", "command": ["x"], "minConnections": 2 }] }"#;
    assert_eq!((min(own), max(own)), (2, 2));
    let pool = r#"{ "pool": { "minConnections": 3 }, "servers": [{ "name": "s", "command": ["x"] }, { "name": "t", "command": ["x"], "poolSize": 2 }] }"#;
    let servers = config(pool).servers;
    assert_eq!(
        (
            servers[0].pool.min_connections,
            servers[0].pool.max_connections
        ),
        (3, 3)
    );
    assert_eq!(
        (
            servers[1].pool.min_connections,
            servers[1].pool.max_connections
        ),
        (2, 2)
    );
}

#[test]
fn one_client_s_folders_are_never_shared() {
    assert_eq!(
        config(&with("\"roots\": true")).servers[0].sharing,
        Sharing::Session
    );
}

#[test]
fn a_home_folder_is_written_with_a_tilde() {
    let servers = config(&with("\"cwd\": \"~/data\"")).servers;
    let Transport::Local { cwd, .. } = &servers[0].transport else {
        panic!("a local server")
    };
    assert_eq!(cwd.as_deref(), Some(Path::new("/home/me/data")));
}

#[test]
fn an_address_beyond_loopback_is_kept_and_explained() {
    let loaded = loaded(&format!(
        r#"{{ "gateway": {{ "host": "0.0.0.0" }}, {}"#,
        &with("\"enabled\": true")[1..]
    ));
    assert_eq!(loaded.config.gateway.host.to_string(), "0.0.0.0");
    assert_eq!(loaded.notices.len(), 1);
    assert!(
        loaded.notices[0].en.contains("ssh -L 4298:localhost:4298"),
        "{}",
        loaded.notices[0].en
    );
    // Whether there is a token is not known here, so the words hold either way.
    assert!(loaded.notices[0].en.contains("token list"));
}

#[test]
fn a_public_address_is_listened_for_everywhere_unless_a_host_is_named() {
    let host = |text: &str, env: &[(&str, &str)]| {
        let loaded = attempt(text, env, Overrides::default()).unwrap();
        (loaded.config.gateway.host.to_string(), loaded.notices.len())
    };
    let text = with("\"enabled\": true");
    let public = ("GATEWAY_BASE_URL", "https://gw.example.com");
    assert_eq!(host(&text, &[public]), ("0.0.0.0".to_owned(), 0));
    let own = ("GATEWAY_BASE_URL", "http://localhost:4298");
    assert_eq!(host(&text, &[own]), ("127.0.0.1".to_owned(), 0));
    let named = format!(r#"{{ "gateway": {{ "host": "127.0.0.1" }}, {}"#, &text[1..]);
    assert_eq!(host(&named, &[public]), ("127.0.0.1".to_owned(), 0));
    let plain = ("GATEWAY_BASE_URL", "http://gw.example.com");
    assert_eq!(host(&named, &[plain]), ("127.0.0.1".to_owned(), 1));
}

#[test]
fn a_port_that_is_not_chosen_yet_is_no_port_of_a_tunnel() {
    let loaded = loaded(&format!(
        r#"{{ "gateway": {{ "host": "0.0.0.0", "port": 0 }}, {}"#,
        &with("\"enabled\": true")[1..]
    ));
    let words = &loaded.notices[0];
    assert!(
        words.en.contains("ssh -L PORT:localhost:PORT"),
        "{}",
        words.en
    );
    assert!(
        words.zh.contains("ssh -L 端口:localhost:端口"),
        "{}",
        words.zh
    );
}

#[test]
fn proxies_are_addresses_or_networks_and_not_everybody() {
    let trusted = config(r#"{ "gateway": { "trustedProxies": ["127.0.0.1", "fd00::/8"] } }"#)
        .gateway
        .trusted_proxies;
    assert!(trusted[1].contains("fd12::1".parse().unwrap()));
    for bad in ["proxy.example", "0.0.0.0/0", "10.0.0.0/33"] {
        let text = format!(r#"{{ "gateway": {{ "trustedProxies": ["{bad}"] }} }}"#);
        assert_eq!(
            findings(&text),
            ["1:35 gateway.trustedProxies[0] E"],
            "{bad}"
        );
    }
}

#[test]
fn servers_that_cannot_be_reached_are_refused() {
    for (keys, expected) in [
        (r#""name": "a""#, "servers[0] E"),
        (r#""name": "a", "type": "remote""#, "servers[0] E"),
        (r#""name": "a", "command": []"#, "servers[0].command E"),
        (r#""name": "a", "command": [""]"#, "servers[0].command E"),
        (r#""name": "a", "command": "npx""#, "servers[0].command E"),
        (r#""name": "a", "url": "example.com""#, "servers[0].url E"),
        (
            r#""name": "a", "command": ["x"], "url": "http://x/mcp""#,
            "servers[0].url E",
        ),
        (
            r#""name": "a", "type": "local", "url": "http://x/mcp""#,
            "servers[0].url E",
        ),
        (
            r#""name": "a", "type": "tcp", "command": ["x"]"#,
            "servers[0].type E",
        ),
        (r#""command": ["x"]"#, "servers[0] E"),
        (
            r#""name": "a", "command": ["x"], "env": { "PORT": 80 }"#,
            "servers[0].env.PORT E",
        ),
        (
            r#""name": "a", "url": "http://x/mcp", "headers": { "a b": "c" }"#,
            "servers[0].headers[\"a b\"] E",
        ),
    ] {
        let findings = findings(&format!("{{ \"servers\": [ {{ {keys} }} ] }}"));
        let keys_only: Vec<_> = findings
            .iter()
            .filter_map(|finding| finding.split_once(' '))
            .collect();
        assert_eq!(
            keys_only.iter().map(|(_, rest)| *rest).collect::<Vec<_>>(),
            [expected],
            "{keys}"
        );
    }
}

#[test]
fn names_are_one_namespace() {
    let text = r#"{ "servers": [
        { "name": "ecs", "command": ["x"] },
        { "name": "ecs", "command": ["x"] },
        { "name": "mcp", "command": ["x"] },
        { "name": "a/b", "command": ["x"] },
        { "name": "搜索", "command": ["x"] }
    ], "mcpServer": { "services": { "ecs": "/mcp/ecs", "rds": "mcp/rds" } } }"#;
    assert_eq!(
        findings(text),
        [
            "3:19 servers[1].name E",
            "4:19 servers[2].name E",
            "5:19 servers[3].name E",
            "5:19 servers[3].name W",
            "6:19 servers[4].name W",
            "7:37 mcpServer.services.ecs E",
            "7:63 mcpServer.services.rds E",
        ]
    );
}

#[test]
fn contradictions_are_found() {
    assert_eq!(
        findings(r#"{ "pool": { "minConnections": 4, "maxConnections": 2 } }"#),
        ["1:31 pool.minConnections E"]
    );
    let text = r#"{ "servers": [{ "name": "files", "command": ["x"] }],
      "mapping": { "files": { "rename": { "a": "x", "b": "x", "c": "" } }, "file": {} },
      "toolFilters": { "other": { "include": ["a"] } } }"#;
    assert_eq!(
        findings(text),
        [
            "2:53 mapping.files.rename.b E",
            "2:68 mapping.files.rename.c E",
            "2:76 mapping.file W",
            "3:24 toolFilters.other W",
        ]
    );
}

#[test]
fn unknown_keys_are_warnings_with_a_guess() {
    let loaded = loaded(&with(r#""poolsize": 2, "auth": "oauth", "args": []"#));
    let words: Vec<_> = loaded
        .warnings
        .iter()
        .map(|problem| problem.words.en.as_str())
        .collect();
    assert_eq!(words[0], "unknown key, ignored; did you mean \"poolSize\"?");
    assert!(words[1].contains("can be signed in to"));
    assert!(words[2].contains("follow the program"));
}

#[test]
fn files_of_windows_editors_read_or_say_why_not() {
    assert_eq!(config("\u{feff}{\r\n\"port\": 5,\r\n}").gateway.port, 5);
    let vars = |_: &str| None;
    let environment = Environment {
        vars: &vars,
        home: None,
        cwd: Path::new("/work"),
    };
    let result = assemble(
        Some(b"{\n \xff}"),
        None,
        &LoadOptions::default(),
        &environment,
    );
    let Err(LoadError::Invalid { problems, .. }) = result else {
        panic!("must not load")
    };
    assert_eq!((problems[0].line, problems[0].column), (2, 2));
}

#[test]
fn five_mistakes_are_reported_at_once_in_both_languages() {
    let text = r#"{
  "gateway": { "host": "0.0.0.0", "port": 99999 },
  "servers": [
    { "name": "files", "comand": ["npx", "-y", "server"] },
    { "name": "tools", "command": ["x"], "env": { "DEBUG": true } },
    { "name": "web", "command": ["x"], "url": "https://example.com/mcp" },
  ],
  "pool": { "minConnections": 3, "maxConnections": 2 }
}"#;
    let Err(error) = attempt(text, &[], Overrides::default()) else {
        panic!("must not load")
    };
    insta::assert_snapshot!("five_mistakes_en", error.render(Language::English));
    insta::assert_snapshot!("five_mistakes_zh", error.render(Language::Chinese));
}

#[test]
fn the_search_takes_the_first_file_that_exists_and_a_named_one_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (home, cwd) = (folder.path().join("home"), folder.path().join("cwd"));
    let vars = |_: &str| None;
    let environment = Environment {
        vars: &vars,
        home: Some(&home),
        cwd: &cwd,
    };
    assert_eq!(locate(None, &environment).path, None);
    let write = |path: &Path| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "{}").unwrap();
    };
    for place in [
        home.join(".mcp-gateway/config.json"),
        cwd.join("config.json"),
        cwd.join("config/servers.json"),
        home.join(".config/mcp-gateway/config.json"),
    ] {
        write(&place);
        assert_eq!(
            locate(None, &environment).path.as_deref(),
            Some(place.as_path())
        );
    }
    let vars = |name: &str| (name == "MCP_GATEWAY_CONFIG").then(|| "~/named.json".to_owned());
    let environment = Environment {
        vars: &vars,
        home: Some(&home),
        cwd: &cwd,
    };
    assert_eq!(
        locate(None, &environment).path,
        Some(home.join("named.json"))
    );
    assert_eq!(
        locate(Some(Path::new("mine.json")), &environment).path,
        Some(cwd.join("mine.json"))
    );
    assert!(matches!(
        load(&LoadOptions::default(), &environment),
        Err(LoadError::Unreadable { .. })
    ));
}

#[test]
fn without_a_file_the_demo_runs_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let vars = |_: &str| None;
    let environment = Environment {
        vars: &vars,
        home: Some(folder.path()),
        cwd: folder.path(),
    };
    let demo_command = vec!["mcp-gateway".to_owned(), "demo-server".to_owned()];
    let options = LoadOptions {
        demo_command: Some(demo_command.clone()),
        ..LoadOptions::default()
    };
    let loaded = load(&options, &environment).unwrap();
    assert_eq!(loaded.path, None);
    assert_eq!(loaded.config.servers.len(), 1);
    assert_eq!(loaded.config.servers[0].name, "demo");
    assert_eq!(
        loaded.config.servers[0].transport,
        Transport::Local {
            command: demo_command,
            env: vec![],
            cwd: None
        }
    );
    assert!(loaded.notices[0].en.contains("config init"));
    assert!(
        load(&LoadOptions::default(), &environment)
            .unwrap()
            .config
            .servers
            .is_empty()
    );
}

/// JSON-like text around the real keys, so that random input gets past the parser.
fn plausible() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "gateway",
        "port",
        "host",
        "servers",
        "name",
        "command",
        "url",
        "env",
        "mapping",
        "prefix",
        "rename",
        "pool",
        "minConnections",
        "oauth",
        "services",
        "mcpServer",
        "site",
        "clientIds",
        "auth",
        "clientSecret",
        "token",
        "aliyunSites",
        "redirectUri",
        "limits",
        "depth",
        "toolFilters",
        "include",
        "x y",
    ]);
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-1e400".to_owned()),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|entries| {
                let entries: Vec<_> = entries
                    .into_iter()
                    .map(|(key, value)| format!("\"{key}\": {value}\n"))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        _ = attempt(&text, &[("MCP_GATEWAY_PORT", &text), ("GATEWAY_BASE_URL", &text)], Overrides::default());
    }

    #[test]
    fn no_json_makes_it_panic_and_what_loads_keeps_its_promises(text in plausible()) {
        if let Ok(loaded) = attempt(&text, &[], Overrides::default()) {
            for server in loaded.config.servers {
                prop_assert!(!server.name.is_empty());
                prop_assert!(server.pool.min_connections <= server.pool.max_connections);
                prop_assert!(server.pool.max_connections >= 1);
            }
        }
    }
}

#[test]
fn a_protocol_that_is_none_is_quoted() {
    let text = r#"{ "servers": [{ "name": "a", "command": ["a"], "protocol": "2026-07-28" }] }"#;
    let Err(LoadError::Invalid { problems, .. }) = attempt(text, &[], Overrides::default()) else {
        panic!("it is no protocol");
    };
    for words in [&problems[0].words.en, &problems[0].words.zh] {
        assert!(words.contains("\"2026-07-28\""), "{words}");
        assert!(
            words.contains("\"modern\" (2026-07-28)") || words.contains("\"modern\"（2026-07-28）")
        );
    }
}
