//! JSON-RPC error codes in use by MCP and by this gateway.

/// Not JSON (JSON-RPC 2.0, section 5.1).
pub const PARSE_ERROR: i32 = -32700;
/// JSON, but not a request (JSON-RPC 2.0, section 5.1).
pub const INVALID_REQUEST: i32 = -32600;
/// Nobody here or behind answers this method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// Params do not fit; also an unknown tool or prompt (MCP, server/tools "Error Handling").
pub const INVALID_PARAMS: i32 = -32602;
/// The gateway's own fault.
pub const INTERNAL_ERROR: i32 = -32603;
/// A server behind the gateway cannot be reached or died (implementation-defined range).
pub const UPSTREAM_UNAVAILABLE: i32 = -32000;
/// No answer in time (the code that the official SDKs use).
pub const REQUEST_TIMEOUT: i32 = -32001;
/// The resource does not exist (MCP 2025-11-25, server/resources "Error Handling").
pub const RESOURCE_NOT_FOUND: i32 = -32002;
/// Headers are missing, or do not say what the body says (MCP 2026-07-28, "Error Codes").
pub const HEADER_MISMATCH: i32 = -32020;
/// The client has not declared what the request needs (MCP 2026-07-28, "Error Codes").
pub const MISSING_CAPABILITY: i32 = -32021;
/// The version that a request claims is not spoken here (MCP 2026-07-28, "Error Codes").
pub const UNSUPPORTED_VERSION: i32 = -32022;
/// The user has to visit an address first (MCP 2025-11-25, client/elicitation).
pub const URL_ELICITATION_REQUIRED: i32 = -32042;
/// A person declined (MCP 2025-11-25, client/sampling "Error Handling").
pub const USER_REJECTED: i32 = -1;
