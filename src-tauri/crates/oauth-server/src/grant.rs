//! A grant: what one user allowed one client, and the tokens that say so.
//!
//! Pure: a grant changes by what is asked of it, and whoever asked writes it down.
//! Refresh tokens rotate (RFC 9700, section 4.14): each is good once, and a second use
//! of one means that two parties hold it, so nobody keeps anything. But an answer can be
//! lost on its way, and a client can ask twice at once; for [`GRACE`] seconds after its
//! use a token therefore still gives another one.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::resource::Audience;

/// Seconds that an access token lives.
pub(crate) const ACCESS_LIFE: u64 = 3600;
/// Seconds that a refresh token lives without being used.
pub(crate) const REFRESH_LIFE: u64 = 90 * 24 * 3600;
/// Seconds that a used refresh token may be used again.
pub(crate) const GRACE: u64 = 30;

/// Most access tokens of a grant that are good at the same time.
const MOST_ACCESS: usize = 16;
/// Most refresh tokens that came of one use and its repetitions.
const MOST_LIVE: usize = 16;
/// How many used refresh tokens are remembered, to notice their reuse.
const MOST_SPENT: usize = 64;

/// What one user allowed one client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) audience: Audience,
    /// What the audience was called when it was granted, for display.
    pub(crate) resource: Option<String>,
    pub(crate) scope: String,
    pub(crate) created: u64,
    pub(crate) last_used: Option<u64>,
    pub(crate) access: Vec<Access>,
    pub(crate) refresh: Option<Refresh>,
    /// The code that it came of; when that is used again, the grant goes.
    pub(crate) code: Option<Digest>,
}

/// An access token.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Access {
    pub(crate) digest: Digest,
    /// `None`: until it is revoked.
    pub(crate) expires_at: Option<u64>,
}

/// The refresh tokens of a grant, past and present.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refresh {
    /// Not used yet.
    live: Vec<Digest>,
    /// Used, and good again until the time beside them.
    recent: Vec<(Digest, u64)>,
    /// Used long ago.
    spent: Vec<Digest>,
    pub(crate) expires_at: u64,
}

/// Why a refresh token gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRefresh {
    /// It is none of this grant's.
    Unknown,
    /// It was not used for too long.
    Expired,
    /// It was used before: the grant is to be revoked.
    Reused,
}

/// New tokens, by their digests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) access: Digest,
    pub(crate) refresh: Digest,
}

// === impl Grant ===

impl Grant {
    /// Gives the grant its first tokens.
    pub(crate) fn open(&mut self, pair: Pair, now: u64) {
        self.add_access(pair.access, now);
        self.refresh = Some(Refresh {
            live: vec![pair.refresh],
            recent: Vec::new(),
            spent: Vec::new(),
            expires_at: now + REFRESH_LIFE,
        });
    }

    /// Exchanges a refresh token for new tokens.
    pub(crate) fn rotate(&mut self, used: Digest, pair: Pair, now: u64) -> Result<(), NoRefresh> {
        let refresh = self.refresh.as_mut().ok_or(NoRefresh::Unknown)?;
        refresh.rotate(used, pair.refresh, now)?;
        self.add_access(pair.access, now);
        Ok(())
    }

    /// Every refresh token that this grant has an opinion on.
    pub(crate) fn refresh_tokens(&self) -> impl Iterator<Item = Digest> {
        self.refresh.iter().flat_map(|refresh| {
            let recent = refresh.recent.iter().map(|(digest, _)| digest);
            refresh
                .live
                .iter()
                .chain(recent)
                .chain(&refresh.spent)
                .copied()
        })
    }

    /// When nothing of it is good any more; `None`: never.
    pub(crate) fn expires_at(&self) -> Option<u64> {
        let access = self.access.iter().map(|access| access.expires_at);
        let refresh = self.refresh.iter().map(|refresh| Some(refresh.expires_at));
        access
            .chain(refresh)
            .try_fold(0, |latest, end| end.map(|end| latest.max(end)))
    }

    /// Whether nothing of it is good any more.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.expires_at().is_some_and(|end| end <= now)
    }

    fn add_access(&mut self, digest: Digest, now: u64) {
        self.access
            .retain(|access| access.expires_at.is_none_or(|end| end > now));
        if self.access.len() >= MOST_ACCESS {
            self.access.remove(0);
        }
        self.access.push(Access {
            digest,
            expires_at: Some(now + ACCESS_LIFE),
        });
    }
}

// === impl Refresh ===

impl Refresh {
    fn rotate(&mut self, used: Digest, new: Digest, now: u64) -> Result<(), NoRefresh> {
        let is_live = self.live.contains(&used);
        let again = self.recent.iter().find(|(digest, _)| *digest == used);
        match (is_live, again) {
            (true, _) | (false, Some(_)) if self.expires_at <= now => {
                return Err(NoRefresh::Expired);
            }
            (true, _) => self.retire(now),
            (false, Some((_, until))) if now <= *until => {}
            (false, Some(_)) => return Err(NoRefresh::Reused),
            (false, None) if self.spent.contains(&used) => return Err(NoRefresh::Reused),
            (false, None) => return Err(NoRefresh::Unknown),
        }
        if self.live.len() >= MOST_LIVE {
            self.live.remove(0);
        }
        self.live.push(new);
        self.expires_at = now + REFRESH_LIFE;
        Ok(())
    }

