//! Servers with accounts, for users other than the gateway's own: each user has a server
//! of their own behind the same name, with connections, lists and state of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use crate::board::Listing;
use crate::catalog::ServerIndex;
use crate::core::Core;
use crate::live::Live;
use crate::reload;
use crate::server::shelf::Shelf;
use crate::server::{Legacy, Server};
use crate::sync::Locked;
use crate::user::User;
use crate::words::Words;

/// Users that have servers of their own at the same time.
const USERS: usize = 1_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    table: ArcSwap<Table>,
    /// Held while the table changes.
    changing: Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Table {
    users: HashMap<User, Arc<[Guest]>>,
    by_index: HashMap<ServerIndex, Arc<Server>>,
}

#[derive(Debug, Clone)]
struct Guest {
    /// The server of the configuration in whose place it stands.
    host: Arc<Server>,
    server: Arc<Server>,
}

impl Guests {
    /// The server of an index.
    pub(crate) fn server(&self, index: ServerIndex) -> Option<Arc<Server>> {
        self.table.load().by_index.get(&index).cloned()
    }

    /// A user's servers, each with the index of the one in whose place it stands.
    pub(crate) fn of(&self, user: &User) -> Vec<(ServerIndex, Arc<Server>)> {
        let table = self.table.load();
        let own = table.users.get(user).into_iter().flat_map(|own| own.iter());
        own.map(|guest| (guest.host.index(), Arc::clone(&guest.server)))
            .collect()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Server>> {
        self.table.load().by_index.values().cloned().collect()
    }
}

impl Table {
    /// Takes a user out, one who uses nothing at this moment if there is such a one. Whoever it
    /// is gets other servers with their next request.
    fn make_room(&mut self) -> Arc<[Guest]> {
        let is_idle = |own: &[Guest]| own.iter().all(|one| one.server.pool.counts().total == 0);
        let mut users = self.users.iter();
        let idle = users.find(|(_, own)| is_idle(own));
        let leaving = idle.or_else(|| self.users.iter().next());
        let leaving = leaving.map(|(user, _)| user.clone());
        leaving
            .and_then(|user| self.users.remove(&user))
            .unwrap_or_else(|| [].into())
    }
}

impl Core {
    /// Sees to it that a user has every server that wants an account. Does nothing for the
    /// gateway's own user, whose servers are those of the configuration.
    pub(crate) fn welcome(self: &Arc<Self>, user: &User) {
        if user.is_local() {
            return;
        }
        let live = self.live();
        let is_served = |table: &Table| {
            let own = table.users.get(user).map_or(&[][..], |own| own);
            let mut hosts = personal(&live);
            own.len() == personal(&live).count()
                && hosts.all(|host| own.iter().any(|guest| Arc::ptr_eq(&guest.host, host)))
        };
        if is_served(&self.guests.table.load()) {
            return;
        }
        self.arrange_guests(Some(user));
    }

    /// Puts the servers of all these users in line with a configuration.
    pub(crate) fn renew_guests(self: &Arc<Self>) {
        self.arrange_guests(None);
    }

    /// The same for a user and the accounts under it.
    pub(crate) fn bid_farewell_to_all(self: &Arc<Self>, user: &User, why: &Words) {
        let table = self.guests.table.load_full();
        for one in table.users.keys().filter(|one| user.covers(one.name())) {
            self.bid_farewell(one, why);
        }
    }

    /// Ends what a user has here, because nobody may use it any more.
    pub(crate) fn bid_farewell(self: &Arc<Self>, user: &User, why: &Words) {
        let changing = self.guests.changing.locked();
        let mut table = Table::clone(&self.guests.table.load());
        let own = table.users.remove(user);
        let gone: Vec<_> = own.iter().flat_map(|own| own.iter().cloned()).collect();
        for guest in &gone {
            table.by_index.remove(&guest.server.index());
        }
        self.guests.table.store(Arc::new(table));
        self.retire_guests(gone, why, None);
        drop(changing);
    }

