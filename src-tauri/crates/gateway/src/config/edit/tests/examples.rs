//! Single changes of files in different hands, as a person would check them.

use super::*;
use crate::config::form::{Kind, Sharing};

#[track_caller]
fn check(text: &str, edit: &Edit, expected: &str) {
    let result = apply(text, edit).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(result == expected, "got:\n{result}\nexpected:\n{expected}");
}

/// A change of the server `s`, told as what is done to its form.
fn changed(text: &str, how: impl FnOnce(&mut ServerForm)) -> Edit {
    let mut form = form_of(text, "s").unwrap();
    how(&mut form);
    Edit::ChangeServer {
        name: "s".to_owned(),
        form,
    }
}

fn remove(name: &str) -> Edit {
    Edit::RemoveServer {
        name: name.to_owned(),
    }
}

fn tool(tool: &str, on: Option<bool>, rename: Option<Option<&str>>) -> Edit {
    Edit::SetTool {
        server: "s".to_owned(),
        tool: tool.to_owned(),
        on,
        rename: rename.map(|name| name.map(str::to_owned)),
    }
}

const BY_HAND: &str = r#"{
  // Mine.
  "servers": [
    {
      "name": "s", /* the best */
      // Slow on Mondays.
      "callTimeout": 600000, // ten minutes
      "command": [
        "npx", // not bunx
        "-y",
        "server", /* pinned */
      ],
      "x-note": { "a": 1.50, "b": -0 },
      "env": {
        "TOKEN": "t\u00e4st", // from the vault
        // "DEBUG": "1",
        "HOME": "/h"
      }
    },
  ],
}
"#;

#[test]
fn only_the_values_that_differ_are_written() {
    let edit = changed(BY_HAND, |form| {
        form.command = strings(&["npx", "-y", "server@2", "--fast"]);
        form.env = vec![
            pair("TOKEN", "täst"),
            pair("HOME", "/home"),
            pair("LEVEL", "1"),
        ];
        form.description = Some("说明".to_owned());
    });
    let expected = BY_HAND
        .replace(
            "        \"server\", /* pinned */\n",
            "        \"server@2\", /* pinned */\n        \"--fast\",\n",
        )
        .replace("\"/h\"\n", "\"/home\",\n        \"LEVEL\": \"1\"\n")
        .replace(
            "      }\n    },",
            "      },\n      \"description\": \"说明\"\n    },",
        );
    check(BY_HAND, &edit, &expected);
}

#[test]
fn a_change_that_changes_nothing_leaves_every_byte() {
    for text in [BY_HAND, DEFAULTS, INIT, A_EXAMPLE, B_EXAMPLE, starter()] {
        let servers = Reading::of(text).unwrap().servers;
        for form in servers {
            let name = form.name.clone();
            let on = form.enabled;
            check(
                text,
                &Edit::ChangeServer {
                    name: name.clone(),
                    form,
                },
                text,
            );
            check(text, &Edit::SetEnabled { name, on }, text);
        }
    }
}

#[test]
fn a_key_given_up_goes_with_its_line_and_the_comment_above_stays() {
    let edit = changed(BY_HAND, |form| {
        form.call_timeout = None;
        form.env.remove(0);
    });
    let expected = BY_HAND
        .replace("      \"callTimeout\": 600000, // ten minutes\n", "")
        .replace("        \"TOKEN\": \"t\\u00e4st\", // from the vault\n", "");
    check(BY_HAND, &edit, &expected);

    let text = "{ \"servers\": [{ \"name\": \"s\", \"cwd\": \"/d\", \"command\": [\"x\"], \"poolSize\": 2 }] }";
    let edit = changed(text, |form| {
        form.cwd = None;
        form.pool_size = None;
    });
    let expected = "{ \"servers\": [{ \"name\": \"s\", \"command\": [\"x\"] }] }";
    check(text, &edit, expected);
}

