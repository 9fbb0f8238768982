//! What must hold, said a second time and in the simplest way: slow, over whole texts, and with
//! another parser than that of the code under test.

pub mod answer;
pub mod json;
pub mod message;
pub mod request;
pub mod sse;
