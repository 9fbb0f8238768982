//! What a person reads, in both languages.
//!
//! Causes, remedies and notices are built where they arise, with their details
//! in place, and travel as a pair until the edge (window, terminal, log) knows
//! which language its reader wants.

use serde::Serialize;

/// One text in English and in Simplified Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Words {
    /// English.
    pub en: String,
    /// 简体中文.
    pub zh: String,
}

/// A language that the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, also for every language that is not spoken here.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Words {
    /// A text in both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            zh: zh.into(),
        }
    }

    /// The text in one language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

impl Language {
    /// The language of a POSIX locale environment: the first of `LC_ALL`,
    /// `LC_MESSAGES` and `LANG` that is set decides.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| env(name).filter(|value| !value.is_empty()))
            .unwrap_or_default();
        if locale.to_ascii_lowercase().starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            }
        };
        assert_eq!(
            Language::from_env(env(&[("LANG", "zh_CN.UTF-8")])),
            Language::Chinese
        );
        assert_eq!(
            Language::from_env(env(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")])),
            Language::English
        );
        assert_eq!(
            Language::from_env(env(&[("LC_ALL", ""), ("LANG", "zh_TW")])),
            Language::Chinese
        );
        assert_eq!(Language::from_env(env(&[])), Language::English);
    }
}
