//! Keeps what the configuration gives a server in confidence out of what is shown of it:
//! programs print their keys when they do not work.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config::model::{ServerConfig, Transport};

/// A shorter value cannot be told from an ordinary word.
const SECRET: usize = 8;
/// Tokens of an account that are remembered.
const TOKENS: usize = 8;
/// Parts of the names of variables that hold secrets.
const TELLING: [&str; 8] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASS",
    "CREDENTIAL",
    "AUTH",
    "COOKIE",
    "PRIVATE",
];

/// The secrets of one server.
#[derive(Default)]
pub(crate) struct Censor {
    secrets: ArcSwap<Vec<String>>,
    /// Those of an account, the latest last.
    tokens: ArcSwap<Vec<String>>,
}

impl Censor {
    /// One that knows what [`learn_values`](Self::learn_values) tells of this configuration.
    pub(crate) fn of(config: &ServerConfig) -> Self {
        let censor = Self::default();
        censor.learn_values(config);
        censor
    }

    /// Keeps the values of variables whose names speak of a secret, and of all headers, out of
    /// what is shown; to be told again once references have their values.
    pub(crate) fn learn_values(&self, config: &ServerConfig) {
        let secrets: Vec<String> = match &config.transport {
            Transport::Local { env, .. } => {
                let telling = env.iter().filter(|(name, _)| is_telling(name));
                telling.map(|(_, value)| value.clone()).collect()
            }
            // `Bearer abc` is as secret as `abc` alone.
            Transport::Remote { headers, .. } => headers
                .iter()
                .flat_map(|(_, value)| [Some(value.as_str()), value.split(' ').next_back()])
                .flatten()
                .map(str::to_owned)
                .collect(),
        };
        self.learn(secrets);
    }

    /// Keeps these out of what is shown from now on, too.
    pub(crate) fn learn(&self, more: impl IntoIterator<Item = String>) {
        let mut secrets = Vec::clone(&self.secrets.load());
        secrets.extend(more.into_iter().filter(|secret| secret.len() >= SECRET));
        // The longer one first: it may hold the shorter one.
        secrets.sort_by(|one, other| (other.len(), other).cmp(&(one.len(), one)));
        secrets.dedup();
        self.secrets.store(Arc::new(secrets));
    }

    /// Keeps a token that is about to be used out of what is shown, and those used before it:
    /// they are replaced again and again, so only the latest are remembered.
    pub(crate) fn learn_token(&self, token: &str) {
        if self.tokens.load().iter().any(|known| known == token) {
            return;
        }
        let mut tokens = Vec::clone(&self.tokens.load());
        if tokens.len() >= TOKENS {
            tokens.remove(0);
        }
        tokens.push(token.to_owned());
        self.tokens.store(Arc::new(tokens));
    }

    /// A text without them.
    pub(crate) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = Cow::Borrowed(text);
        let (secrets, tokens) = (self.secrets.load(), self.tokens.load());
        for secret in secrets.iter().chain(tokens.iter()) {
            if clean.contains(secret.as_str()) {
                clean = Cow::Owned(clean.replace(secret.as_str(), "…"));
            }
        }
        clean
    }
}

impl std::fmt::Debug for Censor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Censor").finish_non_exhaustive()
    }
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    TELLING.iter().any(|telling| name.contains(telling))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn censor(secrets: &[&str]) -> Censor {
        let censor = Censor::default();
        censor.learn(secrets.iter().map(|secret| (*secret).to_owned()));
        censor
    }

    #[test]
    fn what_is_learned_with_every_start_is_remembered_once() {
        let censor = censor(&["one-secret", "two-secret"]);
        censor.learn(["one-secret", "two-secret"].map(str::to_owned));
        assert_eq!(censor.secrets.load().len(), 2);
    }

    #[test]
    fn every_secret_goes_wherever_it_stands() {
        let censor = censor(&["Bearer sk-12345678", "sk-12345678"]);
        assert_eq!(
            censor.clean("sent Bearer sk-12345678, refused: sk-12345678"),
            "sent …, refused: …"
        );
        assert_eq!(censor.clean("nothing of it"), "nothing of it");
    }

    #[test]
    fn the_latest_tokens_are_kept_out_and_the_old_ones_forgotten() {
        let censor = Censor::default();
        let token = |number: usize| format!("token-number-{number:04}");
        for number in 0..=TOKENS {
            censor.learn_token(&token(number));
            censor.learn_token(&token(number));
        }
        let shown = |number| censor.clean(&token(number)).into_owned();
        assert_eq!((shown(TOKENS), shown(1)), ("…".to_owned(), "…".to_owned()));
        assert_eq!(shown(0), token(0));
    }

    #[test]
    fn names_tell_secrets_from_settings() {
        for name in [
            "GITHUB_TOKEN",
            "apiKey",
            "DB_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(is_telling(name), "{name}");
        }
        for name in ["MEMORY_FILE_PATH", "HOME", "LANG", "PORT"] {
            assert!(!is_telling(name), "{name}");
        }
    }
}
