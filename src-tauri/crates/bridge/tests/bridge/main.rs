//! The bridge between in-memory pipes and a small HTTP server that plays the
//! gateway, as each test needs it.

mod calls;
mod client;
mod modern;
mod sessions;
mod stub;