#[test]
fn what_a_line_and_a_gap_say_of_others_stays() {
    let text = r#"{
  "servers": [
    {
      "name": "s",
      "command": ["x"], "cwd": "/d", // how and where

      "poolSize": 2,
      "enabled": true
    }
  ]
}"#;
    let edit = changed(text, |form| form.cwd = None);
    check(text, &edit, &text.replace(", \"cwd\": \"/d\"", ""));
    let edit = changed(text, |form| form.pool_size = None);
    check(text, &edit, &text.replace("      \"poolSize\": 2,\n", ""));
}

#[test]
fn a_value_that_was_there_before_hinders_nothing() {
    let text = "{ \"servers\": [{ \"name\": \"s\", \"command\": [\"x\"], \"env\": { \"A\": \"\\u0000\" }, \"enabled\": true }] }";
    let edit = changed(text, |form| form.enabled = false);
    check(text, &edit, &text.replace("true", "false"));
    let edit = changed(text, |form| form.command.push("\0".to_owned()));
    assert_eq!(apply(text, &edit).unwrap_err().fields()[0].field, "command");
}

#[test]
fn comments_in_an_emptied_table_keep_it() {
    let edit = changed(BY_HAND, |form| form.env.clear());
    let expected = BY_HAND
        .replace("        \"TOKEN\": \"t\\u00e4st\", // from the vault\n", "")
        .replace("        \"HOME\": \"/h\"\n", "");
    check(BY_HAND, &edit, &expected);
}

#[test]
fn a_key_with_a_default_is_changed_in_place_once_it_is_written() {
    let set = |on| Edit::SetEnabled {
        name: "minimax".to_owned(),
        on,
    };
    let off = B_EXAMPLE.replacen("\"enabled\": true", "\"enabled\": false", 1);
    check(B_EXAMPLE, &set(false), &off);
    check(&off, &set(true), B_EXAMPLE);

    let edit = changed(BY_HAND, |form| form.sharing = Sharing::Session);
    let expected = BY_HAND.replace(
        "      }\n    },",
        "      },\n      \"sharing\": \"session\"\n    },",
    );
    check(BY_HAND, &edit, &expected);
}

#[test]
fn null_counts_as_not_written() {
    let text = "{ \"servers\": [{ \"name\": \"s\", \"command\": [\"x\"], \"cwd\": null, \"env\": null, \"enabled\": null }] }";
    let edit = changed(text, |form| {
        form.cwd = Some("/d".to_owned());
        form.env = vec![pair("A", "b")];
        form.enabled = false;
    });
    let expected = "{ \"servers\": [{ \"name\": \"s\", \"command\": [\"x\"], \"cwd\": \"/d\", \"env\": { \"A\": \"b\" }, \"enabled\": false }] }";
    check(text, &edit, expected);
    check(text, &changed(text, |form| form.cwd = None), text);
}

#[test]
fn another_kind_takes_the_place_of_the_old() {
    let text = r#"{
	"servers": [
		{
			"type": "stdio",
			"name": "s",
			// How.
			"command": ["x", "y"], // program
			"env": { "A": "b" },
			"x-mine": [1, 2],
			"cwd": "/d"
		}
	]
}"#;
    let edit = changed(text, |form| {
        form.kind = Kind::Remote;
        form.url = Some("https://example.com/mcp".to_owned());
        form.headers = vec![pair("Authorization", "Bearer x")];
    });
    let remote = r#"{
	"servers": [
		{
			"type": "http",
			"name": "s",
			// How.
			"url": "https://example.com/mcp", // program
			"headers": {
				"Authorization": "Bearer x"
			},
			"x-mine": [1, 2]
		}
	]
}"#;
    check(text, &edit, remote);
    let edit = changed(remote, |form| {
        form.kind = Kind::Local;
        form.command = strings(&["x", "y"]);
    });
    let local = remote
        .replace("http\"", "stdio\"")
        .replace(
            "\"url\": \"https://example.com/mcp\"",
            "\"command\": [\"x\", \"y\"]",
        )
        .replace(
            "\t\t\t\"headers\": {\n\t\t\t\t\"Authorization\": \"Bearer x\"\n\t\t\t},\n",
            "",
        );
    check(remote, &edit, &local);
}

