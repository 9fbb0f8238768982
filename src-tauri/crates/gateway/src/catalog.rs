//! What all servers together offer: an immutable snapshot, merged from each
//! server's own lists, with the answers to list requests already written.
//!
//! Pure. Definitions stay the bytes that the server sent; only a name that
//! changes is cut out and replaced.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::model::{Naming, ToolFilter};
use crate::naming::{self, Clash, Names};
use crate::offer::{List, Offer, Repeat};
use crate::uri_template::fits;

/// A server's number. Its name keeps it for as long as the gateway runs.
pub(crate) type ServerIndex = usize;

/// One server's contribution to a catalog.
#[derive(Debug)]
pub(crate) struct Contribution<'a> {
    pub(crate) index: ServerIndex,
    pub(crate) server: &'a str,
    pub(crate) naming: &'a Naming,
    pub(crate) filter: &'a ToolFilter,
    pub(crate) offer: Arc<Offer>,
}

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) server: ServerIndex,
    /// The server's own name for it, as a JSON string literal ready to be spliced in.
    pub(crate) own: Bytes,
    pub(crate) repeat: Repeat,
}

/// One tool as the REST surface and the window list it.
#[derive(Debug, Clone)]
pub(crate) struct ListedTool {
    pub(crate) exposed: String,
    /// The server's own name for it.
    pub(crate) own: String,
    pub(crate) server: ServerIndex,
    /// The definition under its exposed name.
    pub(crate) definition: Bytes,
}

/// The merged view of some servers.
#[derive(Debug, Default)]
pub(crate) struct View {
    tools: HashMap<String, Route>,
    prompts: HashMap<String, Route>,
    resources: HashMap<String, ServerIndex>,
    templates: Vec<(String, ServerIndex)>,
    /// Results of the four list methods.
    lists: [Bytes; 4],
    listed_tools: Vec<ListedTool>,
    clashes: Vec<Clash>,
}

/// A snapshot: the view of everything and one for each server alone.
#[derive(Debug)]
pub(crate) struct Catalog {
    all: View,
    /// By index; empty where there is no such server (any more).
    each: Vec<Arc<View>>,
    none: View,
}

// === impl Catalog, View ===

