//! The facade over HTTP, with a gateway around it that is made of wishes.

mod approval;
mod discovery;
mod locked;
mod people;
mod refusals;
mod support;
mod tokens;
