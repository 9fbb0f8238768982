//! A set of tokens, and how fresh it is. Pure: the time is given.
//!
//! Times are kept in the *server's* clock: its `Date` header at the moment of
//! issue says how far this machine's clock is off. So a clock that is wrong by
//! an hour neither ends a sign-in early nor keeps a dead token.

use serde::{Deserialize, Serialize};
use vault::Secret;

/// Refresh this long before the end.
const MARGIN: i64 = 60;
/// A `Date` has whole seconds and an answer takes a moment: less is no skew.
const TOLERANCE: i64 = 2;
/// Nobody issues tokens for longer; guards the arithmetic.
const LONGEST: u64 = 100 * 365 * 24 * 3600;

/// What an authorization server issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tokens {
    #[serde(with = "vault::exposed")]
    pub(crate) access: Secret,
    #[serde(with = "vault::exposed::option", default)]
    pub(crate) refresh: Option<Secret>,
    /// The scopes granted, separated by spaces.
    pub(crate) scope: Option<String>,
    /// Unix seconds in the server's clock.
    pub(crate) issued_at: i64,
    /// Unix seconds in the server's clock; none: the server did not say.
    pub(crate) expires_at: Option<i64>,
    /// The server's clock minus this machine's, in seconds.
    pub(crate) skew: i64,
}

/// How fresh an access token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Good for use.
    Fresh,
    /// Still good, but so near its end that it is to be refreshed.
    Due,
    /// Over.
    Expired,
}

/// What was in the answer of a token endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) scope: Option<String>,
    pub(crate) expires_in: Option<u64>,
    /// The answer's `Date` in unix seconds.
    pub(crate) date: Option<i64>,
}

impl Tokens {
    /// The tokens of an answer that came at `now`; `asked` are the scopes that
    /// hold where the answer names none (RFC 6749, section 5.1).
    pub(crate) fn issued(issued: Issued, asked: Option<&str>, now: i64) -> Self {
        let skew = issued.date.map_or(0, |date| date.saturating_sub(now));
        let skew = if skew.saturating_abs() <= TOLERANCE {
            0
        } else {
            skew
        };
        let issued_at = now.saturating_add(skew);
        Self {
            access: issued.access,
            refresh: issued.refresh,
            scope: issued.scope.or_else(|| asked.map(str::to_owned)),
            issued_at,
            // Zero is what some write for "no end".
            expires_at: issued
                .expires_in
                .filter(|seconds| *seconds > 0)
                .map(|seconds| issued_at.saturating_add(seconds.min(LONGEST).cast_signed())),
            skew,
        }
    }

    /// The same sign-in after a refresh: what the answer leaves out stays.
    pub(crate) fn refreshed(&self, issued: Issued, now: i64) -> Self {
        let mut next = Self::issued(issued, self.scope.as_deref(), now);
        if next.refresh.is_none() {
            next.refresh.clone_from(&self.refresh);
        }
        next
    }

    /// How fresh the access token is at `now`, in this machine's clock.
    pub(crate) fn freshness(&self, now: i64) -> Freshness {
        let Some(expires_at) = self.expires_at else {
            return Freshness::Fresh;
        };
        let left = expires_at.saturating_sub(now.saturating_add(self.skew));
        // A token that lives for a minute is not due from its birth on.
        let lifetime = expires_at.saturating_sub(self.issued_at);
        let margin = MARGIN.min(lifetime / 4);
        if left <= 0 {
            Freshness::Expired
        } else if left <= margin {
            Freshness::Due
        } else {
            Freshness::Fresh
        }
    }

    /// When the access token ends in this machine's clock, for being shown.
    pub(crate) fn expires_here(&self) -> Option<i64> {
        self.expires_at.map(|at| at.saturating_sub(self.skew))
    }
}

