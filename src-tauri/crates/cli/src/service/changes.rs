//! What installing again does to the definition that is there. Pure.

/// What a new definition means for the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// There was none.
    New,
    Same,
    Replaced {
        /// A person has had a hand in it, so it is worth keeping.
        by_hand: bool,
        /// Each with a `-` or `+` in front.
        lines: Vec<String>,
    },
}

impl Change {
    /// From the file as it is to the text that it is to have. `rendered` gives the text that
    /// `install` would have written for what the file starts; a file that differs was edited.
    pub(crate) fn of(
        before: Option<&str>,
        after: &str,
        rendered: impl FnOnce(&str) -> Option<String>,
    ) -> Self {
        match before {
            None => Self::New,
            Some(before) if before == after => Self::Same,
            Some(before) => Self::Replaced {
                by_hand: rendered(before).as_deref() != Some(before),
                lines: differences(before, after),
            },
        }
    }
}

/// Lines that only one of two texts has, in their order.
fn differences(before: &str, after: &str) -> Vec<String> {
    let has = |text: &str, line: &str| text.lines().any(|one| one == line);
    let gone = before.lines().filter(|line| !has(after, line));
    let come = after.lines().filter(|line| !has(before, line));
    let gone = gone.map(|line| format!("- {}", line.trim()));
    gone.chain(come.map(|line| format!("+ {}", line.trim())))
        .filter(|line| line.len() > 2)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{samples, unit};

    fn change(before: Option<&str>, after: &str) -> Change {
        Change::of(before, after, |text| {
            unit::parse(text).map(|definition| unit::render(&definition))
        })
    }

    #[test]
    fn a_file_of_ours_is_replaced_and_one_by_hand_is_kept() {
        let plain = unit::render(&samples::plain());
        assert_eq!(change(None, &plain), Change::New);
        assert_eq!(change(Some(&plain), &plain), Change::Same);

        let mut other = samples::plain();
        other
            .arguments
            .extend(["--port".to_owned(), "5000".to_owned()]);
        let other = unit::render(&other);
        let Change::Replaced { by_hand, lines } = change(Some(&plain), &other) else {
            panic!("it changes");
        };
        assert!(!by_hand);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("- ExecStart=") && lines[1].ends_with("\"--port\" \"5000\""));

        let edited = plain.replace("RestartSec=2", "RestartSec=20\n\nNice=5");
        let Change::Replaced { by_hand, lines } = change(Some(&edited), &plain) else {
            panic!("it changes");
        };
        assert!(by_hand);
        assert_eq!(lines, ["- RestartSec=20", "- Nice=5", "+ RestartSec=2"]);
    }
}
