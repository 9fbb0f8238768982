//! Pages of the window by their address. Pure.

use std::fmt;

/// A page, as it stands behind the `#` of the window's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route(String);

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Route ===

impl Route {
    /// Home.
    pub(crate) fn home() -> Self {
        Self("/".to_owned())
    }

    /// The list of servers.
    pub(crate) fn servers() -> Self {
        Self("/servers".to_owned())
    }

    /// The form for another server.
    pub(crate) fn new_server() -> Self {
        Self("/servers/new".to_owned())
    }

    /// A server's page.
    pub(crate) fn server(name: &str) -> Self {
        Self(format!("/servers/{}", encoded(name)))
    }

    /// The accounts, and who asks for access.
    pub(crate) fn accounts() -> Self {
        Self("/accounts".to_owned())
    }

    /// What is wrong, and its repair.
    pub(crate) fn doctor() -> Self {
        Self("/doctor".to_owned())
    }

    /// The settings.
    pub(crate) fn settings() -> Self {
        Self("/settings".to_owned())
    }

    /// One that was written with `Display`.
    pub(crate) fn from_path(path: &str) -> Self {
        Self(path.to_owned())
    }
}

/// As JavaScript's `encodeURIComponent` has it.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_the_page_writes_them() {
        assert_eq!(Route::server("git").to_string(), "/servers/git");
        assert_eq!(
            Route::server("a b/c&服(x)").to_string(),
            "/servers/a%20b%2Fc%26%E6%9C%8D(x)"
        );
    }
}
