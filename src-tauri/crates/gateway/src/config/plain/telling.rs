//! Which names and values speak of a secret.

/// Words of names that hold secrets.
const TELLING: [&str; 17] = [
    "ACCESSKEY",
    "APIKEY",
    "AUTHKEY",
    "AUTHTOKEN",
    "BEARER",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PAT",
    "PWD",
    "SECRET",
    "SECRETKEY",
    "TOKEN",
];

/// Words at the end of names that are about a secret and are none, such as `TOKEN_URL`.
const ABOUT: [&str; 24] = [
    "ALGORITHM",
    "COUNT",
    "DIR",
    "ENABLED",
    "ENDPOINT",
    "EXPIRES",
    "EXPIRY",
    "FIELD",
    "FILE",
    "FORMAT",
    "HEADER",
    "HOST",
    "ID",
    "LENGTH",
    "LIMIT",
    "NAME",
    "PATH",
    "REQUIRED",
    "SIZE",
    "TIMEOUT",
    "TTL",
    "TYPE",
    "URI",
    "URL",
];

/// What tokens of well-known issuers begin with.
const PREFIXES: [&str; 14] = [
    "AIza",
    "github_pat_",
    "glpat-",
    "gho_",
    "ghp_",
    "ghs_",
    "hf_",
    "npm_",
    "sk-",
    "sk_live_",
    "tvly-",
    "xapp-",
    "xoxb-",
    "xoxp-",
];

/// Values that are settings wherever they stand.
const SETTINGS: [&str; 10] = [
    "auto", "basic", "bearer", "default", "disabled", "enabled", "false", "none", "null", "true",
];

/// A shorter value is hardly a secret.
const SHORTEST: usize = 4;

/// Whether a variable, an option or a part of a query with this name holds a secret.
pub(super) fn is_name(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else {
        return false;
    };
    words.iter().any(|word| TELLING.contains(&word.as_str()))
        && !ABOUT.contains(&last.as_str())
        && !words.iter().any(|word| word == "PUBLIC")
}

/// Whether a header with this name holds a secret.
pub(super) fn is_header(name: &str) -> bool {
    let plain = name.trim().to_ascii_lowercase();
    ["authorization", "cookie", "proxy-authorization", "x-auth"].contains(&plain.as_str())
        || is_name(name)
}

/// Whether a value with such a name is one: no switch, and no path to where the secret lies.
pub(super) fn is_value(value: &str) -> bool {
    let value = value.trim();
    let is_path = ["/", "./", "../", "~", "file:"]
        .iter()
        .any(|start| value.starts_with(start))
        || value
            .get(1..3)
            .is_some_and(|part| part == ":\\" || part == ":/");
    value.chars().count() >= SHORTEST
        && !is_path
        && !value.contains("://")
        && !SETTINGS.contains(&value.to_ascii_lowercase().as_str())
}

/// Whether a value is a token whatever its name is.
pub(super) fn is_token(value: &str) -> bool {
    PREFIXES.iter().any(|prefix| {
        value.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= 16
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
                && rest.bytes().any(|byte| byte.is_ascii_digit())
        })
    })
}

/// Whether this is what stands before a credential in `Authorization`.
pub(super) fn is_scheme(word: &str) -> bool {
    ["apikey", "basic", "bearer", "key", "token"].contains(&word.to_ascii_lowercase().as_str())
}

/// Whether a text can be the name of a variable, an option or a header.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// `apiKey`, `API_KEY` and `api-key` are all `API`, `KEY`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower) {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if let Some(word) = words.last_mut()
            && c.is_alphanumeric()
        {
            word.extend(c.to_uppercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_about_them() {
        for name in [
            "GITHUB_PERSONAL_ACCESS_TOKEN",
            "apiKey",
            "api-key",
            "MINIMAX_API_KEY",
            "DB_PASSWORD",
            "clientSecret",
            "X-Api-Key",
            "OPENAI_APIKEY",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "HOME",
            "TOKEN_URL",
            "MAX_TOKENS",
            "KEYBOARD",
            "GOOGLE_APPLICATION_CREDENTIALS_FILE",
            "PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
            "SSH_PUBLIC_KEY",
            "MONKEY",
            "",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn paths_and_switches_are_no_secrets() {
        for value in ["hunter2", "sk-abc", "0123456789", "Ünïcode"] {
            assert!(is_value(value), "{value}");
        }
        for value in [
            "",
            "abc",
            "true",
            "/run/secrets/key",
            "C:\\key",
            "https://a.b/token",
            "~/k",
        ] {
            assert!(!is_value(value), "{value}");
        }
    }

    #[test]
    fn tokens_of_well_known_issuers_are_known_by_themselves() {
        assert!(is_token("ghp_0123456789abcdefghijABCDEFGHIJ012345"));
        assert!(is_token("sk-proj-0123456789abcdef"));
        for value in [
            "ghp_short",
            "sk-this-is-a-long-name-of-a-thing",
            "hello world",
        ] {
            assert!(!is_token(value), "{value}");
        }
    }
}
