//! Parameters as browsers and OAuth clients send them, none of them twice.

use std::collections::HashMap;

/// The parameters of a query or a form.
pub(super) struct Form(HashMap<String, String>);

// === impl Form ===

impl Form {
    /// `None` where a parameter comes twice (RFC 6749, 3.1).
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if fields
                .insert(name.into_owned(), value.into_owned())
                .is_some()
            {
                return None;
            }
        }
        Some(Self(fields))
    }

    /// A parameter; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}
