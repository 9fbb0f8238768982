//! As much of HTML as sign-ins need: tags with their attributes, and the text between them.

use std::collections::HashMap;

/// A piece of a document.
pub(super) enum Piece {
    Open(String, HashMap<String, String>),
    Close(String),
    Text(String),
}

/// Where links of a document lead, and what they say.
pub(super) fn links(document: &str) -> Vec<(String, String)> {
    let mut links: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for piece in pieces(document) {
        match piece {
            Piece::Open(tag, mut attributes) if tag == "a" => {
                let href = attributes.remove("href");
                inside = href.is_some();
                links.extend(href.map(|href| (href, String::new())));
            }
            Piece::Close(tag) if tag == "a" => inside = false,
            Piece::Text(text) if inside => {
                if let Some((_, label)) = links.last_mut() {
                    label.push_str(&text);
                }
            }
            Piece::Open(..) | Piece::Close(_) | Piece::Text(_) => {}
        }
    }
    links
}

/// The `content` of `<meta http-equiv="refresh">`.
pub(super) fn refresh(document: &str) -> Option<String> {
    let mut pieces = pieces(document).into_iter();
    pieces.find_map(|piece| match piece {
        Piece::Open(tag, mut attributes) if tag == "meta" => {
            let kind = attributes.get("http-equiv")?;
            kind.eq_ignore_ascii_case("refresh")
                .then(|| attributes.remove("content"))?
        }
        _ => None,
    })
}

/// The text of a document, its white space as a reader sees it.
pub(super) fn text(document: &str) -> String {
    let text = |piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Open(..) | Piece::Close(_) => None,
    };
    let all: Vec<String> = pieces(document).into_iter().filter_map(text).collect();
    all.join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn pieces(document: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = document;
    while let Some(start) = rest.find('<') {
        if start > 0 {
            pieces.push(Piece::Text(decoded(&rest[..start])));
        }
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
        } else if let Some(close) = rest.strip_prefix("</") {
            let (name, after) = close.split_once('>').unwrap_or((close, ""));
            pieces.push(Piece::Close(name.trim().to_ascii_lowercase()));
            rest = after;
        } else if rest[1..].starts_with(|first: char| first.is_ascii_alphabetic()) {
            let (tag, attributes, after) = tag(&rest[1..]);
            rest = after;
            if tag == "script" || tag == "style" {
                let end = format!("</{tag}");
                let skipped = rest.to_ascii_lowercase().find(&end).unwrap_or(rest.len());
                rest = &rest[skipped..];
            }
            pieces.push(Piece::Open(tag, attributes));
        } else {
            rest = rest[1..].split_once('>').map_or("", |(_, rest)| rest);
        }
    }
    pieces.push(Piece::Text(decoded(rest)));
    pieces
}

/// A tag without its first bracket: its name, its attributes, and what follows it.
fn tag(text: &str) -> (String, HashMap<String, String>, &str) {
    let ends = |one: char| one.is_whitespace() || one == '>' || one == '/';
    let end = text.find(ends).unwrap_or(text.len());
    let name = text[..end].to_ascii_lowercase();
    let mut rest = &text[end..];
    let mut attributes = HashMap::new();
    loop {
        rest = rest.trim_start_matches(|one: char| one.is_whitespace() || one == '/');
        if rest.is_empty() {
            return (name, attributes, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (name, attributes, after);
        }
        let end = rest
            .find(|one: char| ends(one) || one == '=')
            .unwrap_or(rest.len())
            .max(1);
        let key = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(said) = rest.strip_prefix('=') {
            let said = said.trim_start();
            let (raw, after) = match said.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    said[1..].split_once(quote).unwrap_or((&said[1..], ""))
                }
                _ => {
                    let end = said
                        .find(|one: char| one.is_whitespace() || one == '>')
                        .unwrap_or(said.len());
                    said.split_at(end)
                }
            };
            value = decoded(raw);
            rest = after;
        }
        attributes.entry(key).or_insert(value);
    }
}

/// Text with its character references read; unknown ones stay as they are.
fn decoded(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(';').filter(|end| *end < 12);
        match end.and_then(|end| Some((character(&rest[1..end])?, end))) {
            Some((character, end)) => {
                plain.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain + rest
}

fn character(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    if let Some(hex) = number.and_then(|number| number.strip_prefix(['x', 'X'])) {
        return char::from_u32(u32::from_str_radix(hex, 16).ok()?);
    }
    if let Some(number) = number {
        return char::from_u32(number.parse().ok()?);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_links_and_refreshes_are_read() {
        let page = r#"<meta http-equiv="Refresh" content="2; url=/x?a&amp;b"><a href='/y'>A &lt; <b>B</b></a> < 3 &unknown;"#;
        assert_eq!(refresh(page).as_deref(), Some("2; url=/x?a&b"));
        assert_eq!(links(page), [("/y".to_owned(), "A < B".to_owned())]);
        assert!(text(page).starts_with("A < B"), "{}", text(page));
    }
}
