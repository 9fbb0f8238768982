//! The access tokens that are good now, for the data path.
//!
//! Every call of every client asks here, so nothing waits: the table is split by the
//! first byte of a token's digest into immutable maps, a reader takes the one it needs
//! without a lock, and a writer replaces one small map. When a token was last used is
//! an atomic that all tokens of a grant share; it is written down with the grant's next
//! change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use crate::digest::Digest;
use crate::grant::Grant;
use crate::resource::Audience;

const SHARDS: usize = 256;

/// Every access token that is good now.
pub(crate) struct Live {
    shards: Vec<ArcSwap<HashMap<Digest, Entry>>>,
}

/// One access token.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) of: Arc<Holder>,
    pub(crate) expires_at: Option<u64>,
}

/// What all tokens of a grant share.
pub(crate) struct Holder {
    pub(crate) user: String,
    pub(crate) client_id: String,
    pub(crate) grant: String,
    pub(crate) audience: Audience,
    /// Cancelled when the grant ends.
    pub(crate) ended: CancellationToken,
    used: AtomicU64,
}

// === impl Live ===

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| ArcSwap::default()).collect(),
        }
    }

    /// The token of this digest.
    pub(crate) fn get(&self, digest: Digest) -> Option<Entry> {
        self.shards[digest.shard()].load().get(&digest).cloned()
    }

    /// Makes the tokens of a grant good that are good according to `now`, and those of
    /// `before` no longer that are not among them. `holder` is the grant's own.
    pub(crate) fn replace(
        &self,
        before: Option<&Grant>,
        after: Option<(&Grant, &Arc<Holder>)>,
        now: u64,
    ) {
        let gone = before.into_iter().flat_map(|grant| &grant.access);
        for access in gone {
            let stays = after.is_some_and(|(grant, _)| {
                grant.access.iter().any(|kept| kept.digest == access.digest)
            });
            if !stays {
                self.change(access.digest, |map| {
                    map.remove(&access.digest);
                });
            }
        }
        let Some((grant, holder)) = after else { return };
        for access in &grant.access {
            let known = before
                .is_some_and(|grant| grant.access.iter().any(|old| old.digest == access.digest));
            if !known && access.expires_at.is_none_or(|end| end > now) {
                let entry = Entry {
                    of: Arc::clone(holder),
                    expires_at: access.expires_at,
                };
                self.change(access.digest, |map| {
                    map.insert(access.digest, entry.clone());
                });
            }
        }
    }

    fn change(&self, digest: Digest, change: impl Fn(&mut HashMap<Digest, Entry>)) {
        self.shards[digest.shard()].rcu(|map| {
            let mut next = HashMap::clone(map);
            change(&mut next);
            next
        });
    }
}

// === impl Holder ===

impl Holder {
    pub(crate) fn of(grant: &Grant) -> Self {
        Self {
            user: grant.user.clone(),
            client_id: grant.client_id.clone(),
            grant: grant.id.clone(),
            audience: grant.audience.clone(),
            ended: CancellationToken::new(),
            used: AtomicU64::new(grant.last_used.unwrap_or(0)),
        }
    }

    /// Notes that a token was used. Written only when the second changes, so that calls
    /// do not fight for the memory.
    pub(crate) fn touch(&self, now: u64) {
        if self.used.load(Ordering::Relaxed) != now {
            self.used.store(now, Ordering::Relaxed);
        }
    }

    /// When a token was last used, if ever.
    pub(crate) fn last_used(&self) -> Option<u64> {
        match self.used.load(Ordering::Relaxed) {
            0 => None,
            at => Some(at),
        }
    }
}
