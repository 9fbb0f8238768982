//! Putting a configuration in force: a server that it changes is started anew, every
//! other one goes on as if nothing had happened.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::board::{Board, Listing};
use crate::config::Loaded;
use crate::config::model::{Auth, Config, ServerConfig};
use crate::core::Core;
use crate::ledger::Ledger;
use crate::live::Live;
use crate::logs::Archive;
use crate::oauth::{self, OAuth};
use crate::serve::session::Sessions;
use crate::server::shelf::Shelf;
use crate::server::{Legacy, Server, Surroundings};
use crate::user::User;
use crate::words::Words;

/// The longest that calls in flight get at a server whose successor waits for them; as long as
/// when the gateway ends.
const HANDOVER: Duration = Duration::from_secs(30);
/// What they get at one that is not to be used any more.
const FAREWELL: Duration = Duration::from_secs(10);

/// What servers are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Makings<'a> {
    pub(crate) data_dir: &'a Path,
    pub(crate) sessions: &'a Arc<Sessions>,
    pub(crate) board: &'a Arc<Board>,
    pub(crate) ledger: &'a Arc<Ledger>,
    pub(crate) archive: &'a Arc<Archive>,
    pub(crate) changed: &'a Arc<Notify>,
    pub(crate) oauth: &'a OAuth,
}

/// The servers of a configuration beside those before it.
#[derive(Debug)]
pub(crate) struct Arrangement {
    pub(crate) live: Live,
    /// What is known of each from an earlier run, in the order of `live.servers`.
    kept: Vec<Option<crate::offer::Offer>>,
    /// To be started.
    new: Vec<Arc<Server>>,
    /// To be ended, each with the reason.
    former: Vec<(Arc<Server>, Words)>,
}

/// Makes the servers that a configuration wants and that are not there in `before`.
/// The server named `anew` is made anew in any case.
pub(crate) fn arrange(
    given: Makings<'_>,
    before: Option<&Live>,
    loaded: Loaded,
    anew: Option<&str>,
) -> Arrangement {
    let limits = loaded.config.limits;
    let same_limits = before.is_none_or(|before| before.config.limits == limits);
    let surroundings = surroundings(&given, &loaded.config);
    let (mut servers, mut kept) = (Vec::new(), Vec::new());
    let (mut new, mut former) = (Vec::new(), Vec::new());
    for config in &loaded.config.servers {
        let present = before.and_then(|before| before.named(&config.name));
        if let Some(present) = present
            && same_limits
            && anew != Some(config.name.as_str())
            && runs_the_same(&present.config, config)
            && before.is_none_or(|before| same_account(config, &before.config, &loaded.config))
        {
            servers.push(Arc::clone(present));
            kept.push(None);
            continue;
        }
        let shelf = Shelf::new(given.data_dir, config);
        let (offer, mut habits) = shelf.read().filter(|_| config.enabled).unzip();
        if let (Some(habits), Some(_)) = (&mut habits, before) {
            // Whoever changes or restarts a server wants to see what comes of it.
            habits.may_sleep = false;
            if anew == Some(config.name.as_str()) {
                // What answers may be another program by now, under the same command.
                habits.manner = None;
            }
        }
        let seat = given.board.take_seat(&config.name);
        let legacy = present.map_or_else(
            || Legacy::kept(given.archive.place(&config.name)),
            |present| present.legacy(),
        );
        let server = Server::new(
            seat,
            config.clone(),
            owner(config),
            shelf,
            habits,
            legacy,
            &surroundings,
        );
        former.extend(present.map(|present| (Arc::clone(present), replaced(config))));
        new.push(Arc::clone(&server));
        servers.push(server);
        kept.push(offer);
    }
    for present in before.into_iter().flat_map(|before| &before.servers) {
        let stays = loaded
            .config
            .servers
            .iter()
            .any(|server| server.name == present.config.name);
        if !stays {
            former.push((Arc::clone(present), removed()));
        }
    }
    Arrangement {
        live: Live::new(loaded, servers),
        kept,
        new,
        former,
    }
}

/// What a server is given.
pub(crate) fn surroundings<'a>(given: &Makings<'a>, config: &'a Config) -> Surroundings<'a> {
    Surroundings {
        limits: config.limits,
        sessions: given.sessions,
        board: given.board,
        ledger: given.ledger,
        changed: given.changed,
        oauth: given.oauth,
        aliyun: config.aliyun.as_ref(),
    }
}

/// Whose account is behind a server of the configuration; `None` where it is everybody's.
fn owner(config: &ServerConfig) -> Option<User> {
    config.wants_account().then(User::local)
}

/// Lists what the servers of an arrangement offer.
pub(crate) fn list(board: &Board, live: &Live, kept: Vec<Option<crate::offer::Offer>>) {
    let servers = live.servers.iter().zip(&live.config.servers);
    let listings = servers.zip(kept);
    board.arrange(
        listings
            .map(|((server, config), kept)| Listing {
                seat: server.seat,
                config,
                owner: server.owner.clone(),
                kept,
            })
            .collect(),
    );
}

impl Arrangement {
    /// Lists the servers of the very first configuration, before there is a core.
    pub(crate) fn list_first(&mut self, board: &Board) {
        list(board, &self.live, std::mem::take(&mut self.kept));
    }
}

