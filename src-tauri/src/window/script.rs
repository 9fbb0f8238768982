//! What the page finds before its own first line runs. Pure.

use gateway::words::Language;

use crate::settings::{Tag, Theme};

/// Where a locale is set but not installed, WebKit tells the page that it is an American's, and in
/// the C locale it names a language `C`, with which formatting a number fails. The page is told
/// the user's language instead, as the tray has it.
pub(super) fn speaks(language: Language) -> String {
    let (tag, is_wrong) = match language {
        Language::English => ("en", "known === undefined"),
        Language::Chinese => ("zh-CN", "known !== 'zh'"),
    };
    format!(
        "(() => {{
          let known;
          try {{ known = new Intl.Locale(navigator.language).language; }} catch {{}}
          if ({is_wrong}) Object.defineProperties(navigator, {{
            language: {{ get: () => '{tag}' }},
            languages: {{ get: () => ['{tag}'] }},
          }});
        }})();"
    )
}

/// What was chosen, for a page that has forgotten it: it begins in the right language and theme
/// instead of changing to them. Once for each window, because a page that is loaded anew may know
/// better; see ui/src/state/preferences.svelte.ts for the names.
pub(super) fn remembers(language: Option<Tag>, theme: Option<Theme>) -> String {
    let language = match language {
        Some(Tag::En) => "'en'",
        Some(Tag::Zh) => "'zh'",
        None => "null",
    };
    let theme = match theme {
        Some(Theme::Light) => "'light'",
        Some(Theme::Dark) => "'dark'",
        Some(Theme::System) | None => "null",
    };
    format!(
        "(() => {{
          const chosen = {{ 'mcp-gateway.language': {language}, 'mcp-gateway.theme': {theme} }};
          try {{
            if (sessionStorage.getItem('mcp-gateway.chosen') !== null) return;
            sessionStorage.setItem('mcp-gateway.chosen', 'known');
            for (const [name, value] of Object.entries(chosen)) {{
              if (value === null) localStorage.removeItem(name);
              else localStorage.setItem(name, value);
            }}
          }} catch {{
            // Storage is closed to this page; it learns what was chosen a moment later.
          }}
        }})();"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_what_was_chosen_and_what_was_not() {
        for (language, theme, told) in [
            (
                Some(Tag::Zh),
                Some(Theme::Dark),
                "{ 'mcp-gateway.language': 'zh', 'mcp-gateway.theme': 'dark' }",
            ),
            (
                Some(Tag::En),
                Some(Theme::Light),
                "{ 'mcp-gateway.language': 'en', 'mcp-gateway.theme': 'light' }",
            ),
            (
                None,
                Some(Theme::System),
                "{ 'mcp-gateway.language': null, 'mcp-gateway.theme': null }",
            ),
            (
                None,
                None,
                "{ 'mcp-gateway.language': null, 'mcp-gateway.theme': null }",
            ),
        ] {
            let script = remembers(language, theme);
            assert!(script.contains(told), "{script}");
        }
    }
}
