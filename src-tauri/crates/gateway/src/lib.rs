//! The gateway core.

pub mod config;
pub mod words;
