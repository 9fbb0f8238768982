//! Reading `WWW-Authenticate` (RFC 9110, section 11.6.1; RFC 6750, section 3;
//! RFC 9728, section 5.1). Pure.

/// What a Bearer challenge says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// Where the protected resource's metadata is.
    pub(crate) resource_metadata: Option<String>,
    /// The scopes that are needed, separated by spaces.
    pub(crate) scope: Option<String>,
    /// `invalid_token`, `insufficient_scope`, …
    pub(crate) error: Option<String>,
}

impl Challenge {
    /// The Bearer challenge in a header's value, which may hold challenges of
    /// several schemes. Several Bearer challenges are read as one; the first
    /// value of a parameter counts.
    pub(crate) fn bearer(header: &str) -> Option<Self> {
        let mut found: Option<Self> = None;
        let mut bearer = false;
        for item in items(header) {
            let item = item.trim();
            // `scheme`, `scheme param=value`, `scheme token68` or `param=value`.
            let (word, rest) = split_word(item);
            let rest = rest.trim_start();
            let parameter = if rest.starts_with('=') {
                item
            } else {
                bearer = word.eq_ignore_ascii_case("bearer");
                if bearer {
                    found.get_or_insert_default();
                }
                rest
            };
            if let Some(challenge) = found.as_mut().filter(|_| bearer) {
                challenge.put(parameter);
            }
        }
        found
    }

    fn put(&mut self, parameter: &str) {
        let Some((name, value)) = parameter.split_once('=') else {
            return;
        };
        let place = match name.trim().to_ascii_lowercase().as_str() {
            "resource_metadata" => &mut self.resource_metadata,
            "scope" => &mut self.scope,
            "error" => &mut self.error,
            _ => return,
        };
        let value = unquoted(value.trim());
        if place.is_none() && !value.is_empty() {
            *place = Some(value);
        }
    }
}

/// Parts at the commas that are not within quotes.
fn items(header: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in header.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                items.push(&header[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&header[start..]);
    items.retain(|item| !item.trim().is_empty());
    items
}

fn split_word(item: &str) -> (&str, &str) {
    let end = item
        .find(|c: char| c.is_whitespace() || c == '=')
        .unwrap_or(item.len());
    item.split_at(end)
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_challenge_as_mcp_servers_write_it() {
        let read = Challenge::bearer(
            r#"Bearer realm="x, y", resource_metadata="https://a.example/.well-known/oauth-protected-resource/mcp", scope="a b""#,
        );
        assert_eq!(
            read,
            Some(Challenge {
                resource_metadata: Some(
                    "https://a.example/.well-known/oauth-protected-resource/mcp".into()
                ),
                scope: Some("a b".into()),
                error: None,
            })
        );
    }

    #[test]
    fn other_schemes_are_passed_over() {
        assert_eq!(Challenge::bearer(r#"Basic realm="scope=evil""#), None);
        let read = Challenge::bearer(
            r#"Basic scope="no", bearer error=invalid_token , Digest scope="no""#,
        );
        assert_eq!(
            read.as_ref().and_then(|c| c.error.as_deref()),
            Some("invalid_token")
        );
        assert_eq!(read.and_then(|c| c.scope), None);
    }

    #[test]
    fn oddities_are_read() {
        assert_eq!(Challenge::bearer("Bearer"), Some(Challenge::default()));
        assert_eq!(Challenge::bearer(""), None);
        let escaped = Challenge::bearer(r#"Bearer scope="a\"b,c" ,, error = "e""#);
        assert_eq!(
            escaped.as_ref().and_then(|c| c.scope.as_deref()),
            Some("a\"b,c")
        );
        assert_eq!(escaped.and_then(|c| c.error), Some("e".into()));
        assert_eq!(
            Challenge::bearer("Bearer abc123=="),
            Some(Challenge::default())
        );
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(header in "\\PC{0,200}") {
            let _ = Challenge::bearer(&header);
        }
    }
}
