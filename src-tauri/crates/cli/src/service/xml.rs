//! As much of XML as property lists and tasks are made of. Pure.

/// Text between tags.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text of every element of this name that holds nothing but text.
pub(super) fn texts<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = String> + 'a {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (text, after) = rest.split_once(&open)?.1.split_once(&close)?;
        rest = after;
        Some(unescaped(text))
    })
}

/// The same, of the first one.
pub(super) fn text(xml: &str, name: &str) -> Option<String> {
    texts(xml, name).next()
}

/// What stands between two marks.
pub(super) fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    Some(text.split_once(from)?.1.split_once(to)?.0)
}

fn unescaped(text: &str) -> String {
    // The ampersand last, so that nothing is read twice.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_it_was() {
        for original in ["a & b", "&lt;", "<a>\"'", "&amp;amp;"] {
            let xml = format!("<x><s>{}</s><s>2</s></x>", escaped(original));
            assert_eq!(texts(&xml, "s").collect::<Vec<_>>(), [original, "2"]);
        }
        assert_eq!(text("<s>1", "s"), None);
    }
}
