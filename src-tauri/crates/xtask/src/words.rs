//! What this program says, in the language of the locale.

use std::sync::LazyLock;

static CHINESE: LazyLock<bool> = LazyLock::new(|| is_chinese(|name| std::env::var(name).ok()));

/// The text in the reader's language.
pub(crate) fn said<'a>(english: &'a str, chinese: &'a str) -> &'a str {
    if *CHINESE { chinese } else { english }
}

/// The first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides.
fn is_chinese(env: impl Fn(&str) -> Option<String>) -> bool {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| env(name).filter(|value| !value.is_empty()))
        .is_some_and(|locale| locale.to_ascii_lowercase().starts_with("zh"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let with = |pairs: &[(&str, &str)]| {
            is_chinese(|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(with(&[("LANG", "zh_CN.UTF-8")]));
        assert!(with(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]));
        assert!(!with(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]));
        assert!(!with(&[]));
    }
}
