use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::Value as Written;
use jsonc_parser::{CollectOptions, parse_to_ast};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::described::File;
use super::*;
use crate::config::problem::Severity;
use crate::config::{DEFAULTS, file, reader};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../config/schema.json");

/// The types, with the defaults of the file that the program starts from.
fn generated() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<File>();
    let mut schema = std::mem::take(schema.ensure_object());
    // Filled in by `log_level`, which makes it neither optional nor not.
    schema.remove("required");
    let mut schema = Value::Object(schema);
    add_defaults(&mut schema, &of_text(DEFAULTS));
    schema
}

fn add_defaults(schema: &mut Value, defaults: &Value) {
    let properties = schema.get_mut("properties");
    let Some(properties) = properties.and_then(Value::as_object_mut) else {
        return;
    };
    for (name, default) in defaults.as_object().into_iter().flatten() {
        let Some(property) = properties.get_mut(name) else {
            continue;
        };
        match default {
            Value::Object(_) => add_defaults(property, default),
            Value::Null | Value::Array(_) => {}
            default => property["default"] = default.clone(),
        }
    }
}

fn of_text(text: &str) -> Value {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &reader::strict());
    without_comments(&parsed.expect("JSON with comments").value.expect("a value"))
}

fn without_comments(written: &Written<'_>) -> Value {
    match written {
        Written::StringLit(text) => json!(text.value),
        Written::NumberLit(number) => number.value.parse().expect("a number"),
        Written::BooleanLit(flag) => json!(flag.value),
        Written::NullKeyword(_) => Value::Null,
        Written::Array(items) => items.elements.iter().map(without_comments).collect(),
        Written::Object(object) => {
            let members = object.properties.iter().map(|property| {
                let name = property.name.as_str().to_owned();
                (name, without_comments(&property.value))
            });
            Value::Object(members.collect())
        }
    }
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&of_text(SCHEMA)).expect("a schema")
}

fn reader_refuses(document: &Value) -> bool {
    let (_, problems) = file::read(&document.to_string());
    problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
}

#[test]
fn the_committed_schema_is_what_the_types_say() {
    let mut text = serde_json::to_string_pretty(&generated()).expect("JSON");
    text.push('\n');
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(COMMITTED, &text).expect("written");
    }
    let committed = std::fs::read_to_string(COMMITTED).expect("read");
    assert!(
        committed == text,
        "config/schema.json is not what the types say; run: UPDATE_SCHEMA=1 cargo test -p gateway schema"
    );
}