#[test]
fn what_never_had_an_effect_is_settled_when_the_kind_changes() {
    let text = r#"{ "servers": [{ "name": "s", "type": "remote", "url": "http://x/mcp", "env": { "A": "b" }, "command": null }] }"#;
    let edit = changed(text, |form| {
        form.kind = Kind::Local;
        form.command = strings(&["x"]);
    });
    let expected = r#"{ "servers": [{ "name": "s", "type": "local", "command": ["x"] }] }"#;
    check(text, &edit, expected);
}

#[test]
fn a_new_name_is_written_in_all_three_places() {
    let text = B_EXAMPLE;
    let mut form = form_of(text, "searxng").unwrap();
    form.name = "search".to_owned();
    form.exclude = strings(&["x"]);
    let edit = Edit::ChangeServer {
        name: "searxng".to_owned(),
        form: form.clone(),
    };
    let expected = text
        .replace("\"name\": \"searxng\"", "\"name\": \"search\"")
        .replace("\"searxng\": {", "\"search\": {")
        .replace(
            "\"toolFilters\": {}",
            "\"toolFilters\": {\n    \"search\": {\n      \"exclude\": [\"x\"]\n    }\n  }",
        );
    check(text, &edit, &expected);

    form.name = "minimax".to_owned();
    let taken = Edit::ChangeServer {
        name: "searxng".to_owned(),
        form,
    };
    let error = apply(text, &taken).unwrap_err();
    assert_eq!(error.fields()[0].field, "name");
}

#[test]
fn what_is_said_of_nobody_is_not_overwritten() {
    let text = r#"{ "servers": [{ "name": "s", "command": ["x"] }],
  "mapping": { "s": { "prefix": "a" }, "ghost": { "prefix": "b" } } }"#;
    let edit = changed(text, |form| form.name = "ghost".to_owned());
    assert_eq!(apply(text, &edit).unwrap_err().fields()[0].field, "name");

    let add = Edit::AddServer(ServerForm::local("ghost", &["y"]));
    let added = apply(text, &add).unwrap();
    assert_eq!(form_of(&added, "ghost").unwrap().prefix, None);
}

#[test]
fn a_removed_server_takes_its_own_comments_along_and_no_others() {
    let text = r#"{
  "servers": [ // all of them
    // Head of the list.

    // About a.
    { "name": "a", "command": ["x"] }, // a!
    // { "name": "old", "command": ["x"] },
    // About b,
    // which is odd.
    {
      "name": "b",
      "command": ["x"]
    }

    // Tail.
  ],
  "mapping": {
    "b": { "prefix": "" }
  },
  "toolFilters": { "a": { "exclude": ["x"] }, "b": { "include": [] } }
}
"#;
    let without_a = text
        .replace(
            "    // About a.\n    { \"name\": \"a\", \"command\": [\"x\"] }, // a!\n",
            "",
        )
        .replace("{ \"a\": { \"exclude\": [\"x\"] }, \"b\"", "{ \"b\"");
    check(text, &remove("a"), &without_a);
    let without_b = r#"{
  "servers": [ // all of them
    // Head of the list.

    // About a.
    { "name": "a", "command": ["x"] } // a!
    // { "name": "old", "command": ["x"] },

    // Tail.
  ],
  "mapping": {},
  "toolFilters": { "a": { "exclude": ["x"] } }
}
"#;
    check(text, &remove("b"), without_b);
    assert_eq!(
        entry_of(text, "b").unwrap(),
        "// About b,\n// which is odd.\n{\n  \"name\": \"b\",\n  \"command\": [\"x\"]\n}"
    );
    assert_eq!(
        entry_of(text, "a").unwrap(),
        "// About a.\n{ \"name\": \"a\", \"command\": [\"x\"] } // a!"
    );
}

