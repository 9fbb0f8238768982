//! Which language this command line speaks.

use std::cell::Cell;

use gateway::words::{Language, Words};

thread_local! {
    // Clap asks for its texts without a context, so the choice has to stand somewhere. Help is
    // built on the thread that chose.
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// Chooses the language of [`t`] on this thread.
pub(crate) fn speak(language: Language) {
    SPOKEN.set(language);
}

/// One of two fixed texts, by the language chosen.
pub(crate) fn t(en: &'static str, zh: &'static str) -> &'static str {
    match SPOKEN.get() {
        Language::English => en,
        Language::Chinese => zh,
    }
}

/// A text in the language chosen.
pub(crate) fn said(words: &Words) -> &str {
    words.text(SPOKEN.get())
}

/// An error with its text in the language chosen.
pub(crate) fn failure(words: &Words) -> anyhow::Error {
    anyhow::Error::msg(said(words).to_owned())
}
