//! `requestState`, sealed: what a client gets back to bring with its retry (MCP 2026-07-28,
//! "Multi Round-Trip Requests / Server Requirements").
//!
//! The text is `base64url(format ‖ kind ‖ issued ‖ server ‖ binding ‖ payload ‖ MAC)`. Nothing in
//! it is secret; nothing in it can be changed, and it is good for the request that it was given
//! for and no other: same user, same endpoint, same server, method and target. That it is used
//! once is up to whoever keeps what a [`Sealed::Parked`] names.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::binding::{BINDING, Binding};
use crate::tags::Tag;

/// Format of the text; another one is not understood.
const FORMAT: u8 = 1;
/// format, kind, issue time, server.
const HEAD: usize = 1 + 1 + 8 + 4;
const MAC: usize = 16;
/// Bytes of the name of a parked call.
const PARKED: usize = 16;

/// The key of the MAC.
#[derive(Clone)]
pub struct StateKey([u8; 32]);

/// What a state stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealed {
    /// The server's own state: its JSON string as written, quotes and escapes included.
    Forwarded(Bytes),
    /// A call that waits here for its answers.
    Parked([u8; 16]),
    /// The call is to be made once more, when the user has agreed.
    Again,
}

/// For how many seconds a state is good.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of a server's own state.
    pub forwarded: u64,
    /// Of a question that was asked here.
    pub question: u64,
}

/// Why a state is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadState {
    /// It was not given out here, or not like this.
    #[error("the requestState is not one that this gateway gave out")]
    Forged,
    /// It was given to somebody else or for something else.
    #[error(
        "the requestState belongs to another request; retry with the same method, name and arguments"
    )]
    Elsewhere,
    /// Too old.
    #[error("the requestState has expired; make the request again without it")]
    Expired,
}

// === impl StateKey ===

impl std::fmt::Debug for StateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateKey(…)")
    }
}

impl StateKey {
    /// From a key that survives restarts and is used for other things as well.
    pub fn derived_from(key: &[u8; 32]) -> Self {
        Self(
            mac(key, b"mcp request state")
                .finalize()
                .into_bytes()
                .into(),
        )
    }

    /// Writes a state; `now` in seconds. It is letters, digits, `-` and `_`.
    pub fn seal(&self, what: &Sealed, server: Tag, to: &Binding<'_>, now: u64) -> String {
        let mut body = vec![FORMAT, what.kind() as u8];
        body.extend_from_slice(&now.to_be_bytes());
        body.extend_from_slice(&server.bytes());
        body.extend_from_slice(&what.kind().binding(to));
        body.extend_from_slice(what.payload());
        let mac = mac(&self.0, &body).finalize().into_bytes();
        body.extend_from_slice(&mac[..MAC]);
        URL_SAFE_NO_PAD.encode(body)
    }

    /// Reads a state that came with a request to `server`; `now` in seconds.
    ///
    /// # Errors
    /// See [`BadState`]; the MAC is compared in constant time and before anything else.
    pub fn open(
        &self,
        text: &str,
        server: Tag,
        to: &Binding<'_>,
        lifetimes: &Lifetimes,
        now: u64,
    ) -> Result<Sealed, BadState> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadState::Forged)?;
        let (body, sent) = bytes
            .len()
            .checked_sub(MAC)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or(BadState::Forged)?;
        mac(&self.0, body)
            .verify_truncated_left(sent)
            .map_err(|_| BadState::Forged)?;
        let state = Parts::read(body).ok_or(BadState::Forged)?;
        if state.server != server.bytes() || state.binding != state.kind.binding(to) {
            return Err(BadState::Elsewhere);
        }
        let lifetime = match state.kind {
            Kind::Forwarded => lifetimes.forwarded,
            Kind::Parked | Kind::Again => lifetimes.question,
        };
        // A clock that was set back makes nothing good for longer.
        if now.abs_diff(state.issued) > lifetime {
            return Err(BadState::Expired);
        }
        state.what().ok_or(BadState::Forged)
    }
}

// === impl Sealed ===

