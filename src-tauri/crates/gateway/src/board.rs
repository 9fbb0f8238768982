//! The current catalogs and the one way to change them: what a server offers now, or
//! what the configuration says now, is merged, published, and only then told to the
//! clients, so that whoever asks again after the news sees what is new.

mod state;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::catalog::{Catalog, ServerIndex};
use crate::config::model::ServerConfig;
use crate::listeners::Listeners;
use crate::offer::{List, Offer};
use crate::serve::session::Sessions;
use crate::sync::Locked;
use crate::user::User;
use state::{Entry, State};

/// See the module.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    /// What everybody is offered.
    catalog: ArcSwap<Catalog>,
    /// What those are offered who have accounts of their own behind some servers.
    users: ArcSwap<HashMap<User, Arc<Catalog>>>,
    /// What those are offered who may use nothing.
    nothing: Arc<Catalog>,
    published: watch::Sender<u64>,
    sessions: Arc<Sessions>,
    /// The subscriptions of modern clients.
    pub(crate) listeners: Listeners,
    changed: Arc<Notify>,
}

/// A server's place on the board. A name keeps its index for as long as the gateway
/// runs; of several servers that had it one after another, the last one may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) index: ServerIndex,
    turn: u64,
}

/// What the configuration says about the catalog.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) seat: Seat,
    pub(crate) config: &'a ServerConfig,
    /// Whose account is behind it; `None` where it is everybody's.
    pub(crate) owner: Option<User>,
    /// What is known of a server that is new here from an earlier run.
    pub(crate) kept: Option<Offer>,
}

