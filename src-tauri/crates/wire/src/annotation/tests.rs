use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(schema: &Value) -> Result<Vec<(String, String)>, BadAnnotation> {
    let found = param_headers(schema.to_string().as_bytes())?;
    let shown = found
        .into_iter()
        .map(|one| (one.header, one.path.join("/")));
    Ok(shown.collect())
}

fn of_properties(properties: &Value) -> Result<Vec<(String, String)>, BadAnnotation> {
    read(&json!({"type": "object", "properties": properties}))
}

#[test]
fn the_example_of_the_specification() {
    let found = of_properties(&json!({
        "region": {"type": "string", "description": "The region to execute the query in", "x-mcp-header": "Region"},
        "query": {"type": "string", "description": "The SQL query to execute"},
    }));
    assert_eq!(
        found,
        Ok(vec![("mcp-param-region".to_owned(), "region".to_owned())])
    );
}

#[test]
fn properties_may_nest_and_be_called_anything() {
    let found = of_properties(&json!({
        "x-mcp-header": {"type": "integer", "x-mcp-header": "Count"},
        "properties": {"type": "object", "properties": {
            "properties": {"type": "boolean", "x-mcp-header": "Flag"},
            "items": {"type": "string"},
        }},
        "type": {"type": "string"},
        "default": {"type": "string", "x-mcp-header": "Method"},
    }));
    let wanted = [
        ("mcp-param-count", "x-mcp-header"),
        ("mcp-param-flag", "properties/properties"),
        ("mcp-param-method", "default"),
    ];
    let wanted = wanted.map(|(header, path)| (header.to_owned(), path.to_owned()));
    assert_eq!(found, Ok(wanted.to_vec()));
}

