//! What servers print, what becomes of them, and what the gateway says itself, line by line: what
//! a line is, how it is written down, and the files in which lines are kept. Who fills and shows
//! a log is elsewhere (`server/log`, `journal`, `admin/live`, the command line).

mod archive;
mod files;
mod line;

pub use crate::log_level::LogLevel;
pub use files::{LogOf, kept_lines, kept_names, path_of};
pub use line::{LogLine, Source, kind_of};

pub(crate) use archive::{Archive, Place, keep};
pub(crate) use line::plain;
