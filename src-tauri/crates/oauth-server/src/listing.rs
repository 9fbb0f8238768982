//! What the owner of the gateway is shown: who asks for access, and who has it.

/// A client that waits for the owner's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// By which it is approved or denied.
    pub id: String,
    /// The short code that the page in the browser shows; both must be the same.
    pub code: String,
    /// What the client calls itself.
    pub client_name: String,
    /// The client's id.
    pub client_id: String,
    /// Where the answer is sent: host and port, or a scheme.
    pub redirect_host: String,
    /// The URL of the endpoint that it wants to use.
    pub resource: String,
    /// Unix seconds.
    pub expires_at: u64,
}

/// What a user allowed a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// By which it is revoked.
    pub id: String,
    /// Whose access it is.
    pub user: String,
    /// What the client calls itself, or the label it was given.
    pub client_name: String,
    /// The client's id.
    pub client_id: String,
    /// The URL of the endpoint that it is good for; `None`: all of them.
    pub resource: Option<String>,
    /// Unix seconds.
    pub created: u64,
    /// Unix seconds.
    pub last_used: Option<u64>,
    /// Unix seconds, if it is not used before; `None`: until it is revoked.
    pub expires_at: Option<u64>,
}

/// A token that was made for a client by hand.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The id of its grant.
    pub id: String,
    /// The token; it cannot be shown again.
    pub token: vault::Secret,
}
