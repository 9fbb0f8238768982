//! Does a URI fit an RFC 6570 template? Pure, and linear in the length of both:
//! templates come from servers and URIs from clients, and neither may stop the
//! gateway.

/// Longer URIs fit no template.
const URI_BYTES: usize = 8 * 1024;
/// Longer templates fit nothing.
const TEMPLATE_BYTES: usize = 2 * 1024;
/// A template of more parts fits nothing.
const PARTS: usize = 64;

/// A piece of a template.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Literal(&'a str),
    Expression {
        /// May stand for text with slashes.
        crosses: bool,
        /// May stand for nothing.
        optional: bool,
    },
}

/// Whether a URI can have come from a template: the literal parts appear in
/// order, each expression standing for one character or more, and only a
/// reserved (`{+…}`, `{#…}`), path or query expression may cross a slash.
pub(crate) fn fits(template: &str, uri: &str) -> bool {
    let Some(parts) = parts(template) else {
        return false;
    };
    let uri = uri.as_bytes();
    if uri.len() > URI_BYTES {
        return false;
    }
    // reached[i]: the parts so far can stand for the first i bytes.
    let mut reached = vec![false; uri.len() + 1];
    reached[0] = true;
    for part in parts {
        reached = match part {
            Part::Literal(text) => after_literal(&reached, uri, text.as_bytes()),
            Part::Expression { crosses, optional } => {
                after_expression(&reached, uri, crosses, optional)
            }
        };
    }
    reached[uri.len()]
}

fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    if template.len() > TEMPLATE_BYTES {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        if parts.len() == PARTS {
            return None;
        }
        let Some(open) = rest.find('{') else {
            parts.push(Part::Literal(rest));
            break;
        };
        if open > 0 {
            parts.push(Part::Literal(&rest[..open]));
        }
        let close = rest[open..].find('}').map(|at| open + at)?;
        let operator = rest.as_bytes().get(open + 1);
        parts.push(Part::Expression {
            crosses: matches!(operator, Some(b'+' | b'#' | b'/' | b'?' | b'&')),
            optional: matches!(operator, Some(b'?' | b'&' | b'#' | b'/')),
        });
        rest = &rest[close + 1..];
    }
    Some(parts)
}

fn after_literal(reached: &[bool], uri: &[u8], text: &[u8]) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    for (at, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
        if uri[at..].starts_with(text) {
            next[at + text.len()] = true;
        }
    }
    next
}

fn after_expression(reached: &[bool], uri: &[u8], crosses: bool, optional: bool) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    let mut running = false;
    for (at, byte) in uri.iter().enumerate() {
        running |= reached[at];
        running &= crosses || *byte != b'/';
        next[at + 1] = running;
    }
    if optional {
        next.iter_mut()
            .zip(reached)
            .for_each(|(next, reached)| *next |= reached);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_fit_what_they_can_stand_for() {
        assert!(fits("demo://resource/{id}", "demo://resource/7"));
        assert!(!fits("demo://resource/{id}", "demo://resource/"));
        assert!(!fits("demo://resource/{id}", "demo://resource/7/x"));
        assert!(fits("file://{+path}", "file:///a/b"));
        assert!(fits("a://{x}/b/{y}", "a://1/b/2"));
        assert!(fits("a://x{?q}", "a://x"));
        assert!(fits("a://x{?q}", "a://x?q=1"));
        assert!(!fits("a://{x}/c", "a://1/d"));
        assert!(!fits("a://{broken", "a://1"));
    }

    #[test]
    fn no_template_takes_long() {
        let template = "x://{+a}{+b}{+c}{+d}{+e}{+f}{+g}{+h}{+i}{+j}!";
        let uri = format!("x://{}", "a".repeat(8000));
        let start = std::time::Instant::now();
        assert!(!fits(template, &uri));
        assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
        assert!(!fits(&"{a}".repeat(65), "aaa"));
        assert!(!fits("{+a}", &"a".repeat(URI_BYTES + 1)));
    }
}
