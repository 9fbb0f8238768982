//! Which era a message of the client belongs to. On a pipe nothing but the
//! message can say so.

use std::sync::atomic::Ordering;

use wire::{Envelope, Era, MODERN};

use crate::relay::Relay;

impl Relay {
    /// What does not say so itself goes the way of what the client has said so
    /// far: with its session, where it has ever opened one.
    pub(crate) fn era_of(&self, message: &[u8], envelope: &Envelope) -> Era {
        let modern_alone = self.modern.spoken.load(Ordering::Relaxed) && !self.sessions.is_known();
        wire::era_of(message, envelope, modern_alone.then_some(MODERN))
    }
}
