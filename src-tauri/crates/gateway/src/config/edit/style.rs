//! How a file is laid out, and new values written the same way.

use super::trivia;

/// A list that would make its line longer than this gets one value per line.
const WIDTH: usize = 100;

/// The habits of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) newline: &'static str,
    /// One step of indentation.
    pub(super) unit: String,
    /// No spaces within a line: the file was made for machines.
    pub(super) tight: bool,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot<'a> {
    pub(super) style: &'a Style,
    /// The indentation of the line on which the value begins.
    pub(super) indent: &'a str,
    /// Whether the value shares its line with its siblings, so that it stays on it.
    pub(super) inline: bool,
}

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<String>),
    Table(Vec<(String, Value)>),
}

// === impl Style ===

impl Style {
    /// `first_lead` is what stands in front of the first key of the file's object.
    pub(super) fn of(text: &str, first_lead: Option<&str>) -> Self {
        let newline = match text.find(['\r', '\n']) {
            Some(at) if text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if text[at..].starts_with('\r') => "\r",
            _ => "\n",
        };
        let indent = first_lead.map(trivia::indent).unwrap_or_default();
        Self {
            newline,
            unit: if indent.is_empty() { "  " } else { indent }.to_owned(),
            tight: first_lead == Some("") && !text.contains("\": "),
        }
    }

    pub(super) fn colon(&self) -> &'static str {
        if self.tight { ":" } else { ": " }
    }

    /// Between two values on one line, after the comma.
    pub(super) fn gap(&self) -> &'static str {
        if self.tight { "" } else { " " }
    }
}

// === impl Spot ===

impl<'a> Spot<'a> {
    /// Where a value stands that has `lead` in front of it, for a container that stands here.
    pub(super) fn behind(self, lead: &'a str) -> Self {
        if trivia::has_line_end(lead) {
            Self {
                indent: trivia::indent(lead),
                inline: false,
                ..self
            }
        } else {
            Self {
                inline: true,
                ..self
            }
        }
    }

    /// The line end and indentation of a value one step further in.
    pub(super) fn inner_line(&self) -> String {
        format!("{}{}{}", self.style.newline, self.indent, self.style.unit)
    }

    /// The line end and indentation of the closing bracket.
    pub(super) fn outer_line(&self) -> String {
        format!("{}{}", self.style.newline, self.indent)
    }
}

// === impl Value ===

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The value as it is written at `spot`.
    pub(super) fn write(&self, spot: Spot<'_>) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items) => list(items, spot),
            Self::Table(entries) => table(entries, spot),
        }
    }
}

/// A string as JSON. What is not ASCII stays readable.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(items: &[String], spot: Spot<'_>) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    let short = format!("[{}]", items.join(&format!(",{}", spot.style.gap())));
    if spot.inline || items.len() < 2 || spot.indent.len() + short.chars().count() <= WIDTH {
        return short;
    }
    let inner = spot.inner_line();
    let long = items.join(&format!(",{inner}"));
    format!("[{inner}{long}{}]", spot.outer_line())
}

fn table(entries: &[(String, Value)], spot: Spot<'_>) -> String {
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let inner_indent = format!("{}{}", spot.indent, spot.style.unit);
    let inner = Spot {
        indent: if spot.inline {
            spot.indent
        } else {
            &inner_indent
        },
        ..spot
    };
    let entries: Vec<String> = entries
        .iter()
        .map(|(name, value)| {
            let colon = spot.style.colon();
            format!("{}{colon}{}", quoted(name), value.write(inner))
        })
        .collect();
    if spot.inline {
        let gap = spot.style.gap();
        return format!("{{{gap}{}{gap}}}", entries.join(&format!(",{gap}")));
    }
    let line = spot.inner_line();
    let entries = entries.join(&format!(",{line}"));
    format!("{{{line}{entries}{}}}", spot.outer_line())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(text: &str, lead: &str) -> Style {
        Style::of(text, Some(lead))
    }

    #[test]
    fn a_file_s_habits_are_seen() {
        let windows = style("{\r\n\t\"a\": 1\r\n}", "\r\n\t");
        assert_eq!((windows.newline, windows.unit.as_str()), ("\r\n", "\t"));
        assert!(style("{\"a\":1}", "").tight);
        assert!(!style("{\"a\": 1}", "").tight);
        assert_eq!(Style::of("{}", None).unit, "  ");
    }

    #[test]
    fn values_are_laid_out_as_by_hand() {
        let style = style("{\n  \"a\": 1\n}", "\n  ");
        let spot = Spot {
            style: &style,
            indent: "  ",
            inline: false,
        };
        let list = Value::List(vec![
            "npx".to_owned(),
            "a\"b\\".to_owned(),
            "搜索".to_owned(),
        ]);
        assert_eq!(list.write(spot), r#"["npx", "a\"b\\", "搜索"]"#);
        let table = Value::Table(vec![
            ("a".to_owned(), list),
            ("b".to_owned(), Value::Flag(true)),
        ]);
        assert_eq!(
            table.write(spot),
            "{\n    \"a\": [\"npx\", \"a\\\"b\\\\\", \"搜索\"],\n    \"b\": true\n  }"
        );
        let inline = Spot {
            inline: true,
            ..spot
        };
        assert_eq!(
            table.write(inline),
            r#"{ "a": ["npx", "a\"b\\", "搜索"], "b": true }"#
        );
        let long = Value::List(vec!["x".repeat(60); 2]);
        assert_eq!(long.write(spot).lines().count(), 4);
        assert_eq!(long.write(inline).lines().count(), 1);
    }
}
