//! The gateway's own log of calls, as it prints it. Pure.

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The client's id as the client wrote it, a text without its quotes.
    pub(crate) id: String,
    pub(crate) server: String,
    pub(crate) end: String,
}

/// Finds the lines about calls.
pub(crate) fn read(log: &str) -> Vec<Line> {
    log.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let (_, fields) = text.split_once(" call: over ")?;
    let field = |name: &str| {
        let mut fields = fields.split(' ');
        let value = fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim_matches('"').to_owned())
    };
    Some(Line {
        id: field("id")?,
        server: field("server")?,
        end: field("end")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_about_calls_are_told_from_the_others() {
        let log = "2026-01-01T00:00:00.1Z  INFO gateway: listening\n\
            2026-01-01T00:00:00.2Z DEBUG call: over id=\"a.1.2\" server=slow end=timedOut\n\
            2026-01-01T00:00:00.3Z DEBUG call: over id=0 server=steady end=answered\n";
        let line = |id: &str, server: &str, end: &str| Line {
            id: id.to_owned(),
            server: server.to_owned(),
            end: end.to_owned(),
        };
        assert_eq!(
            read(log),
            [
                line("a.1.2", "slow", "timedOut"),
                line("0", "steady", "answered")
            ]
        );
    }
}
