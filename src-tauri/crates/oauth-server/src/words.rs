//! What a person reads, in both languages.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// One text in English and in Simplified Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: String,
    /// 简体中文.
    pub zh: String,
}

/// A language that the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

// === impl Words ===

impl Words {
    /// A text in both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            zh: zh.into(),
        }
    }

    pub(crate) fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

// === impl Language ===

impl Language {
    /// What a browser's `Accept-Language` prefers: the first of the languages
    /// with the greatest weight that is spoken here, otherwise English.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let mut best = (0.0, Self::English);
        for part in wanted.split(',') {
            let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
            let tag = tag.trim().to_ascii_lowercase();
            let language = match tag.split('-').next() {
                Some("en") => Self::English,
                Some("zh") => Self::Chinese,
                _ => continue,
            };
            let weight = parameters
                .trim()
                .strip_prefix("q=")
                .map_or(Some(1.0_f32), |q| q.parse().ok())
                .unwrap_or(0.0);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The language's tag, for `lang` attributes and `Content-Language`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_browser_says_which_language_it_wants() {
        let check = |header: &'static str, language| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
            assert_eq!(Language::of(&headers), language, "{header}");
        };
        check("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese);
        check("en-US,en;q=0.9,zh;q=0.8", Language::English);
        check("fr, zh;q=0.2", Language::Chinese);
        check("en;q=0.3, zh-TW;q=0.5", Language::Chinese);
        check("zh;q=0", Language::English);
        check("de", Language::English);
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
