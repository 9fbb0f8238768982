//! One server changed in files of different hands, as a person would check it.

use super::*;
use crate::config::form::{Kind, Sharing};

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