impl Board {
    /// A board without servers. `changed` is rung at every publication.
    pub(crate) fn new(sessions: Arc<Sessions>, changed: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            catalog: ArcSwap::from_pointee(Catalog::merge(&[])),
            users: ArcSwap::default(),
            nothing: Arc::new(Catalog::merge(&[])),
            published: watch::Sender::new(0),
            sessions,
            listeners: Listeners::default(),
            changed,
        })
    }

    /// A seat for a server of this name; whoever had it before publishes no more.
    pub(crate) fn take_seat(&self, name: &str) -> Seat {
        let mut state = self.state.locked();
        let known = state.names.iter().position(|other| other == name);
        let index = known.unwrap_or_else(|| {
            state.names.push(name.to_owned());
            state.turns.push(0);
            state.names.len() - 1
        });
        state.turns[index] += 1;
        Seat {
            index,
            turn: state.turns[index],
        }
    }

    /// The current snapshot of what a user is offered.
    pub(crate) fn catalog(&self, user: Option<&User>) -> arc_swap::Guard<Arc<Catalog>> {
        let Some(user) = user else {
            return self.catalog.load();
        };
        match self.users.load().get(user) {
            Some(own) => arc_swap::Guard::from_inner(Arc::clone(own)),
            None if user.is_invited() => self.catalog.load(),
            None => arc_swap::Guard::from_inner(Arc::clone(&self.nothing)),
        }
    }

    /// What one server offers.
    pub(crate) fn offer(&self, server: ServerIndex) -> Arc<Offer> {
        let state = self.state.locked();
        let entry = state.entry(server);
        entry.map_or_else(Arc::default, |entry| Arc::clone(&entry.offer))
    }

    /// Whether anything is known of it.
    pub(crate) fn is_known(&self, server: ServerIndex) -> bool {
        let state = self.state.locked();
        state.entry(server).is_some_and(|entry| entry.known)
    }

    /// Counts publications; changes with each one.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Puts the servers of a configuration in place of those before it, and tells
    /// the clients which lists changed by that.
    pub(crate) fn arrange(&self, listings: Vec<Listing<'_>>) {
        let news = {
            let mut state = self.state.locked();
            let mut former = std::mem::take(&mut state.entries);
            state.entries = listings
                .into_iter()
                .map(|listing| {
                    let known = former.iter().position(|one| one.seat == listing.seat);
                    let known = known.map(|position| former.swap_remove(position));
                    let (offer, known) = match known {
                        Some(entry) => (entry.offer, entry.known),
                        None => {
                            let known = listing.kept.is_some();
                            (Arc::new(listing.kept.clone().unwrap_or_default()), known)
                        }
                    };
                    Entry::new(&listing, offer, known)
                })
                .collect();
            let everybodys = Catalog::merge(&state.contributions(None));
            self.replace(&state, everybodys)
        };
        self.announce(&news);
    }

    /// Lists a server that stands for one user in the place of the server with the index
    /// `place`, which is another user's.
    pub(crate) fn admit(&self, place: ServerIndex, listing: &Listing<'_>) {
        let news = {
            let mut state = self.state.locked();
            let index = listing.seat.index;
            let former = state.guests.iter();
            let former = former
                .map(|(_, guest)| guest)
                .find(|guest| guest.seat == listing.seat);
            let (offer, known) = former.map_or_else(
                || (Arc::default(), false),
                |guest| (Arc::clone(&guest.offer), guest.known),
            );
            state.guests.retain(|(_, guest)| guest.seat.index != index);
            state
                .guests
                .push((place, Entry::new(listing, offer, known)));
            self.replace_one(&state, listing.owner.as_ref())
        };
        self.announce(&news);
    }

    /// Takes such a server off the lists.
    pub(crate) fn dismiss(&self, seat: Seat) {
        let news = {
            let mut state = self.state.locked();
            let gone = state
                .guests
                .iter()
                .position(|(_, guest)| guest.seat == seat);
            let Some(gone) = gone else { return };
            let (_, guest) = state.guests.swap_remove(gone);
            self.replace_one(&state, guest.owner.as_ref())
        };
        self.announce(&news);
    }

    /// Takes back what a server offers, until it is read again.
    pub(crate) fn withdraw(&self, seat: Seat) {
        self.publish(seat, Offer::default());
        if let Some(entry) = self.state.locked().seated(seat) {
            entry.known = false;
        }
    }

    /// Publishes what a server offers now and tells the clients which lists changed.
    pub(crate) fn publish(&self, seat: Seat, offer: Offer) {
        let (changed, owner) = {
            let mut state = self.state.locked();
            // Its name may have gone to another one, or out of the configuration.
            let Some(entry) = state.seated(seat) else {
                return;
            };
            let before = Arc::clone(&entry.offer);
            entry.known = true;
            let changed: Vec<_> = List::ALL
                .into_iter()
                .filter(|&list| before.list(list) != offer.list(list))
                .collect();
            let owner = entry.owner.clone();
            if !changed.is_empty() || before.hints != offer.hints {
                entry.offer = Arc::new(offer);
                self.update(&state, seat.index, owner.as_ref());
            }
            (changed, owner)
        };
        self.published.send_modify(|count| *count += 1);
        self.changed.notify_one();
        self.listeners
            .changed(&changed, |one| one.sees(seat.index, owner.as_ref()));
        self.tell(changed, |message| {
            self.sessions.broadcast(seat.index, owner.as_ref(), message);
        });
    }

    /// Merges anew where a server is part of it, of which nothing but the offer has changed.
    fn update(&self, state: &State, changed: ServerIndex, owner: Option<&User>) {
        if owner.is_none() {
            let everybodys = self.catalog.load();
            let everybodys = everybodys.with(&state.contributions(None), changed);
            self.catalog.store(Arc::new(everybodys));
        }
        let users = self.users.load();
        let users = users.iter().map(|(user, own)| {
            let own = if owner.is_none_or(|owner| owner == user) {
                Arc::new(own.with(&state.contributions(Some(user)), changed))
            } else {
                Arc::clone(own)
            };
            (user.clone(), own)
        });
        self.users.store(Arc::new(users.collect()));
    }

    /// Puts another catalog in force for one user.
    fn replace_one(&self, state: &State, user: Option<&User>) -> News {
        let mut users = HashMap::clone(&self.users.load());
        if let Some(user) = user {
            let has_own = state.all().any(|entry| entry.owner.as_ref() == Some(user));
            if has_own {
                let own = Arc::new(Catalog::merge(&state.contributions(Some(user))));
                users.insert(user.clone(), own);
            } else {
                users.remove(user);
            }
        }
        let users = Arc::new(users);
        News {
            before: self.catalog.load_full(),
            after: self.catalog.load_full(),
            users_before: self.users.swap(Arc::clone(&users)),
            concerned: user.cloned(),
            users,
        }
    }

    /// Puts other catalogs in force for everybody.
    fn replace(&self, state: &State, everybodys: Catalog) -> News {
        let mut users = HashMap::new();
        for user in state.all().filter_map(|entry| entry.owner.as_ref()) {
            let own = || Arc::new(Catalog::merge(&state.contributions(Some(user))));
            users.entry(user.clone()).or_insert_with(own);
        }
        let users = Arc::new(users);
        let before = self.catalog.swap(Arc::new(everybodys));
        News {
            after: self.catalog.load_full(),
            before,
            users_before: self.users.swap(Arc::clone(&users)),
            concerned: None,
            users,
        }
    }

    /// Tells clients which of their lists are different.
    fn announce(&self, news: &News) {
        self.published.send_modify(|count| *count += 1);
        self.changed.notify_one();
        for (scope, lists) in news.before.differences(&news.after) {
            let has_own = |user: &User| news.users.contains_key(user);
            let concerned = |user: Option<&User>| !user.is_some_and(has_own);
            self.tell_one(scope, lists, concerned);
        }
        let concerned = news.concerned.as_ref();
        let users = news.users.iter();
        for (user, after) in users.filter(|(user, _)| concerned.is_none_or(|one| one == *user)) {
            let before = news.users_before.get(user).unwrap_or(&news.before);
            for (scope, lists) in before.differences(after) {
                let concerned = |other: Option<&User>| other == Some(user);
                self.tell_one(scope, lists, concerned);
            }
        }
    }

    /// Tells the clients of one endpoint, as far as their users are concerned.
    fn tell_one(
        &self,
        scope: Option<ServerIndex>,
        lists: Vec<List>,
        concerned: impl Fn(Option<&User>) -> bool,
    ) {
        self.listeners.changed(&lists, |one| {
            one.scope == scope && concerned(one.user.as_ref())
        });
        self.tell(lists, |message| {
            self.sessions.tell(scope, &concerned, message);
        });
    }

    fn tell(&self, lists: Vec<List>, send: impl Fn(&bytes::Bytes)) {
        let mut methods: Vec<_> = lists.into_iter().map(List::changed).collect();
        methods.dedup();
        for method in methods {
            send(&wire::notification(method, "").into());
        }
    }
}

/// The catalogs before and after a change.
struct News {
    before: Arc<Catalog>,
    after: Arc<Catalog>,
    users_before: Arc<HashMap<User, Arc<Catalog>>>,
    users: Arc<HashMap<User, Arc<Catalog>>>,
    /// The only user for whom something has changed, where that is known.
    concerned: Option<User>,
}
