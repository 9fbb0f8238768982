//! Requests for authorization that wait for a person, in memory.
//!
//! Each belongs to the browser that brought it: whoever wants to see it or speak for it
//! must show both its id, which is unguessable, and the cookie that this browser got. So
//! neither a link that is passed on nor a stolen cookie alone is of use; on plain HTTP a
//! cookie is sent to every port of the machine, also to another user's.
//!
//! Anybody can bring requests, so there is only so much room, and a newcomer always gets in:
//! in a full table one makes way at which nobody looks, of the client that has the most. So
//! who floods it pushes out their own, not the person who watches a page.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::authorize::Request;
use crate::digest::{self, Digest};
use crate::listing::Approval;

/// Seconds that a request waits.
pub(crate) const LIFE: u64 = 600;
/// Most requests that wait at the same time.
const MOST: usize = 200;
/// Most of them that wait for the owner's word.
const MOST_APPROVALS: usize = 20;
/// Seconds that a look at its page keeps a request from making way; pages look again by
/// themselves much sooner.
const LOOK: u64 = 30;
/// The same for a person who was sent to sign in elsewhere.
const SIGN_IN: u64 = 300;
/// Seconds in which a browser is on its way to the page for the first time.
const ARRIVAL: u64 = 5;
/// What short codes are made of: no vowels, so no words; nothing that looks like
/// something else.
const LETTERS: &[u8; 24] = b"BCDFGHJKLMNPQRSTVWXZ4679";

/// A request that waits.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The browser that brought it.
    pub(crate) visit: Digest,
    pub(crate) request: Request,
    pub(crate) stage: Stage,
    /// Set where the owner of the machine is asked.
    pub(crate) approval: Option<Asked>,
    ticket: Option<(Digest, Person)>,
    /// Somebody is taken to be at it until then; 0 where nobody has looked at it yet.
    watched_until: u64,
    pub(crate) expires_at: u64,
}

/// How far a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nobody has spoken yet.
    Open,
    /// The person in the browser is known and has to consent.
    Known(Person),
    /// The owner of the machine allowed it.
    Approved,
    /// The owner of the machine did not.
    Denied,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) name: String,
}

/// The question to the owner of the machine.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    id: String,
    pub(crate) code: String,
}

/// Every request that waits.
#[derive(Debug, Default)]
pub(crate) struct Pending(HashMap<String, Ask>);

// === impl Pending ===

impl Pending {
    /// Keeps a request and gives the id by which it is known. Where too many wait, others
    /// make way.
    pub(crate) fn add(
        &mut self,
        visit: Digest,
        request: Request,
        stage: Stage,
        ask_owner: bool,
        now: u64,
    ) -> String {
        self.0.retain(|_, ask| ask.expires_at > now);
        if ask_owner {
            self.make_room(MOST_APPROVALS, |ask| ask.approval.is_some(), now);
        }
        self.make_room(MOST, |_| true, now);
        let approval = ask_owner.then(|| Asked {
            id: digest::name(),
            code: self.new_code(),
        });
        let id = digest::fresh("");
        let ask = Ask {
            visit,
            request,
            stage,
            approval,
            ticket: None,
            watched_until: 0,
            expires_at: now + LIFE,
        };
        self.0.insert(id.clone(), ask);
        id
    }

    /// Sees to it that one more of a kind fits.
    fn make_room(&mut self, most: usize, of_kind: impl Fn(&Ask) -> bool, now: u64) {
        let mut kind: Vec<(&String, &Ask)> =
            self.0.iter().filter(|(_, ask)| of_kind(ask)).collect();
        let surplus = (kind.len() + 1).saturating_sub(most);
        if surplus == 0 {
            return;
        }
        let mut of_client: HashMap<&str, usize> = HashMap::new();
        for (_, ask) in &kind {
            *of_client.entry(&ask.request.client.id).or_default() += 1;
        }
        kind.sort_by_key(|(_, ask)| {
            let count = of_client.get(ask.request.client.id.as_str());
            let is_watched = ask.stage != Stage::Open || ask.watched_until > now;
            let is_coming = ask.watched_until == 0 && ask.expires_at > now + LIFE - ARRIVAL;
            (is_watched, is_coming, Reverse(count), ask.expires_at)
        });
        let leaving: Vec<String> = kind[..surplus]
            .iter()
            .map(|(id, _)| (*id).clone())
            .collect();
        tracing::warn!("too many clients ask for access at once: some requests make way");
        for id in leaving {
            self.0.remove(&id);
        }
    }

