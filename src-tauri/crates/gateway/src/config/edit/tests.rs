//! Files in, changes, files out.

#![expect(clippy::unwrap_used, reason = "tests")]

mod changes;
mod files;
mod forms;
mod properties;
mod servers;
mod services;

use super::*;
use crate::config::form::{Pair, Rename};

const DEFAULTS: &str = crate::config::DEFAULTS;
const INIT: &str = include_str!("../../../../../../config/init.jsonc");
const B_EXAMPLE: &str = include_str!("../../../../../../config/servers.example.json");
const A_EXAMPLE: &str = include_str!("../../../../../../config/config.example.json");

fn pair(name: &str, value: &str) -> Pair {
    Pair {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn rename(tool: &str, name: &str) -> Rename {
    Rename {
        tool: tool.to_owned(),
        name: name.to_owned(),
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[track_caller]
fn check(text: &str, edit: &Edit, expected: &str) {
    let result = apply(text, edit).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(result == expected, "got:\n{result}\nexpected:\n{expected}");
}

/// A change of the server `s`, told as what is done to its form.
fn changed(text: &str, how: impl FnOnce(&mut ServerForm)) -> Edit {
    let mut form = form_of(text, "s").unwrap();
    how(&mut form);
    Edit::ChangeServer {
        name: "s".to_owned(),
        form,
    }
}

fn remove(name: &str) -> Edit {
    Edit::RemoveServer {
        name: name.to_owned(),
    }
}
