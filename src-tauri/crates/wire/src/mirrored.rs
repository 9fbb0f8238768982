//! What a body says that headers repeat (MCP 2026-07-28, "Streamable HTTP / Request Metadata").

use std::borrow::Cow;
use std::collections::HashMap;

use crate::annotation::ParamHeader;
use crate::claim::plain;
use crate::decimal;
use crate::envelope::Params;
use crate::json::{members, string_text};
use crate::scan::Span;

/// What `Mcp-Name` repeats, as it is written in the body: the name of a tool or prompt, the URI of
/// a resource, the id of a task (SEP-2663, "Streamable HTTP: Routing Headers").
pub fn name_of(method: &str, params: &Params) -> Option<Span> {
    match method {
        "tools/call" | "prompts/get" => params.name,
        "resources/read" => params.uri,
        "tasks/get" | "tasks/update" | "tasks/cancel" => params.task_id,
        _ => None,
    }
}

/// What a body says at the place that one header repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mirrored<'a> {
    /// Nothing, `null`, or something that no header can say: the header is left out.
    Nothing,
    /// This string, number or boolean, as it is written.
    Value(&'a [u8]),
    /// A key that is there twice, or text that is none: readers may disagree on what it says.
    Ambiguous,
}

/// What `params` of a call say for each of `declared`, in the same order. One pass over what
/// leads to the values, however many there are.
pub fn values_in<'a>(declared: &[ParamHeader], params: &'a [u8]) -> Vec<Mirrored<'a>> {
    if declared.is_empty() {
        return Vec::new();
    }
    let mut places = Places::new(declared);
    places.walk(params);
    let found = places.ends.iter().map(|&end| places.found[end]);
    found.collect()
}

impl Mirrored<'_> {
    /// The text that a header repeats, not encoded yet.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let Self::Value(raw) = self else {
            return None;
        };
        if raw.first() == Some(&b'"') {
            return string_text(raw);
        }
        let text = std::str::from_utf8(raw).ok()?;
        Some(decimal::integer(text).map_or(Cow::Borrowed(text), Cow::Owned))
    }

    /// Whether a header that says `sent` (decoded), or is not there, repeats it. Numbers count
    /// by their value: `42.0` is `42`.
    pub fn agrees(&self, sent: Option<&str>) -> bool {
        match (self, sent) {
            (Self::Nothing, None) => true,
            (Self::Value(raw), Some(sent)) => {
                if raw.first() == Some(&b'"') {
                    return string_text(raw).is_some_and(|text| text == sent);
                }
                let raw = std::str::from_utf8(raw);
                raw.is_ok_and(|raw| raw == sent || decimal::equal(raw, sent))
            }
            _ => false,
        }
    }

    fn of(raw: &[u8]) -> Mirrored<'_> {
        match raw.first() {
            Some(b'"') if string_text(raw).is_none() => Mirrored::Ambiguous,
            None | Some(b'{' | b'[' | b'n') => Mirrored::Nothing,
            Some(_) => Mirrored::Value(raw),
        }
    }
}

/// The places of some arguments in `params`, as a tree of keys.
struct Places<'d, 'a> {
    /// From a place by a key to the next.
    next: HashMap<(usize, &'d str), usize>,
    /// Of each place: what has been found there.
    found: Vec<Mirrored<'a>>,
    /// Of each declared header: its place.
    ends: Vec<usize>,
}

const ROOT: usize = 0;

impl<'d, 'a> Places<'d, 'a> {
    fn new(declared: &'d [ParamHeader]) -> Self {
        let mut places = Self {
            next: HashMap::new(),
            found: vec![Mirrored::Nothing],
            ends: Vec::with_capacity(declared.len()),
        };
        for header in declared {
            let keys = header.path.iter().map(String::as_str);
            let end = std::iter::once("arguments")
                .chain(keys)
                .fold(ROOT, |place, key| {
                    *places.next.entry((place, key)).or_insert_with(|| {
                        places.found.push(Mirrored::Nothing);
                        places.found.len() - 1
                    })
                });
            places.ends.push(end);
        }
        places
    }

