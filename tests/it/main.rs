//! The gateway over its real edges: HTTP and stdio in front, real and fake MCP
//! servers behind. Each test is a story: build, act, one expectation.
//!
//! `cargo test --no-default-features --test it`. The official SDKs and servers
//! must be installed; a test that needs them says how where they are missing.

mod accounting;
mod admin;
mod aggregation;
mod bad_input;
mod bare;
mod bridge;
mod calls;
mod config;
mod deploy;
mod doctor;
mod edits;
mod eras;
mod failing;
mod greeting;
mod health;
mod instance;
mod listen;
mod logs;
mod lossless;
mod modern;
mod naming;
mod news;
mod oauth;
mod peers;
mod pool;
mod processes;
mod questions;
mod remote;
mod replay;
mod restart;
mod rmcp;
mod service;
mod streams;
mod support;
mod surface;
