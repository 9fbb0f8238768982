//! What the operating system must bring: a table of packages, and apt.

mod apt;
mod packages;

pub(crate) use apt::{ensure, is_root, privileged};
pub(crate) use packages::{BROWSER, Purpose};
