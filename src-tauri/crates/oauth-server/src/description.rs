//! Descriptions that clients publish under their own id (Client ID Metadata Documents).

/// The descriptions that were read lately.
#[derive(Debug)]
pub(crate) struct Descriptions {}

impl Descriptions {
    pub(crate) fn new() -> Self {
        Self {}
    }
}
