//! How the fake behaves: strictly and well, unless a test says otherwise. Every switch is plain
//! data, so that tests in other languages set them as JSON over the control endpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The sign-in pages.
    Authorize,
    /// A code becomes tokens.
    Exchange,
    /// A refresh token becomes tokens.
    Refresh,
    /// Tokens are revoked.
    Revoke,
    /// Who signed in?
    Userinfo,
    /// The MCP endpoints.
    Mcp,
    /// Metadata documents.
    Metadata,
    /// Dynamic client registration.
    Register,
    /// Anything else.
    Other,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trouble {
    /// It is answered with this status and not acted upon; a 401 carries a challenge.
    Status(u16),
    /// It is acted upon after so many milliseconds.
    Slow(u64),
    /// It is acted upon at once and answered after so many milliseconds.
    Late(u64),
    /// It is acted upon, and never answered.
    Hang,
    /// It is acted upon, and its answer breaks off.
    Lost,
    /// It is acted upon, and its answer is broken JSON.
    Malformed,
}

/// Trouble for some requests, or for all until further notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Episode {
    /// What goes wrong.
    pub does: Trouble,
    /// How many requests it still hits; without it, every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// How `expires_in` is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Announced {
    /// As a number.
    Number,
    /// As a string, which has been seen.
    Text,
    /// Not at all.
    Absent,
    /// As this, whatever the truth is.
    Untrue(Value),
}

/// What happens to a refresh token that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rotation {
    /// It is replaced; used again, it takes its successors with it (RFC 9700, 4.14).
    Strict,
    /// It is replaced, and may be used again for so many seconds.
    Grace(u64),
    /// It stays, and answers name none.
    Keep,
}

/// What is said in the answer to the authorization request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Said {
    /// The right thing.
    Right,
    /// Something else.
    Wrong,
    /// Nothing.
    Absent,
}

/// Where metadata documents are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Places {
    /// Nowhere.
    None,
    /// For resources: with the endpoint's path; for the server: as OAuth says (RFC 8414).
    First,
    /// For resources: at the root; for the server: as OpenID Connect says.
    Second,
    /// At both.
    Both,
}

/// How the fake behaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Behaviour {
    /// Trouble by kind of request.
    pub trouble: BTreeMap<Kind, Episode>,
    /// Who is signed in without being asked, in every browser.
    pub auto_login: Option<String>,
    /// How many seconds an access token is good for; 0: it has expired when it arrives.
    pub lifetime: u64,
    /// How `expires_in` is said.
    pub announced: Announced,
    /// What happens to used refresh tokens.
    pub rotation: Rotation,
    /// Whether answers carry refresh tokens at all.
    pub refresh_tokens: bool,
    /// Every refresh is refused with `invalid_grant`.
    pub refuses_refresh: bool,
    /// New access tokens are for somebody else's servers.
    pub wrong_audience: bool,
    /// `state` in the answer to the authorization request.
    pub state: Said,
    /// `iss` in the same answer (RFC 9207).
    pub iss: Said,
    /// How many seconds its clock is ahead; seen in `Date` of every answer.
    pub clock_ahead: i64,
    /// The scope without which user information is refused.
    pub userinfo_scope: Option<String>,
    /// The scope without which MCP endpoints answer 403 `insufficient_scope`.
    pub mcp_scope: Option<String>,
    /// Whether a 401 says where the resource's metadata is.
    pub challenge_names_metadata: bool,
    /// Where the metadata of the MCP endpoints is (RFC 9728).
    pub resource_metadata: Places,
    /// Where the metadata of the authorization server is (RFC 8414).
    pub server_metadata: Places,
    /// Whether clients can register (RFC 7591).
    pub registration: bool,
    /// Whether a client may be the address of a document about itself.
    pub client_documents: bool,
    /// Whether tokens are bound to the `resource` that both requests must then name (RFC 8707).
    pub wants_resource: bool,
}

// === impl Behaviour ===

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            trouble: BTreeMap::new(),
            auto_login: None,
            lifetime: 3600,
            announced: Announced::Number,
            rotation: Rotation::Strict,
            refresh_tokens: true,
            refuses_refresh: false,
            wrong_audience: false,
            state: Said::Right,
            iss: Said::Right,
            clock_ahead: 0,
            userinfo_scope: None,
            mcp_scope: None,
            challenge_names_metadata: true,
            resource_metadata: Places::Both,
            server_metadata: Places::Both,
            registration: true,
            client_documents: false,
            wants_resource: false,
        }
    }
}

impl Behaviour {
    /// From now on something goes wrong with every request of a kind.
    pub fn always(&mut self, kind: Kind, does: Trouble) {
        self.trouble.insert(kind, Episode { does, times: None });
    }

    /// Something goes wrong with the next requests of a kind.
    pub fn next(&mut self, kind: Kind, times: u32, does: Trouble) {
        let times = Some(times);
        self.trouble.insert(kind, Episode { does, times });
    }

    /// Nothing goes wrong any more with a kind.
    pub fn well(&mut self, kind: Kind) {
        self.trouble.remove(&kind);
    }

    /// What goes wrong with the request that is here now.
    pub(super) fn strike(&mut self, kind: Kind) -> Option<Trouble> {
        let episode = self.trouble.get_mut(&kind)?;
        let does = episode.does.clone();
        if let Some(times) = &mut episode.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.trouble.remove(&kind);
            }
        }
        Some(does)
    }

    /// What `expires_in` says.
    pub(super) fn expires_in(&self) -> Option<Value> {
        match &self.announced {
            Announced::Number => Some(self.lifetime.into()),
            Announced::Text => Some(self.lifetime.to_string().into()),
            Announced::Absent => None,
            Announced::Untrue(said) => Some(said.clone()),
        }
    }

    /// Changes the switches that a JSON object names.
    pub(super) fn patched(&self, patch: &Value) -> serde_json::Result<Self> {
        let mut whole = serde_json::to_value(self)?;
        for (name, value) in patch.as_object().into_iter().flatten() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole)
    }
}

impl Places {
    pub(super) fn first(self) -> bool {
        matches!(self, Self::First | Self::Both)
    }

    pub(super) fn second(self) -> bool {
        matches!(self, Self::Second | Self::Both)
    }
}
