//! What a server's reply to `server/discover`, the probe, says about its era, and what its reply
//! to `initialize` does (MCP 2026-07-28, "Versioning / Backward Compatibility", with the pages of
//! the two transports).
//!
//! | reply to the probe | verdict |
//! |---|---|
//! | a result that names [`MODERN`] among `supportedVersions` | modern |
//! | any other result | legacy |
//! | -32022 that supports [`MODERN`] | once more; the second time incompatible |
//! | -32022 that supports older versions | legacy |
//! | -32022 that supports later ones alone | incompatible |
//! | any other error | legacy |
//! | stdio: silence or the end of the process | legacy, in a new process |
//! | HTTP: 4xx with a JSON-RPC error | by its code, as above |
//! | HTTP: 401, 403, 407, 408, 429, 5xx, silence, no connection | no evidence |
//! | HTTP: anything else | legacy |
//!
//! A server that is silent may have taken the probe all the same, and official SDKs keep a process
//! in the era of its first message: hence the new one. -32020 and -32021 are no evidence for the
//! modern era, as servers without it use these numbers for other things.

use wire::error_code::{
    HEADER_MISMATCH, METHOD_NOT_FOUND, MISSING_CAPABILITY, UNSUPPORTED_VERSION,
};
use wire::{MODERN, Version};

use crate::look;
use crate::reply::Reply;

/// How the server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A process and its pipes.
    Stdio,
    /// Streamable HTTP.
    Http,
}

/// What that says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It speaks [`MODERN`].
    Modern,
    /// It speaks [`MODERN`], but has not taken this request: to be asked once more.
    TryVersion,
    /// It wants `initialize`.
    Legacy {
        /// Whether in a new process.
        fresh: bool,
    },
    /// It speaks these versions, none of them known here.
    Incompatible(Vec<String>),
    /// To `initialize`: it may speak HTTP+SSE, the transport of 2024-11-05; a GET tells.
    Events,
    /// Nothing: what is known stays known.
    NoEvidence,
}

/// Judges a reply to `server/discover`; `second` where it is the one after
/// [`Verdict::TryVersion`].
pub fn judge(over: Over, reply: &Reply<'_>, second: bool) -> Verdict {
    match *reply {
        Reply::Result(result) if speaks_modern(result) => Verdict::Modern,
        Reply::Error { code, data } if code == i64::from(UNSUPPORTED_VERSION) => {
            let supported = data.map(supported).unwrap_or_default();
            if supported.iter().any(|version| version == MODERN) {
                return if second {
                    Verdict::Incompatible(supported)
                } else {
                    Verdict::TryVersion
                };
            }
            if supported.is_empty() || supported.iter().any(|version| is_older(version)) {
                Verdict::Legacy { fresh: false }
            } else {
                Verdict::Incompatible(supported)
            }
        }
        Reply::Result(_) | Reply::Error { .. } => Verdict::Legacy { fresh: false },
        Reply::Http { status, .. } if is_no_evidence(status) => Verdict::NoEvidence,
        Reply::Http { body, .. } => Reply::in_body(body)
            .map_or(Verdict::Legacy { fresh: false }, |inner| {
                judge(over, &inner, second)
            }),
        Reply::Silent | Reply::Gone => match over {
            Over::Stdio => Verdict::Legacy { fresh: true },
            Over::Http => Verdict::NoEvidence,
        },
    }
}

/// Judges a reply to `initialize`. A server that refuses it and names [`MODERN`] is modern: it
/// has to be probed, in a new process.
pub fn judge_initialize(reply: &Reply<'_>) -> Verdict {
    match *reply {
        Reply::Result(_) => Verdict::Legacy { fresh: false },
        Reply::Error { code, data } => {
            let supported = data.map(supported).unwrap_or_default();
            let names_modern = supported.iter().any(|version| version == MODERN);
            if names_modern {
                Verdict::Modern
            } else if code != i64::from(UNSUPPORTED_VERSION) {
                Verdict::NoEvidence
            } else if supported.is_empty() || supported.iter().any(|version| is_older(version)) {
                // The process may be locked to the era of an earlier message.
                Verdict::Modern
            } else {
                Verdict::Incompatible(supported)
            }
        }
        Reply::Http { status, body } => {
            let inner = Reply::in_body(body).filter(|_| !is_no_evidence(status));
            if let Some(inner) = inner {
                let verdict = judge_initialize(&inner);
                if verdict != Verdict::NoEvidence || is_modern_error(&inner) {
                    return verdict;
                }
            }
            if matches!(status, 400 | 404 | 405) {
                Verdict::Events
            } else {
                Verdict::NoEvidence
            }
        }
        Reply::Silent | Reply::Gone => Verdict::NoEvidence,
    }
}

// === the parts ===

/// Statuses that are about the sender, the moment or the way.
fn is_no_evidence(status: u16) -> bool {
    matches!(status, 401 | 403 | 407 | 408 | 429) || !matches!(status, 200..=299 | 400..=499)
}

