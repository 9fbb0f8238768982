//! Files in, changes, files out.

#![expect(clippy::unwrap_used, reason = "tests")]

mod examples;
mod files;
mod properties;

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