#[test]
fn commas_and_line_ends_stay_as_the_file_has_them() {
    let text = "\u{feff}{\r\n\t\"servers\": [\r\n\t\t{ \"name\": \"a\", \"command\": [\"x\"] },\r\n\t\t{ \"name\": \"b\", \"command\": [\"x\"] },\r\n\t],\r\n}\r\n";
    let without = "\u{feff}{\r\n\t\"servers\": [\r\n\t\t{ \"name\": \"a\", \"command\": [\"x\"] },\r\n\t],\r\n}\r\n";
    check(text, &remove("b"), without);
    let add = Edit::AddServer(ServerForm::local("b", &["x"]));
    check(without, &add, text);
    check(
        without,
        &remove("a"),
        "\u{feff}{\r\n\t\"servers\": [],\r\n}\r\n",
    );

    let comma_first = "{\n  \"servers\": [\n    { \"name\": \"a\", \"command\": [\"x\"] }\n  , { \"name\": \"b\", \"command\": [\"x\"] } // b\n  ]\n}";
    let without = "{\n  \"servers\": [\n    { \"name\": \"a\", \"command\": [\"x\"] }\n  ]\n}";
    check(comma_first, &remove("b"), without);

    let no_trailing = "{\n  \"servers\": [\n    {\"name\": \"a\", \"command\": [\"x\"]} // no comma here, yet\n  ]\n}";
    let added = "{\n  \"servers\": [\n    {\"name\": \"a\", \"command\": [\"x\"]}, // no comma here, yet\n    { \"name\": \"b\", \"command\": [\"x\"] }\n  ]\n}";
    check(no_trailing, &add, added);
}

#[test]
fn a_tool_is_switched_and_renamed_and_leaves_nothing_behind() {
    let text = "{\n  \"servers\": [\n    { \"name\": \"s\", \"command\": [\"x\"] }\n  ],\n  \"mapping\": {},\n  \"toolFilters\": {}\n}";
    let off = text.replace(
        "\"toolFilters\": {}",
        "\"toolFilters\": {\n    \"s\": {\n      \"exclude\": [\"rm\"]\n    }\n  }",
    );
    check(text, &tool("rm", Some(false), None), &off);
    check(&off, &tool("rm", Some(true), None), text);
    let renamed = text.replace(
        "\"mapping\": {}",
        "\"mapping\": {\n    \"s\": {\n      \"rename\": {\n        \"ls\": \"列出\"\n      }\n    }\n  }",
    );
    check(text, &tool("ls", None, Some(Some("列出"))), &renamed);
    check(&renamed, &tool("ls", None, Some(None)), text);

    let listed = off.replace("\"exclude\"", "\"include\"");
    let none = off.replace("\"exclude\": [\"rm\"]", "\"include\": []");
    check(&listed, &tool("rm", Some(false), None), &none);
    check(&none, &tool("rm", Some(true), None), &listed);

    let twice = apply(&renamed, &tool("dir", None, Some(Some("列出")))).unwrap_err();
    assert_eq!(twice.fields()[0].field, "rename");
}

#[test]
fn unknown_keys_keep_what_would_be_empty() {
    let text = r#"{
  "servers": [{ "name": "s", "command": ["x"] }],
  "mapping": { "s": { "prefix": "p", "x-mine": 1 } },
  "toolFilters": { "s": { "exclude": ["a" /* bad */] } }
}"#;
    let edit = changed(text, |form| {
        form.prefix = None;
        form.exclude = strings(&["b"]);
    });
    let expected = text
        .replace("\"prefix\": \"p\", ", "")
        .replace("\"a\" /* bad */", "\"b\"");
    check(text, &edit, &expected);
}

