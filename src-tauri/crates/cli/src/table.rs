//! Columns for a terminal, aligned for Chinese characters too.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// Which way a column leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table that is printed when its widths are known.
pub(crate) struct Table<const N: usize> {
    align: [Align; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table with a heading per column.
    pub(crate) fn new(columns: [(&str, Align); N]) -> Self {
        Self {
            align: columns.map(|(_, align)| align),
            rows: vec![columns.map(|(heading, _)| heading.to_owned())],
        }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| printable(&cell)));
    }

    /// Prints it; the last column is not padded.
    pub(crate) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let widths: [usize; N] = std::array::from_fn(|column| {
            self.rows
                .iter()
                .map(|row| row[column].width())
                .max()
                .unwrap_or(0)
        });
        for row in &self.rows {
            let cells = (0..N).map(|column| {
                let gap = " ".repeat(widths[column] - row[column].width());
                match self.align[column] {
                    Align::Right => format!("{gap}{}", row[column]),
                    Align::Left => format!("{}{gap}", row[column]),
                }
            });
            writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// A server's text without what could move the cursor or colour the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_characters_take_two_columns() {
        let mut table = Table::new([
            ("NAME", Align::Left),
            ("N", Align::Right),
            ("TEXT", Align::Left),
        ]);
        table.row(["文件".to_owned(), "12".to_owned(), "a\u{1b}[31m".to_owned()]);
        table.row(["x".to_owned(), "3".to_owned(), "b".to_owned()]);
        let mut out = Vec::new();
        table.print(&mut out).expect("a vector takes everything");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "NAME   N  TEXT\n文件  12  a [31m\nx      3  b\n"
        );
    }
}
