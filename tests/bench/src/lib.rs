//! What the benchmark's programs share. `cargo xtask bench` runs them.
//!
//! Nothing here is product code, and the yardstick (`least-proxy`) must not get
//! faster or slower when the product's own scanner does: hence [`scan`].

pub mod echo;
pub mod era;
pub mod http;
pub mod load;
pub mod scan;