    fn walk(&mut self, params: &'a [u8]) {
        let mut open = vec![(ROOT, params)];
        // Of each place that was reached: nothing yet. A place is reached twice only by a key
        // that is there twice.
        let mut reached = vec![false; self.found.len()];
        let mut twice = Vec::new();
        while let Some((place, object)) = open.pop() {
            for member in members(object) {
                let key = plain(member.key.of(object));
                let Some(&there) = self.next.get(&(place, &*key)) else {
                    continue;
                };
                if std::mem::replace(&mut reached[there], true) {
                    twice.push(there);
                    continue;
                }
                let raw = member.value.of(object);
                self.found[there] = Mirrored::of(raw);
                open.push((there, raw));
            }
        }
        if twice.is_empty() {
            return;
        }
        // All that lies below is as doubtful. A place has a lower number than those below it.
        let mut doubtful = vec![false; self.found.len()];
        twice.iter().for_each(|&place| doubtful[place] = true);
        let mut edges: Vec<_> = self.next.iter().map(|(from, to)| (from.0, *to)).collect();
        edges.sort_unstable();
        for (from, to) in edges {
            doubtful[to] |= doubtful[from];
        }
        for (found, doubtful) in self.found.iter_mut().zip(doubtful) {
            if doubtful {
                *found = Mirrored::Ambiguous;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::param_headers;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn declared(properties: &Value) -> Vec<ParamHeader> {
        let schema = json!({"properties": properties}).to_string();
        param_headers(schema.as_bytes()).expect("allowed")
    }

    /// What `arguments` say where a string at `a`, and another one at `b/c`, is declared.
    fn said(arguments: &str) -> [Option<String>; 2] {
        let declared = declared(&json!({
            "a": {"type": "string", "x-mcp-header": "A"},
            "b": {"properties": {"c": {"type": "integer", "x-mcp-header": "C"}}},
        }));
        let params = format!(r#"{{"name":"x","arguments":{arguments},"_meta":{{"a":"no"}}}}"#);
        let found = values_in(&declared, params.as_bytes());
        [0, 1].map(|n| found[n].text().map(Cow::into_owned))
    }

    fn some(a: Option<&str>, c: Option<&str>) -> [Option<String>; 2] {
        [a.map(str::to_owned), c.map(str::to_owned)]
    }

    #[test]
    fn names_are_those_of_the_method() {
        let text = br#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"n","uri":"u","taskId":"t"}}"#;
        let params = crate::parse(text, 8).expect("legal").params;
        for (method, wanted) in [
            ("tools/call", Some(&b"\"n\""[..])),
            ("prompts/get", Some(b"\"n\"")),
            ("resources/read", Some(b"\"u\"")),
            ("tasks/get", Some(b"\"t\"")),
            ("tasks/update", Some(b"\"t\"")),
            ("tasks/cancel", Some(b"\"t\"")),
            ("tools/list", None),
            ("completion/complete", None),
            ("resources/subscribe", None),
        ] {
            let name = name_of(method, &params).map(|span| span.of(text));
            assert_eq!(name, wanted, "{method}");
        }
    }

    #[test]
    fn values_are_read_at_their_exact_place_by_what_they_are() {
        assert_eq!(
            said(r#"{"a":"us-west1","b":{"c":42},"c":1}"#),
            some(Some("us-west1"), Some("42"))
        );
        assert_eq!(
            said(r#"{"\u0061":"\u00e9\n","b":{"a":"x","c":-7.0}}"#),
            some(Some("é\n"), Some("-7"))
        );
        assert_eq!(
            said(r#"{"a":"","b":{"c":"4.0"}}"#),
            some(Some(""), Some("4.0"))
        );
        assert_eq!(
            said(r#"{"a":true,"b":{"c":false}}"#),
            some(Some("true"), Some("false"))
        );
        assert_eq!(said(r#"{"a":null,"b":{"c":null}}"#), some(None, None));
        assert_eq!(said(r#"{"a":["x"],"b":{"c":{}}}"#), some(None, None));
        assert_eq!(said(r#"{"b":[{"c":1}]}"#), some(None, None));
        assert_eq!(said(r#"{"b":7}"#), some(None, None));
        assert_eq!(said("{}"), some(None, None));
        assert_eq!(said("[]"), some(None, None));
        // Beyond what JSON can rely on it stays as it was written.
        assert_eq!(
            said(r#"{"b":{"c":12345678901234567890}}"#)[1].as_deref(),
            Some("12345678901234567890")
        );
        assert_eq!(
            said(r#"{"b":{"c":1e999999999}}"#)[1].as_deref(),
            Some("1e999999999")
        );
        assert_eq!(values_in(&[], b"{}"), []);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_said_by_no_header() {
        let declared = declared(&json!({
            "a": {"type": "string", "x-mcp-header": "A"},
            "b": {"properties": {
                "c": {"type": "integer", "x-mcp-header": "C"},
                "d": {"properties": {"e": {"type": "string", "x-mcp-header": "E"}}},
            }},
        }));
        let doubtful = |params: &str| {
            let found = values_in(&declared, params.as_bytes());
            let found = found.iter().map(|found| match found {
                Mirrored::Ambiguous => {
                    assert!(!found.agrees(None) && !found.agrees(Some("1")), "{params}");
                    '?'
                }
                Mirrored::Nothing => '-',
                Mirrored::Value(_) => '+',
            });
            found.collect::<String>()
        };
        assert_eq!(doubtful(r#"{"arguments":{"a":"1","b":{"c":1}}}"#), "++-");
        assert_eq!(doubtful(r#"{"arguments":{"a":"1","\u0061":"1"}}"#), "?--");
        assert_eq!(
            doubtful(r#"{"arguments":{"a":"1","b":{"c":1,"d":{"e":""}},"b":{}}}"#),
            "+??"
        );
        assert_eq!(
            doubtful(r#"{"arguments":{"a":"1","b":{"c":1,"d":{"e":""},"d":1}}}"#),
            "++?"
        );
        assert_eq!(doubtful(r#"{"arguments":{"a":"1"},"arguments":{}}"#), "???");
        assert_eq!(
            doubtful(r#"{"arguments":{"a":"\ud800","x":1,"x":2}}"#),
            "?--"
        );
    }

    #[test]
    fn integers_agree_by_value_and_texts_by_character() {
        let agree = |raw: &'static str, sent: &str| Mirrored::of(raw.as_bytes()).agrees(Some(sent));
        for (raw, sent) in [
            ("42", "42.0"),
            ("42.0", "42"),
            ("4.2e1", "42"),
            ("9007199254740993", "9007199254740993"),
            ("true", "true"),
            (r#""42""#, "42"),
            (r#""\u00e9""#, "é"),
            (r#""""#, ""),
        ] {
            assert!(agree(raw, sent), "{raw} {sent}");
        }
        for (raw, sent) in [
            ("42", "43"),
            ("42", ""),
            ("9007199254740993", "9007199254740992"),
            ("true", "True"),
            ("true", "1"),
            (r#""42""#, "42.0"),
            (r#""a""#, "A"),
            ("null", "null"),
            ("{}", "{}"),
        ] {
            assert!(!agree(raw, sent), "{raw} {sent}");
        }
        assert!(Mirrored::of(b"null").agrees(None));
        assert!(!Mirrored::of(b"\"\"").agrees(None));
        assert!(!Mirrored::Nothing.agrees(Some("")));
    }

    proptest! {
        /// What is read is what a parser finds at the same path, and agrees with itself.
        #[test]
        fn values_are_those_a_parser_finds(
            paths in proptest::collection::vec(proptest::collection::vec("[a-c]", 1..4), 1..6),
            leaves in proptest::collection::vec((proptest::collection::vec("[a-c]", 1..4), 0_i64..3, "[ -~é]{0,3}"), 0..6),
        ) {
            let mut arguments = Map::new();
            for (path, kind, text) in leaves {
                let value = match kind { 0 => json!(text), 1 => json!(text.len()), _ => Value::Null };
                let mut object = &mut arguments;
                let (last, way) = path.split_last().expect("one at least");
                for key in way {
                    let below = object.entry(key.clone()).or_insert_with(|| json!({}));
                    if !below.is_object() { *below = json!({}); }
                    object = below.as_object_mut().expect("an object");
                }
                object.insert(last.clone(), value);
            }
            let declared: Vec<ParamHeader> = paths.into_iter().map(|path| ParamHeader { header: "mcp-param-x".to_owned(), path }).collect();
            let params = json!({"arguments": arguments}).to_string();
            let whole = Value::Object(arguments);
            let found = values_in(&declared, params.as_bytes());
            for (header, found) in declared.iter().zip(&found) {
                let value = header.path.iter().try_fold(&whole, |value, key| value.get(key));
                let wanted = match value {
                    Some(Value::String(text)) => Some(text.clone()),
                    Some(Value::Number(number)) => Some(number.to_string()),
                    _ => None,
                };
                let text = found.text();
                prop_assert_eq!(text.as_deref(), wanted.as_deref());
                prop_assert!(found.agrees(text.as_deref()));
            }
        }
    }
}
