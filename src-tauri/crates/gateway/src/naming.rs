//! Exposed name ↔ server and tool: prefix, rename, filters, collisions and the
//! 64-character budget.
//!
//! Pure: the same servers in the same order always give the same names, and a
//! shortened name depends on its server and tool alone, so a client's saved
//! permissions survive whatever else is configured.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::config::model::{Naming, ToolFilter};

/// Longest name that every client accepts (Anthropic's and OpenAI's APIs refuse longer ones).
pub(crate) const NAME_BUDGET: usize = 64;

/// Hex digits of the hash that keeps a shortened name unique.
const HASH_DIGITS: usize = 8;

/// A name that two tools would have shared.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Clash {
    /// The name in question.
    pub name: String,
    /// The server whose tool had to give way.
    pub server: String,
    /// That tool, by its own name.
    pub tool: String,
    /// The name it is exposed under instead.
    pub exposed_as: String,
}

/// Whether a server's own tool is exposed at all.
pub(crate) fn is_exposed(filter: &ToolFilter, tool: &str) -> bool {
    let included = filter
        .include
        .as_ref()
        .is_none_or(|names| names.iter().any(|name| name == tool));
    included && !filter.exclude.iter().any(|name| name == tool)
}

/// The name of `tool` among all servers' tools, collisions aside.
pub(crate) fn aggregated_name(naming: &Naming, server: &str, tool: &str) -> String {
    if let Some(name) = renamed(naming, tool) {
        return shorten(name, server, tool);
    }
    if !naming.strip_prefix || naming.prefix.is_empty() {
        return shorten(tool, server, tool);
    }
    shorten(
        &format!("{}_{tool}", portable(&naming.prefix)),
        server,
        tool,
    )
}

/// The name of `tool` at its server's own endpoint, where no prefix is needed.
pub(crate) fn own_name(naming: &Naming, tool: &str) -> String {
    renamed(naming, tool).unwrap_or(tool).to_owned()
}

/// The name of a prompt among all servers' prompts; `rename` concerns tools only.
pub(crate) fn aggregated_prompt_name(naming: &Naming, server: &str, prompt: &str) -> String {
    if !naming.strip_prefix || naming.prefix.is_empty() {
        return shorten(prompt, server, prompt);
    }
    shorten(
        &format!("{}_{prompt}", portable(&naming.prefix)),
        server,
        prompt,
    )
}

/// Settles who gets a name that is wanted twice: the first in order keeps it,
/// a later one is qualified by its server, then by a hash.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
    clashes: Vec<Clash>,
}

impl Names {
    /// Reserves a name for a tool and returns the one that it really gets.
    pub(crate) fn claim(&mut self, wanted: String, server: &str, tool: &str) -> String {
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        let qualified = shorten(&format!("{}_{tool}", portable(server)), server, tool);
        let exposed_as = if self.taken.insert(qualified.clone()) {
            qualified
        } else {
            // One server that lists a name four times still gets four names.
            (0..)
                .map(|again| with_hash(&wanted, server, &format!("{tool}{}", "'".repeat(again))))
                .find(|hashed| self.taken.insert(hashed.clone()))
                .expect("BUG: there are more names than tools")
        };
        self.clashes.push(Clash {
            name: wanted,
            server: server.to_owned(),
            tool: tool.to_owned(),
            exposed_as: exposed_as.clone(),
        });
        exposed_as
    }

    /// Every clash that was settled.
    pub(crate) fn into_clashes(self) -> Vec<Clash> {
        self.clashes
    }
}

fn renamed<'a>(naming: &'a Naming, tool: &str) -> Option<&'a str> {
    naming
        .rename
        .iter()
        .find(|(own, _)| own == tool)
        .map(|(_, exposed)| exposed.as_str())
}

/// A prefix in the characters that clients accept in a tool name; what had to
/// be replaced is told apart by a hash.
fn portable(prefix: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if prefix.chars().all(legal) {
        return prefix.to_owned();
    }
    let replaced: String = prefix
        .chars()
        .map(|c| if legal(c) { c } else { '_' })
        .collect();
    format!("{}_{}", replaced.trim_matches('_'), &hash(&[prefix])[..4])
        .trim_start_matches('_')
        .to_owned()
}

