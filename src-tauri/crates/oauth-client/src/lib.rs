//! Signing in to authorization servers, and tokens that stay fresh.
//!
//! Owns the client's side of OAuth: finding the server, registering, the
//! browser's way there and back, and every account's tokens, which are kept in
//! the vault and refreshed before they end. It never opens a browser, serves no
//! route, and knows nothing of MCP beyond where its endpoints publish metadata.
//! Nothing secret gets into an error, a log line or a `Debug`.

mod fault;
mod problem;

mod clock;
mod identity;
mod params;
mod provider;

mod challenge;
mod client;
mod discovery;
mod metadata;

mod pending;
mod tokens;

mod exchange;
mod grant;
mod http;
mod resolve;

mod account;
mod accounts;
mod keeping;
mod login;
mod refresh;

pub use account::AccountState;
pub use accounts::{Accounts, HttpOptions, Revocation};
pub use clock::Clock;
pub use fault::{Cause, Fault, LoginFault, Why};
pub use identity::Identity;
pub use login::{Finished, Login};
pub use params::Params;
pub use problem::Problem;
pub use provider::{AccountId, Discovered, Fixed, Provider};