/// `expires_in` as servers write it: a number, a number in a string, a
/// fraction. Anything else is as good as nothing.
pub(crate) fn seconds(value: &serde_json::Value) -> Option<u64> {
    let text = match value {
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.min(LONGEST));
    }
    let fraction = text.parse::<f64>().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is checked to lie between 0 and LONGEST"
    )]
    (fraction.is_finite() && (0.0..1e9).contains(&fraction)).then_some(fraction as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn issued(expires_in: Option<u64>, date: Option<i64>) -> Issued {
        Issued {
            access: Secret::new("a"),
            refresh: Some(Secret::new("r")),
            scope: None,
            expires_in,
            date,
        }
    }

    #[test]
    fn expires_in_is_read_as_servers_write_it() {
        assert_eq!(seconds(&json!(3600)), Some(3600));
        assert_eq!(seconds(&json!("3599")), Some(3599));
        assert_eq!(seconds(&json!(" 10.5 ")), Some(10));
        assert_eq!(seconds(&json!(7.9)), Some(7));
        assert_eq!(seconds(&json!(-1)), None);
        assert_eq!(seconds(&json!("soon")), None);
        assert_eq!(seconds(&json!(null)), None);
        assert_eq!(seconds(&json!("inf")), None);
    }

    #[test]
    fn a_token_is_refreshed_a_minute_before_its_end() {
        let tokens = Tokens::issued(issued(Some(3600), None), None, 1000);
        assert_eq!(tokens.freshness(1000), Freshness::Fresh);
        assert_eq!(tokens.freshness(1000 + 3539), Freshness::Fresh);
        assert_eq!(tokens.freshness(1000 + 3540), Freshness::Due);
        assert_eq!(tokens.freshness(1000 + 3599), Freshness::Due);
        assert_eq!(tokens.freshness(1000 + 3600), Freshness::Expired);
    }

    #[test]
    fn a_short_token_is_not_due_from_birth() {
        let tokens = Tokens::issued(issued(Some(40), None), None, 0);
        assert_eq!(tokens.freshness(29), Freshness::Fresh);
        assert_eq!(tokens.freshness(30), Freshness::Due);
    }

    #[test]
    fn a_token_without_an_end_is_fresh_until_it_is_refused() {
        let tokens = Tokens::issued(issued(None, None), None, 0);
        assert_eq!(tokens.freshness(i64::MAX), Freshness::Fresh);
    }

    #[test]
    fn a_refresh_keeps_what_the_answer_leaves_out() {
        let first = Tokens::issued(issued(Some(10), None), Some("a b"), 0);
        let answer = Issued {
            refresh: None,
            ..issued(Some(10), None)
        };
        let next = first.refreshed(answer, 5);
        assert_eq!(next.refresh, first.refresh);
        assert_eq!(next.scope.as_deref(), Some("a b"));
    }

    #[test]
    fn nothing_of_them_is_shown() {
        let tokens = Tokens::issued(
            Issued {
                access: Secret::new("planted"),
                refresh: Some(Secret::new("planted")),
                ..issued(None, None)
            },
            None,
            0,
        );
        assert!(!format!("{tokens:?}").contains("planted"));
    }

    proptest! {
        #[test]
        fn a_wrong_clock_changes_nothing(wrong in -100_000_i64..100_000, later in 0_i64..8000) {
            let true_now = 1_000_000_000;
            let here = true_now + wrong;
            let right = Tokens::issued(issued(Some(3600), Some(true_now)), None, true_now);
            let off = Tokens::issued(issued(Some(3600), Some(true_now)), None, here);
            prop_assert_eq!(right.freshness(true_now + later), off.freshness(here + later));
        }

        #[test]
        fn no_answer_breaks_the_arithmetic(
            expires_in in any::<Option<u64>>(), date in any::<Option<i64>>(), now in any::<i64>(),
        ) {
            let tokens = Tokens::issued(issued(expires_in, date), None, now);
            let _ = (tokens.freshness(now), tokens.expires_here());
        }
    }
}
