//! What all servers together offer: an immutable snapshot, merged from each
//! server's own lists, with the answers to list requests already written.
//!
//! Pure. Definitions stay the bytes that the server sent; only a name or URI that
//! changes is cut out and replaced.

mod listed;
mod shown;
mod view;

use std::sync::Arc;

use bytes::Bytes;

use crate::config::model::{Naming, ToolFilter};
use crate::offer::{List, Offer, Repeat};
pub(crate) use shown::Shown;
use view::Scope;
pub(crate) use view::View;

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

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) server: ServerIndex,
    /// The server's own URI for it, where that is another one.
    pub(crate) own: Option<String>,
}

/// A snapshot: the view of everything and one for each server alone.
#[derive(Debug)]
pub(crate) struct Catalog {
    all: View,
    /// By index; empty where there is no such server (any more).
    each: Vec<Arc<View>>,
    none: View,
}

// === impl Catalog ===

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
            all: View::build(contributions, &Scope::All),
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
            all: View::build(contributions, &Scope::All),
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

    /// The server that owns a resource, or a template by its text: by the lists, by the tag of a
    /// server that has it, by a template that the URI fits, else by the tag alone, because a
    /// server may have more than it lists.
    pub(crate) fn place(&self, scope: Option<ServerIndex>, uri: &str) -> Option<Place> {
        let view = self.view(scope);
        let is = |server| Place { server, own: None };
        if let Some(server) = view.listed_resource(uri) {
            return Some(is(server));
        }
        let tagged = eras::unqualified(uri).and_then(|(tag, own)| {
            let server = view.tagged(tag)?;
            let own = Some(own);
            Some(Place { server, own })
        });
        let has = |place: &Place| {
            let own = place.own.as_deref().unwrap_or_default();
            self.view(Some(place.server)).resource(own).is_some()
        };
        match tagged {
            Some(place) if has(&place) => Some(place),
            other => view.fitting_resource(uri).map(is).or(other),
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

#[cfg(test)]
mod tests;
