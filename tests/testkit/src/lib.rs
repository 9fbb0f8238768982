//! What the integration tests share: the gateway as a process with everything
//! around it, raw MCP clients that show every byte, a scriptable fake server,
//! and waiting for conditions. It fails a test that leaks a process.

pub mod client;
pub mod fake;
mod gateway;
mod http_fake;
mod journal;
pub mod process;
pub mod programs;
pub mod wait;

pub use client::{Answer, McpHttp, Stream};
pub use gateway::{Ended, Gateway, Setup, run};
pub use http_fake::HttpFake;
pub use journal::{Entry, Journal};
