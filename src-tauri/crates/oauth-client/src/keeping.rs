//! What is kept of the accounts, in the store and in memory: stored first, then
//! in use, one change of an account at a time.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::Value;
use vault::{Change, Secret};

use crate::account::{ACCOUNT, Account, Document};
use crate::accounts::Inner;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::login::{Begun, LOGIN};
use crate::pending::{self, Pending};
use crate::provider::AccountId;
use crate::resolve::union;

impl Inner {
    pub(crate) fn bump(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Changes an account's document, stored first and then in use, unless
    /// there was a sign-in or sign-out since; whether it did.
    pub(crate) async fn commit(
        &self,
        account: &Account,
        generation: u64,
        mut with: Vec<Change>,
        change: impl FnOnce(&mut Document),
    ) -> Result<bool, Fault> {
        let _writing = account.writer.lock().await;
        let document = {
            let live = account.live();
            live.document
                .clone()
                .filter(|_| live.generation == generation)
        };
        let Some(mut document) = document else {
            return Ok(false);
        };
        change(&mut document);
        with.push(Change::put(ACCOUNT, account.id.key(), &document)?);
        self.vault.change(with).await?;
        account.live().document = Some(document);
        self.bump();
        Ok(true)
    }

    /// Makes a sign-in's document the account's.
    pub(crate) async fn store(&self, id: &AccountId, document: Document) -> Result<(), Fault> {
        self.load().await?;
        let account = Arc::clone(
            self.accounts()
                .entry(id.clone())
                .or_insert_with(|| Arc::new(Account::new(id.clone(), None))),
        );
        let _writing = account.writer.lock().await;
        let put = Change::put(ACCOUNT, id.key(), &document)?;
        self.vault.change(vec![put]).await?;
        account.live().replace(Some(document));
        self.bump();
        Ok(())
    }

    /// The scopes that calls have needed since the last sign-in, with those
    /// that it was granted.
    pub(crate) async fn wanted(&self, id: &AccountId) -> Result<Option<String>, Fault> {
        let account = self.account(id).await?;
        Ok(account.and_then(|account| {
            let live = account.live();
            let document = live.document.as_ref()?;
            let granted = document.tokens.as_ref().and_then(|t| t.scope.as_deref());
            let wanted = document.wanted.as_deref()?;
            union(granted, Some(wanted))
        }))
    }

    /// Gives the tokens of a document back; whether there was a way to.
    pub(crate) async fn revoke(
        &self,
        document: &Document,
        secret: Option<&Secret>,
    ) -> Result<bool, String> {
        let (Some(tokens), Some(endpoint)) = (&document.tokens, &document.revocation_endpoint)
        else {
            return Ok(false);
        };
        let exchange = Exchange {
            http: &self.http,
            token_endpoint: &document.token_endpoint,
            client: &document.client,
            secret: secret.or(document.client.secret.as_ref()),
            resource: None,
        };
        // With the refresh token the grant goes, and all that came of it (RFC
        // 7009, section 2.1).
        match &tokens.refresh {
            Some(refresh) => exchange.revoke(endpoint, refresh, "refresh_token").await?,
            None => {
                exchange
                    .revoke(endpoint, &tokens.access, "access_token")
                    .await?;
            }
        }
        Ok(true)
    }

    pub(crate) async fn forget(&self, account: &Account) -> Result<Option<Document>, Fault> {
        let _writing = account.writer.lock().await;
        let delete = Change::delete(ACCOUNT, account.id.key());
        self.vault.change(vec![delete]).await?;
        let forgotten = account.live().replace(None);
        self.bump();
        Ok(forgotten)
    }

    /// Remembers scopes for the next sign-in.
    pub(crate) async fn want(&self, account: &Account, scope: &str) -> Result<(), Fault> {
        let generation = {
            let live = account.live();
            let Some(document) = &live.document else {
                return Ok(());
            };
            if union(document.wanted.as_deref(), Some(scope)) == document.wanted {
                return Ok(());
            }
            live.generation
        };
        self.commit(account, generation, Vec::new(), |document| {
            document.wanted = union(document.wanted.as_deref(), Some(scope));
        })
        .await?;
        Ok(())
    }

    pub(crate) async fn account(&self, id: &AccountId) -> Result<Option<Arc<Account>>, Fault> {
        self.load().await?;
        Ok(self.accounts().get(id).cloned())
    }

    pub(crate) async fn load(&self) -> Result<(), Fault> {
        self.loaded
            .get_or_try_init(async || {
                let accounts: Vec<(String, Document)> = self.vault.all(ACCOUNT).await?;
                let logins: Vec<(String, Value)> = self.vault.all(LOGIN).await?;
                let over = self.restore(logins);
                {
                    let mut known = self.accounts();
                    for (key, document) in accounts {
                        if let Some(id) = AccountId::from_key(&key) {
                            let account = Arc::new(Account::new(id.clone(), Some(document)));
                            known.insert(id, account);
                        }
                    }
                }
                self.keep_logins(over).await
            })
            .await
            .copied()
    }

    /// Makes changes to the sign-ins that are kept, and forgets those that have
    /// ended meanwhile.
    pub(crate) async fn keep_logins(&self, mut changes: Vec<Change>) -> Result<(), Fault> {
        let ended = self.pending().ended();
        changes.extend(ended.into_iter().map(|key| Change::delete(LOGIN, key)));
        if !changes.is_empty() {
            self.vault.change(changes).await?;
        }
        Ok(())
    }

    /// The sign-ins that were under way go on; what is late, or was written by
    /// another version, is to be deleted.
    fn restore(&self, logins: Vec<(String, Value)>) -> Vec<Change> {
        let now = self.clock.now();
        let mut pending = self.pending();
        let mut over = Vec::new();
        for (key, login) in logins {
            match serde_json::from_value::<Begun>(login) {
                Ok(login) if !pending::over(login.begun_at, now) => {
                    let (provider, user) = (login.provider.clone(), login.user.clone());
                    let begun = login.begun_at;
                    pending.restore(key, &provider, user.as_deref(), begun, login);
                }
                _ => over.push(Change::delete(LOGIN, key)),
            }
        }
        over
    }

    pub(crate) fn accounts(&self) -> MutexGuard<'_, HashMap<AccountId, Arc<Account>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending<Begun>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