impl Sealed {
    const fn kind(&self) -> Kind {
        match self {
            Self::Forwarded(_) => Kind::Forwarded,
            Self::Parked(_) => Kind::Parked,
            Self::Again => Kind::Again,
        }
    }

    fn payload(&self) -> &[u8] {
        match self {
            Self::Forwarded(state) => state,
            Self::Parked(id) => id,
            Self::Again => &[],
        }
    }
}

// === the text ===

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Forwarded = 1,
    Parked = 2,
    Again = 3,
}

impl Kind {
    /// Whether a server's own state still fits the arguments is the server's affair; what goes on
    /// here goes on with the same ones.
    fn binding(self, to: &Binding<'_>) -> [u8; BINDING] {
        match self {
            Self::Forwarded => to.without_arguments().digest(),
            Self::Parked | Self::Again => to.digest(),
        }
    }
}

/// What stands before the MAC.
struct Parts<'a> {
    kind: Kind,
    issued: u64,
    server: [u8; 4],
    binding: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let (head, rest) = body.split_at_checked(HEAD)?;
        let (binding, payload) = rest.split_at_checked(BINDING)?;
        let kind = match (head[0], head[1]) {
            (FORMAT, 1) => Kind::Forwarded,
            (FORMAT, 2) => Kind::Parked,
            (FORMAT, 3) => Kind::Again,
            _ => return None,
        };
        Some(Self {
            kind,
            issued: u64::from_be_bytes(head[2..10].try_into().ok()?),
            server: head[10..HEAD].try_into().ok()?,
            binding,
            payload,
        })
    }

    fn what(&self) -> Option<Sealed> {
        match self.kind {
            Kind::Forwarded => Some(Sealed::Forwarded(Bytes::copy_from_slice(self.payload))),
            Kind::Parked => <[u8; PARKED]>::try_from(self.payload)
                .ok()
                .map(Sealed::Parked),
            Kind::Again => self.payload.is_empty().then_some(Sealed::Again),
        }
    }
}

