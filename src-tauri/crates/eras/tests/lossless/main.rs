//! A message that crosses from one era to the other keeps everything but what the two differ in,
//! byte for byte. Texts are put together from raw pieces here, so that numbers, escapes and white
//! space are spelt in every way there is.

mod answers;
mod questions;
mod raw;
mod requests;
