//! What holds for every file and every change.

use std::ops::Range;

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};
use proptest::prelude::*;

use super::super::*;
use super::files::{Dice, file};
use super::forms::{form, forms};
use super::starter;
use crate::config::reader;

fn dice() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..400)
}

/// What a file means, as one comparable value.
fn meaning(text: &str) -> Reading {
    Reading::of(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// Where a file speaks of a server: its entry, and its keys with their values elsewhere.
fn places(text: &str, name: &str) -> Vec<Range<usize>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - body.len();
    let parsed = parse_to_ast(body, &CollectOptions::default(), &reader::strict()).unwrap();
    let Some(Node::Object(root)) = parsed.value else {
        panic!("an object")
    };
    let mut places = Vec::new();
    for entry in root
        .get_array("servers")
        .iter()
        .flat_map(|servers| &servers.elements)
    {
        if let Node::Object(entry) = entry
            && entry
                .get_string("name")
                .is_some_and(|known| known.value == name)
        {
            places.push(entry.start() + skipped..entry.end() + skipped);
        }
    }
    for key in ["mapping", "toolFilters"] {
        let entry = root.get_object(key).and_then(|entries| entries.get(name));
        places.extend(entry.map(|entry| entry.start() + skipped..entry.end() + skipped));
    }
    places.sort_by_key(|place| place.start);
    places
}

/// The text without the places of a server.
fn elsewhere(text: &str, name: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for place in places(text, name) {
        out.push_str(&text[at..place.start]);
        out.push('☐');
        at = place.end;
    }
    out.push_str(&text[at..]);
    out
}

/// The lines on which nothing of a server stands. Without what goes with it where `without_own`:
/// the comments directly above its places.
fn other_lines(text: &str, name: &str, without_own: bool) -> Vec<String> {
    let mut kept: Vec<&str> = Vec::new();
    let elsewhere = elsewhere(text, name);
    for line in elsewhere.lines() {
        let is_own = |line: &&str| line.trim_start().starts_with("//");
        while without_own && line.contains('☐') && kept.last().is_some_and(is_own) {
            kept.pop();
        }
        kept.push(line);
    }
    kept.retain(|line| !line.contains('☐'));
    kept.into_iter().map(str::to_owned).collect()
}

/// Whether those lines are all in a text, in their order. Commas and empty lines may come and go
/// with what they set off, and brackets may open and close on the line of their key.
fn are_in(lines: &[String], text: &str) -> bool {
    let keys = ["\"servers\"", "\"mapping\"", "\"toolFilters\""];
    let bare = |line: &str| line.replace(',', "").trim_end().to_owned();
    let is_whole = |line: &&String| {
        let first = line.trim_start_matches('\u{feff}');
        !first.trim().is_empty()
            && !first.starts_with("{ ")
            && !line.trim_start().starts_with(['}', ']'])
            && !keys.iter().any(|key| line.contains(key))
    };
    let mut there = text.lines().map(bare);
    let all = lines.iter().filter(is_whole).map(|line| bare(line));
    let in_order = all.into_iter().all(|line| there.any(|other| other == line));
    let comment = |line: &String| {
        let words = line.split([' ', ',']);
        let numbers =
            words.filter(|word| word.starts_with('c') && word[1..].parse::<u32>().is_ok());
        numbers.map(str::to_owned).collect::<Vec<_>>()
    };
    in_order
        && lines
            .iter()
            .flat_map(comment)
            .all(|comment| text.contains(&format!("{comment} ")))
}

/// The line ends of a file and the mark at its beginning are not mixed with others.
fn is_uniform(text: &str, like: &str) -> bool {
    let bare = |text: &str| text.replace("\r\n", "").contains('\n');
    let windows = |text: &str| text.contains("\r\n");
    (bare(like) || !windows(like) || !bare(text))
        && (windows(like) || !windows(text))
        && text.starts_with('\u{feff}') == like.starts_with('\u{feff}')
}

fn add(form: &ServerForm) -> Edit {
    Edit::AddServer(form.clone())
}

fn change(name: &str, form: &ServerForm) -> Edit {
    Edit::ChangeServer {
        name: name.to_owned(),
        form: form.clone(),
    }
}

fn remove(name: &str) -> Edit {
    Edit::RemoveServer {
        name: name.to_owned(),
    }
}

proptest! {
    // Each case is some dozens of reads of a whole file.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    #[test]
    fn a_file_that_was_taken_apart_is_the_same(forms in forms(), tidy in any::<bool>(), bytes in dice()) {
        let text = file(&forms, tidy, &mut Dice::new(&bytes));
        prop_assert_eq!(&meaning(&text).servers, &forms);
        let again = Document::of(&text).unwrap().text();
        prop_assert_eq!(&again, &text);
        for form in &forms {
            prop_assert_eq!(form_of(&text, &form.name), Some(form.clone()));
            prop_assert_eq!(apply(&text, &change(&form.name, form)), Ok(text.clone()));
        }
    }

    #[test]
    fn an_added_server_reads_back_and_comes_out_again(
        forms in forms(), new in form(), tidy in any::<bool>(), bytes in dice(),
    ) {
        prop_assume!(forms.iter().all(|form| form.name != new.name));
        let text = file(&forms, tidy, &mut Dice::new(&bytes));
        let added = apply(&text, &add(&new)).unwrap();
        prop_assert_eq!(form_of(&added, &new.name), Some(new.clone()));
        prop_assert!(apply(&added, &add(&new)).is_err(), "the name is taken");
        let back = apply(&added, &remove(&new.name)).unwrap();
        prop_assert_eq!(meaning(&back), meaning(&text));
        prop_assert!(is_uniform(&added, &text) && is_uniform(&back, &text));
        if tidy {
            let lines = other_lines(&text, &new.name, false);
            prop_assert!(are_in(&lines, &added), "{}\n{}", text, added);
            let empty = |text: &str| text.lines().filter(|line| line.trim().is_empty()).count();
            prop_assert!(empty(&text) <= empty(&added), "{}\n{}", text, added);
            prop_assert!(are_in(&lines, &back), "{}\n{}", text, back);
        }
    }

    #[test]
    fn a_changed_server_reads_back_and_nothing_else_changes(
        forms in forms(), new in form(), tidy in any::<bool>(), bytes in dice(), which in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!forms.is_empty());
        let old = which.get(&forms);
        prop_assume!(forms.iter().all(|form| form.name == old.name || form.name != new.name));
        let text = file(&forms, tidy, &mut Dice::new(&bytes));
        let changed = apply(&text, &change(&old.name, &new)).unwrap();
        prop_assert_eq!(form_of(&changed, &new.name), Some(new.clone()));
        prop_assert_eq!(apply(&changed, &change(&new.name, &new)), Ok(changed.clone()));
        let back = apply(&changed, &change(&new.name, old)).unwrap();
        prop_assert_eq!(meaning(&back), meaning(&text));
        prop_assert!(is_uniform(&changed, &text));
        let count = places(&text, &old.name).len();
        if count == places(&changed, &new.name).len() && count != 2 {
            prop_assert_eq!(elsewhere(&text, &old.name), elsewhere(&changed, &new.name));
        } else if tidy {
            let lines = other_lines(&text, &old.name, false);
            prop_assert!(are_in(&lines, &changed), "{}\n{}", text, changed);
        }
    }

    #[test]
    fn a_removed_server_comes_back(
        forms in forms(), tidy in any::<bool>(), bytes in dice(), which in any::<prop::sample::Index>(), port in any::<u16>(),
    ) {
        prop_assume!(!forms.is_empty());
        let name = &which.get(&forms).name;
        let text = file(&forms, tidy, &mut Dice::new(&bytes));
        let taken = removed(&text, name).unwrap();
        let without = apply(&text, &remove(name)).unwrap();
        prop_assert_eq!(form_of(&without, name), None);
        prop_assert_eq!(places(&without, name).len(), 0);
        prop_assert_eq!(restore(&without, &taken), Ok(text.clone()));

        prop_assert!(is_uniform(&without, &text));
        if tidy {
            let lines = other_lines(&text, name, true);
            prop_assert!(are_in(&lines, &without), "{}\n{}", text, without);
        }

        let otherwise = apply(&without, &Edit::SetPort(port)).unwrap();
        let back = restore(&otherwise, &taken).unwrap();
        let mut expected = meaning(&text);
        expected.port = Some(port);
        prop_assert_eq!(meaning(&back), expected);
        if tidy {
            prop_assert_eq!(entry_of(&back, name), entry_of(&text, name));
        }
    }

    #[test]
    fn switches_go_there_and_back(
        forms in forms(), tidy in any::<bool>(), bytes in dice(), tool in "[a-c]", name in "[d-f]", port in any::<u16>(),
    ) {
        let text = file(&forms, tidy, &mut Dice::new(&bytes));
        let moved = apply(&text, &Edit::SetPort(port)).unwrap();
        prop_assert_eq!(meaning(&moved).port, Some(port));
        prop_assert_eq!(&meaning(&moved).servers, &forms);
        for form in &forms {
            let server = &form.name;
            let set = |on: bool| Edit::SetEnabled { name: server.clone(), on };
            let switched = apply(&text, &set(!form.enabled)).unwrap();
            let back = apply(&switched, &set(form.enabled)).unwrap();
            prop_assert_eq!(meaning(&back), meaning(&text));

            let set = |on, rename| Edit::SetTool { server: server.clone(), tool: tool.clone(), on, rename };
            let off = apply(&text, &set(Some(false), Some(Some(name.clone())))).unwrap();
            let form = form_of(&off, server).unwrap();
            prop_assert!(form.rename.iter().any(|rename| rename.tool == tool && rename.name == name));
            let on = apply(&off, &set(Some(true), Some(None))).unwrap();
            let form = form_of(&on, server).unwrap();
            prop_assert!(form.rename.iter().all(|rename| rename.tool != tool));
            prop_assert!(!form.exclude.contains(&tool));
            prop_assert!(form.include.is_none_or(|include| include.contains(&tool)));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), form in form()) {
        for edit in [add(&form), remove("a"), Edit::SetPort(1)] {
            _ = apply(&text, &edit);
        }
    }

    #[test]
    fn many_changes_in_a_row_stay_sound(first in forms(), bytes in dice(), edits in prop::collection::vec((form(), 0..4_u8), 0..12)) {
        let mut text = if bytes.len() > 300 {
            starter().to_owned()
        } else {
            file(&first, true, &mut Dice::new(&bytes))
        };
        for (form, what) in edits {
            let there = form_of(&text, &form.name).is_some();
            let edit = match what {
                _ if !there => add(&form),
                0 => remove(&form.name),
                1 => Edit::SetEnabled { name: form.name.clone(), on: form.enabled },
                _ => change(&form.name, &form),
            };
            let next = apply(&text, &edit);
            prop_assert!(next.is_ok(), "{:?}\n{}", next, text);
            text = next.unwrap();
        }
    }
}
