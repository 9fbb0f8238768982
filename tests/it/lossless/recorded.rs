//! What real servers have said, said again: each list, call and failure reaches clients of both
//! eras as the server wrote it, whichever era a server speaks that writes so.
//!
//! To record it anew, with the versions that `tests/peers` names:
//! `cargo test --no-default-features --test it -- --ignored what_real_servers_say_is_recorded`.

use std::path::PathBuf;

use serde_json::{Value, json};
use testkit::client::{member, result_of};
use testkit::{Setup, programs};

use super::{ERAS, Front, SERVER, arrived, claimed, sent};
use crate::peers::servers::{of_python, repository, searxng};
use crate::support::{StdioClient, official, setup};

/// Lists that a server may have, by the method and the member of its result, and what in an item
/// is renamed.
const LISTS: [(&str, &str, Option<&str>); 4] = [
    ("tools/list", "tools", Some("name")),
    ("prompts/list", "prompts", Some("name")),
    ("resources/list", "resources", None),
    ("resources/templates/list", "resourceTemplates", None),
];

fn folder() -> PathBuf {
    programs::repository().join("tests/corpus/recorded")
}

/// A recording: its name, and the raw object.
fn recordings() -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder()).expect("the recordings");
    let mut found: Vec<(String, String)> = files
        .map(|file| {
            let path = file.expect("a file").path();
            let name = path.file_stem().expect("a name").to_string_lossy();
            (
                name.into_owned(),
                std::fs::read_to_string(&path).expect("a file"),
            )
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "nothing is recorded");
    found
}

/// A raw member, where it is there.
fn optional(raw: &str, key: &str) -> Option<String> {
    let read: Value = serde_json::from_str(raw).expect("JSON");
    read.get(key).is_some().then(|| member(raw, key))
}

fn items(list: &str, key: &str) -> Vec<String> {
    let raw = member(list, key);
    let items: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&raw).expect("a list");
    items.iter().map(|item| item.get().to_owned()).collect()
}

