//! What the integration tests share: the gateway as a process with everything
//! around it, raw MCP clients that show every byte, a scriptable fake server,
//! and waiting for conditions. It fails a test that leaks a process.

pub mod admin;
pub mod aliyun;
mod answer;
pub mod browser;
pub mod client;
pub mod conformance;
pub mod conformance_client;
pub mod fake;
mod gateway;
mod header_text;
mod http_fake;
mod journal;
mod oauth_app;
pub mod process;
pub mod programs;
mod setup;
pub mod wait;

pub use admin::Admin;
pub use aliyun::Aliyun;
pub use answer::{Answer, Stream};
pub use browser::Browser;
pub use client::{McpHttp, McpModern};
pub use gateway::Gateway;
pub use http_fake::HttpFake;
pub use journal::{Entry, Journal};
pub use oauth_app::{OAuthApp, challenge};
pub use setup::{Ended, Setup, run};
