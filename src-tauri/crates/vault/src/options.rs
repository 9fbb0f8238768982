//! Where the store lies, and which keys its owner has given.

use std::path::PathBuf;

use crate::secret::Secret;

/// Where the store lies, and which keys its owner has given.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; the store is `store.db` in it.
    pub folder: PathBuf,
    /// Derive the key from this.
    pub passphrase: Option<Secret>,
    /// The key itself: 32 bytes as base64. Comes before the passphrase.
    pub key: Option<Secret>,
    /// Whether the system's keychain may be asked.
    pub keychain: bool,
}

// === impl Options ===

impl Options {
    /// Reads `MCP_GATEWAY_KEY`, `MCP_GATEWAY_PASSPHRASE` and `MCP_GATEWAY_KEYCHAIN`; an empty
    /// variable counts as one that is not set.
    pub fn from_env(folder: impl Into<PathBuf>, env: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name| env(name).filter(|value| !value.is_empty());
        Self {
            folder: folder.into(),
            passphrase: given("MCP_GATEWAY_PASSPHRASE").map(Secret::new),
            key: given("MCP_GATEWAY_KEY").map(Secret::new),
            keychain: !given("MCP_GATEWAY_KEYCHAIN").is_some_and(|value| {
                ["off", "false", "no", "0"].contains(&value.to_ascii_lowercase().as_str())
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_and_empty_ones_are_not_there() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            }
        };
        let options = Options::from_env("/data", env(&[("MCP_GATEWAY_KEY", "")]));
        assert!(options.keychain && options.key.is_none() && options.passphrase.is_none());

        let options = Options::from_env(
            "/data",
            env(&[
                ("MCP_GATEWAY_KEYCHAIN", "OFF"),
                ("MCP_GATEWAY_PASSPHRASE", "open sesame"),
            ]),
        );
        assert!(!options.keychain);
        assert_eq!(options.passphrase, Some(Secret::new("open sesame")));
        assert!(!format!("{options:?}").contains("sesame"));
    }
}