/// One fake for what a server lists, and one with a tool for each thing that it answered.
fn with_fakes(mut setup: Setup, recordings: &[(String, String)], era: &str) -> Setup {
    let mut tools = Vec::new();
    for (name, raw) in recordings {
        let lists = LISTS.iter().filter_map(|(method, key, _)| {
            let result = sent(&optional(raw, method)?, era);
            assert!(result.contains(&format!(r#""{key}":"#)), "{name} {method}");
            Some(format!(r#""{method}":[{{"result":{result}}}]"#))
        });
        let lists: Vec<String> = lists.collect();
        setup = setup.fake(
            name,
            format!(r#"{{"era":"{era}","on":{{{}}}}}"#, lists.join(",")),
        );
        for key in ["call", "failure"] {
            let answer = member(raw, key);
            let does = match optional(&answer, "result") {
                Some(result) => format!(r#"{{"result":{}}}"#, sent(&result, era)),
                None => format!(r#"{{"error":{}}}"#, member(&answer, "error")),
            };
            tools.push(format!(r#"{{"name":"{name}_{key}","does":[{does}]}}"#));
        }
    }
    let script = format!(r#"{{"era":"{era}","tools":[{}]}}"#, tools.join(","));
    setup.fake("fake", script)
}

#[tokio::test]
async fn real_answers_reach_clients_of_both_eras_byte_for_byte() {
    let recordings = recordings();
    for server in ERAS {
        let gateway = with_fakes(setup(), &recordings, server).start().await;
        for (name, raw) in &recordings {
            let tools = items(&member(raw, "tools/list"), "tools");
            gateway.await_tools(name, tools.len()).await;
        }
        for client in ERAS {
            let front = Front::of(client, &gateway).await;
            for (method, key, renamed) in LISTS {
                let listed = items(&front.call(method).await.result(), key);
                for (name, raw) in &recordings {
                    let Some(recorded) = optional(raw, method) else {
                        continue;
                    };
                    for item in items(&recorded, key) {
                        let wanted = match renamed {
                            Some(renamed) => exposed(name, &item, renamed),
                            None => item,
                        };
                        assert!(
                            listed.contains(&wanted),
                            "{client} to {server}: {wanted}\nis not in {listed:#?}"
                        );
                    }
                }
            }
            for (name, raw) in &recordings {
                for key in ["call", "failure"] {
                    let answer = front.tool(&format!("fake_{name}_{key}")).await.response();
                    let recorded = member(raw, key);
                    let combination = format!("{name} {key}, {client} to {server}");
                    match optional(&recorded, "result") {
                        Some(result) => assert_eq!(
                            result_of(&answer),
                            arrived(&sent(&result, server), client, server, SERVER),
                            "{combination}"
                        ),
                        None => assert_eq!(
                            member(&answer, "error"),
                            member(&recorded, "error"),
                            "{combination}"
                        ),
                    }
                }
            }
        }
    }
}

/// An item under its name at the gateway.
fn exposed(server: &str, item: &str, key: &str) -> String {
    let own = member(item, key);
    let own = own.trim_matches('"');
    let name = format!(r#""{key}":"{own}""#);
    assert_eq!(item.matches(&name).count(), 1, "{item}");
    item.replace(&name, &format!(r#""{key}":"{server}_{own}""#))
}

/// A server to be recorded, and the parameters of a call that works and of one that fails.
struct Real {
    config: Value,
    era: &'static str,
    call: &'static str,
    failure: &'static str,
}

fn real_ones() -> Vec<Real> {
    let unknown = r#"{"name":"none","arguments":{}}"#;
    vec![
        Real {
            config: official("everything", &["stdio"]),
            era: "legacy",
            call: r#"{"name":"get-structured-content","arguments":{"location":"Chicago"}}"#,
            failure: unknown,
        },
        Real {
            config: official("memory", &[]),
            era: "legacy",
            call: r#"{"name":"search_nodes","arguments":{"query":"é"}}"#,
            failure: r#"{"name":"create_entities","arguments":{"entities":7}}"#,
        },
        Real {
            config: searxng(),
            era: "modern",
            call: r#"{"name":"searxng_web_search","arguments":{"query":""}}"#,
            failure: unknown,
        },
        Real {
            config: of_python("time", &["--local-timezone=UTC"]),
            era: "modern",
            call: r#"{"name":"convert_time","arguments":{"source_timezone":"UTC","time":"12:00","target_timezone":"Asia/Tokyo"}}"#,
            failure: r#"{"name":"get_current_time","arguments":{"timezone":"Nowhere/None"}}"#,
        },
        Real {
            config: of_python("git", &[]),
            era: "modern",
            call: r#"{"name":"git_status","arguments":{"repo_path":"."}}"#,
            failure: unknown,
        },
    ]
}

#[tokio::test]
#[ignore = "writes tests/corpus/recorded"]
async fn what_real_servers_say_is_recorded() {
    for real in real_ones() {
        let name = real.config["name"].as_str().expect("a name");
        let command: Vec<&str> = real.config["command"]
            .as_array()
            .expect("a command")
            .iter()
            .map(|part| part.as_str().expect("text"))
            .collect();
        let setup = setup();
        let mut process = setup.command(command[0]);
        process.args(&command[1..]);
        for (key, value) in real.config["env"].as_object().into_iter().flatten() {
            process.env(key, value.as_str().expect("text"));
        }
        process.env("MEMORY_FILE_PATH", setup.path("memory.jsonl"));
        repository(&setup.path("home"));
        let mut client = StdioClient::from_command(&mut process);
        if real.era == "legacy" {
            client.greet().await;
        }
        let mut members = vec![format!(r#""era":"{}""#, real.era)];
        let lists = LISTS.iter().map(|(method, ..)| (*method, *method, "{}"));
        let calls = [("call", real.call), ("failure", real.failure)];
        let calls = calls.map(|(key, params)| (key, "tools/call", params));
        for (id, (key, method, params)) in lists.chain(calls).enumerate() {
            let id = id as u64 + 1;
            let mut request =
                String::from_utf8(wire::request(&id.to_string(), method, params)).expect("UTF-8");
            if real.era == "modern" {
                request = claimed(&request);
            }
            client.send(&request).await;
            let raw = loop {
                let line = client.line().await;
                let message: Value = serde_json::from_str(&line).expect("JSON");
                if message["id"] == json!(id) && message.get("method").is_none() {
                    break line;
                }
            };
            let result = optional(&raw, "result");
            match (key == method, result) {
                (true, Some(result)) => members.push(format!(r#""{key}":{result}"#)),
                (true, None) => {}
                (false, Some(result)) => {
                    members.push(format!(
                        r#""{key}":{{"params":{params},"result":{result}}}"#
                    ));
                }
                (false, None) => {
                    let error = member(&raw, "error");
                    members.push(format!(r#""{key}":{{"params":{params},"error":{error}}}"#));
                }
            }
        }
        let text = format!("{{\n{}\n}}\n", members.join(",\n"));
        std::fs::write(folder().join(format!("{name}.json")), text).expect("it is written");
        drop(client);
    }
}
