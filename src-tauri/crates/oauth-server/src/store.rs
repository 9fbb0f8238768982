//! What outlives the process: grants, registered clients, browsers that are known.
//!
//! Read from the vault at the first use and held in memory from then on. A change is
//! decided on the state as it is, written to the vault as one transaction, and only then
//! seen by anybody; one at a time. It runs in a task of its own, because whoever asked
//! may leave in the middle, and what is on the disk must not be different from what is
//! in memory.
//!
//! Reading may ask the owner to unlock a keychain, so it is not for everybody to cause:
//! whoever has not shown who they are is served from what is at hand ([`Store::at_hand`]).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard, OnceCell, watch};
use vault::{Change, Fault, Vault};

use crate::client::Registered;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::grant::Grant;
use crate::live::{Holder, Live};

const GRANTS: &str = "oauth.grant";
const CLIENTS: &str = "oauth.client";
const BROWSERS: &str = "oauth.browser";
/// How long whoever may not open the store waits for the gateway's own first look into it.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// The store of the facade.
pub(crate) struct Store {
    vault: Vault,
    clock: Clock,
    state: OnceCell<Mutex<State>>,
    /// Whether somebody has tried to read it, whatever came of it.
    looked: watch::Sender<bool>,
    /// Why the last try came to nothing.
    fault: std::sync::Mutex<Option<Fault>>,
    /// The access tokens in `state`, for readers that do not wait.
    pub(crate) live: Live,
}

/// Everything that is kept, with its indexes.
#[derive(Default)]
pub(crate) struct State {
    grants: HashMap<String, Held>,
    by_refresh: HashMap<Digest, String>,
    by_code: HashMap<Digest, String>,
    pub(crate) clients: HashMap<String, Registered>,
    pub(crate) browsers: HashMap<Digest, Browser>,
}

struct Held {
    grant: Grant,
    holder: Arc<Holder>,
}

/// A browser whose person is known, by the digest of its cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Browser {
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) expires_at: u64,
}

/// What is kept is not at hand, and whoever asked may not have it opened. Why is for the
/// owner alone to know ([`Store::fault`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shut;

/// One part of a change.
pub(crate) enum Op {
    /// A client that nobody has allowed anything: in memory alone, because anybody can
    /// register one.
    NoteClient(Registered),
    PutGrant(Box<Grant>),
    DropGrant(String),
    PutClient(Registered),
    DropClient(String),
    PutBrowser(Digest, Browser),
    DropBrowser(Digest),
}

// === impl Store ===

impl Store {
    pub(crate) fn new(vault: Vault, clock: Clock) -> Self {
        Self {
            vault,
            clock,
            state: OnceCell::new(),
            looked: watch::Sender::new(false),
            fault: std::sync::Mutex::default(),
            live: Live::new(),
        }
    }

    /// Reads everything into memory, where the owner may be asked for the key.
    pub(crate) async fn open(&self) -> Result<(), Fault> {
        self.loaded().await.map(drop)
    }

    /// Why it could not be read the last time.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Makes sure that everything is in memory, as far as that asks nobody for the key.
    /// Costs nothing once it is.
    pub(crate) async fn at_hand(&self) -> Result<(), Shut> {
        if self.state.initialized() {
            return Ok(());
        }
        if !self.vault.is_at_hand() {
            let mut looked = self.looked.subscribe();
            // Whether it was in time shows below.
            drop(tokio::time::timeout(FIRST_LOOK, looked.wait_for(|looked| *looked)).await);
        }
        let may_read = self.state.initialized() || self.vault.is_at_hand();
        if may_read && self.loaded().await.is_ok() {
            Ok(())
        } else {
            Err(Shut)
        }
    }

