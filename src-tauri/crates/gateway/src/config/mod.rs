//! Configuration: one schema that reads both predecessors' files as they are.
//!
//! A load goes `locate` → `reader` and `fields` (JSON with positions) → `file` and `servers` (keys → `draft`)
//! → `check` (contradictions) → `resolve` (layers → [`model`]). Every problem is collected on
//! the way and comes back with its key, line and remedy.

mod check;
mod draft;
mod env;
mod fields;
mod file;
mod load;
mod locate;
pub mod model;
mod notices;
mod problem;
mod reader;
mod resolve;
mod servers;
mod syntax;
#[cfg(test)]
mod tests;
mod values;

pub use env::Overrides;
pub use load::{DEFAULTS, Environment, LoadError, LoadOptions, Loaded, load};
pub use locate::{Located, locate, standard_path};
pub use problem::{Problem, Severity, render};
