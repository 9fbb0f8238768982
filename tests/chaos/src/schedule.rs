//! What each client does, call after call. Pure: the seed decides.

use std::time::Duration;

use crate::call::Call;
use crate::client::Kind;
use crate::dice::Dice;
use crate::town::{self, DEEDS, Deed, Manner, STICKY};

/// Longest rest between two calls of a client.
const LONGEST_REST_MS: u64 = 60;

/// The calls of one client in one round. Two rounds differ in nothing but their tokens.
pub(crate) fn calls(seed: u64, round: &str, client: usize, count: usize) -> Vec<Call> {
    let mut dice = Dice::new(seed, client as u64);
    (0..count)
        .map(|number| Call {
            token: format!("{round}.{client}.{number}"),
            deed: for_kind(deed(&mut dice, client), Kind::of(client)),
            ms: 10 + dice.below(120),
            rest: Duration::from_millis(dice.below(LONGEST_REST_MS)),
        })
        .collect()
}

fn deed(dice: &mut Dice, client: usize) -> Deed {
    if town::with_session(client) && dice.below(5) == 0 {
        return STICKY;
    }
    let whole = DEEDS.iter().map(|deed| deed.weight).sum();
    let mut left = dice.below(whole);
    for deed in DEEDS {
        match left.checked_sub(deed.weight) {
            Some(rest) => left = rest,
            None => return *deed,
        }
    }
    DEEDS[0]
}

/// A manner that a client's transport cannot show is left out.
fn for_kind(deed: Deed, kind: Kind) -> Deed {
    let is_possible = match deed.manner {
        Manner::Waits => true,
        Manner::Leaves => matches!(kind, Kind::Streamable | Kind::Rest),
        Manner::Cancels => kind == Kind::Streamable,
    };
    let manner = if is_possible {
        deed.manner
    } else {
        Manner::Waits
    };
    Deed { manner, ..deed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rounds_differ_in_nothing_but_their_tokens() {
        let strip = |calls: Vec<Call>| {
            let call = |call: Call| (call.deed, call.ms, call.rest);
            calls.into_iter().map(call).collect::<Vec<_>>()
        };
        let (first, second) = (calls(7, "a", 3, 50), calls(7, "b", 3, 50));
        assert_ne!(first[0].token, second[0].token);
        assert_eq!(strip(first), strip(second));
        assert_ne!(strip(calls(7, "a", 3, 50)), strip(calls(8, "a", 3, 50)));
    }

    #[test]
    fn fifty_clients_together_do_everything_that_there_is() {
        let all: Vec<Call> = (0..50)
            .flat_map(|client| calls(1, "a", client, 40))
            .collect();
        for deed in DEEDS.iter().chain([&STICKY]) {
            assert!(all.iter().any(|call| call.deed == *deed), "{deed:?}");
        }
    }
}