    /// The state, to look at, for whoever has not shown who they are.
    pub(crate) async fn read_at_hand(&self) -> Result<MutexGuard<'_, State>, Shut> {
        self.at_hand().await?;
        self.read().await.map_err(|_| Shut)
    }

    /// [`Self::change`] for whoever has not shown who they are. What `decide` puts down
    /// has to come of something that is kept already, or stay in memory.
    pub(crate) async fn change_at_hand<R: Send + 'static>(
        self: &Arc<Self>,
        decide: impl FnOnce(&State, u64) -> (Vec<Op>, R) + Send + 'static,
    ) -> Result<R, Shut> {
        self.at_hand().await?;
        self.change(decide).await.map_err(|fault| {
            tracing::warn!(%fault, "a client was not answered: the store cannot be written");
            Shut
        })
    }

    /// The state, to look at.
    pub(crate) async fn read(&self) -> Result<MutexGuard<'_, State>, Fault> {
        Ok(self.loaded().await?.lock().await)
    }

    /// Changes the state. `decide` sees it as it is, with the time, and says what is to
    /// change; its answer is given once that is on the disk.
    pub(crate) async fn change<R: Send + 'static>(
        self: &Arc<Self>,
        decide: impl FnOnce(&State, u64) -> (Vec<Op>, R) + Send + 'static,
    ) -> Result<R, Fault> {
        let store = Arc::clone(self);
        let task = tokio::spawn(async move {
            let mut state = store.loaded().await?.lock().await;
            let now = store.clock.now();
            let (mut ops, answer) = decide(&state, now);
            if ops.is_empty() {
                return Ok(answer);
            }
            state.sweep(&mut ops, now);
            let changes = ops
                .iter()
                .filter_map(|op| state.written(op).transpose())
                .collect::<Result<Vec<_>, _>>()?;
            if !changes.is_empty() {
                store.vault.change(changes).await?;
            }
            for op in ops {
                state.apply(op, &store.live, now);
            }
            Ok(answer)
        });
        match task.await {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Only a runtime that shuts down cancels it; then nobody waits here either.
            Err(_) => std::future::pending().await,
        }
    }

    /// Writes down when grants were last used.
    pub(crate) async fn note_uses(self: &Arc<Self>) -> Result<(), Fault> {
        if self.state.get().is_none() {
            return Ok(());
        }
        self.change(|state, _| {
            let used = state
                .grants
                .values()
                .filter(|held| held.holder.last_used() != held.grant.last_used)
                .map(|held| Op::PutGrant(Box::new(held.grant.clone())))
                .collect();
            (used, ())
        })
        .await
    }

    async fn loaded(&self) -> Result<&Mutex<State>, Fault> {
        if let Some(state) = self.state.get() {
            return Ok(state);
        }
        let loaded = self.load().await;
        let fault = loaded.as_ref().err().cloned();
        let mut last = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = fault.as_ref().filter(|fault| last.as_ref() != Some(*fault)) {
            tracing::warn!(%fault, "clients cannot be told apart: the store cannot be read");
        }
        *last = fault;
        drop(last);
        self.looked.send_replace(true);
        loaded
    }

    async fn load(&self) -> Result<&Mutex<State>, Fault> {
        self.state
            .get_or_try_init(|| async {
                let mut state = State::default();
                let now = self.clock.now();
                for (_, grant) in self.vault.all::<Grant>(GRANTS).await? {
                    state.apply(Op::PutGrant(Box::new(grant)), &self.live, now);
                }
                for (id, client) in self.vault.all::<Registered>(CLIENTS).await? {
                    state.clients.insert(id, client);
                }
                for (_, (digest, browser)) in self.vault.all::<(Digest, Browser)>(BROWSERS).await? {
                    state.browsers.insert(digest, browser);
                }
                Ok(Mutex::new(state))
            })
            .await
    }
}

// === impl State ===

impl State {
    pub(crate) fn grant(&self, id: &str) -> Option<&Grant> {
        self.grants.get(id).map(|held| &held.grant)
    }