    /// A request, for the browser that brought it.
    pub(crate) fn get(&mut self, id: &str, visit: Option<Digest>, now: u64) -> Option<&mut Ask> {
        let ask = self.0.get_mut(id)?;
        if Some(ask.visit) != visit || ask.expires_at <= now {
            return None;
        }
        ask.watched_until = ask.watched_until.max(now + LOOK);
        Some(ask)
    }

    /// The gateway's address under which a request came, if it still waits.
    pub(crate) fn base_of(&self, id: &str, now: u64) -> Option<String> {
        let ask = self.0.get(id).filter(|ask| ask.expires_at > now)?;
        Some(ask.request.base.clone())
    }

    /// Asks anew who the person of a request is; `false` if it does not wait any more.
    pub(crate) fn reopen(&mut self, id: &str, ask_owner: bool, now: u64) -> bool {
        let approval = ask_owner.then(|| Asked {
            id: digest::name(),
            code: self.new_code(),
        });
        let Some(ask) = self.0.get_mut(id).filter(|ask| ask.expires_at > now) else {
            return false;
        };
        ask.stage = Stage::Open;
        ask.approval = approval;
        true
    }

    /// Takes a request that has got its answer.
    pub(crate) fn take(&mut self, id: &str) -> Option<Ask> {
        self.0.remove(id)
    }

    /// Says who signed in for a request. The gateway was told by some browser; the
    /// ticket proves to the request's own browser that it was that one.
    pub(crate) fn signed_in(
        &mut self,
        id: &str,
        person: Person,
        now: u64,
    ) -> Option<(String, String)> {
        let ask = self.0.get_mut(id).filter(|ask| ask.expires_at > now)?;
        let ticket = digest::fresh("");
        ask.ticket = Some((Digest::of(&ticket), person));
        Some((ask.request.base.clone(), ticket))
    }

    /// The questions to the owner, the oldest first.
    pub(crate) fn approvals(&self, now: u64) -> Vec<Approval> {
        let open = |ask: &&Ask| ask.stage == Stage::Open && ask.expires_at > now;
        let mut approvals: Vec<Approval> = self
            .0
            .values()
            .filter(open)
            .filter_map(|ask| {
                let asked = ask.approval.as_ref()?;
                Some(Approval {
                    id: asked.id.clone(),
                    code: asked.code.clone(),
                    client_name: ask.request.client.name.clone(),
                    client_id: ask.request.client.id.clone(),
                    redirect_host: ask.request.redirect.place(),
                    resource: ask.request.resource(),
                    expires_at: ask.expires_at,
                })
            })
            .collect();
        approvals.sort_by(|a, b| (a.expires_at, &a.id).cmp(&(b.expires_at, &b.id)));
        approvals
    }

    /// The owner's answer; `false` if the question is not open any more.
    pub(crate) fn answer(&mut self, approval: &str, allowed: bool, now: u64) -> bool {
        let asked = self.0.values_mut().find(|ask| {
            ask.stage == Stage::Open
                && ask.expires_at > now
                && ask
                    .approval
                    .as_ref()
                    .is_some_and(|asked| asked.id == approval)
        });
        let Some(ask) = asked else { return false };
        ask.stage = if allowed {
            Stage::Approved
        } else {
            Stage::Denied
        };
        true
    }

    /// Forgets who the person is in requests of a user that is thrown out.
    pub(crate) fn forget_user(&mut self, user: &str) {
        for ask in self.0.values_mut() {
            if matches!(&ask.stage, Stage::Known(person) if person.user == user) {
                ask.stage = Stage::Open;
            }
            if matches!(&ask.ticket, Some((_, person)) if person.user == user) {
                ask.ticket = None;
            }
        }
    }

    fn new_code(&self) -> String {
        loop {
            let code = short_code();
            let taken = |ask: &Ask| {
                ask.approval
                    .as_ref()
                    .is_some_and(|asked| asked.code == code)
            };
            if !self.0.values().any(taken) {
                return code;
            }
        }
    }
}

// === impl Ask ===

impl Ask {
    /// The person goes to sign in elsewhere, and will be back.
    pub(crate) fn goes_to_sign_in(&mut self, now: u64) {
        self.watched_until = now + SIGN_IN;
    }

