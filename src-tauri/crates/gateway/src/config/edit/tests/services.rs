//! Alibaba Cloud services in a file.

use super::*;
use crate::config::model::Site;

fn service(alias: &str, path: &str) -> NewService {
    NewService {
        alias: alias.to_owned(),
        path: path.to_owned(),
        site: None,
        client_id: None,
    }
}

fn add(alias: &str, path: &str) -> Edit {
    Edit::AddService(service(alias, path))
}

fn fields(text: &str, new: NewService) -> Vec<&'static str> {
    let error = apply(text, &Edit::AddService(new)).unwrap_err();
    error
        .fields()
        .into_iter()
        .map(|fault| fault.field)
        .collect()
}

#[test]
fn a_service_is_written_behind_the_others() {
    check(
        "{\n  // mine\n  \"mcpServer\": {\n    \"services\": {\n      \"ecs\": \"/mcp/ecs\" // machines\n    }\n  }\n}\n",
        &add("oss", "/mcp/oss"),
        "{\n  // mine\n  \"mcpServer\": {\n    \"services\": {\n      \"ecs\": \"/mcp/ecs\", // machines\n      \"oss\": \"/mcp/oss\"\n    }\n  }\n}\n",
    );
    let after = apply(A_EXAMPLE, &add("aliyun", "/mcp")).unwrap();
    assert_eq!(
        after,
        A_EXAMPLE.replace(
            "\"rds\": \"/mcp/rds\"",
            "\"rds\": \"/mcp/rds\",\n      \"aliyun\": \"/mcp\""
        )
    );
}

#[test]
fn the_first_service_moves_no_port() {
    check(
        "{\n  \"servers\": []\n}\n",
        &add("ecs", "/mcp/ecs"),
        "{\n  \"gateway\": {\n    \"port\": 4298\n  },\n  \"servers\": [],\n  \"mcpServer\": {\n    \"services\": {\n      \"ecs\": \"/mcp/ecs\"\n    }\n  }\n}\n",
    );
    check(
        "{ \"port\": 5000 }",
        &add("ecs", "/mcp"),
        "{ \"port\": 5000, \"mcpServer\": { \"services\": { \"ecs\": \"/mcp\" } } }",
    );
    check(
        "{ \"gateway\": {} }",
        &add("ecs", "/mcp"),
        "{ \"gateway\": {}, \"mcpServer\": { \"services\": { \"ecs\": \"/mcp\" } } }",
    );
    for text in [DEFAULTS, INIT, B_EXAMPLE, starter()] {
        let after = apply(text, &add("ecs", "/mcp")).unwrap();
        assert_eq!(Reading::of(&after).unwrap().port, Some(4298));
    }
}

#[test]
fn an_account_is_written_with_its_first_service() {
    let new = NewService {
        site: Some(Site::Cn),
        client_id: Some("4321".to_owned()),
        ..service("ecs", "/mcp")
    };
    check(
        "{\n  \"port\": 1\n}",
        &Edit::AddService(new.clone()),
        "{\n  \"port\": 1,\n  \"oauth\": {\n    \"clientIds\": {\n      \"cn\": \"4321\"\n    },\n    \"site\": \"cn\"\n  },\n  \"mcpServer\": {\n    \"services\": {\n      \"ecs\": \"/mcp\"\n    }\n  }\n}",
    );
    let id_alone = NewService { site: None, ..new };
    check(
        "{ \"oauth\": { \"clientId\": \"1\" /* mine */ } }",
        &Edit::AddService(id_alone),
        "{ \"oauth\": { \"clientId\": \"4321\" /* mine */ }, \"mcpServer\": { \"services\": { \"ecs\": \"/mcp\" } } }",
    );
}

#[test]
fn what_cannot_be_added_is_said_at_its_field() {
    let text = r#"{ "servers": [{ "name": "files", "command": ["x"] }], "oauth": { "site": "intl" },
        "mcpServer": { "services": { "ecs": "/mcp" } } }"#;
    assert_eq!(fields(text, service("files", "/mcp")), ["alias"]);
    assert_eq!(fields(text, service("ecs", "/mcp")), ["alias"]);
    assert_eq!(
        fields(text, service("mcp", "https://x/mcp")),
        ["alias", "path"]
    );
    let elsewhere = NewService {
        site: Some(Site::Cn),
        client_id: Some(" ".to_owned()),
        ..service("oss", "/mcp")
    };
    assert_eq!(fields(text, elsewhere), ["site", "clientId"]);
    assert!(matches!(
        apply("{", &add("a", "/b")),
        Err(EditError::Broken(_))
    ));
}