fn mac(key: &[u8; 32], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("BUG: HMAC takes keys of any length");
    mac.update(text);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIFETIMES: Lifetimes = Lifetimes {
        forwarded: 1000,
        question: 10,
    };

    fn key() -> StateKey {
        StateKey::derived_from(&[1; 32])
    }

    fn binding() -> Binding<'static> {
        Binding {
            user: Some("ann"),
            endpoint: "/mcp",
            method: "tools/call",
            target: "echo",
            arguments: Some(br#"{"n":1.0}"#),
        }
    }

    fn every_kind() -> [Sealed; 3] {
        [
            Sealed::Forwarded(Bytes::from_static(br#""x\/y\u0031 \ud83d\ude00""#)),
            Sealed::Parked([7; 16]),
            Sealed::Again,
        ]
    }

    fn open(text: &str, to: &Binding<'_>, now: u64) -> Result<Sealed, BadState> {
        key().open(text, Tag::of("fake"), to, &LIFETIMES, now)
    }

    fn seal(what: &Sealed) -> String {
        key().seal(what, Tag::of("fake"), &binding(), 5000)
    }

    #[test]
    fn a_state_gives_back_what_it_was_made_of() {
        for what in every_kind() {
            let text = seal(&what);
            let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            assert!(text.bytes().all(safe), "{text}");
            assert_eq!(open(&text, &binding(), 5000), Ok(what));
        }
    }

    #[test]
    fn a_state_that_was_changed_anywhere_is_refused() {
        for what in every_kind() {
            let text = seal(&what);
            for at in 0..text.len() {
                let cut = open(&text[..at], &binding(), 5000);
                assert_eq!(cut, Err(BadState::Forged), "cut at {at}");
                for put in [b'A', b'B', b'_', b'=', b'+', b' '] {
                    let mut changed = text.clone().into_bytes();
                    if changed[at] == put {
                        continue;
                    }
                    changed[at] = put;
                    let changed = String::from_utf8(changed).expect("ASCII");
                    let found = open(&changed, &binding(), 5000);
                    assert_eq!(found, Err(BadState::Forged), "byte {at}");
                }
            }
            for changed in [
                format!("{text}-TAMPERED"),
                format!("{text}="),
                format!("{text}AAAA"),
                "not ours".to_owned(),
            ] {
                assert_eq!(open(&changed, &binding(), 5000), Err(BadState::Forged));
            }
            let other = StateKey::derived_from(&[2; 32]);
            let theirs = other.seal(&what, Tag::of("fake"), &binding(), 5000);
            assert_eq!(open(&theirs, &binding(), 5000), Err(BadState::Forged));
        }
        // The key that ours comes from signs nothing for us.
        let plain = StateKey([1; 32]).seal(&Sealed::Again, Tag::of("fake"), &binding(), 5000);
        assert_eq!(open(&plain, &binding(), 5000), Err(BadState::Forged));
    }

    #[test]
    fn a_state_is_good_for_its_own_request_alone() {
        let same = binding();
        let mut others = [same; 5];
        others[0].user = None;
        others[1].user = Some("bob");
        others[2].endpoint = "/fake/mcp";
        others[3].method = "prompts/get";
        others[4].target = "add";
        for what in every_kind() {
            let text = seal(&what);
            for other in &others {
                assert_eq!(
                    open(&text, other, 5000),
                    Err(BadState::Elsewhere),
                    "{other:?}"
                );
            }
            let server = Tag::of("other");
            assert_eq!(
                key().open(&text, server, &same, &LIFETIMES, 5000),
                Err(BadState::Elsewhere)
            );
        }
    }

    #[test]
    fn other_arguments_concern_only_what_goes_on_here() {
        for arguments in [None, Some(&b""[..]), Some(br#"{"n":1}"#)] {
            let other = Binding {
                arguments,
                ..binding()
            };
            let [forwarded, parked, again] = every_kind();
            assert_eq!(open(&seal(&forwarded), &other, 5000), Ok(forwarded));
            for what in [parked, again] {
                assert_eq!(
                    open(&seal(&what), &other, 5000),
                    Err(BadState::Elsewhere),
                    "{what:?}"
                );
            }
        }
    }

    #[test]
    fn each_kind_expires_in_its_own_time_whichever_way_the_clock_goes() {
        for what in every_kind() {
            let is_forwarded = matches!(what, Sealed::Forwarded(_));
            let lifetime = if is_forwarded { 1000 } else { 10 };
            let text = seal(&what);
            for now in [5000 + lifetime, 5000 - lifetime] {
                assert_eq!(open(&text, &binding(), now), Ok(what.clone()));
            }
            for now in [5001 + lifetime, 4999 - lifetime, 0, u64::MAX] {
                assert_eq!(open(&text, &binding(), now), Err(BadState::Expired));
            }
        }
    }

    #[test]
    fn a_state_outlives_an_update_and_its_key_stays_out_of_logs() {
        assert_eq!(
            seal(&Sealed::Again),
            "AQMAAAAAAAATiLXVTDkn9baoMZZnnPAYYIkGRmpH1tGCLRu4dml2AhpwHjaCgQ"
        );
        assert_eq!(format!("{:?}", key()), "StateKey(…)");
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_is_opened_and_no_bit_of_it_can_be_turned(
            state in ".{0,40}",
            arguments in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)),
            user in proptest::option::of(".{0,8}"),
            target in ".{0,8}",
            now in any::<u64>(),
            flip in any::<proptest::sample::Index>(),
        ) {
            let to = Binding { user: user.as_deref(), target: &target, arguments: arguments.as_deref(), ..binding() };
            let what = Sealed::Forwarded(wire::quote(&state).into());
            let text = key().seal(&what, Tag::of("fake"), &to, now);
            prop_assert_eq!(open(&text, &to, now), Ok(what));
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).expect("ours");
            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(open(&changed, &to, now), Err(BadState::Forged));
        }

        #[test]
        fn no_text_makes_it_stumble(text in "[A-Za-z0-9_-]{0,120}|.{0,40}") {
            prop_assert_eq!(open(&text, &binding(), 0), Err(BadState::Forged));
        }
    }
}