impl Catalog {
    /// Merges the servers' offers, in the order of the configuration.
    pub(crate) fn merge(contributions: &[Contribution<'_>]) -> Self {
        let most = contributions.iter().map(|one| one.index + 1).max();
        let empty = Arc::new(View::empty());
        let mut each = vec![empty; most.unwrap_or(0)];
        for one in contributions {
            each[one.index] = View::of_one(one);
        }
        Self {
            all: View::build(contributions.iter(), &Scope::All),
            each,
            none: View::empty(),
        }
    }

    /// The same after one server's contribution has changed and nothing else.
    pub(crate) fn with(&self, contributions: &[Contribution<'_>], changed: ServerIndex) -> Self {
        let mut each = self.each.clone();
        for one in contributions.iter().filter(|one| one.index == changed) {
            if let Some(view) = each.get_mut(changed) {
                *view = View::of_one(one);
            }
        }
        Self {
            all: View::build(contributions.iter(), &Scope::All),
            each,
            none: View::empty(),
        }
    }

    /// The view of one server, or of all.
    pub(crate) fn view(&self, server: Option<ServerIndex>) -> &View {
        match server {
            None => &self.all,
            Some(index) => self.each.get(index).map_or(&self.none, Arc::as_ref),
        }
    }

    /// Which lists of which endpoints are different in `after`.
    pub(crate) fn differences(&self, after: &Self) -> Vec<(Option<ServerIndex>, Vec<List>)> {
        let most = self.each.len().max(after.each.len());
        std::iter::once(None)
            .chain((0..most).map(Some))
            .filter_map(|scope| {
                let (old, new) = (self.view(scope), after.view(scope));
                let lists: Vec<_> = List::ALL
                    .into_iter()
                    .filter(|&list| old.list(list) != new.list(list))
                    .collect();
                (!lists.is_empty()).then_some((scope, lists))
            })
            .collect()
    }
}

/// How names are chosen in a view.
enum Scope {
    All,
    One,
}

impl View {
    fn empty() -> Self {
        Self::build(std::iter::empty(), &Scope::All)
    }

    fn of_one(one: &Contribution<'_>) -> Arc<Self> {
        Arc::new(Self::build(std::iter::once(one), &Scope::One))
    }

    fn build<'a>(contributions: impl Iterator<Item = &'a Contribution<'a>>, scope: &Scope) -> Self {
        let mut view = Self::default();
        let mut tool_names = Names::default();
        let mut prompt_names = Names::default();
        let mut lists: [Vec<Bytes>; 4] = Default::default();
        for one in contributions {
            let server = one.index;
            for tool in one
                .offer
                .tools
                .iter()
                .filter(|tool| naming::is_exposed(one.filter, &tool.key))
            {
                let wanted = match scope {
                    Scope::All => naming::aggregated_name(one.naming, one.server, &tool.key),
                    Scope::One => naming::own_name(one.naming, &tool.key),
                };
                let exposed = tool_names.claim(wanted, one.server, &tool.key);
                let definition = tool.under(&exposed);
                lists[0].push(definition.clone());
                view.tools.insert(
                    exposed.clone(),
                    Route {
                        server,
                        own: tool.own_name(),
                        repeat: tool.repeat,
                    },
                );
                view.listed_tools.push(ListedTool {
                    exposed,
                    own: tool.key.clone(),
                    server,
                    definition,
                });
            }
            for prompt in &one.offer.prompts {
                let wanted = match scope {
                    Scope::All => {
                        naming::aggregated_prompt_name(one.naming, one.server, &prompt.key)
                    }
                    Scope::One => prompt.key.clone(),
                };
                let exposed = prompt_names.claim(wanted, one.server, &prompt.key);
                lists[1].push(prompt.under(&exposed));
                view.prompts.insert(
                    exposed,
                    Route {
                        server,
                        own: prompt.own_name(),
                        repeat: prompt.repeat,
                    },
                );
            }
            for resource in &one.offer.resources {
                if !view.resources.contains_key(&resource.key) {
                    view.resources.insert(resource.key.clone(), server);
                    lists[2].push(resource.raw.clone());
                }
            }
            for template in &one.offer.templates {
                view.templates.push((template.key.clone(), server));
                lists[3].push(template.raw.clone());
            }
        }
        for list in List::ALL {
            view.lists[list as usize] = write_list(list, &lists[list as usize]);
        }
        view.clashes = tool_names.into_clashes();
        view.clashes.extend(prompt_names.into_clashes());
        view
    }

    /// The server and own name behind an exposed tool name.
    pub(crate) fn tool(&self, exposed: &str) -> Option<&Route> {
        self.tools.get(exposed)
    }

    /// The server and own name behind an exposed prompt name.
    pub(crate) fn prompt(&self, exposed: &str) -> Option<&Route> {
        self.prompts.get(exposed)
    }

    /// The server that owns a resource: by its list, else by a template that the URI fits.
    pub(crate) fn resource(&self, uri: &str) -> Option<ServerIndex> {
        self.resources.get(uri).copied().or_else(|| {
            let fitting = self
                .templates
                .iter()
                .find(|(template, _)| template == uri || fits(template, uri));
            fitting.map(|(_, server)| *server)
        })
    }

    /// The result of a list method.
    pub(crate) fn list(&self, list: List) -> &Bytes {
        &self.lists[list as usize]
    }

    /// The tools, in order.
    pub(crate) fn listed_tools(&self) -> &[ListedTool] {
        &self.listed_tools
    }

    /// The names that were wanted twice.
    pub(crate) fn clashes(&self) -> &[Clash] {
        &self.clashes
    }
}

fn write_list(list: List, items: &[Bytes]) -> Bytes {
    let mut out = format!(r#"{{"{}":["#, list.member()).into_bytes();
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.extend_from_slice(b"]}");
    out.into()
}

#[cfg(test)]
mod tests {
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
}
