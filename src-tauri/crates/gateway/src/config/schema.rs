//! The JSON Schema of a configuration file, with which editors explain and check it.
//!
//! It is written from types that stand in `described`, which exist for it alone; a test holds
//! it against the reader, so that both know the same keys and refuse the same kinds of values.
//! A copy lies beside the file that names it, because an editor finds it there without a network.

use std::io;
use std::path::Path;

use super::disk;

#[cfg(test)]
mod described;
#[cfg(test)]
mod tests;

/// The schema's text.
pub const SCHEMA: &str = include_str!("../../../../../config/schema.json");

/// What the copy beside a file is called.
pub const SCHEMA_FILE: &str = "mcp-gateway.schema.json";

/// The line that names it, for a file that begins with `{` on a line of its own.
pub const SCHEMA_LINE: &str = "  \"$schema\": \"./mcp-gateway.schema.json\",\n";

/// Puts the schema beside a configuration file, or brings the copy there up to date.
///
/// # Errors
/// Those of the file system.
pub fn put_schema_beside(config: &Path) -> io::Result<()> {
    let path = config.with_file_name(SCHEMA_FILE);
    if disk::read(&path)?.as_deref() == Some(SCHEMA.as_bytes()) {
        return Ok(());
    }
    std::fs::write(path, SCHEMA)
}

/// Brings the copy beside a configuration file up to date where there is one: another version
/// of the gateway may have put it there.
///
/// # Errors
/// Those of the file system.
pub(crate) fn renew_schema_beside(config: &Path) -> io::Result<()> {
    match config.with_file_name(SCHEMA_FILE).exists() {
        true => put_schema_beside(config),
        false => Ok(()),
    }
}