#[test]
fn a_removed_service_takes_along_what_was_said_of_it() {
    let text = r#"{
  "oauth": { "clientId": "1" },
  "mcpServer": {
    "services": {
      "ecs": "/mcp/ecs", // machines
      // files
      "oss": "/mcp/oss"
    }
  },
  "mapping": { "ecs": { "prefix": "vm" }, "oss": { "prefix": "o" } }
}
"#;
    let expected = r#"{
  "oauth": { "clientId": "1" },
  "mcpServer": {
    "services": {
      // files
      "oss": "/mcp/oss"
    }
  },
  "mapping": { "oss": { "prefix": "o" } }
}
"#;
    check(text, &remove("ecs"), expected);
    let none = apply(expected, &remove("oss")).unwrap();
    assert_eq!(Reading::of(&none).unwrap().port, Some(3000), "{none}");
    assert!(none.contains("mcpServer"));
}

#[test]
fn of_a_service_its_tools_can_be_changed_and_nothing_else() {
    let text = r#"{ "mcpServer": { "services": { "ecs": "/mcp" } } }"#;
    let tool = Edit::SetTool {
        server: "ecs".to_owned(),
        tool: "list".to_owned(),
        on: Some(false),
        rename: Some(Some("machines".to_owned())),
    };
    check(
        text,
        &tool,
        r#"{ "mapping": { "ecs": { "rename": { "list": "machines" } } }, "toolFilters": { "ecs": { "exclude": ["list"] } }, "mcpServer": { "services": { "ecs": "/mcp" } } }"#,
    );
    let mut form = ServerForm::local("ecs", &[]);
    form.kind = crate::config::form::Kind::Remote;
    form.url = Some("https://mcp.example/mcp".to_owned());
    form.prefix = Some("vm".to_owned());
    let put = |form: &ServerForm| Edit::ChangeServer {
        name: "ecs".to_owned(),
        form: form.clone(),
    };
    check(
        text,
        &put(&form),
        r#"{ "mapping": { "ecs": { "prefix": "vm" } }, "mcpServer": { "services": { "ecs": "/mcp" } } }"#,
    );
    let service = Err(EditError::Service("ecs".to_owned()));
    form.name = "vm".to_owned();
    assert_eq!(apply(text, &put(&form)), service);
    let off = Edit::SetEnabled {
        name: "ecs".to_owned(),
        on: false,
    };
    assert_eq!(apply(text, &off), service);
    assert_eq!(
        apply(text, &remove("oss")),
        Err(EditError::NotFound("oss".to_owned()))
    );
}

#[test]
fn what_a_remote_server_wants_is_written_as_short_as_it_can_be() {
    let text = r#"{ "servers": [{ "name": "s", "url": "https://x/mcp" }] }"#;
    let oauth = crate::config::form::AuthForm::default();
    let on = changed(text, |form| form.auth = Some(oauth.clone()));
    let word = r#"{ "servers": [{ "name": "s", "url": "https://x/mcp", "auth": "oauth" }] }"#;
    check(text, &on, word);
    check(word, &changed(word, |form| form.auth = None), text);
    let id = |form: &mut ServerForm| {
        let auth = form.auth.get_or_insert_default();
        auth.client_id = Some("id".to_owned());
    };
    let object =
        r#"{ "servers": [{ "name": "s", "url": "https://x/mcp", "auth": { "clientId": "id" } }] }"#;
    check(word, &changed(word, id), object);
    let off = r#"{ "servers": [{ "name": "s", "url": "https://x/mcp", "auth": { "type": "none", "clientId": "id", "x": 1 } }] }"#;
    check(
        off,
        &changed(off, id),
        &off.replace("\"none\"", "\"oauth\""),
    );
    let secret = changed(text, |form| {
        form.auth = Some(crate::config::form::AuthForm {
            client_secret: Some("x".to_owned()),
            ..oauth
        });
    });
    let refused = apply(text, &secret).unwrap_err();
    assert_eq!(refused.fields()[0].field, "auth");
}
