//! Every difference between the two eras of the Model Context Protocol, as functions of bytes:
//! *legacy*, the versions with an `initialize` handshake, and *modern*, where every request
//! describes itself (MCP 2026-07-28, "Versioning").
//!
//! Nothing here does IO, knows the time or keeps anything; nothing models params or results.
//! A translation is a list of places in the text that arrived and what stands there afterwards.

mod answer;
mod binding;
mod code;
mod filter;
mod inbound;
mod links;
mod list;
mod log_level;
mod look;
mod pages;
mod qualify;
mod reply;
mod request;
mod rounds;
mod state;
mod subscription;
mod tags;
mod verdict;

pub use answer::{Answer, Ended, Facts, Written, cacheable, ended, write as write_answer};
pub use binding::Binding;
pub use code::{forwarded_code, http_status, own_code};
pub use filter::{Can, Filter};
pub use inbound::{Given, Heads, Rejection, admit, param_headers};
pub use links::{Fits, Qualified, pages_of};
pub use list::List;
pub use log_level::{LOG_LEVELS, severity};
pub use pages::{Page, UnknownCursor, page, write_page};
pub use qualify::{qualified, unqualified};
pub use reply::Reply;
pub use request::{Crossing, Outgoing, Retry, claim_of, write as write_request};
pub use rounds::{
    Asked, NotUsable, Question, ROUNDS, Required, accepted, as_legacy_question, given,
    input_required, responses, split, url_elicitations,
};
pub use state::{BadState, Lifetimes, Sealed, StateKey};
pub use subscription::{acknowledged, graceful_end, subscription, tagged, untagged};
pub use tags::{Tag, tags};
pub use verdict::{Over, Verdict, judge, judge_initialize};