#[test]
fn paths_do_not_grow_beyond_what_headers_could_repeat() {
    let schema = |depth: usize, leaves: usize| {
        let leaf = |n| format!(r#""k{n}":{{"type":"string","x-mcp-header":"k{n}"}}"#);
        let leaves: Vec<_> = (0..leaves).map(leaf).collect();
        let around = depth - 1;
        let (open, close) = (r#"{"properties":{"a":"#.repeat(around), "}}".repeat(around));
        format!(r#"{open}{{"properties":{{{}}}}}{close}"#, leaves.join(","))
    };
    let found = |depth, leaves| param_headers(schema(depth, leaves).as_bytes());
    for (depth, leaves) in [(1, 4096), (256, 16)] {
        assert_eq!(found(depth, leaves).map(|all| all.len()), Ok(leaves));
        assert_eq!(found(depth, leaves + 1), Err(BadAnnotation::TooMany));
    }
    let deep = found(4096, 1).expect("as deep as can be");
    assert_eq!(deep[0].path.len(), 4096);
}

#[test]
fn names_are_tokens() {
    for name in [
        "",
        "My Region",
        "Region:Primary",
        "Région",
        "Region\t1",
        "a\r\nb",
        "a/b",
    ] {
        assert_eq!(
            of_properties(&json!({"value": {"type": "string", "x-mcp-header": name}})),
            Err(BadAnnotation::NotAToken(name.to_owned()))
        );
    }
    let all = "!#$%&'*+-.^_`|~09azAZ";
    assert!(of_properties(&json!({"v": {"type": "string", "x-mcp-header": all}})).is_ok());
    for name in [json!(7), json!(null), json!({}), json!(["a"])] {
        assert_eq!(
            of_properties(&json!({"value": {"type": "string", "x-mcp-header": name}})),
            Err(BadAnnotation::NotAString)
        );
    }
}

#[test]
fn only_what_a_header_can_say_is_annotated() {
    for kind in [
        json!("object"),
        json!("array"),
        json!("null"),
        json!("number"),
        json!(["string", "null"]),
        json!(null),
    ] {
        assert_eq!(
            of_properties(&json!({"value": {"type": kind, "x-mcp-header": "Value"}})),
            Err(BadAnnotation::WrongType("Value".to_owned())),
            "{kind}"
        );
    }
    assert_eq!(
        of_properties(&json!({"value": {"x-mcp-header": "Value"}})),
        Err(BadAnnotation::WrongType("Value".to_owned()))
    );
}

#[test]
fn names_are_there_once_whatever_their_case() {
    for (first, second) in [("Region", "Region"), ("MyField", "myfield")] {
        assert_eq!(
            of_properties(&json!({
                "field1": {"type": "string", "x-mcp-header": first},
                "deep": {"properties": {"field2": {"type": "string", "x-mcp-header": second}}},
            })),
            Err(BadAnnotation::Twice(second.to_owned()))
        );
    }
}

#[test]
fn an_annotation_anywhere_else_is_not_allowed() {
    let one = json!({"type": "string", "x-mcp-header": "Region"});
    let inside = json!({"properties": {"region": one.clone()}});
    for schema in [
        one.clone(),
        json!({"items": one}),
        json!({"prefixItems": [true, [inside]]}),
        json!({"additionalProperties": inside}),
        json!({"oneOf": [{}, inside]}),
        json!({"anyOf": [inside]}),
        json!({"allOf": [inside]}),
        json!({"not": inside}),
        json!({"if": inside}),
        json!({"then": inside}),
        json!({"else": inside}),
        json!({"$defs": {"x-mcp-header": one}}),
        json!({"definitions": {"default": one}}),
        json!({"patternProperties": {"^a": one}}),
        json!({"dependentSchemas": {"a": inside}}),
        json!({"dependencies": {"a": ["b"], "c": inside}}),
        json!({"properties": {"list": {"type": "array", "items": inside}}}),
        json!({"properties": {"a": {"anyOf": [one]}}}),
        json!({"unevaluatedProperties": inside}),
    ] {
        assert_eq!(read(&schema), Err(BadAnnotation::NotReachable), "{schema}");
        let nested = json!({"properties": {"inner": {"not": schema}}});
        assert_eq!(read(&nested), Err(BadAnnotation::NotReachable), "{nested}");
    }
}

#[test]
fn values_in_a_schema_are_no_schemas() {
    let value = json!({"x-mcp-header": "Region", "properties": {"a": {"x-mcp-header": 7}}});
    for key in ["default", "const"] {
        assert_eq!(of_properties(&json!({"a": {key: value}})), Ok(Vec::new()));
    }
    for key in ["enum", "examples"] {
        assert_eq!(of_properties(&json!({"a": {key: [value]}})), Ok(Vec::new()));
    }
    assert_eq!(
        read(&json!({"description": "x-mcp-header", "required": ["x-mcp-header"]})),
        Ok(Vec::new())
    );
    for schema in ["true", "[]", "{}", r#"["\u0078"]"#] {
        assert_eq!(param_headers(schema.as_bytes()), Ok(Vec::new()));
    }
}

#[test]
fn an_escaped_spelling_is_the_same_and_broken_json_is_told() {
    let found = param_headers(
        br#"{"properties":{"r\u00e9":{"type":"str\u0069ng","\u0078-mcp-header":"R\u0065gion"}}}"#,
    );
    let wanted = ParamHeader {
        header: "mcp-param-region".to_owned(),
        path: vec!["ré".to_owned()],
    };
    assert_eq!(found, Ok(vec![wanted]));
    let broken = param_headers(br#"{"properties":{"x-mcp-header":{"type":}}}"#);
    assert!(matches!(broken, Err(BadAnnotation::Json(_))), "{broken:?}");
}

#[test]
fn depth_costs_no_stack() {
    let levels = 100_000;
    let schema = format!(
        r#"{}{{"type":"string","x-mcp-header":"Deep"}}{}"#,
        r#"{"properties":{"a":"#.repeat(levels),
        "}}".repeat(levels)
    );
    let found = param_headers(schema.as_bytes());
    assert_eq!(found, Err(BadAnnotation::TooMany));
}

proptest! {
    /// An annotation counts at a chain of properties, whatever they are called, and nowhere else.
    #[test]
    fn one_step_aside_is_enough(
        steps in proptest::collection::vec((0_usize..14, "properties|items|x-mcp-header|type|default|[a-c]"), 1..7),
    ) {
        let mut schema = json!({"type": "string", "x-mcp-header": "Here"});
        for (kind, name) in steps.iter().rev() {
            schema = match kind {
                0 => json!({"not": schema}),
                1 => json!({"allOf": [true, schema]}),
                2 => json!({"$defs": {name: schema}}),
                _ => json!({"description": "x", "properties": {name: schema, "other": true}}),
            };
        }
        let path: Vec<&str> = steps.iter().map(|(_, name)| name.as_str()).collect();
        let wanted = if steps.iter().all(|(kind, _)| *kind > 2) {
            Ok(vec![("mcp-param-here".to_owned(), path.join("/"))])
        } else {
            Err(BadAnnotation::NotReachable)
        };
        prop_assert_eq!(read(&schema), wanted, "{}", schema);
    }
}
