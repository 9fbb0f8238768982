//! Every difference between the two eras of the Model Context Protocol, as functions of bytes:
//! *legacy*, the versions with an `initialize` handshake, and *modern*, where every request
//! describes itself (MCP 2026-07-28, "Versioning").
//!
//! Nothing here does IO, knows the time or keeps anything; nothing models params or results.
//! A translation is a list of places in the text that arrived and what stands there afterwards.

mod list;
mod look;
mod state;
mod tags;
mod verdict;

pub use list::List;
pub use state::{BadState, Binding, Lifetimes, Sealed, StateKey};
pub use tags::{Tag, tags};
pub use verdict::{Over, Reply, Verdict, judge, judge_initialize};
