//! What an instance leaves behind for the test to read: one JSON line per
//! event, appended in one write so that several instances share a file.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

/// An append-only file, or nothing.
pub(super) struct Journal {
    file: Option<File>,
}

impl Journal {
    pub(super) fn open(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let file = path
            .map(|path| File::options().create(true).append(true).open(path))
            .transpose()?;
        Ok(Self { file })
    }

    /// Appends `{pid, event, raw}`.
    pub(super) fn event(&self, event: &str, raw: &str) {
        self.write(&json!({"pid": std::process::id(), "event": event, "raw": raw}));
    }

    /// Appends a received HTTP message with its headers.
    pub(super) fn received_over_http(&self, method: &str, headers: &serde_json::Value, raw: &str) {
        self.write(&json!({"pid": std::process::id(), "event": "recv", "http": method, "headers": headers, "raw": raw}));
    }

    /// Appends what the headers of a modern request repeat of its body.
    pub(super) fn mirrored(&self, headers: &serde_json::Value, raw: &str) {
        self.write(&json!({"pid": std::process::id(), "event": "mirrored", "headers": headers, "raw": raw}));
    }

    /// Writes the last event and ends the process at once.
    pub(super) fn exit(&self, code: i32, why: &str) -> ! {
        self.event("exit", why);
        std::process::exit(code)
    }

    fn write(&self, entry: &serde_json::Value) {
        let Some(mut file) = self.file.as_ref() else {
            return;
        };
        if let Err(error) = file.write_all(format!("{entry}\n").as_bytes()) {
            eprintln!("fake-mcp-server: cannot write the journal: {error}");
        }
    }
}
