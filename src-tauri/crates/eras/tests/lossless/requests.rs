//! Requests in all four combinations.

use eras::{Crossing, Outgoing, Retry, claim_of, write_request};
use proptest::prelude::*;
use serde_json::Value;
use wire::{Claim, Era, MODERN, Span, era_of, meta};

use crate::raw::{Object, gap, get, number, object, put, raw, some_object, string, value};

const NAME: &str = "\"own\"";
const CAPABILITIES: &str = r#"{"elicitation":{"form":{}}}"#;
const CLAIM: [(&str, &str); 4] = [
    (meta::VERSION, "\"2026-07-28\""),
    (meta::CLIENT_CAPABILITIES, CAPABILITIES),
    (meta::CLIENT_INFO, r#"{"name":"c"}"#),
    (meta::LOG_LEVEL, "\"info\""),
];

#[derive(Debug, Clone)]
struct Request {
    id: String,
    token: Option<String>,
    name: Option<String>,
    params: Object,
    own_meta: Object,
    gap: &'static str,
    turn: usize,
}

fn request() -> impl Strategy<Value = Request> {
    let id = prop_oneof![number(), string()];
    let token = prop::option::of(prop_oneof![number(), string()]);
    let name = prop::option::of(string());
    (
        id,
        token,
        name,
        some_object(),
        some_object(),
        gap(),
        0..6_usize,
    )
        .prop_map(|(id, token, name, params, own_meta, gap, turn)| Request {
            id,
            token,
            name,
            params,
            own_meta,
            gap,
            turn,
        })
}

impl Request {
    /// As a server gets it that knows the name as [`NAME`].
    fn seen(&self) -> Self {
        Self {
            id: "41".to_owned(),
            token: self.token.as_ref().map(|_| "41".to_owned()),
            name: self.name.as_ref().map(|_| NAME.to_owned()),
            ..self.clone()
        }
    }

    fn text(&self, claim: &[(&str, &str)], retry: &[(&str, &str)]) -> String {
        let mut own_meta = self.own_meta.clone();
        if let Some(token) = &self.token {
            put(&mut own_meta, "progressToken", token);
        }
        claim
            .iter()
            .for_each(|(key, value)| put(&mut own_meta, key, value));
        let mut params = self.params.clone();
        if let Some(name) = &self.name {
            put(&mut params, "name", name);
        }
        retry
            .iter()
            .for_each(|(key, value)| put(&mut params, key, value));
        if !own_meta.is_empty() {
            let turn = self.turn % own_meta.len();
            own_meta.rotate_left(turn);
            put(&mut params, "_meta", &object(&own_meta, self.gap));
        }
        if !params.is_empty() {
            let turn = self.turn % params.len();
            params.rotate_left(turn);
        }
        let (id, params) = (&self.id, object(&params, self.gap));
        format!(r#"{{"jsonrpc":"2.0","id":{id},"params":{params},"method":"tools/call"}}"#)
    }
}

fn crossed(text: &str, rename: bool, crossing: &Crossing<'_>) -> String {
    let envelope = wire::parse(text.as_bytes(), 64).expect("legal");
    let name = envelope.params.name.filter(|_| rename);
    let out = Outgoing {
        text: text.as_bytes(),
        envelope: &envelope,
        renamed: name.map(|name| (name, NAME.as_bytes())),
    };
    String::from_utf8(write_request(&out, "41", crossing)).expect("text")
}

/// Params and `_meta`, as their members are written, in an order of their own.
fn parts(text: &str) -> (Object, Object) {
    let whole = raw(text);
    let mut params = raw(get(&whole, "params").unwrap_or("{}"));
    let mut own_meta = raw(get(&params, "_meta").unwrap_or("{}"));
    params.retain(|(key, _)| key != "\"_meta\"");
    params.sort();
    own_meta.sort();
    (params, own_meta)
}

const RETRY: [(&str, &str); 2] = [
    ("inputResponses", r#"{"a":{ }}"#),
    ("requestState", r#""x\/y""#),
];

proptest! {
    #[test]
    fn within_the_legacy_era_only_id_token_and_name_change(request in request(), retry in any::<bool>()) {
        let retry = if retry { &RETRY[..] } else { &[] };
        let out = crossed(&request.text(&[], retry), true, &Crossing::LegacyToLegacy);
        prop_assert_eq!(out, request.seen().text(&[], retry));
    }

    #[test]
    fn within_the_modern_era_the_state_changes_too(request in request(), state in string()) {
        let crossing = Crossing::ModernToModern { state: Some(state.as_bytes()) };
        let out = crossed(&request.text(&CLAIM, &RETRY), true, &crossing);
        prop_assert_eq!(out, request.seen().text(&CLAIM, &[RETRY[0], ("requestState", &state)]));
    }

    #[test]
    fn a_legacy_server_sees_all_of_a_modern_request_but_what_is_modern(
        request in request(), claimed in 1..5_usize, retried in 0..3_usize,
    ) {
        let text = request.text(&CLAIM[..claimed], &RETRY[..retried]);
        let out = crossed(&text, true, &Crossing::ModernToLegacy);
        let wanted = request.seen().text(&[], &[]);
        prop_assert_eq!(parts(&out), parts(&wanted));
        let (out, wanted): (Value, Value) = (serde_json::from_str(&out)?, serde_json::from_str(&wanted)?);
        prop_assert_eq!(out, wanted);
    }

    #[test]
    fn a_modern_server_sees_all_of_a_legacy_request_and_there_is_a_way_back(
        request in request(), retried in any::<bool>(),
    ) {
        let text = request.text(&[], &[]);
        let claim = claim_of(CAPABILITIES, Some(r#"{"name":"c"}"#), Some("info"));
        let retry = retried.then_some(Retry { responses: Some(RETRY[0].1), state: Some(RETRY[1].1) });
        let there = crossed(&text, true, &Crossing::LegacyToModern { claim: &claim, retry });

        let envelope = wire::parse(there.as_bytes(), 64).expect("legal");
        prop_assert_eq!(era_of(there.as_bytes(), &envelope, None), Era::Modern);
        let said = Claim::read(there.as_bytes(), &envelope.params);
        let of = |span: Option<Span>| span.map(|span| &there[span.range()]);
        prop_assert_eq!(of(said.version), Some(CLAIM[0].1));
        prop_assert_eq!(of(said.version), Some(&*wire::quote(MODERN)));
        prop_assert_eq!(of(said.capabilities), Some(CLAIM[1].1));
        prop_assert_eq!(of(said.client_info), Some(CLAIM[2].1));
        prop_assert_eq!(of(said.log_level), Some(CLAIM[3].1));
        prop_assert_eq!(of(envelope.params.input_responses), retried.then_some(RETRY[0].1));
        prop_assert_eq!(of(envelope.params.request_state), retried.then_some(RETRY[1].1));

        let back = crossed(&there, false, &Crossing::ModernToLegacy);
        let wanted = request.seen().text(&[], &[]);
        prop_assert_eq!(parts(&back), parts(&wanted));
        if request.gap.is_empty() {
            prop_assert_eq!(back, wanted);
        }
    }

    #[test]
    fn whatever_is_a_message_stays_one(
        params in prop::collection::vec((odd_key(), odd_value()), 0..5), gap in gap(), bare in prop::option::of(value()),
    ) {
        let params = bare.unwrap_or_else(|| object(&params, gap));
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{params}}}"#);
        prop_assume!(wire::parse(text.as_bytes(), 64).is_ok());
        let retry = Some(Retry { responses: Some("{}"), state: Some("\"s\"") });
        for crossing in [
            Crossing::LegacyToLegacy,
            Crossing::ModernToLegacy,
            Crossing::ModernToModern { state: Some(b"\"s\"") },
            Crossing::LegacyToModern { claim: r#""c":1"#, retry: None },
            Crossing::LegacyToModern { claim: r#""c":1"#, retry },
        ] {
            let out = crossed(&text, true, &crossing);
            prop_assert!(wire::parse(out.as_bytes(), 64).is_ok(), "{}", out);
        }
    }
}

/// Keys that mean something, spelt in two ways.
fn odd_key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"_meta\""),
        Just(r#""_met\u0061""#),
        Just("\"name\""),
        Just("\"requestState\""),
        Just(r#""inputResponse\u0073""#),
        Just(r#""io.modelcontextprotocol\/protocolVersion""#),
        Just("\"io.modelcontextprotocol/clientInfo\""),
        Just("\"progressToken\""),
        Just("\"\""),
    ]
    .prop_map(str::to_owned)
}

fn odd_value() -> impl Strategy<Value = String> {
    let members = prop::collection::vec((odd_key(), value()), 0..4);
    prop_oneof![
        value(),
        (members, gap()).prop_map(|(members, gap)| object(&members, gap))
    ]
}
