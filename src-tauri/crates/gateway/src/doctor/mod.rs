//! The doctor: looks at everything that commonly keeps a gateway and its servers from working,
//! says what is wrong and why, and repairs what it can when it is asked to.
//!
//! Each check is a file: what it gathers (with a deadline), and a pure judgement of that. All run
//! at once. Nothing here prints a secret, and nothing is changed but by an [`Offer`] that was
//! accepted.

mod finding;
mod fix;
mod patient;

mod certificates;
mod clock;
mod config;
mod folder;
mod leftovers;
mod port;
mod programs;
mod proxy;
mod remote;
mod runtimes;
mod secrets;
mod servers;
mod trouble;
mod watches;

mod rounds;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Source;
use crate::core::Core;
use crate::words::Words;
use patient::Patient;

pub use finding::{Finding, Offer, Report, Severity};
pub use fix::Fixed;

/// See the module.
#[derive(Debug, Clone)]
pub struct Doctor(Patient);

impl Doctor {
    /// For a gateway that does not run: what it would be started with.
    pub fn at_rest(source: Source, data_dir: PathBuf, vault: vault::Options) -> Self {
        Self(Patient::at_rest(source, data_dir, vault))
    }

    /// For the gateway that runs in this process.
    pub(crate) fn of(core: Arc<Core>) -> Self {
        Self(Patient::Running(core))
    }

    /// Looks at everything. Takes about ten seconds at most.
    pub async fn examine(&self) -> Report {
        Report::new(rounds::all(&self.0).await)
    }

    /// Repairs what a finding with a fix is about; `id` is the fix's. What is in order by now
    /// stays as it is.
    ///
    /// # Errors
    /// In words, where it was tried and failed.
    pub async fn fix(&self, id: &str) -> Result<Fixed, Words> {
        let report = self.examine().await;
        let found = report.findings.into_iter().find(|finding| finding.id == id);
        match found.and_then(|finding| finding.cure) {
            Some(cure) => cure.apply(&self.0).await,
            None => Ok(Fixed {
                said: Words::new(
                    "There is nothing to repair here any more",
                    "这里已经没有需要修复的问题",
                ),
                undo: None,
            }),
        }
    }

    /// Lets go of the files that were opened.
    pub async fn close(self) {
        if let Patient::AtRest(rest) = &self.0 {
            rest.close().await;
        }
    }
}
