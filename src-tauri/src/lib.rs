//! The desktop shell: a tray icon and a window around the gateway core.
//!
//! It unpacks what the system says, calls the core, and packs what the core answers. It decides
//! nothing about MCP, and without the feature `desktop` it is empty.

#![cfg(feature = "desktop")]

mod api;
mod args;
mod autostart;
mod begin;
mod browser;
mod bus;
mod core;
mod deep_link;
mod desktop;
mod display;
mod folders;
mod notices;
mod panics;
mod said;
mod settings;
mod shell;
mod sidecar;
mod signals;
mod stream;
mod tray;
mod window;

pub use shell::run;
