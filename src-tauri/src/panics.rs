//! Panics of libraries that have no other way to say that the system lacks something.
//!
//! Two are known: the window library where the display cannot be opened, and the tray library
//! where the indicator library is not installed. Both are told to the user in words, so the
//! panic's own report is kept off the terminal.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `attempt`; a panic in it, on this thread, becomes an error with the panic's text.
pub(crate) fn caught<T>(attempt: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                report(panic);
            }
        }));
    });
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(attempt));
    QUIET.set(false);
    outcome.map_err(|panic| text(&*panic))
}

fn text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no reason given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text_and_an_answer_stays_one() {
        assert_eq!(caught(|| 1), Ok(1));
        let lacking = "libindicator.so.1";
        assert_eq!(
            caught(|| panic!("no {lacking}")),
            Err::<(), _>("no libindicator.so.1".to_owned())
        );
        assert_eq!(caught(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
    }
}
