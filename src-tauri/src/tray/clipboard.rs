//! The clipboard. On X11 and Wayland its content lives in the program that put it there, so it is
//! held as long as the app runs.

use std::sync::{Mutex, PoisonError};

/// Opened when something is first put on it.
#[derive(Default)]
pub(super) struct Clipboard(Mutex<Option<arboard::Clipboard>>);

// === impl Clipboard ===

impl Clipboard {
    /// Puts a text on it.
    ///
    /// # Errors
    /// The desktop has none, or lets nobody without a focused window write to it.
    pub(super) fn put(&self, text: String) -> Result<(), arboard::Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clipboard = match open.take() {
            Some(clipboard) => clipboard,
            None => arboard::Clipboard::new()?,
        };
        open.insert(clipboard).set_text(text)
    }

    /// Lets go of it, so that a clipboard manager can take over what is on it.
    pub(super) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
