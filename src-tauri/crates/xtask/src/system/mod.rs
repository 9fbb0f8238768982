//! What the operating system must bring: a table of packages, and apt.

mod apt;
mod packages;

pub(crate) use apt::ensure;
pub(crate) use packages::{BROWSER, Purpose};
