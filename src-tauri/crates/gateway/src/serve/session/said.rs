//! What a client said of itself at `initialize`, raw: its requests say so again at a modern server.

/// Bytes that are kept of it.
const LONGEST: usize = 64 * 1024;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) capabilities: Box<str>,
    pub(crate) client_info: Option<Box<str>>,
}

impl Said {
    /// Whether it may be kept for as long as its session lasts.
    pub(super) fn is_modest(&self) -> bool {
        let info = self.client_info.as_ref().map_or(0, |info| info.len());
        self.capabilities.len() + info <= LONGEST
    }

    /// The raw members of `_meta` that say so.
    pub(super) fn claim(&self, log_level: Option<&str>) -> String {
        eras::claim_of(&self.capabilities, self.client_info.as_deref(), log_level)
    }
}
