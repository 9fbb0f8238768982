//! What crosses between the eras: `request`, `answer` and `anything else`, each on a line. A
//! message stays one whichever way it goes, and what is undone is as it was.

#![no_main]

use std::collections::HashSet;
use std::num::NonZeroUsize;

use bytes::Bytes;
use eras::{
    Answer, Binding, Can, Crossing, Ended, Facts, Filter, Heads, Lifetimes, List, Outgoing, Over,
    Qualified, Reply, Retry, Sealed, StateKey, Tag,
};
use libfuzzer_sys::fuzz_target;
use reference::request::Changes;
use reference::{answer, json, request};
use wire::{Claim, Edit, Envelope, Era, Kind, Mirrored, Span, error_code};

const DEPTH: usize = 64;
/// Translation may put a few levels around what was there.
const DEEPER: usize = DEPTH + 8;
const INFO: &[u8] = br#"{"name":"s","version":"1"}"#;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(3, |&byte| byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (asked, answer, other) = (line(), line(), line());
    let nested = other.iter().filter(|byte| matches!(byte, b'{' | b'['));
    let is_json = nested.count() < DEPTH / 2 && json::is_json(other);
    let json = std::str::from_utf8(other).ok().filter(|_| is_json);
    if let Ok(envelope) = wire::parse(asked, DEPTH) {
        crossed(asked, &envelope, json);
        repeated_by_headers(asked, &envelope, json);
        subscribed(asked, &envelope);
    }
    if let Ok(envelope) = wire::parse(answer, DEPTH) {
        answered(answer, &envelope, json);
    }
    if let Some(json) = json {
        asked_of_servers(json.as_bytes());
    }
    if let Ok(text) = std::str::from_utf8(other) {
        named(text);
    }
});

fn parsed(text: &[u8]) -> Envelope {
    let parsed = wire::parse(text, DEEPER);
    parsed.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)))
}

fn edited(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut edits: Vec<_> = edits.iter().map(|(span, put)| (*span, &put[..])).collect();
    wire::splice(text, &mut edits)
}

fn crossed(text: &[u8], envelope: &Envelope, json: Option<&str>) {
    let claim = eras::claim_of(json.unwrap_or("{}"), json, Some("info"));
    claimed(&claim, json);
    let retry = Some(Retry {
        responses: Some("{}"),
        state: Some("\"s\""),
    });
    let out = Outgoing {
        text,
        envelope,
        renamed: envelope.params.name.map(|name| (name, &b"\"own\""[..])),
    };
    let Kind::Request { .. } = envelope.kind else {
        let written = eras::write_request(&out, "41", &Crossing::ModernToLegacy);
        let renamed = envelope.params.name.map(|name| (name, b"\"own\"".to_vec()));
        assert_eq!(written, edited(text, renamed.as_slice()));
        return;
    };
    let renamed = envelope.params.name.map(|_| ("name", "\"own\""));
    let at = |place: Option<Span>| place.and_then(|place| std::str::from_utf8(place.of(text)).ok());
    let responses = at(envelope.params.input_responses);
    let state = envelope.params.request_state.map(|_| "\"s\"");
    for (crossing, claim, retry) in [
        (Crossing::LegacyToLegacy, None, None),
        (
            Crossing::ModernToModern {
                state: Some(b"\"s\""),
            },
            None,
            Some([responses, state]),
        ),
        (Crossing::ModernToLegacy, Some(""), Some([None, None])),
        (
            Crossing::LegacyToModern {
                claim: &claim,
                retry,
            },
            Some(&*claim),
            Some([Some("{}"), Some("\"s\"")]),
        ),
    ] {
        let written = eras::write_request(&out, "41", &crossing);
        let found = parsed(&written);
        let changes = Changes {
            claim,
            retry,
            renamed,
        };
        request::check(text, &written, "41", &changes);
        let params = envelope.params.whole.map(|whole| whole.of(text)[0]);
        let era = wire::era_of(&written, &found, None);
        match crossing {
            Crossing::ModernToLegacy => assert_eq!(era, Era::Legacy),
            Crossing::LegacyToModern { .. } if matches!(params, None | Some(b'{' | b'n')) => {
                assert_eq!(era, Era::Modern);
            }
            _ => {}
        }
    }
    there_and_back(&out, &claim);
}

/// A legacy request that has become a modern one becomes the same legacy one again.
fn there_and_back(out: &Outgoing<'_>, claim: &str) {
    let modern = Crossing::LegacyToModern { claim, retry: None };
    let there = eras::write_request(out, "41", &modern);
    let found = parsed(&there);
    let again = Outgoing {
        text: &there,
        envelope: &found,
        renamed: None,
    };
    let back = eras::write_request(&again, "41", &Crossing::ModernToLegacy);
    let once = eras::write_request(out, "41", &Crossing::ModernToLegacy);
    let has_members = out.envelope.params.meta.is_none_or(|meta| {
        let meta = meta.of(out.text);
        meta.starts_with(b"{") && !meta[1..].trim_ascii_start().starts_with(b"}")
    });
    // An empty `_meta` is gone then, and so is one that was no object.
    if has_members {
        request::says_the_same(&back, &once);
    }
}

