//! Named secrets: what `${secret:NAME}` in the configuration means.

/// The kind of their documents.
pub(crate) const KIND: &str = "secret";

const LONGEST: usize = 128;

/// A named secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What `${secret:NAME}` calls it.
    pub name: String,
    /// When its value was last set, in seconds since 1970.
    pub changed: u64,
}

/// Whether a secret can have this name: up to 128 letters, digits, `_`, `-` and `.` of ASCII, so
/// that it reads the same in a file, an address and a command.
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["GITHUB_TOKEN", "a", "aliyun.key-2"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "two words", "a}b", "名", "a/b", "a\n", &"x".repeat(129)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