fn shorten(name: &str, server: &str, tool: &str) -> String {
    if name.chars().count() <= NAME_BUDGET {
        name.to_owned()
    } else {
        with_hash(name, server, tool)
    }
}

fn with_hash(name: &str, server: &str, tool: &str) -> String {
    let head: String = name.chars().take(NAME_BUDGET - HASH_DIGITS - 1).collect();
    format!("{head}_{}", &hash(&[server, tool])[..HASH_DIGITS])
}

fn hash(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(prefix: &str, strip_prefix: bool, rename: &[(&str, &str)]) -> Naming {
        Naming {
            prefix: prefix.to_owned(),
            strip_prefix,
            rename: rename
                .iter()
                .map(|(own, exposed)| ((*own).to_owned(), (*exposed).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn the_predecessors_examples_keep_their_names() {
        let named =
            |prefix, server, tool| aggregated_name(&naming(prefix, true, &[]), server, tool);
        assert_eq!(
            named("minimax", "minimax", "understand_image"),
            "minimax_understand_image"
        );
        assert_eq!(
            named("zhipu", "zai-mcp-server", "analyze_image"),
            "zhipu_analyze_image"
        );
        assert_eq!(named("searxng", "searxng", "search"), "searxng_search");
        assert_eq!(named("", "any", "search"), "search");
        assert_eq!(
            aggregated_name(&naming("p", false, &[]), "s", "search"),
            "search"
        );
        assert_eq!(
            aggregated_name(&naming("p", true, &[("a", "b")]), "s", "a"),
            "b"
        );
        assert_eq!(own_name(&naming("p", true, &[("a", "b")]), "a"), "b");
        assert_eq!(own_name(&naming("p", true, &[]), "a"), "a");
    }

    #[test]
    fn long_names_are_shortened_by_server_and_tool_alone() {
        let tool = "t".repeat(100);
        let one = aggregated_name(&naming("p", true, &[]), "s", &tool);
        assert_eq!(one.len(), NAME_BUDGET);
        assert_eq!(
            one,
            aggregated_name(&naming("p", true, &[("x", "y")]), "s", &tool)
        );
        assert_ne!(
            one,
            aggregated_name(&naming("p", true, &[]), "s", &(tool.clone() + "u"))
        );
        assert_ne!(
            one,
            aggregated_name(&naming("p", true, &[]), "other", &tool)
        );
        assert_eq!(
            aggregated_name(&naming("", true, &[]), "s", &"名".repeat(80))
                .chars()
                .count(),
            NAME_BUDGET
        );
    }

    #[test]
    fn both_sides_of_a_collision_stay_reachable() {
        let mut names = Names::default();
        assert_eq!(names.claim("search".into(), "a", "search"), "search");
        assert_eq!(names.claim("search".into(), "b", "search"), "b_search");
        assert_eq!(names.claim("b_search".into(), "c", "x"), "c_x");
        let third = names.claim("search".into(), "b", "search");
        assert!(
            third.starts_with("search_") && third.len() > "search_".len(),
            "{third}"
        );
        assert_ne!(names.claim("search".into(), "b", "search"), third);
        let clashes = names.into_clashes();
        assert_eq!(clashes.len(), 4);
        assert_eq!(clashes[0].exposed_as, "b_search");
    }

    #[test]
    fn filters_go_by_the_servers_own_names() {
        let filter = ToolFilter {
            include: Some(vec!["a".into(), "b".into()]),
            exclude: vec!["b".into()],
        };
        assert!(is_exposed(&filter, "a"));
        assert!(!is_exposed(&filter, "b"));
        assert!(!is_exposed(&filter, "c"));
        assert!(is_exposed(&ToolFilter::default(), "c"));
    }

    #[test]
    fn prefixes_that_clients_refuse_are_made_portable_and_stay_distinct() {
        let one = portable("我的 server");
        assert!(
            one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            "{one}"
        );
        assert_ne!(one, portable("你的 server"));
        assert!(!portable("天气").is_empty());
    }
}
