//! Answers in all four combinations.

use eras::{Answer, Facts, write_answer};
use proptest::prelude::*;
use wire::{Era, meta};

use crate::raw::{Object, gap, get, object, put, raw, some_object};

const INFO: &str = r#"{"name":"s","version":"1.0"}"#;

fn answered(text: &str, server: Era, client: Era, cacheable: bool) -> String {
    let envelope = wire::parse(text.as_bytes(), 64).expect("legal");
    let answer = Answer::of(text.as_bytes(), &envelope).expect("a response");
    let facts = Facts {
        server,
        client,
        cacheable,
        server_info: Some(INFO.as_bytes()),
    };
    let out = write_answer(&answer, b"\"mine\"", &facts, &[]).text;
    String::from_utf8(out).expect("text")
}

proptest! {
    #[test]
    fn a_result_keeps_all_it_has_and_gets_what_it_lacks(
        members in some_object(), own_meta in prop::option::of(some_object()), has in 0..16_u8, cacheable in any::<bool>(), gap in gap(), turn in 0..8_usize,
    ) {
        let mut result = members;
        let mut own_meta = own_meta;
        let has = |bit: u8| has >> bit & 1 == 1;
        let own = [("resultType", "\"complete\""), ("ttlMs", "5e0"), ("cacheScope", "\"public\"")];
        own.iter().enumerate().filter(|(bit, _)| has(*bit as u8)).for_each(|(_, (key, value))| put(&mut result, key, value));
        if has(3) {
            put(own_meta.get_or_insert_default(), meta::SERVER_INFO, "{ }");
        }
        if let Some(own_meta) = &own_meta {
            put(&mut result, "_meta", &object(own_meta, gap));
        }
        if !result.is_empty() {
            let turn = turn % result.len();
            result.rotate_left(turn);
        }
        let text = format!(r#"{{"result":{},"id":41,"jsonrpc":"2.0"}}"#, object(&result, gap));

        for (server, client) in [(Era::Legacy, Era::Legacy), (Era::Modern, Era::Modern), (Era::Modern, Era::Legacy)] {
            prop_assert_eq!(answered(&text, server, client, cacheable), text.replace(r#""id":41"#, r#""id":"mine""#));
        }

        let out = answered(&text, Era::Legacy, Era::Modern, cacheable);
        let mut found = raw(get(&raw(&out), "result").expect("a result"));
        let mut found_meta = raw(get(&found, "_meta").expect("is put in"));
        // What is put in stands first, and the rest as it was.
        let whole_meta = own_meta.unwrap_or_default();
        if !has(3) {
            prop_assert_eq!(found_meta.remove(0), (wire::quote(meta::SERVER_INFO), INFO.to_owned()));
        }
        prop_assert_eq!(found_meta, whole_meta);
        let lacking = |(bit, key, value): (u8, &str, &str)| (!has(bit)).then(|| (wire::quote(key), value.to_owned()));
        let hints = [(1, "ttlMs", "0"), (2, "cacheScope", "\"private\"")].into_iter().filter(|_| cacheable);
        let lacking: Vec<_> = [(0, "resultType", "\"complete\"")].into_iter().chain(hints).filter_map(lacking).collect();
        found.retain(|(key, _)| key != "\"_meta\"");
        result.retain(|(key, _)| key != "\"_meta\"");
        prop_assert_eq!(found, [lacking, result].concat());
    }

    #[test]
    fn an_error_keeps_all_but_its_code(
        mut members in some_object(), code in prop_oneof![Just(-32002_i64), -32100..-31990_i64, any::<i64>()], gap in gap(),
    ) {
        let error = |code: i64, members: &Object| {
            let mut members = members.clone();
            put(&mut members, "code", &code.to_string());
            format!(r#"{{"error":{},"jsonrpc":"2.0","id":"mine"}}"#, object(&members, gap))
        };
        put(&mut members, "data", "{\"code\":-32002}");
        let out = answered(&error(code, &members), Era::Legacy, Era::Modern, true);
        prop_assert_eq!(out, error(eras::forwarded_code(code), &members));
    }
}