/// Errors that a modern server answers to what it does not know (streamable-http, "HTTP+SSE
/// Transport").
fn is_modern_error(reply: &Reply<'_>) -> bool {
    let modern = [
        HEADER_MISMATCH,
        MISSING_CAPABILITY,
        UNSUPPORTED_VERSION,
        METHOD_NOT_FOUND,
    ];
    matches!(reply, Reply::Error { code, .. } if modern.iter().any(|&one| i64::from(one) == *code))
}

/// Whether a DiscoverResult names our version (server/discover, "Data Types").
fn speaks_modern(result: &[u8]) -> bool {
    versions(result, "supportedVersions")
        .iter()
        .any(|version| version == MODERN)
}

/// `error.data.supported` of an UnsupportedProtocolVersionError.
fn supported(data: &[u8]) -> Vec<String> {
    versions(data, "supported")
}

fn versions(object: &[u8], key: &str) -> Vec<String> {
    let Some(list) = look::member(object, look::whole(object), key) else {
        return Vec::new();
    };
    look::elements(object, list)
        .into_iter()
        .filter_map(|version| Some(look::string(object, version)?.into_owned()))
        .collect()
}

/// Whether a version is one with `initialize`; versions are dates, which compare as text.
fn is_older(version: &str) -> bool {
    Version::from_wire(version).is_some() || version < MODERN
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEGACY: Verdict = Verdict::Legacy { fresh: false };

    fn both(reply: &Reply<'_>) -> Verdict {
        let verdict = judge(Over::Stdio, reply, false);
        assert_eq!(judge(Over::Http, reply, false), verdict, "{reply:?}");
        verdict
    }

    fn unsupported(data: &'static str) -> Reply<'static> {
        Reply::Error {
            code: -32022,
            data: Some(data.as_bytes()),
        }
    }

    fn incompatible(versions: &[&str]) -> Verdict {
        Verdict::Incompatible(versions.iter().map(|&one| one.to_owned()).collect())
    }

    #[test]
    fn only_a_result_that_names_the_version_is_modern() {
        for (result, wanted) in [
            (r#"{"supportedVersions":["2026-07-28"]}"#, Verdict::Modern),
            (
                r#" { "x":1,"supported\u0056ersions" : [ "2027-01-01" , "2026\u002d07-28" ] }"#,
                Verdict::Modern,
            ),
            (r#"{"supportedVersions":["2025-11-25"]}"#, LEGACY),
            (r#"{"supportedVersions":[]}"#, LEGACY),
            (r#"{"supportedVersions":"2026-07-28"}"#, LEGACY),
            (r#"{"supportedVersions":[20260728,null]}"#, LEGACY),
            (r#"{"capabilities":{}}"#, LEGACY),
            ("{}", LEGACY),
            ("[]", LEGACY),
            ("null", LEGACY),
        ] {
            assert_eq!(both(&Reply::Result(result.as_bytes())), wanted, "{result}");
        }
    }

    #[test]
    fn an_unsupported_version_is_told_from_everything_else_that_went_wrong() {
        for (reply, wanted) in [
            (
                unsupported(r#"{"supported":["2026-07-28"],"requested":"2026-07-28"}"#),
                Verdict::TryVersion,
            ),
            (
                unsupported(r#"{"supported":["2025-11-25","2026-07-28"]}"#),
                Verdict::TryVersion,
            ),
            (
                unsupported(r#"{"supported":["2027-01-01","2028-01-01"]}"#),
                incompatible(&["2027-01-01", "2028-01-01"]),
            ),
            (
                unsupported(r#"{"supported":["2027-01-01","2025-06-18"]}"#),
                LEGACY,
            ),
            (unsupported(r#"{"supported":["2024-10-07"]}"#), LEGACY),
            (unsupported(r#"{"supported":[]}"#), LEGACY),
            (unsupported(r#"{"supported":{}}"#), LEGACY),
            (unsupported("null"), LEGACY),
        ] {
            assert_eq!(both(&reply), wanted, "{reply:?}");
        }
        for code in [-32601, -32602, -32600, -32603, -32000, -32020, -32021, 0] {
            let reply = Reply::Error {
                code,
                data: Some(br#"{"supported":["2026-07-28"]}"#),
            };
            assert_eq!(both(&reply), LEGACY, "{code}");
        }
        let bare = Reply::Error {
            code: -32022,
            data: None,
        };
        assert_eq!(both(&bare), LEGACY);
    }

    #[test]
    fn a_server_that_refuses_the_version_it_supports_is_asked_twice_and_not_more() {
        let reply = unsupported(r#"{"supported":["2026-07-28"]}"#);
        assert_eq!(judge(Over::Http, &reply, false), Verdict::TryVersion);
        assert_eq!(
            judge(Over::Http, &reply, true),
            incompatible(&["2026-07-28"])
        );
        let result = Reply::Result(br#"{"supportedVersions":["2026-07-28"]}"#);
        assert_eq!(judge(Over::Stdio, &result, true), Verdict::Modern);
        let body = br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"","data":{"supported":["2026-07-28"]}}}"#;
        let http = |second| judge(Over::Http, &Reply::Http { status: 400, body }, second);
        assert_eq!(http(false), Verdict::TryVersion);
        assert_eq!(http(true), incompatible(&["2026-07-28"]));
    }

    #[test]
    fn silence_is_an_answer_on_a_pipe_and_none_over_a_network() {
        for reply in [Reply::Silent, Reply::Gone] {
            assert_eq!(
                judge(Over::Stdio, &reply, false),
                Verdict::Legacy { fresh: true }
            );
            assert_eq!(judge(Over::Http, &reply, false), Verdict::NoEvidence);
        }
    }

    #[test]
    fn http_responses_are_judged_by_their_answer_then_by_their_status() {
        let judge = |status, body: &str| {
            let body = body.as_bytes();
            judge(Over::Http, &Reply::Http { status, body }, false)
        };
        let modern = r#"{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}"#;
        let retry = r#"{"jsonrpc":"2.0","error":{"code":-32022,"message":"","data":{"supported":["2026-07-28"]}}}"#;
        let other = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}"#;
        assert_eq!(judge(200, modern), Verdict::Modern);
        assert_eq!(judge(400, retry), Verdict::TryVersion);
        assert_eq!(judge(404, retry), Verdict::TryVersion);
        for status in [400, 404, 405, 406, 415, 200, 202] {
            for body in [
                other,
                "",
                "no JSON",
                "{}",
                "[]",
                r#"{"error":"x"}"#,
                r#"{"error":{"code":-32022}"#,
                r#"{"error":{"code":"-32022"}}"#,
            ] {
                assert_eq!(judge(status, body), LEGACY, "{status} {body}");
            }
        }
        for status in [401, 403, 407, 408, 429, 500, 502, 503, 302, 100] {
            for body in ["", modern, retry, other] {
                assert_eq!(judge(status, body), Verdict::NoEvidence, "{status} {body}");
            }
        }
    }

    #[test]
    fn an_initialize_that_is_refused_may_be_the_proof_of_the_other_era() {
        let judge = |code, data: &'static str| {
            let data = Some(data.as_bytes());
            judge_initialize(&Reply::Error { code, data })
        };
        assert_eq!(judge_initialize(&Reply::Result(b"{}")), LEGACY);
        for data in [
            r#"{"supported":["2026-07-28"]}"#,
            r#"{"supported":["2025-11-25"]}"#,
            "{}",
        ] {
            assert_eq!(judge(-32022, data), Verdict::Modern, "{data}");
        }
        assert_eq!(
            judge(-32022, r#"{"supported":["2027-01-01"]}"#),
            incompatible(&["2027-01-01"])
        );
        // A modern server names its versions in whatever error it answers.
        assert_eq!(
            judge(-32601, r#"{"supported":["2026-07-28"]}"#),
            Verdict::Modern
        );
        // The legacy way to refuse a version.
        assert_eq!(
            judge(
                -32602,
                r#"{"supported":["2024-11-05"],"requested":"1.0.0"}"#
            ),
            Verdict::NoEvidence
        );
        for reply in [Reply::Silent, Reply::Gone] {
            assert_eq!(judge_initialize(&reply), Verdict::NoEvidence);
        }
    }

    #[test]
    fn an_initialize_that_finds_nobody_leads_to_the_older_transport() {
        let judge = |status, body: &str| {
            let body = body.as_bytes();
            judge_initialize(&Reply::Http { status, body })
        };
        let error = |code: i32| format!(r#"{{"jsonrpc":"2.0","error":{{"code":{code}}}}}"#);
        for status in [400, 404, 405] {
            for body in ["", "Cannot POST /sse", &error(-32000), &error(-32600)] {
                assert_eq!(judge(status, body), Verdict::Events, "{status} {body}");
            }
            for code in [-32020, -32021, -32601] {
                assert_eq!(judge(status, &error(code)), Verdict::NoEvidence);
            }
            assert_eq!(judge(status, &error(-32022)), Verdict::Modern);
        }
        for status in [401, 403, 406, 429, 500, 503] {
            assert_eq!(judge(status, ""), Verdict::NoEvidence, "{status}");
        }
        for status in [401, 503] {
            assert_eq!(judge(status, &error(-32022)), Verdict::NoEvidence);
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_stumble(status in 100_u16..600, body in proptest::collection::vec(any::<u8>(), 0..60), cut in 0_usize..90) {
            let whole = br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"data":{"supported":["2026-07-28"]}}}"#;
            for body in [&body[..], &whole[..cut.min(whole.len())], &[&whole[..cut.min(whole.len())], &body[..]].concat()] {
                let reply = Reply::Http { status, body };
                judge(Over::Http, &reply, false);
                judge_initialize(&reply);
            }
        }
    }
}
