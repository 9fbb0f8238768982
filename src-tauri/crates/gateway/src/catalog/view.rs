//! What some servers offer together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use eras::{Tag, tags};
use wire::ParamHeader;

use super::listed::Listed;
use super::{Contribution, ListedTool, Route, ServerIndex, Shown};
use crate::naming::{self, Clash, Names};
use crate::offer::{Item, List};
use crate::uri_template::fits;

/// How names are chosen in a view.
pub(super) enum Scope {
    All,
    One,
}

/// The merged view of some servers.
#[derive(Debug)]
pub(crate) struct View {
    tools: HashMap<String, Route>,
    prompts: HashMap<String, Route>,
    /// Who has a URI: the first that lists it, or names it as a page.
    resources: HashMap<String, ServerIndex>,
    templates: Vec<(String, ServerIndex)>,
    /// The tools of which headers repeat arguments.
    params: HashMap<String, Arc<[ParamHeader]>>,
    lists: [Listed; 4],
    listed_tools: Vec<ListedTool>,
    clashes: Vec<Clash>,
    tags: Vec<(Tag, ServerIndex)>,
    /// In the view of all, what it calls each server's things.
    shown: HashMap<ServerIndex, Arc<Shown>>,
    /// Whether any URI goes by another form than its own.
    qualifies: bool,
}

impl View {
    pub(super) fn empty() -> Self {
        Self::build(&[], &Scope::One)
    }

    pub(super) fn of_one(one: &Contribution<'_>) -> Arc<Self> {
        Arc::new(Self::build(std::slice::from_ref(one), &Scope::One))
    }

