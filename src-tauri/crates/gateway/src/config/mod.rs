//! Configuration: one schema that reads both predecessors' files as they are.
//!
//! A load goes `locate` → `reader` and `fields` (JSON with positions) → `file` and `servers` (keys → `draft`)
//! → `check` (contradictions) → `resolve` (layers → [`model`]). Every problem is collected on
//! the way and comes back with its key, line and remedy.

mod aliyun;
mod auth;
mod check;
pub(crate) mod disk;
mod draft;
pub(crate) mod edit;
mod env;
pub mod expand;
mod fields;
mod file;
pub(crate) mod form;
mod load;
mod locate;
pub mod model;
mod network;
mod notices;
pub mod plain;
mod problem;
mod reader;
mod resolve;
mod schema;
mod servers;
mod source;
mod syntax;
#[cfg(test)]
mod tests;
mod values;
pub(crate) mod watch;

pub use env::Overrides;
pub use load::{DEFAULTS, Environment, LoadError, LoadOptions, Loaded, load};
pub use locate::{Located, locate, standard_path};
pub use network::{Network, NotANetwork};
pub use problem::{Problem, Severity, render};
pub(crate) use schema::renew_schema_beside;
pub use schema::{SCHEMA, SCHEMA_FILE, SCHEMA_LINE, put_schema_beside};
pub use source::{PortFrom, Source};
pub(crate) use values::is_loopback_url;

/// Tells one text of a configuration file from another.
pub(crate) fn revision(text: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The call timeout in milliseconds and the pool size of a server that names none.
pub(crate) fn defaults() -> (u64, usize) {
    let (defaults, _) = file::read(DEFAULTS);
    let timeout = defaults.limits.call_timeout.unwrap_or_default();
    let size = defaults.pool.max_connections.map_or(1, |size| size.value);
    (u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX), size)
}

/// Line and column of the port in a file; 0 where it says none.
pub(crate) fn place_of_port(text: &str) -> (usize, usize) {
    let (place, _) = reader::read(text, |mut root| {
        let inner = root.get("gateway").and_then(|node| node.fields());
        let port = inner.and_then(|mut fields| fields.get("port"));
        port.or_else(|| root.get("port")).map(|node| node.place())
    });
    let place = place.flatten();
    place.map_or((0, 0), |place| (place.line, place.column))
}

/// A sound configuration, for tests of what is done with one.
#[cfg(test)]
pub(crate) fn from_text(
    text: &str,
    options: &LoadOptions,
    environment: &Environment<'_>,
) -> model::Config {
    load::assemble(
        Some(text.as_bytes()),
        Some("config.json".into()),
        options,
        environment,
    )
    .expect("a sound configuration")
    .config
}

/// Whether a file says which port is to be listened on.
pub(crate) fn names_port(text: &str) -> bool {
    file::read(text).0.listen.port.is_some()
}
