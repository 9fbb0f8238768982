//! The authorization server that clients of the gateway sign in to.
//!
//! OAuth 2.1 as MCP wants it: discovery (RFC 9728, RFC 8414), registration (RFC 7591)
//! and client id documents, authorization code with PKCE, tokens that are bound to an
//! endpoint and rotate, revocation. Owns who asks for access and who has it. Never knows
//! what the gateway does with a caller, nor any token of anybody else.

mod authorize;
mod browser;
mod client;
mod clock;
mod code;
mod denied;
mod description;
mod digest;
mod facade;
mod grant;
mod host;
mod listing;
mod live;
mod metadata;
mod pages;
mod params;
mod pending;
mod redirect;
mod resource;
mod routes;
mod store;
mod words;

pub use clock::Clock;
pub use denied::Denied;
pub use facade::{Caller, Facade};
pub use host::Host;
pub use listing::{Approval, Grant, Issued};
pub use pages::message_page;
pub use words::Words;