    /// Every grant, with the time of its last use.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (&Grant, Option<u64>)> {
        self.grants
            .values()
            .map(|held| (&held.grant, held.holder.last_used()))
    }

    /// The grant that a refresh token belongs or belonged to.
    pub(crate) fn by_refresh(&self, digest: Digest) -> Option<&Grant> {
        self.grant(self.by_refresh.get(&digest)?)
    }

    /// The grant that came of a code.
    pub(crate) fn by_code(&self, digest: Digest) -> Option<&Grant> {
        self.grant(self.by_code.get(&digest)?)
    }

    /// Adds to a change that what is over goes.
    fn sweep(&self, ops: &mut Vec<Op>, now: u64) {
        let touched: Vec<&str> = ops
            .iter()
            .filter_map(|op| match op {
                Op::PutGrant(grant) => Some(grant.id.as_str()),
                Op::DropGrant(id) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        let grants = self
            .grants
            .values()
            .filter(|held| held.grant.is_over(now) && !touched.contains(&held.grant.id.as_str()))
            .map(|held| Op::DropGrant(held.grant.id.clone()));
        let browsers = self
            .browsers
            .iter()
            .filter(|(_, browser)| browser.expires_at <= now)
            .map(|(digest, _)| Op::DropBrowser(*digest));
        let over: Vec<Op> = grants.chain(browsers).collect();
        ops.extend(over);
    }

    /// The change to the vault that an operation is, if it is one.
    fn written(&self, op: &Op) -> Result<Option<Change>, Fault> {
        Ok(Some(match op {
            Op::NoteClient(_) => return Ok(None),
            Op::PutGrant(grant) => {
                let mut grant = grant.clone();
                if let Some(held) = self.grants.get(&grant.id) {
                    grant.last_used = held.holder.last_used();
                }
                Change::put(GRANTS, grant.id.clone(), &grant)?
            }
            Op::DropGrant(id) => Change::delete(GRANTS, id.clone()),
            Op::PutClient(client) => Change::put(CLIENTS, client.id.clone(), client)?,
            Op::DropClient(id) => Change::delete(CLIENTS, id.clone()),
            Op::PutBrowser(digest, browser) => {
                Change::put(BROWSERS, digest.text(), &(digest, browser))?
            }
            Op::DropBrowser(digest) => Change::delete(BROWSERS, digest.text()),
        }))
    }

    fn apply(&mut self, op: Op, live: &Live, now: u64) {
        match op {
            Op::PutGrant(mut grant) => {
                let before = self.forget(&grant.id);
                let holder = match &before {
                    Some(held) => {
                        grant.last_used = held.holder.last_used();
                        Arc::clone(&held.holder)
                    }
                    None => Arc::new(Holder::of(&grant)),
                };
                live.replace(
                    before.as_ref().map(|held| &held.grant),
                    Some((&grant, &holder)),
                    now,
                );
                for digest in grant.refresh_tokens() {
                    self.by_refresh.insert(digest, grant.id.clone());
                }
                if let Some(code) = grant.code {
                    self.by_code.insert(code, grant.id.clone());
                }
                let grant = *grant;
                self.grants.insert(grant.id.clone(), Held { grant, holder });
            }
            Op::DropGrant(id) => {
                let before = self.forget(&id);
                live.replace(before.as_ref().map(|held| &held.grant), None, now);
                // Only now: whoever hears of it finds its tokens gone.
                before.iter().for_each(|held| held.holder.ended.cancel());
            }
            Op::PutClient(client) | Op::NoteClient(client) => {
                self.clients.insert(client.id.clone(), client);
            }
            Op::DropClient(id) => {
                self.clients.remove(&id);
            }
            Op::PutBrowser(digest, browser) => {
                self.browsers.insert(digest, browser);
            }
            Op::DropBrowser(digest) => {
                self.browsers.remove(&digest);
            }
        }
    }

    /// Takes a grant out of the table and its indexes.
    fn forget(&mut self, id: &str) -> Option<Held> {
        let held = self.grants.remove(id)?;
        for digest in held.grant.refresh_tokens() {
            self.by_refresh.remove(&digest);
        }
        if let Some(code) = held.grant.code {
            self.by_code.remove(&code);
        }
        Some(held)
    }
}