    /// Accepts a ticket: the person is known from here on.
    pub(crate) fn redeem(&mut self, ticket: &str) -> Option<Person> {
        let (digest, person) = self.ticket.take()?;
        if digest != Digest::of(ticket) || self.stage != Stage::Open {
            return None;
        }
        self.stage = Stage::Known(person.clone());
        Some(person)
    }
}

/// Three and three letters, to be compared by eye.
fn short_code() -> String {
    let mut code = String::with_capacity(7);
    for (at, byte) in digest::random::<6>().into_iter().enumerate() {
        if at == 3 {
            code.push('-');
        }
        // 24 letters do not divide 256, so some are a little likelier; the code is
        // compared, not guessed.
        code.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(pending: &mut Pending, ask_owner: bool, now: u64) -> String {
        let request = Request::example();
        pending.add(Digest::of("mine"), request, Stage::Open, ask_owner, now)
    }

    #[test]
    fn a_request_shows_itself_to_its_own_browser_until_it_expires() {
        let mut pending = Pending::default();
        let id = add(&mut pending, true, 0);
        assert!(
            pending
                .get(&id, Some(Digest::of("mine")), LIFE - 1)
                .is_some()
        );
        assert!(pending.get(&id, Some(Digest::of("other")), 1).is_none());
        assert!(pending.get(&id, None, 1).is_none());
        assert!(pending.get("guess", Some(Digest::of("mine")), 1).is_none());
        assert!(pending.get(&id, Some(Digest::of("mine")), LIFE).is_none());
    }

    #[test]
    fn the_owner_answers_once() {
        let mut pending = Pending::default();
        add(&mut pending, true, 0);
        let asked = pending.approvals(1);
        assert_eq!(asked.len(), 1);
        assert!(!pending.answer("another", true, 1));
        assert!(pending.answer(&asked[0].id, true, 1));
        assert!(!pending.answer(&asked[0].id, false, 1));
        assert!(pending.approvals(1).is_empty());
    }

    #[test]
    fn a_flood_is_bounded_and_pushes_out_its_own() {
        let mut pending = Pending::default();
        let mine = add(&mut pending, true, 0);
        let look = |pending: &mut Pending, now| {
            pending.get(&mine, Some(Digest::of("mine")), now).is_some()
        };
        for now in 1..LIFE {
            assert!(look(&mut pending, now), "after {now} s");
            let mut request = Request::example();
            request.client.id = format!("flood-{now}");
            for ask_owner in [true, false] {
                let visit = Digest::of("other");
                pending.add(visit, request.clone(), Stage::Open, ask_owner, now);
            }
        }
        assert!(pending.approvals(LIFE - 1).len() <= MOST_APPROVALS);
        assert_eq!(pending.0.len(), MOST);
    }

    #[test]
    fn the_client_that_asks_most_makes_way_first() {
        let mut pending = Pending::default();
        let first = add(&mut pending, true, 0);
        for _ in 1..=MOST_APPROVALS {
            let mut request = Request::example();
            request.client.id = "flood".to_owned();
            pending.add(Digest::of("other"), request, Stage::Open, true, 1);
        }
        // Nobody has looked at either for a while.
        add(&mut pending, true, 3 * LOOK);
        let seen = pending.get(&first, Some(Digest::of("mine")), 3 * LOOK);
        assert!(seen.is_some());
    }

    #[test]
    fn a_sign_in_counts_in_the_browser_it_was_begun_in_and_once() {
        let mut pending = Pending::default();
        let id = add(&mut pending, false, 0);
        let person = Person {
            user: "aliyun:intl:1".to_owned(),
            name: "Ann".to_owned(),
        };
        let (_, ticket) = pending.signed_in(&id, person.clone(), 1).expect("waits");
        let ask = pending
            .get(&id, Some(Digest::of("mine")), 1)
            .expect("waits");
        assert_eq!(ask.redeem(&ticket), Some(person.clone()));
        assert_eq!(ask.stage, Stage::Known(person));
        assert_eq!(ask.redeem(&ticket), None);
    }

    #[test]
    fn codes_can_be_read_out() {
        let code = short_code();
        assert_eq!(code.len(), 7);
        assert!(code.bytes().all(|b| b == b'-' || LETTERS.contains(&b)));
    }
}