    /// The tokens of this generation make way for the next one.
    fn retire(&mut self, now: u64) {
        for (digest, until) in std::mem::take(&mut self.recent) {
            if until >= now {
                self.recent.push((digest, until));
            } else {
                self.spent.push(digest);
            }
        }
        let generation = self.live.drain(..).map(|digest| (digest, now + GRACE));
        self.recent.extend(generation);
        let forgotten = self.spent.len().saturating_sub(MOST_SPENT);
        self.spent.drain(..forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(n: u32) -> Pair {
        Pair {
            access: Digest::of(&format!("a{n}")),
            refresh: Digest::of(&format!("r{n}")),
        }
    }

    fn token(n: u32) -> Digest {
        pair(n).refresh
    }

    fn opened() -> Grant {
        let mut grant = Grant {
            id: "g".to_owned(),
            user: "local".to_owned(),
            client_id: "c".to_owned(),
            client_name: "C".to_owned(),
            audience: Audience::Everything,
            resource: None,
            scope: "mcp".to_owned(),
            created: 1000,
            last_used: None,
            access: Vec::new(),
            refresh: None,
            code: None,
        };
        grant.open(pair(0), 1000);
        grant
    }

    #[test]
    fn a_token_gives_the_next_one() {
        let mut grant = opened();
        assert_eq!(grant.rotate(token(0), pair(1), 2000), Ok(()));
        assert_eq!(grant.rotate(token(1), pair(2), 3000), Ok(()));
        assert_eq!(grant.access.len(), 3);
        assert_eq!(grant.expires_at(), Some(3000 + REFRESH_LIFE));
    }

    #[test]
    fn a_lost_answer_is_made_good_for_thirty_seconds() {
        let mut grant = opened();
        assert_eq!(grant.rotate(token(0), pair(1), 2000), Ok(()));
        assert_eq!(grant.rotate(token(0), pair(2), 2000 + GRACE), Ok(()));
        // Whichever of the two answers arrived, it goes on.
        assert_eq!(grant.clone().rotate(token(1), pair(3), 5000), Ok(()));
        assert_eq!(grant.rotate(token(2), pair(3), 5000), Ok(()));
        assert_eq!(
            grant.rotate(token(1), pair(4), 5001 + GRACE),
            Err(NoRefresh::Reused)
        );
    }

    #[test]
    fn a_token_used_again_later_betrays_that_two_hold_it() {
        let mut grant = opened();
        assert_eq!(grant.rotate(token(0), pair(1), 2000), Ok(()));
        assert_eq!(
            grant.rotate(token(0), pair(2), 2001 + GRACE),
            Err(NoRefresh::Reused)
        );
        for n in 1..20 {
            assert_eq!(
                grant.rotate(token(n), pair(n + 1), 2000 + u64::from(n) * 100),
                Ok(())
            );
        }
        assert_eq!(
            grant.rotate(token(3), pair(99), 9000),
            Err(NoRefresh::Reused)
        );
        assert_eq!(
            grant.rotate(token(77), pair(99), 9000),
            Err(NoRefresh::Unknown)
        );
    }

    #[test]
    fn a_token_that_nobody_uses_expires() {
        let mut grant = opened();
        assert_eq!(
            grant.rotate(token(0), pair(1), 1000 + REFRESH_LIFE),
            Err(NoRefresh::Expired)
        );
        assert!(grant.is_over(1000 + REFRESH_LIFE));
    }

    #[test]
    fn old_access_tokens_make_room() {
        let mut grant = opened();
        for n in 0..40 {
            assert_eq!(grant.rotate(token(n), pair(n + 1), 1001), Ok(()));
        }
        assert_eq!(grant.access.len(), MOST_ACCESS);
        assert_eq!(
            grant.rotate(token(40), pair(41), 1001 + ACCESS_LIFE),
            Ok(())
        );
        assert_eq!(grant.access.len(), 1);
    }

    proptest! {
        /// However tokens are used: what a use gives is good next, a refusal changes
        /// nothing, and memory stays bounded.
        #[test]
        fn rotation_never_strands_the_holder_of_the_newest(
            steps in prop::collection::vec((0_u32..40, 0_u64..60), 1..120)
        ) {
            let (mut grant, mut now, mut next) = (opened(), 1000, 1);
            for (used, later) in steps {
                now += later;
                let before = serde_json::to_string(&grant).expect("serializes");
                match grant.rotate(token(used % next), pair(next), now) {
                    Ok(()) => {
                        let mut on = grant.clone();
                        prop_assert_eq!(on.rotate(token(next), pair(1000), now + 40), Ok(()));
                        next += 1;
                    }
                    Err(_) => prop_assert_eq!(before, serde_json::to_string(&grant).expect("serializes")),
                }
                prop_assert!(grant.refresh_tokens().count() < 1000);
            }
        }
    }
}
