//! Refreshing a token: one at a time for each account, owned by the accounts
//! and not by who asked first.
//!
//! The order of a rotation is fixed: the server answers, the new set is stored
//! in one transaction, and only then is the new token handed out. A crash
//! between the first two loses the new set; a server with a grace period then
//! takes the old refresh token once more, any other asks for one new sign-in.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use vault::{Change, Secret};

use crate::account::{Account, Document, Flight, Live, Retry};
use crate::accounts::Inner;
use crate::client::{Origin, Registration};
use crate::exchange::Exchange;
use crate::fault::{Cause, Fault, Why};
use crate::grant::Refusal;
use crate::problem::Problem;
use crate::provider::Provider;
use crate::resolve::REGISTRATION;
use crate::tokens::{Issued, Tokens};

/// Between the tries of one refresh: a server that restarts is soon back.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];
/// Between refreshes that failed; doubled each time.
const BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// However long a server asks to be left alone.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// One refresh.
struct Refresh {
    inner: Arc<Inner>,
    account: Arc<Account>,
    /// The client's secret, if the config has one.
    secret: Option<Secret>,
    document: Document,
    generation: u64,
    unsaved: Option<Tokens>,
    after_refusal: bool,
}

impl Inner {
    /// Joins the refresh under way, or starts one.
    pub(crate) fn refresh(
        self: &Arc<Self>,
        account: &Arc<Account>,
        live: &mut Live,
        provider: &Provider,
        after_refusal: bool,
    ) -> Result<Flight, Fault> {
        if let Some(flight) = live.under_way() {
            return Ok(flight);
        }
        if self.closing.is_cancelled() {
            return Err(temporary(account, Cause::Closing, None));
        }
        let Some(document) = live.document.clone() else {
            return Err(account.needs_sign_in(Why::SignedOut));
        };
        let refresh = Refresh {
            inner: Arc::clone(self),
            account: Arc::clone(account),
            secret: provider.client_secret().cloned(),
            document,
            generation: live.generation,
            unsaved: live.unsaved.clone(),
            after_refusal,
        };
        let (end, flight) = watch::channel(None);
        live.flight = Some(flight.clone());
        self.tasks.spawn(async move {
            let account = Arc::clone(&refresh.account);
            let outcome = refresh.run().await;
            account.live().flight = None;
            end.send_replace(Some(outcome));
        });
        Ok(flight)
    }
}

impl Refresh {
    async fn run(mut self) -> Result<(), Fault> {
        if let Some(unsaved) = self.unsaved.take() {
            return self.save(unsaved).await;
        }
        let Some(tokens) = self.document.tokens.clone() else {
            return Err(self.account.needs_sign_in(Why::SignedOut));
        };
        let Some(refresh) = &tokens.refresh else {
            return Err(self.account.needs_sign_in(Why::Expired));
        };
        let began = Instant::now();
        match self.tries(refresh).await {
            Ok(issued) => {
                tracing::info!(
                    provider = self.account.id.provider,
                    user = self.account.id.user,
                    duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                    "a token was refreshed"
                );
                self.save(tokens.refreshed(issued, self.inner.clock.now()))
                    .await
            }
            Err(refusal) => self.refused(refusal).await,
        }
    }

    /// Asks, and asks again where a moment may help.
    async fn tries(&self, refresh: &Secret) -> Result<Issued, Refusal> {
        let exchange = self.exchange();
        for pause in PAUSES {
            match exchange.refresh(refresh).await {
                Err(Refusal::Passing {
                    cause: Cause::Status(_) | Cause::Unreachable(_),
                    retry_after,
                }) if retry_after.is_none_or(|asked| asked <= pause) => {}
                done => return done,
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.inner.closing.cancelled() => return Err(Refusal::Passing {
                    cause: Cause::Closing,
                    retry_after: None,
                }),
            }
        }
        exchange.refresh(refresh).await
    }

    /// The new set is stored; then, and not before, it is in use.
    async fn save(&self, tokens: Tokens) -> Result<(), Fault> {
        let (account, inner) = (&self.account, &self.inner);
        let kept = inner
            .commit(account, self.generation, Vec::new(), |document| {
                document.tokens = Some(tokens.clone());
            })
            .await;
        match kept {
            Ok(true) => {
                let mut live = account.live();
                live.retry = None;
                live.unsaved = None;
                if self.after_refusal {
                    live.has_replaced(Instant::now());
                }
                Ok(())
            }
            Ok(false) => {
                // Somebody signed in anew or out meanwhile: these are nobody's.
                let mut nobodys = self.document.clone();
                nobodys.tokens = Some(tokens);
                if let Err(why) = inner.revoke(&nobodys, self.secret.as_ref()).await {
                    tracing::debug!(provider = account.id.provider, why, "not revoked");
                }
                Ok(())
            }
            Err(fault) => {
                let mut live = account.live();
                if live.generation == self.generation {
                    live.unsaved = Some(tokens);
                }
                self.wait(&mut live, fault.clone(), None);
                Err(fault)
            }
        }
    }

