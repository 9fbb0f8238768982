//! The gateway core: one endpoint for every MCP client of a machine, in front
//! of one shared pool per MCP server. It never names Tauri.
//!
//! One `tools/call`, five stops: `serve` reads the envelope and `access` says
//! who calls, `dispatch` finds the server on the current catalog, `pool` leases
//! a connection, `upstream` sends the message, and `call` brings the raw answer
//! back under the client's own id.

mod access;
mod admin;
mod board;
mod by_hand;
mod call;
mod call_log;
mod catalog;
mod change;
mod client;
pub mod config;
mod core;
mod counts;
mod differences;
mod dispatch;
pub mod doctor;
mod environment;
mod events;
mod gateway;
mod guests;
pub mod instance;
mod journal;
mod leaving;
mod ledger;
mod lifecycle;
mod listeners;
mod live;
mod log_level;
pub mod logs;
mod mailbox;
mod naming;
mod oauth;
mod offer;
mod parking;
mod pool;
mod private_file;
mod questions;
mod reload;
mod requests;
mod serve;
mod server;
mod status;
mod sync;
mod upstream;
mod uri_template;
mod usage;
mod user;
mod whereabouts;
pub mod words;

pub use access::InProcess;
pub use by_hand::ConfigProblem;
pub use counts::Counts;
pub use gateway::{Gateway, StartError, Surroundings};
pub use journal::{Journal, JournalError};
pub use lifecycle::Failure;
pub use naming::Clash;
pub use pool::PoolCounts;
pub use status::{Overall, ServerStatus, Status};
pub use vault::Options as VaultOptions;
