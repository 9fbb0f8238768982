//! Servers that come and go, and whole files that go through it.

use super::*;
use crate::config::form::Kind;

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
