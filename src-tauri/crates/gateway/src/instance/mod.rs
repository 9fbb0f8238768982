//! One gateway per data folder, and who has the port that it wants.
//!
//! Owns the lock on the data folder (`lock`), what its holder says about itself (`occupant`,
//! `kind`), how another gateway is asked to make room (`hand_over`), and the name of whoever
//! listens on a port (`port`). It never ends another process: a gateway that is in the way is
//! asked over its own admin API, and leaves as it would at a signal.

mod hand_over;
mod kind;
mod lock;
mod occupant;
mod port;

pub use hand_over::{HandOverError, hand_over};
pub use kind::Kind;
pub use lock::{ClaimError, Instance, running};
pub use occupant::Occupant;
pub(crate) use port::holder_after;
pub use port::{PortHolder, Process, holder_of};
