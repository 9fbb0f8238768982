//! The admin API as the window, a browser and the command line use it.

mod bridge;
mod codes;
mod events;
mod log;
mod many;
mod problems;
mod settings;
mod trial;
