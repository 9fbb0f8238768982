use proptest::prelude::*;

use super::*;
use crate::offer::Item;

fn naming(prefix: &str) -> Naming {
    Naming {
        prefix: prefix.to_owned(),
        strip_prefix: true,
        rename: Vec::new(),
    }
}

fn offer(tools: &[&str]) -> Arc<Offer> {
    let item = |raw: &&str| {
        Item::read(List::Tools, Bytes::copy_from_slice(raw.as_bytes())).expect("has a name")
    };
    Arc::new(Offer {
        tools: tools.iter().map(item).collect(),
        ..Offer::default()
    })
}

#[test]
fn definitions_stay_as_they_are_but_for_the_name() {
    let filter = ToolFilter::default();
    let naming = naming("p");
    let raw = r#"{ "x-odd":1E+2, "name" : "n\u0061me","inputSchema":{"$defs":{},"n":123456789012345678901234567890}}"#;
    let catalog = Catalog::merge(&[Contribution {
        index: 0,
        server: "s",
        naming: &naming,
        filter: &filter,
        offer: offer(&[raw]),
    }]);
    let all = catalog.view(None);
    let expected = format!(
        r#"{{"tools":[{}]}}"#,
        raw.replace(r#""n\u0061me""#, r#""p_name""#)
    );
    assert_eq!(all.list(List::Tools), expected.as_bytes());
    assert_eq!(
        all.tool("p_name").map(|route| route.own.as_ref()),
        Some(&br#""n\u0061me""#[..])
    );
    assert_eq!(
        catalog.view(Some(0)).list(List::Tools),
        format!(r#"{{"tools":[{raw}]}}"#).as_bytes()
    );
    assert_eq!(all.list(List::Prompts), &br#"{"prompts":[]}"#[..]);
}

#[test]
fn tools_that_collide_are_both_listed_and_reported() {
    let (filter, naming) = (ToolFilter::default(), naming(""));
    let one = |index, server| Contribution {
        index,
        server,
        naming: &naming,
        filter: &filter,
        offer: offer(&[r#"{"name":"go"}"#]),
    };
    let catalog = Catalog::merge(&[one(0, "a"), one(1, "b")]);
    let view = catalog.view(None);
    assert_eq!(view.tool("go").map(|route| route.server), Some(0));
    assert_eq!(view.tool("b_go").map(|route| route.server), Some(1));
    assert_eq!(view.clashes().len(), 1);
    assert_eq!(
        catalog.view(Some(1)).tool("go").map(|route| route.server),
        Some(1)
    );
}

/// One with tools, resources and templates, each as it is written.
fn sharing(tools: &[&str], uris: &[&str], templates: &[&str]) -> Arc<Offer> {
    let read = |list, raw: String| Item::read(list, raw.into()).expect("has a key");
    let resource = |uri: &&str| read(List::Resources, format!(r#"{{"uri" : "{uri}","n":1.0}}"#));
    let template = |text: &&str| read(List::Templates, format!(r#"{{"uriTemplate":"{text}"}}"#));
    Arc::new(Offer {
        resources: uris.iter().map(resource).collect(),
        templates: templates.iter().map(template).collect(),
        ..Offer::clone(&offer(tools))
    })
}

fn merged(offers: &[(&str, Arc<Offer>)]) -> Catalog {
    let (filter, naming) = (ToolFilter::default(), naming(""));
    let contributions: Vec<_> = offers
        .iter()
        .enumerate()
        .map(|(index, (server, offer))| Contribution {
            index,
            server,
            naming: &naming,
            filter: &filter,
            offer: Arc::clone(offer),
        })
        .collect();
    Catalog::merge(&contributions)
}

fn at(server: ServerIndex, own: Option<&str>) -> Option<Place> {
    let own = own.map(str::to_owned);
    Some(Place { server, own })
}

#[test]
fn a_uri_that_two_servers_have_leads_to_the_first_and_the_seconds_is_told_apart() {
    let uris = &["demo://a", "ui://page", "readme"];
    let tool = r#"{"name":"t","_meta":{"ui":{"resourceUri":"ui://page"}}}"#;
    let one = ("one", sharing(&[tool], uris, &["demo://x/{id}", "{any}"]));
    let two = (
        "two",
        sharing(
            &[tool],
            &[uris, &["demo://b"][..]].concat(),
            &["demo://x/{id}", "{any}"],
        ),
    );
    let catalog = merged(&[one, two]);
    let view = catalog.view(None);
    let tag = eras::Tag::of("two");
    let qualified = |own: &str| eras::qualified(own, tag).expect("has a scheme");
    let (a, page) = (qualified("demo://a"), qualified("ui://page"));
    // What has no scheme cannot be told apart: the first one's stays.
    let resources = format!(
        r#"{{"resources":[{{"uri" : "demo://a","n":1.0}},{{"uri" : "ui://page","n":1.0}},{{"uri" : "readme","n":1.0}},{{"uri" : "{a}","n":1.0}},{{"uri" : "{page}","n":1.0}},{{"uri" : "demo://b","n":1.0}}]}}"#
    );
    assert_eq!(view.list(List::Resources), resources.as_bytes());
    let template = qualified("demo://x/{id}");
    let templates = format!(
        r#"{{"resourceTemplates":[{{"uriTemplate":"demo://x/{{id}}"}},{{"uriTemplate":"{{any}}"}},{{"uriTemplate":"{template}"}}]}}"#
    );
    assert_eq!(view.list(List::Templates), templates.as_bytes());
    let tools = format!(
        r#"{{"tools":[{tool},{}]}}"#,
        tool.replace(r#""t""#, r#""two_t""#)
            .replace("ui://page", &page)
    );
    assert_eq!(view.list(List::Tools), tools.as_bytes());

    let place = |uri: &str| catalog.place(None, uri);
    assert_eq!(place("demo://a"), at(0, None));
    assert_eq!(place(&a), at(1, Some("demo://a")));
    assert_eq!(place("demo://b"), at(1, None));
    assert_eq!(place("demo://x/7"), at(0, None));
    assert_eq!(place(&qualified("demo://x/7")), at(1, Some("demo://x/7")));
    assert_eq!(place(&template), at(1, Some("demo://x/{id}")));
    assert_eq!(place("readme"), at(0, None));
    // It was shared once, in a client's memory.
    assert_eq!(place(&qualified("demo://b")), at(1, Some("demo://b")));
    // A server may have more than it lists.
    assert_eq!(place(&qualified("more://x")), at(1, Some("more://x")));
    assert!(view.qualified(0).is_none() && view.qualified(1).is_some());

    // At its own endpoint every server keeps its own words.
    let own = catalog.view(Some(1));
    assert!(!String::from_utf8_lossy(own.list(List::Resources)).contains("gw-"));
    assert!(!String::from_utf8_lossy(own.list(List::Tools)).contains("gw-"));
    assert_eq!(catalog.place(Some(1), "demo://a"), at(1, None));
    assert_eq!(catalog.place(Some(1), "demo:c"), at(1, None));
}

#[test]
fn nothing_is_qualified_where_nothing_is_shared() {
    let page = r#"{"name":"t","_meta":{"ui":{"resourceUri":"ui://one"}}}"#;
    let one = (
        "one",
        sharing(&[page], &["demo://a", "demo://a"], &["x://{id}"]),
    );
    let two = ("two", sharing(&[], &["demo://b"], &["y://{id}"]));
    let catalog = merged(&[one, two]);
    let view = catalog.view(None);
    let resources = r#"{"resources":[{"uri" : "demo://a","n":1.0},{"uri" : "demo://b","n":1.0}]}"#;
    assert_eq!(view.list(List::Resources), resources.as_bytes());
    assert!(view.qualified(0).is_none() && view.qualified(1).is_none());
    // A page need not be listed.
    assert_eq!(catalog.place(None, "ui://one"), at(0, None));
    assert_eq!(catalog.place(None, "ui://two"), None);
}

#[test]
fn nobody_passes_off_a_uri_as_anothers() {
    let forged = eras::qualified("demo://a", eras::Tag::of("two")).expect("has a scheme");
    let one = ("one", sharing(&[], &["demo://a", &forged], &[]));
    let two = ("two", sharing(&[], &["demo://a"], &[]));
    let catalog = merged(&[one, two]);
    assert_eq!(catalog.place(None, &forged), at(1, Some("demo://a")));
    let shown = eras::qualified(&forged, eras::Tag::of("one")).expect("has a scheme");
    assert_eq!(catalog.place(None, &shown), at(0, Some(&forged)));
}

#[test]
fn a_changed_offer_leads_to_the_same_catalog_as_a_merge_of_all() {
    let tools = [r#"{"name":"a"}"#];
    let before = merged(&[
        ("one", sharing(&[], &["d://1"], &[])),
        ("two", sharing(&tools, &[], &[])),
    ]);
    let (filter, naming) = (ToolFilter::default(), naming(""));
    let contribution = |index, server, offer| Contribution {
        index,
        server,
        naming: &naming,
        filter: &filter,
        offer,
    };
    let after = [
        contribution(0, "one", sharing(&[], &["d://1"], &[])),
        contribution(1, "two", sharing(&tools, &["d://1", "d://2"], &[])),
    ];
    let changed = before.with(&after, 1);
    assert_eq!(changed.differences(&Catalog::merge(&after)), []);
    assert_eq!(
        before.differences(&changed),
        [
            (None, vec![List::Resources]),
            (Some(1), vec![List::Resources])
        ]
    );
}

/// What servers have that think alike: shared URIs, their own, and such as look qualified.
fn uris() -> impl Strategy<Value = Vec<String>> {
    let tag = |server: &str| eras::Tag::of(server).to_string();
    let marked = [tag("one"), tag("two"), tag("none")];
    let plain = prop::sample::select(vec!["d://a", "d://b", "d:a", "u:x:y", "plain", "d://"]);
    let looks = (prop::sample::select(marked.to_vec()), "[ab]{1,2}")
        .prop_map(|(tag, rest)| format!("d://gw-{tag}/{rest}"));
    prop::collection::vec(prop_oneof![plain.prop_map(str::to_owned), looks], 0..5)
}

proptest! {
    #[test]
    fn whatever_is_listed_leads_to_the_server_that_has_it(
        one in uris(), two in uris(), three in uris(),
    ) {
        let named = ["one", "two", "three"];
        let all = [one, two, three];
        let offers: Vec<_> = all.iter().map(|uris| {
            let uris: Vec<_> = uris.iter().map(String::as_str).collect();
            sharing(&[], &uris, &[])
        }).collect();
        let offers: Vec<_> = named.into_iter().zip(offers).collect();
        let catalog = merged(&offers);
        let listed: serde_json::Value =
            serde_json::from_slice(catalog.view(None).list(List::Resources)).expect("JSON");
        let listed = listed["resources"].as_array().expect("a list").iter();
        let mut reached = std::collections::HashSet::new();
        for resource in listed {
            let uri = resource["uri"].as_str().expect("a URI");
            let place = catalog.place(None, uri).expect("it leads somewhere");
            let own = place.own.unwrap_or_else(|| uri.to_owned());
            prop_assert!(all[place.server].contains(&own), "{uri} is not {own} of {}", place.server);
            prop_assert!(reached.insert((place.server, own)), "{uri} is listed twice");
        }
        for (server, uris) in all.iter().enumerate() {
            for uri in uris.iter().filter(|uri| uri.contains(':')) {
                prop_assert!(reached.contains(&(server, uri.clone())), "{uri} of {server} is lost");
            }
        }
    }
}
