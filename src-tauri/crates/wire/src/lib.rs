//! What the gateway and the stdio bridge share about the Model Context
//! Protocol: raw JSON-RPC envelopes, SSE and line framing, protocol versions.
//!
//! Nothing here does IO, and nothing here models params or results: messages
//! stay the bytes that arrived, with the few places marked that a gateway has
//! to rewrite (ids, names, URIs, progress tokens).

mod annotation;
mod claim;
mod decimal;
mod edit;
mod envelope;
pub mod error_code;
pub mod header_value;
mod json;
mod lines;
mod message;
mod mirrored;
mod scan;
mod sent;
mod splice;
mod sse;
mod version;

pub use annotation::{BadAnnotation, PARAM_HEADER, ParamHeader, may_annotate, param_headers};
pub use claim::{Claim, era_of, meta};
pub use edit::{Edit, rewrite_members};
pub use envelope::{Envelope, EnvelopeError, Kind, Params, batch_elements, id_in_head, parse};
pub use json::{Member, Members, array_elements, members, string_text};
pub use lines::{LineDecoder, LineTooLong};
pub use message::{error_response, notification, one_line, quote, request, result_response};
pub use mirrored::{Mirrored, name_of, values_in};
pub use scan::{Fault, FaultKind, Span};
pub use sent::mirror;
pub use splice::{splice, splice_one};
pub use sse::{Decoder as SseDecoder, Event as SseEvent, EventTooLong, encode as encode_sse};
pub use version::{Era, MODERN, Version, negotiate};