#[test]
fn the_port_is_written_where_the_file_has_it() {
    let port = &Edit::SetPort(5000);
    check(
        INIT,
        port,
        &INIT.replace("\"port\": 4298", "\"port\": 5000"),
    );
    check(
        A_EXAMPLE,
        port,
        &A_EXAMPLE.replace("\"port\": 3000", "\"port\": 5000"),
    );
    check(
        "{}",
        port,
        "{\n  \"gateway\": {\n    \"port\": 5000\n  }\n}",
    );
    check("{\"oauth\":{}}", port, "{\"port\":5000,\"oauth\":{}}");
    check("{\"oauth\":{}}", &Edit::SetPort(3000), "{\"oauth\":{}}");
    check(
        "{ \"gateway\": { \"cors\": true }, \"port\": 1 }",
        port,
        "{ \"gateway\": { \"cors\": true }, \"port\": 5000 }",
    );
    check(
        "{ \"gateway\": { \"port\": 2 }, \"port\": 1 }",
        port,
        "{ \"gateway\": { \"port\": 5000 }, \"port\": 5000 }",
    );
    check(
        "{ \"gateway\": { \"cors\": true }, \"port\": null }",
        port,
        "{ \"gateway\": { \"port\": 5000, \"cors\": true }, \"port\": null }",
    );
}

#[test]
fn the_first_server_of_the_window_stands_in_a_file_that_explains_itself() {
    let mut form = ServerForm::local("files", &["npx", "-y", "server"]);
    form.env = vec![pair("TOKEN", "x")];
    form.prefix = Some("disk".to_owned());
    let added = apply(starter(), &Edit::AddServer(form.clone())).unwrap();
    let expected = starter()
        .replace(
            "\"servers\": []",
            "\"servers\": [\n    {\n      \"name\": \"files\",\n      \"command\": [\"npx\", \"-y\", \"server\"],\n      \"env\": {\n        \"TOKEN\": \"x\"\n      }\n    }\n  ]",
        )
        .replace(
            "\"mapping\": {}",
            "\"mapping\": {\n    \"files\": {\n      \"prefix\": \"disk\"\n    }\n  }",
        );
    assert!(added == expected, "{added}");
    check(&added, &remove("files"), starter());
}

#[test]
fn every_example_goes_through_adding_changing_and_removing() {
    let mut form = ServerForm::local("new", &["npx"]);
    form.rename = vec![rename("a", "b")];
    form.exclude = strings(&["c"]);
    let mut other = form.clone();
    other.kind = Kind::Remote;
    other.url = Some("https://example.com/mcp".to_owned());
    other.rename.clear();
    for text in [DEFAULTS, INIT, A_EXAMPLE, B_EXAMPLE, starter()] {
        let added = apply(text, &Edit::AddServer(form.clone())).unwrap();
        let changed = apply(
            &added,
            &Edit::ChangeServer {
                name: "new".to_owned(),
                form: other.clone(),
            },
        )
        .unwrap();
        assert_eq!(form_of(&changed, "new"), Some(other.clone().normalized()));
        let removed = apply(&changed, &remove("new")).unwrap();
        if text != A_EXAMPLE {
            // That one has no "servers" yet.
            assert!(removed == text, "{removed}");
        }
        for form in Reading::of(text).unwrap().servers {
            let taken = super::super::removed(text, &form.name).unwrap();
            let without = apply(text, &remove(&form.name)).unwrap();
            let otherwise = apply(&without, &Edit::AddServer(other.clone())).unwrap();
            let back = restore(&otherwise, &taken).unwrap();
            assert_eq!(entry_of(&back, &form.name), entry_of(text, &form.name));
            let back = apply(&back, &remove("new")).unwrap();
            assert_eq!(Reading::of(&back), Reading::of(text));
            assert!(text != B_EXAMPLE || back == text, "{back}");
        }
    }
}