/// What is said for a legacy client is an object's members, each there once.
fn claimed(claim: &str, json: Option<&str>) {
    let text = format!("{{{claim}}}");
    assert!(json::is_json(text.as_bytes()));
    if !json.is_some_and(|json| json::is_ambiguous(json.as_bytes())) {
        assert!(!json::is_ambiguous(text.as_bytes()), "{text}");
    }
    let capabilities = json::last(text.as_bytes(), wire::meta::CLIENT_CAPABILITIES);
    let capabilities = capabilities.map(str::as_bytes).unwrap_or_default();
    assert!(capabilities.starts_with(b"{"));
    assert_eq!(json::last(capabilities, "tasks"), None);
}

/// What is sent as headers here would be taken here.
fn repeated_by_headers(text: &[u8], envelope: &Envelope, json: Option<&str>) {
    let declared = json.and_then(|schema| wire::param_headers(schema.as_bytes()).ok());
    let declared = declared.unwrap_or_default();
    let sent = wire::mirror(text, envelope, &declared);
    let heads = Heads::read(
        sent.iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    );
    let claim = Claim::read(text, &envelope.params);
    let is_there = |name: &str| sent.iter().any(|(sent, _)| sent == name);
    let admitted = eras::admit(text, envelope, &claim, &heads);
    if let Err(rejection) = admitted
        && is_there("mcp-protocol-version")
        && is_there("mcp-method")
    {
        assert_ne!(rejection.code, error_code::HEADER_MISMATCH, "{rejection:?}");
    }
    let params = envelope
        .params
        .whole
        .map_or(&b""[..], |whole| whole.of(text));
    let found = wire::values_in(&declared, params);
    if envelope.method(text) == "tools/call" && !found.contains(&Mirrored::Ambiguous) {
        let agreed = eras::param_headers(&declared, text, envelope, &heads);
        assert!(agreed.is_ok(), "{agreed:?}");
    }
}

fn subscribed(text: &[u8], envelope: &Envelope) {
    if let Some(whole) = envelope.params.whole
        && let Ok(filter) = Filter::read(whole.of(text))
    {
        let all = Can {
            tools: true,
            prompts: true,
            resources: true,
            subscribe: true,
            tasks: true,
        };
        let written = format!(
            r#"{{"notifications":{}}}"#,
            filter.clone().honored(&all).written()
        );
        assert_eq!(Filter::read(written.as_bytes()), Ok(filter));
    }
    if !matches!(envelope.kind, Kind::Notification { .. }) {
        return;
    }
    let text = Bytes::copy_from_slice(text);
    let id = b"\"s 1\"";
    let tagged = eras::tagged(&text, id);
    parsed(&tagged);
    answer::check_notification(&text, &tagged);
    assert_eq!(eras::subscription(&tagged), Some(&id[..]));
    let untagged = eras::untagged(&tagged);
    parsed(&untagged);
    answer::check_notification(&text, &untagged);
    assert_eq!(eras::subscription(&untagged), None);
}

fn answered(text: &[u8], envelope: &Envelope, json: Option<&str>) {
    let Some(answer) = Answer::of(text, envelope) else {
        return;
    };
    let body = Bytes::copy_from_slice(answer.body.of(text));
    for (server, client) in [
        (Era::Legacy, Era::Legacy),
        (Era::Legacy, Era::Modern),
        (Era::Modern, Era::Legacy),
        (Era::Modern, Era::Modern),
    ] {
        let facts = Facts {
            server,
            client,
            cacheable: true,
            server_info: Some(INFO),
        };
        let written = eras::write_answer(&answer, b"\"mine\"", &facts, &[]);
        let found = parsed(&written.text);
        translated(&answer, &facts, &written.text);
        let id = found.id().map(|id| id.of(&written.text));
        assert_eq!(id, Some(&b"\"mine\""[..]));
        if let Ended::InputRequired { .. } = eras::ended(&answer, &facts) {
            asked(&body, json);
        }
    }
    if answer.failed {
        for asked in eras::url_elicitations(&body).unwrap_or_default() {
            parsed(&eras::as_legacy_question(&asked, "7"));
        }
        return;
    }
    let all = Qualified::new(
        Tag::of("s"),
        HashSet::new(),
        vec!["x".to_owned()],
        |_, _| true,
    );
    let edits = all.in_result(text, answer.body);
    parsed(&edited(text, &edits));
    led_back(text, &edits);
}

