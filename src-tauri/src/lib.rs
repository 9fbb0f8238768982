//! The desktop shell: a window around the gateway core.
//!
//! It unpacks what the system says, calls the core, and packs what the core answers. It decides
//! nothing about MCP, and without the feature `desktop` it is empty.

#[cfg(feature = "desktop")]
mod api;
#[cfg(feature = "desktop")]
mod begin;
#[cfg(feature = "desktop")]
mod core;
#[cfg(feature = "desktop")]
mod display;
#[cfg(feature = "desktop")]
mod shell;
#[cfg(feature = "desktop")]
mod signals;
#[cfg(feature = "desktop")]
mod window;

#[cfg(feature = "desktop")]
pub use shell::run;
