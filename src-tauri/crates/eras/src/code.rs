//! Error codes for modern clients, and the HTTP status that goes with one (MCP 2026-07-28, "Error
//! Codes" and "Streamable HTTP").

use wire::error_code;

const PARSE_ERROR: i64 = error_code::PARSE_ERROR as i64;
const INVALID_REQUEST: i64 = error_code::INVALID_REQUEST as i64;
const METHOD_NOT_FOUND: i64 = error_code::METHOD_NOT_FOUND as i64;
const INVALID_PARAMS: i64 = error_code::INVALID_PARAMS as i64;
const INTERNAL_ERROR: i64 = error_code::INTERNAL_ERROR as i64;
const RESOURCE_NOT_FOUND: i64 = error_code::RESOURCE_NOT_FOUND as i64;
const HEADER_MISMATCH: i64 = error_code::HEADER_MISMATCH as i64;
const MISSING_CAPABILITY: i64 = error_code::MISSING_CAPABILITY as i64;
const UNSUPPORTED_VERSION: i64 = error_code::UNSUPPORTED_VERSION as i64;

/// The code that a modern client gets for a legacy server's.
///
/// A resource that is not found has another code now, and -32020 to -32099 may be used only as
/// the modern specification defines them, which a legacy server cannot have meant. -32042 is to
/// be looked at before ([`url_elicitations`](crate::url_elicitations)).
pub fn forwarded_code(code: i64) -> i64 {
    match code {
        RESOURCE_NOT_FOUND => INVALID_PARAMS,
        -32099..=-32020 => INTERNAL_ERROR,
        other => other,
    }
}

/// The code that a modern client gets for one of the gateway's own.
pub fn own_code(code: i32) -> i32 {
    match code {
        error_code::UPSTREAM_UNAVAILABLE | error_code::REQUEST_TIMEOUT => {
            error_code::INTERNAL_ERROR
        }
        error_code::RESOURCE_NOT_FOUND => error_code::INVALID_PARAMS,
        other => other,
    }
}

/// The HTTP status of an error with this code for a modern client.
pub fn http_status(code: i64) -> u16 {
    match code {
        PARSE_ERROR | INVALID_REQUEST | HEADER_MISMATCH | MISSING_CAPABILITY
        | UNSUPPORTED_VERSION => 400,
        METHOD_NOT_FOUND => 404,
        _ => 200,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_may_not_be_used_any_more_are_replaced() {
        for (code, forwarded, own) in [
            (-32002, -32602, -32602),
            (-32000, -32000, -32603),
            (-32001, -32001, -32603),
            (-32019, -32019, -32019),
            (-32020, -32603, -32020),
            (-32042, -32603, -32042),
            (-32099, -32603, -32099),
            (-32100, -32100, -32100),
            (-32601, -32601, -32601),
            (-1, -1, -1),
            (7, 7, 7),
        ] {
            assert_eq!(forwarded_code(code.into()), forwarded, "{code}");
            assert_eq!(own_code(code), own, "{code}");
        }
    }

    #[test]
    fn statuses_are_those_of_the_transport() {
        for code in [-32700, -32600, -32020, -32021, -32022] {
            assert_eq!(http_status(code), 400, "{code}");
        }
        assert_eq!(http_status(-32601), 404);
        for code in [-32602, -32603, -32000, -1, 0] {
            assert_eq!(http_status(code), 200, "{code}");
        }
    }
}
