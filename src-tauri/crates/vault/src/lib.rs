//! Secrets at rest: the data key, and a store that is sealed with it.
//!
//! Owns where the key comes from, how a value is sealed, and the one SQLite file that holds the
//! sealed values. Knows nothing of what the values are: OAuth tokens, named secrets, approvals.

mod fault;
mod secret;

mod change;
mod seal;

mod database;
mod record;

mod key;
mod options;
mod state;

mod names;
mod vault;

pub use change::Change;
pub use fault::{Fault, Source};
pub use names::{Entry, is_name};
pub use options::Options;
pub use secret::{Secret, exposed};
pub use state::{KeyState, Notice};
pub use vault::Vault;

#[cfg(test)]
mod tests;