    /// Puts the servers of a newcomer in line with the configuration, or of everybody.
    fn arrange_guests(self: &Arc<Self>, welcome: Option<&User>) {
        let changing = self.guests.changing.locked();
        // Only now: whoever held the lock may have arranged them for a newer one.
        let live = &*self.live_full();
        let mut table = Table::clone(&self.guests.table.load());
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        if let Some(user) = welcome
            && !table.users.contains_key(user)
        {
            if table.users.len() >= USERS {
                gone.extend(table.make_room().iter().cloned());
            }
            table.users.insert(user.clone(), [].into());
        }
        let concerned = |user: &User| welcome.is_none_or(|newcomer| newcomer == user);
        for (user, own) in table.users.iter_mut().filter(|(user, _)| concerned(user)) {
            let mut guests = Vec::new();
            for host in personal(live) {
                let known = own.iter().find(|guest| Arc::ptr_eq(&guest.host, host));
                guests.push(known.cloned().unwrap_or_else(|| {
                    let guest = self.guest(live, host, user);
                    new.push(guest.clone());
                    guest
                }));
            }
            let stays = |guest: &&Guest| {
                guests
                    .iter()
                    .any(|one| Arc::ptr_eq(&one.server, &guest.server))
            };
            gone.extend(own.iter().filter(|guest| !stays(guest)).cloned());
            *own = guests.into();
        }
        for guest in &gone {
            table.by_index.remove(&guest.server.index());
        }
        let came = new.iter().map(|guest| &guest.server);
        table
            .by_index
            .extend(came.map(|server| (server.index(), Arc::clone(server))));
        let listed: Vec<_> = match welcome {
            // Names and filters may be other ones for everybody.
            None => table
                .users
                .values()
                .flat_map(|own| own.iter().cloned())
                .collect(),
            Some(_) => new.clone(),
        };
        self.guests.table.store(Arc::new(table));
        for guest in listed {
            let config = live.config_of(&guest.server.config.name);
            let listing = Listing {
                seat: guest.server.seat,
                config: config.unwrap_or(&guest.server.config),
                owner: guest.server.owner.clone(),
                kept: None,
            };
            self.board.admit(guest.host.index(), &listing);
        }
        for guest in new {
            self.start(&guest.server);
        }
        let why = Words::new("it was restarted meanwhile", "它已被重新启动");
        self.retire_guests(gone, &why, Some(live));
        drop(changing);
    }

    fn guest(&self, live: &Live, host: &Arc<Server>, user: &User) -> Guest {
        let name = &host.config.name;
        // A seat of its own: no name of a server holds this character.
        let seat = self.board.take_seat(&format!("{name}\u{0}{user}"));
        let config = host.config.clone();
        let makings = self.makings();
        let surroundings = reload::surroundings(&makings, &live.config);
        let owner = Some(user.clone());
        let server = Server::new(
            seat,
            config,
            owner,
            Shelf::nowhere(),
            None,
            Legacy::default(),
            &surroundings,
        );
        Guest {
            host: Arc::clone(host),
            server,
        }
    }

    /// Under `live` there may be others in their place, for the same users.
    fn retire_guests(self: &Arc<Self>, gone: Vec<Guest>, why: &Words, live: Option<&Live>) {
        for guest in gone {
            self.board.dismiss(guest.server.seat);
            let (why, at_once) = (why.clone(), self.ending.servers.clone());
            let config = &guest.server.config;
            let successor = live.and_then(|live| live.config_of(&config.name));
            let patience = reload::patience(config, successor);
            let parking = Arc::clone(&self.parking);
            self.retiring.spawn(async move {
                let server = &guest.server;
                server.retire(&parking, &why, patience, &at_once).await;
            });
        }
    }
}

/// The servers of a configuration that want an account.
fn personal(live: &Live) -> impl Iterator<Item = &Arc<Server>> {
    let servers = live.servers.iter();
    servers.filter(|server| server.config.enabled && server.config.wants_account())
}

#[cfg(test)]
mod tests;