impl Core {
    /// Puts a configuration in force. To be called by one at a time; see `changing`.
    pub(crate) fn put_in_force(self: &Arc<Self>, loaded: Loaded) {
        self.rearrange(loaded, None);
    }

    /// Starts one server anew at once; calls in flight there are lost. Whether there is
    /// such a server. To be called by one at a time.
    pub(crate) fn restart(self: &Arc<Self>, name: &str) -> bool {
        let live = self.live_full();
        let Some(present) = live.named(name) else {
            return false;
        };
        // Nor is anybody waited for whom an earlier change has left at work.
        self.leaving.hurry(&present.config);
        let loaded = Loaded {
            config: live.config.clone(),
            path: live.path.clone(),
            revision: live.revision.clone(),
            warnings: Vec::new(),
            notices: live.notices.clone(),
        };
        self.rearrange(loaded, Some(name));
        true
    }

    /// The server named `anew` is started anew in any case, without waiting for its calls.
    fn rearrange(self: &Arc<Self>, loaded: Loaded, anew: Option<&str>) {
        let before = self.live_full();
        self.sessions.set_limit(loaded.config.limits.sessions);
        self.parking.set_limits(&loaded.config.limits);
        self.journal.set_level(&loaded.config.log_level);
        let Arrangement {
            live,
            kept,
            new,
            former,
        } = arrange(self.makings(), Some(&before), loaded, anew);
        // First where calls go, then the names by which they are asked for: a name
        // that is listed leads somewhere.
        self.replace(live);
        list(&self.board, &self.live(), kept);
        self.renew_guests();
        for (server, why) in former {
            let at_once = self.ending.servers.child_token();
            let leaving = self.leaving.enter(&server, &at_once);
            let patience = match anew {
                Some(anew) if anew == server.config.name => Duration::ZERO,
                _ => patience(&server.config, self.live().config_of(&server.config.name)),
            };
            let is_removed = self.live().named(&server.config.name).is_none();
            let parking = Arc::clone(&self.parking);
            self.retiring.spawn(async move {
                server.retire(&parking, &why, patience, &at_once).await;
                if is_removed {
                    // Whoever reads its log has heard how it ended.
                    server.inbox.log.end();
                }
                drop(leaving);
            });
        }
        for server in new {
            let before = self.leaving.before(&server.config);
            if before.is_empty() || !server.config.enabled {
                self.start(&server);
                continue;
            }
            let core = Arc::clone(self);
            self.retiring.spawn(async move {
                for gone in before {
                    gone.cancelled().await;
                }
                core.start(&server);
            });
        }
    }
}

/// How long calls in flight at a server may go on that another configuration changes. Not
/// simply its `callTimeout`: that is minutes, while new calls wait for the successor.
pub(crate) fn patience(former: &ServerConfig, successor: Option<&ServerConfig>) -> Duration {
    match successor {
        Some(successor) if successor.enabled => former.call_timeout.min(HANDOVER),
        _ => FAREWELL,
    }
}

/// Whether a server can go on as it is under another configuration: what concerns
/// names alone is on the board.
fn runs_the_same(one: &ServerConfig, other: &ServerConfig) -> bool {
    let bare = |config: &ServerConfig| ServerConfig {
        naming: one.naming.clone(),
        filter: one.filter.clone(),
        description: None,
        ..config.clone()
    };
    bare(one) == bare(other)
}

/// Whether a server is used with the same kind of account under another configuration.
fn same_account(server: &ServerConfig, one: &Config, other: &Config) -> bool {
    let account = |config: &Config| {
        let aliyun = config.aliyun.as_ref();
        let token = aliyun.and_then(|aliyun| aliyun.token.clone());
        (oauth::provider(server, aliyun), token)
    };
    server.auth != Auth::Aliyun || account(one) == account(other)
}

/// Why calls end at a server that another one replaces.
fn replaced(successor: &ServerConfig) -> Words {
    if successor.enabled {
        Words::new("it was restarted meanwhile", "它已被重新启动")
    } else {
        Words::new("it was switched off meanwhile", "它已被停用")
    }
}

/// Why calls end at a server that is in the configuration no more.
fn removed() -> Words {
    Words::new("it was removed from the configuration", "它已从配置中删除")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, LoadOptions, from_text};

    #[test]
    fn calls_in_flight_get_as_long_as_somebody_may_wait_for_them() {
        let environment = Environment {
            vars: &|_| None,
            home: None,
            cwd: Path::new("/"),
        };
        let text = r#"{ "servers": [
            { "name": "usual", "command": ["a"] },
            { "name": "short", "command": ["a"], "callTimeout": 1500 },
            { "name": "off", "command": ["a"], "enabled": false }
        ] }"#;
        let config = from_text(text, &LoadOptions::default(), &environment);
        let [usual, short, off] = &config.servers[..] else {
            panic!("{:?}", config.servers);
        };
        assert_eq!(patience(usual, Some(short)), Duration::from_secs(30));
        assert_eq!(
            patience(short, Some(usual)),
            Duration::from_millis(1500),
            "what it was started with counts"
        );
        for successor in [None, Some(off)] {
            assert_eq!(patience(usual, successor), Duration::from_secs(10));
        }
    }
}