    async fn refused(&self, refusal: Refusal) -> Result<(), Fault> {
        let account = &self.account;
        let registered = self.document.client.origin == Origin::Registered;
        match refusal {
            Refusal::Grant { code, .. } => self.end(code, Vec::new()).await,
            Refusal::Client { code } if registered => {
                let forget = self.forget_registration().await?;
                self.end(code, forget).await
            }
            Refusal::Passing { cause, retry_after } => {
                tracing::warn!(
                    provider = account.id.provider,
                    user = account.id.user,
                    %cause,
                    "a token could not be refreshed now"
                );
                Err(self.later(temporary(account, cause, retry_after), retry_after))
            }
            Refusal::Client { code } => Err(self.hopeless(Problem::ClientRefused(code))),
            Refusal::Request { code, .. } => Err(self.hopeless(Problem::RequestRefused(code))),
            Refusal::TokenType(kind) => Err(self.hopeless(Problem::TokenType(kind))),
            Refusal::Setup(why) => Err(self.hopeless(Problem::Http(why))),
        }
    }

    /// The sign-in is over, and that is remembered: nothing is asked again
    /// before the user has signed in.
    async fn end(&self, code: String, with: Vec<Change>) -> Result<(), Fault> {
        let (account, inner) = (&self.account, &self.inner);
        let why = Why::Ended(code);
        let ended = inner
            .commit(account, self.generation, with, |document| {
                document.end(why.clone());
            })
            .await;
        match ended {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(fault) => {
                // Then it is at least remembered until the next start.
                tracing::warn!(%fault, "the end of a sign-in could not be stored");
                let mut live = account.live();
                if live.generation == self.generation
                    && let Some(document) = &mut live.document
                {
                    document.end(why.clone());
                }
                drop(live);
                inner.bump();
            }
        }
        tracing::warn!(
            provider = account.id.provider,
            user = account.id.user,
            %why,
            "needs a sign-in"
        );
        Err(account.needs_sign_in(why))
    }

    /// The server does not know the registered client any more: the next
    /// sign-in registers anew.
    async fn forget_registration(&self) -> Result<Vec<Change>, Fault> {
        let Some(issuer) = &self.document.issuer else {
            return Ok(Vec::new());
        };
        let kept: Option<Registration> = self.inner.vault.get(REGISTRATION, issuer).await?;
        Ok(kept
            .filter(|kept| kept.client.id == self.document.client.id)
            .map(|_| Change::delete(REGISTRATION, issuer.clone()))
            .into_iter()
            .collect())
    }

    /// Only the owner can help, by changing the config, and that may happen
    /// any time: tried again, but seldom.
    fn hopeless(&self, problem: Problem) -> Fault {
        tracing::warn!(
            provider = self.account.id.provider,
            user = self.account.id.user,
            %problem,
            "a token could not be refreshed"
        );
        let fault = Fault::Misconfigured {
            provider: self.account.id.provider.clone(),
            problem,
        };
        self.later(fault, Some(LONGEST_BACKOFF))
    }

    fn later(&self, fault: Fault, asked: Option<Duration>) -> Fault {
        self.wait(&mut self.account.live(), fault.clone(), asked);
        fault
    }

    fn wait(&self, live: &mut Live, fault: Fault, asked: Option<Duration>) {
        let failures = live.retry.as_ref().map_or(0, |retry| retry.failures) + 1;
        let pause = backoff(failures).max(asked.unwrap_or_default().min(LONGEST_ASKED));
        live.retry = Some(Retry {
            not_before: Instant::now() + pause,
            failures,
            fault,
        });
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange {
            http: &self.inner.http,
            token_endpoint: &self.document.token_endpoint,
            client: &self.document.client,
            secret: self
                .secret
                .as_ref()
                .or(self.document.client.secret.as_ref()),
            resource: self.document.resource.as_deref(),
        }
    }
}

/// Waits for the end of a refresh. One that died without an end is over, too:
/// the caller looks again.
pub(crate) async fn landed(mut flight: Flight) -> Result<(), Fault> {
    match flight.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Ok(())),
        Err(_) => Ok(()),
    }
}

fn temporary(account: &Account, cause: Cause, retry_after: Option<Duration>) -> Fault {
    Fault::Temporary {
        provider: account.id.provider.clone(),
        cause,
        retry_after,
    }
}

/// Doubles with every failure; up to a quarter less, at random, so that many
/// accounts do not come back all at once.
fn backoff(failures: u32) -> Duration {
    let whole = BACKOFF
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_BACKOFF);
    let mut random = [0_u8; 1];
    // Without randomness there is no jitter, which harms nobody.
    if getrandom::fill(&mut random).is_err() {
        return whole;
    }
    whole - whole.mul_f64(f64::from(random[0]) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_limit() {
        for (failures, most) in [(1, 1), (2, 2), (4, 8), (9, 60), (1000, 60)] {
            let pause = backoff(failures);
            let most = Duration::from_secs(most);
            assert!(
                pause <= most && pause >= most.mul_f64(0.74),
                "{failures}: {pause:?}"
            );
        }
    }
}