/// Every link that has been rewritten leads to what it was.
fn led_back(text: &[u8], edits: &[Edit]) {
    for (place, put) in edits {
        let own = wire::string_text(place.of(text)).map(|own| own.into_owned());
        let shown = wire::string_text(put).and_then(|shown| eras::unqualified(&shown));
        assert_eq!(shown, own.map(|own| (Tag::of("s"), own)));
    }
}

/// Nothing but what has to be different is.
fn translated(before: &Answer<'_>, facts: &Facts<'_>, after: &[u8]) {
    let plain = wire::splice_one(before.text, before.id, b"\"mine\"");
    let is_complete = before.result_type.is_none_or(|kind| {
        wire::string_text(kind.of(before.text)).is_some_and(|kind| kind == "complete")
    });
    let now = |name| json::last(after, name).map(str::as_bytes);
    let body = before.body.of(before.text);
    match (facts.server, facts.client) {
        (Era::Legacy, Era::Modern) if !body.starts_with(b"{") => {
            assert!(now("error").is_some() && now("result").is_none());
        }
        (Era::Legacy, Era::Modern) if before.failed => {
            answer::check_error(body, now("error").unwrap_or_default());
        }
        (Era::Legacy, Era::Modern) => {
            let info = std::str::from_utf8(INFO).unwrap_or_default();
            answer::check_result(body, now("result").unwrap_or_default(), true, info);
        }
        (Era::Modern, Era::Legacy) if !is_complete => {
            assert!(now("error").is_some() && now("result").is_none());
        }
        _ => assert_eq!(after, plain),
    }
}

fn asked(result: &Bytes, json: Option<&str>) {
    let Ok(required) = eras::split(result) else {
        return;
    };
    let written = Bytes::from(eras::input_required(&required, Some(INFO)));
    assert_eq!(eras::split(&written).as_ref(), Ok(&required));
    for asked in &required.asked {
        let question = eras::as_legacy_question(asked, "7");
        assert_eq!(parsed(&question).method(&question), asked.question.method());
    }
    let given = eras::given(
        &Bytes::from(json.unwrap_or("{}").to_owned()),
        &required.asked,
    );
    let got = required.asked.iter().zip(&given);
    let got = got.filter_map(|(asked, given)| Some((&asked.key, given.as_ref()?)));
    let responses = Bytes::from(eras::responses(got));
    assert_eq!(eras::given(&responses, &required.asked), given);
}

fn asked_of_servers(json: &[u8]) {
    for reply in [
        Reply::Result(json),
        Reply::Error {
            code: i64::from(error_code::UNSUPPORTED_VERSION),
            data: Some(json),
        },
        Reply::Http {
            status: 400,
            body: json,
        },
    ] {
        for over in [Over::Stdio, Over::Http] {
            eras::judge(over, &reply, false);
        }
        eras::judge_initialize(&reply);
    }
    let all = Qualified::new(
        Tag::of("s"),
        HashSet::new(),
        vec!["x".to_owned()],
        |_, _| true,
    );
    let whole = Span {
        start: 0,
        end: json.len(),
    };
    let edits = all.in_definition(json, whole);
    led_back(json, &edits);
    let edited = edited(json, &edits);
    assert!(json::is_json(&edited));
    eras::pages_of(json);
}

fn named(text: &str) {
    let tag = Tag::of("s");
    if let Some(qualified) = eras::qualified(text, tag) {
        assert_eq!(eras::unqualified(&qualified), Some((tag, text.to_owned())));
    }
    let tagged = tag.put_on(text);
    assert_eq!(Tag::taken_off(&tagged), Some((tag, text)));

    let key = StateKey::derived_from(&[7; 32]);
    let binding = Binding {
        user: None,
        endpoint: "/mcp",
        method: "tools/call",
        target: text,
        arguments: None,
    };
    let lifetimes = Lifetimes {
        forwarded: 10,
        question: 10,
    };
    assert!(key.open(text, tag, &binding, &lifetimes, 0).is_err());
    let state = Sealed::Forwarded(Bytes::copy_from_slice(wire::quote(text).as_bytes()));
    let sealed = key.seal(&state, tag, &binding, 100);
    assert_eq!(key.open(&sealed, tag, &binding, &lifetimes, 101), Ok(state));

    let keys: Vec<&str> = text.split(' ').take(30).collect();
    let at_most = NonZeroUsize::MIN;
    if let Ok(page) = eras::page(List::Tools, &keys, Some(text), at_most) {
        assert!(page.items.end <= keys.len());
    }
    let (mut seen, mut cursor) = (0, None);
    loop {
        let page = eras::page(List::Tools, &keys, cursor.as_deref(), at_most);
        let page = page.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(page.items.start, seen);
        seen = page.items.end;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, keys.len());
}