#[test]
fn every_file_that_comes_with_the_program_is_sound() {
    let validator = validator();
    for (name, text) in [
        ("defaults", DEFAULTS),
        ("init", include_str!("../../../../../../config/init.jsonc")),
        (
            "starter",
            include_str!("../../../../../../config/starter.jsonc"),
        ),
        (
            "servers",
            include_str!("../../../../../../config/servers.example.json"),
        ),
        (
            "config",
            include_str!("../../../../../../config/config.example.json"),
        ),
    ] {
        let found: Vec<_> = validator
            .iter_errors(&of_text(text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

/// The schema of each object with keys of ours, by the path of one of that kind.
fn objects(schema: &Value, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for one in schema["anyOf"].as_array().into_iter().flatten() {
        objects(one, path, found);
    }
    if let Some(properties) = schema["properties"].as_object() {
        let names = properties.keys().cloned().collect();
        found.insert(path.to_owned(), names);
        for (name, property) in properties {
            let below = match path {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            objects(property, &below, found);
        }
    }
    if schema["additionalProperties"].is_object() {
        objects(&schema["additionalProperties"], &format!("{path}.x"), found);
    }
    if schema["items"].is_object() {
        objects(&schema["items"], &format!("{path}[0]"), found);
    }
}

/// A document in which each of these objects stands, and nothing is set.
fn with_every_object(schema: &Value) -> Value {
    let mut kinds = schema["anyOf"].as_array().into_iter().flatten();
    if let Some(object) =
        kinds.find_map(|one| Some(with_every_object(one)).filter(Value::is_object))
    {
        return object;
    }
    if let Some(properties) = schema["properties"].as_object() {
        let members = properties
            .iter()
            .map(|(name, property)| (name.clone(), with_every_object(property)));
        return Value::Object(members.collect());
    }
    if schema["additionalProperties"]["properties"].is_object() {
        return json!({ "x": with_every_object(&schema["additionalProperties"]) });
    }
    if schema["items"]["properties"].is_object() {
        return json!([with_every_object(&schema["items"])]);
    }
    Value::Null
}

#[test]
fn schema_and_reader_know_the_same_keys() {
    let schema = of_text(SCHEMA);
    let mut described = BTreeMap::new();
    objects(&schema, "", &mut described);
    let document = with_every_object(&schema);
    let known = crate::config::fields::asked_for(|| drop(file::read(&document.to_string())));
    let known: BTreeMap<String, BTreeSet<String>> = known.into_iter().collect();
    for (path, names) in &described {
        assert_eq!(known.get(path), Some(names), "at {path:?}");
    }
    let paths = |map: &BTreeMap<String, _>| map.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(paths(&known), paths(&described));
}

/// Every place of the schema where a value stands, as pointers into a document.
fn places(schema: &Value, path: &[String], found: &mut Vec<Vec<String>>) {
    if !path.is_empty() {
        found.push(path.to_vec());
    }
    let below = |name: &str| [path, &[name.to_owned()]].concat();
    for one in schema["anyOf"].as_array().into_iter().flatten() {
        places(one, path, found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        places(property, &below(name), found);
    }
    if schema["additionalProperties"].is_object() {
        places(&schema["additionalProperties"], &below("s"), found);
    }
    if schema["items"].is_object() {
        places(&schema["items"], &below("0"), found);
    }
}

/// A sound document with `value` at a place.
fn document(place: &[String], value: &Value) -> Value {
    let is_remote = place
        .iter()
        .any(|part| ["url", "headers", "auth"].contains(&part.as_str()));
    let server = match is_remote {
        true => json!({ "name": "s", "url": "https://example.com/mcp" }),
        false => json!({ "name": "s", "command": ["x"] }),
    };
    let mut document = json!({ "servers": [server] });
    let mut here = &mut document;
    for part in place {
        if here.is_null() {
            *here = match part.as_str() {
                "0" => json!([]),
                _ => Value::Object(Map::new()),
            };
        }
        here = match here {
            Value::Array(items) => {
                let index: usize = part.parse().expect("an index");
                if items.len() <= index {
                    items.push(Value::Null);
                }
                &mut items[index]
            }
            _ => &mut here[part.as_str()],
        };
    }
    *here = value.clone();
    // A service is a server as well, and its name is its own.
    if place.starts_with(&["mcpServer".to_owned()]) {
        document["servers"] = json!([]);
    }
    document
}

#[test]
fn schema_and_reader_refuse_the_same_kinds_of_values() {
    let validator = validator();
    let mut found = Vec::new();
    places(&of_text(SCHEMA), &[], &mut found);
    assert!(found.len() > 60, "{}", found.len());
    for place in found {
        // They hold anything, or one thing that stands for itself.
        if ["history", "profiles", "$schema"].contains(&place[0].as_str()) {
            continue;
        }
        for value in [
            json!(true),
            json!(1.5),
            json!(-1),
            json!(0),
            json!(90_000_000_000_u64),
            json!([]),
            json!([1]),
            json!([null]),
            json!({ "s": 1 }),
            json!("x y"),
        ] {
            let document = document(&place, &value);
            let by_schema = !validator.is_valid(&document);
            let by_reader = reader_refuses(&document);
            // An unknown key is a warning to the reader, which goes on.
            let unknown = value.is_object() && by_schema && !by_reader;
            // What a text must look like is beyond the schema.
            let text = value.is_string() && by_reader && !by_schema;
            assert!(
                by_schema == by_reader || unknown || text,
                "{place:?} = {value}: the schema {}, the reader {}",
                if by_schema { "refuses it" } else { "takes it" },
                if by_reader { "refuses it" } else { "takes it" },
            );
        }
    }
}

#[test]
fn a_copy_is_put_beside_a_file_and_renewed_where_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.json");
    let copy = folder.path().join(SCHEMA_FILE);
    renew_schema_beside(&config).expect("nothing to do");
    assert!(!copy.exists());
    put_schema_beside(&config).expect("put");
    std::fs::write(&copy, "old").expect("written");
    renew_schema_beside(&config).expect("renewed");
    assert_eq!(std::fs::read_to_string(&copy).expect("read"), SCHEMA);
    assert!(SCHEMA_LINE.contains(SCHEMA_FILE));
}