#[test]
fn a_server_comes_back_to_where_it_was() {
    let text = r#"{
  "servers": [
    { "name": "a", "command": ["x"] },
    // The second.
    { "name": "b", "command": ["x"] }, // b!
    { "name": "c", "command": ["x"] }
  ],
  "mapping": {
    "a": { "prefix": "1" },
    // Short.
    "b": { "prefix": "2" } // two
  }
}"#;
    let taken = removed(text, "b").unwrap();
    let without = apply(text, &remove("b")).unwrap();
    let fewer = apply(&without, &remove("a")).unwrap();
    let expected = r#"{
  "servers": [
    // The second.
    { "name": "b", "command": ["x"] }, // b!
    { "name": "c", "command": ["x"] }
  ],
  "mapping": {
    // Short.
    "b": { "prefix": "2" } // two
  }
}"#;
    let back = restore(&fewer, &taken).unwrap();
    assert!(back == expected, "{back}");
    assert_eq!(restore(&without, &taken).as_deref(), Ok(text));
    let error = restore(text, &taken).unwrap_err();
    assert_eq!(error.fields()[0].field, "name", "it is there already");
}

#[test]
fn nothing_is_guessed() {
    let add = Edit::AddServer(ServerForm::local("s", &["x"]));
    for (text, line) in [
        ("{\n  \"servers\": [\n", "line 2"),
        ("[]", "line 1"),
        ("", "line 1"),
        ("{\n \"servers\": {}\n}", "line 2: servers: "),
        ("{ \"servers\": [], \"servers\": [] }", "line 1: servers: "),
    ] {
        let error = apply(text, &add).unwrap_err();
        assert!(matches!(error, EditError::Broken(_)), "{text}: {error:?}");
        let fields = error.fields();
        assert!(fields[0].message.en.starts_with(line), "{fields:?}");
        assert!(fields[0].message.zh.starts_with("第 "), "{fields:?}");
        assert_eq!(form_of(text, "s"), None);
    }
    let error = apply("{}", &remove("s")).unwrap_err();
    assert_eq!(error, EditError::NotFound("s".to_owned()));
    let error = apply(
        A_EXAMPLE,
        &Edit::AddServer(ServerForm::local("ecs", &["x"])),
    );
    assert_eq!(error.unwrap_err().fields()[0].field, "name");
}

#[test]
fn the_bounds_are_the_loader_s() {
    let check = |timeout, size| {
        let mut form = ServerForm::local("s", &["x"]);
        form.call_timeout = Some(timeout);
        form.pool_size = Some(size);
        let fields = match apply("{}", &Edit::AddServer(form)) {
            Ok(_) => Vec::new(),
            Err(error) => error.fields(),
        };
        // The window's own words, not the loader's, which speak of quotes.
        assert!(
            fields
                .iter()
                .all(|field| !field.message.en.contains("quotes")),
            "{fields:?}"
        );
        fields.len()
    };
    assert_eq!(check(1, 1), 0);
    assert_eq!(check(86_400_000, 256), 0);
    assert_eq!(check(86_400_001, 257), 2);
    assert_eq!(check(0, 0), 2);
}

#[test]
fn a_thousand_servers_are_no_trouble() {
    let entries: Vec<String> = (0..1000)
        .map(|n| {
            format!("{{ \"name\": \"s{n}\", \"command\": [\"x\"], \"env\": {{ \"A\": \"b\" }} }}")
        })
        .collect();
    let mapping: Vec<String> = (0..1000)
        .map(|n| format!("\"s{n}\": {{ \"prefix\": \"p\" }}"))
        .collect();
    let (entries, mapping) = (entries.join(",\n    "), mapping.join(",\n    "));
    let text = format!(
        "{{\n  \"servers\": [\n    {entries}\n  ],\n  \"mapping\": {{\n    {mapping}\n  }}\n}}"
    );
    let started = std::time::Instant::now();
    let without = apply(&text, &remove("s500")).unwrap();
    let took = started.elapsed();
    assert!(took.as_secs() < 5, "{took:?}");
    assert_eq!(without.lines().count() + 2, text.lines().count());
}
