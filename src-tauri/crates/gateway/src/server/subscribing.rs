//! Has a server tell what happens to a resource or task, and no longer; in both eras.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use wire::Era;

use super::Server;
use super::listening::not_told;
use super::subscriptions::Topic;
use crate::config::model::Sharing;
use crate::dispatch::modern::TASKS;
use crate::pool::Claimant;
use crate::upstream::{Hello, OwnCallError};
use crate::words::Words;

/// A legacy server answers within this time that it will tell no longer, or within `callTimeout`
/// where that is shorter.
const TAKEN_BACK: Duration = Duration::from_secs(10);

impl Server {
    /// Asks the server to tell what happens to a resource or task, for whoever was added to its
    /// subscriptions.
    ///
    /// # Errors
    /// Where it does not; see [`OwnCallError`].
    pub(crate) async fn subscribe(self: &Arc<Self>, topic: &Topic) -> Result<(), OwnCallError> {
        // A busy one can be asked, too.
        let open = self.pool.primary();
        let connection = match open.filter(|_| self.config.sharing == Sharing::Shared) {
            Some(connection) => connection,
            None => {
                let lease = self
                    .pool
                    .acquire(Claimant::NOBODY)
                    .await
                    .map_err(|refused| {
                        let en = self.refusal(&refused);
                        OwnCallError::Lost(Words::new(en.clone(), en))
                    })?;
                self.pool.lasting(&lease)
            }
        };
        let patience = self.config.call_timeout;
        match connection.era() {
            Era::Legacy => {
                let Topic::Resource(uri) = topic else {
                    return Err(not_told());
                };
                let _turn = self.turn(topic, "resources/subscribe").await?;
                let params = format!(r#"{{"uri":{}}}"#, wire::quote(uri));
                let asked = connection.ask("resources/subscribe", &params, patience);
                asked.await.map(drop)
            }
            Era::Modern => {
                let can = |hello: &Hello| match topic {
                    Topic::Resource(_) => hello.has_flag("resources", "subscribe"),
                    Topic::Task(_) => hello.has_extension(TASKS),
                };
                if !connection.hello().is_some_and(can) {
                    return Err(not_told());
                }
                self.listening.hears(topic, patience).await
            }
        }
    }

    /// The turn to tell a legacy server whether a topic is wanted; see [`Subscriptions::turn`].
    ///
    /// # Errors
    /// Where it does not come in time: the server answers nobody.
    ///
    /// [`Subscriptions::turn`]: super::subscriptions::Subscriptions::turn
    pub(crate) async fn turn(
        &self,
        topic: &Topic,
        method: &'static str,
    ) -> Result<OwnedMutexGuard<()>, OwnCallError> {
        let after = self.config.call_timeout;
        let turn = self.inbox.subscriptions.turn(topic);
        let late = |_| OwnCallError::Timeout { method, after };
        tokio::time::timeout(after, turn).await.map_err(late)
    }

    /// Tells the server that nobody wants to know of it any more, if that is still so.
    pub(crate) async fn unsubscribe(self: &Arc<Self>, topic: &Topic) {
        let Some(connection) = self.pool.primary() else {
            return;
        };
        if connection.era() == Era::Modern {
            return self.listening.look();
        }
        let Topic::Resource(uri) = topic else { return };
        let turn = self.turn(topic, "resources/unsubscribe").await;
        if turn.is_err() || self.inbox.subscriptions.is_wanted(topic) {
            return;
        }
        let params = format!(r#"{{"uri":{}}}"#, wire::quote(uri));
        // Whoever wants it again waits for the answer.
        let patience = TAKEN_BACK.min(self.config.call_timeout);
        let asked = connection.ask("resources/unsubscribe", &params, patience);
        if let Err(error) = asked.await {
            tracing::debug!(server = %self.config.name, %error, "a subscription was not taken back");
        }
    }
}