    /// Of several, in the order of the configuration, which decides who keeps what is wanted twice.
    pub(super) fn build(contributions: &[Contribution<'_>], scope: &Scope) -> Self {
        let mut view = Self {
            tools: HashMap::new(),
            prompts: HashMap::new(),
            resources: HashMap::new(),
            templates: Vec::new(),
            params: HashMap::new(),
            lists: List::ALL.map(Listed::new),
            listed_tools: Vec::new(),
            clashes: Vec::new(),
            tags: Vec::new(),
            shown: HashMap::new(),
            qualifies: false,
        };
        if matches!(scope, Scope::All) {
            // The same ones in every view, as long as no two names share one.
            let tags = tags(contributions.iter().map(|one| one.server));
            let indexes = contributions.iter().map(|one| one.index);
            view.tags = tags.into_iter().zip(indexes).collect();
        }
        let (mut tool_names, mut prompt_names) = (Names::default(), Names::default());
        for one in contributions {
            let shown = view.shown_of(one);
            view.add_tools(one, scope, &mut tool_names, shown.as_deref());
            view.add_prompts(one, scope, &mut prompt_names);
            view.add_resources(one, shown.as_deref());
            view.add_templates(one, shown.as_deref());
            if let Some(shown) = shown {
                view.qualifies |= shown.qualifies();
                view.shown.insert(one.index, shown);
            }
        }
        for list in List::ALL {
            let concerned = contributions.iter().filter(|one| {
                !one.offer.list(list).is_empty() || one.offer.hints[list as usize].is_some()
            });
            let hints: Vec<_> = concerned
                .map(|one| one.offer.hints[list as usize])
                .collect();
            view.lists[list as usize].close(&hints);
        }
        view.clashes = tool_names.into_clashes();
        view.clashes.extend(prompt_names.into_clashes());
        view
    }

    /// What of a server goes by another form, because a server before it has the same, or because
    /// it looks as if it were of another form already.
    fn shown_of(&self, one: &Contribution<'_>) -> Option<Arc<Shown>> {
        let (tag, _) = self.tags.iter().find(|(_, index)| *index == one.index)?;
        let looks_tagged =
            |uri: &str| eras::unqualified(uri).is_some_and(|(tag, _)| self.tagged(tag).is_some());
        let offer = &one.offer;
        let pages = exposed_tools(one).flat_map(|tool| &tool.pages);
        let uris: HashSet<String> = pages
            .chain(offer.resources.iter().map(|resource| &resource.key))
            .filter(|uri| self.resources.contains_key(*uri) || looks_tagged(uri))
            .cloned()
            .collect();
        let templates = offer.templates.iter().map(|template| &template.key);
        let templates = templates.filter(|template| {
            let mut others = self.templates.iter();
            others.any(|(other, _)| other == *template) || looks_tagged(template)
        });
        let templates = templates.cloned().collect();
        Some(Arc::new(Shown::new(*tag, uris, templates)))
    }

    fn add_tools(
        &mut self,
        one: &Contribution<'_>,
        scope: &Scope,
        names: &mut Names,
        shown: Option<&Shown>,
    ) {
        for tool in exposed_tools(one) {
            let wanted = match scope {
                Scope::All => naming::aggregated_name(one.naming, one.server, &tool.key),
                Scope::One => naming::own_name(one.naming, &tool.key),
            };
            let exposed = names.claim(wanted, one.server, &tool.key);
            let mut definition = tool.under(&exposed);
            if let Some(shown) = shown.filter(|shown| shown.qualifies() && !tool.pages.is_empty()) {
                definition = shown.definition(definition);
            }
            self.lists[List::Tools as usize].push(exposed.clone(), definition.clone());
            if let Some(params) = &tool.params {
                self.params.insert(exposed.clone(), Arc::clone(params));
            }
            self.tools.insert(exposed.clone(), route(one, tool));
            self.listed_tools.push(ListedTool {
                exposed,
                own: tool.key.clone(),
                server: one.index,
                definition,
            });
        }
    }

    fn add_prompts(&mut self, one: &Contribution<'_>, scope: &Scope, names: &mut Names) {
        for prompt in &one.offer.prompts {
            let wanted = match scope {
                Scope::All => naming::aggregated_prompt_name(one.naming, one.server, &prompt.key),
                Scope::One => prompt.key.clone(),
            };
            let exposed = names.claim(wanted, one.server, &prompt.key);
            let definition = prompt.under(&exposed);
            self.lists[List::Prompts as usize].push(exposed.clone(), definition);
            self.prompts.insert(exposed, route(one, prompt));
        }
    }

    fn add_resources(&mut self, one: &Contribution<'_>, shown: Option<&Shown>) {
        let mut listed = HashSet::new();
        for resource in &one.offer.resources {
            if !listed.insert(&resource.key) {
                continue;
            }
            let list = &mut self.lists[List::Resources as usize];
            match shown.and_then(|shown| shown.uri(&resource.key)) {
                Some(uri) => list.push(uri.clone(), resource.under(&uri)),
                // What has no scheme cannot be qualified.
                None if self.resources.contains_key(&resource.key) => {}
                None => list.push(resource.key.clone(), resource.raw.clone()),
            }
        }
        let pages = exposed_tools(one).flat_map(|tool| &tool.pages);
        for uri in pages.chain(one.offer.resources.iter().map(|resource| &resource.key)) {
            if shown.is_none_or(|shown| shown.uri(uri).is_none()) {
                self.resources.entry(uri.clone()).or_insert(one.index);
            }
        }
    }

    fn add_templates(&mut self, one: &Contribution<'_>, shown: Option<&Shown>) {
        let mut own = Vec::new();
        for template in &one.offer.templates {
            let list = &mut self.lists[List::Templates as usize];
            if let Some(text) = shown.and_then(|shown| shown.uri(&template.key)) {
                list.push(text.clone(), template.under(&text));
                continue;
            }
            let mut others = self.templates.iter();
            if others.any(|(other, _)| *other == template.key) {
                continue;
            }
            list.push(template.key.clone(), template.raw.clone());
            own.push((template.key.clone(), one.index));
        }
        self.templates.append(&mut own);
    }

    /// The server and own name behind an exposed tool name.
    pub(crate) fn tool(&self, exposed: &str) -> Option<&Route> {
        self.tools.get(exposed)
    }

    /// Which arguments of a tool headers repeat.
    pub(crate) fn params(&self, exposed: &str) -> &[ParamHeader] {
        self.params.get(exposed).map_or(&[], |params| &params[..])
    }

    /// The server and own name behind an exposed prompt name.
    pub(crate) fn prompt(&self, exposed: &str) -> Option<&Route> {
        self.prompts.get(exposed)
    }

    /// The server of a resource that stands in a list.
    pub(super) fn listed_resource(&self, uri: &str) -> Option<ServerIndex> {
        self.resources.get(uri).copied()
    }

    /// The server of a template, or of a resource that can have come from one.
    pub(super) fn fitting_resource(&self, uri: &str) -> Option<ServerIndex> {
        let mut templates = self.templates.iter();
        let fitting = templates.find(|(template, _)| template == uri || fits(template, uri));
        fitting.map(|(_, server)| *server)
    }

    /// Both.
    pub(super) fn resource(&self, uri: &str) -> Option<ServerIndex> {
        self.listed_resource(uri)
            .or_else(|| self.fitting_resource(uri))
    }

    /// The server with a tag, in the view of all.
    pub(crate) fn tagged(&self, tag: Tag) -> Option<ServerIndex> {
        let found = self.tags.iter().find(|(one, _)| *one == tag);
        found.map(|(_, server)| *server)
    }

    /// What this view calls a server's things, where that is of interest to any client.
    pub(crate) fn shown(&self, server: ServerIndex) -> Option<&Arc<Shown>> {
        self.shown.get(&server)
    }

    /// The same, where any of the server's URIs goes by another form.
    pub(crate) fn qualified(&self, server: ServerIndex) -> Option<&Arc<Shown>> {
        if !self.qualifies {
            return None;
        }
        self.shown(server).filter(|shown| shown.qualifies())
    }

    /// One of the lists.
    pub(crate) fn listed(&self, list: List) -> &Listed {
        &self.lists[list as usize]
    }

    /// The result of a list method, in one piece.
    pub(super) fn list(&self, list: List) -> &Bytes {
        self.listed(list).whole()
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

fn exposed_tools<'a>(one: &'a Contribution<'_>) -> impl Iterator<Item = &'a Item> {
    let tools = one.offer.tools.iter();
    tools.filter(|tool| naming::is_exposed(one.filter, &tool.key))
}

fn route(one: &Contribution<'_>, item: &Item) -> Route {
    Route {
        server: one.index,
        own: item.own_name(),
        repeat: item.repeat,
    }
}
