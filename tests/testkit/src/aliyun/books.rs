//! What the fake has promised to whom: clients, logins under way, codes, grants and tokens.
//! Pure but for random names; time is given. Whatever is not exactly right is refused.

use std::collections::HashMap;

use super::behaviour::{Behaviour, Rotation};
use super::terms::{Client, Exchange, Holder, Issued, Refusal, Request, Tokens, challenge, random};

const CODE_LIFETIME: u64 = 60;

struct Code {
    request: Request,
    user: String,
    expires: u64,
    /// The grant that it gave.
    used: Option<usize>,
}

/// What a user has allowed a client.
struct Grant {
    client: String,
    user: String,
    scope: String,
    resource: Option<String>,
    revoked: bool,
}

struct Access {
    grant: usize,
    expires: u64,
    elsewhere: bool,
}

struct Refresh {
    grant: usize,
    used: Option<u64>,
}

#[derive(Default)]
pub(super) struct Books {
    clients: HashMap<String, Client>,
    tickets: HashMap<String, Request>,
    codes: HashMap<String, Code>,
    grants: Vec<Grant>,
    access: Vec<(String, Access)>,
    refresh: Vec<(String, Refresh)>,
}

// === impl Books ===

impl Books {
    pub(super) fn admit(&mut self, id: &str, client: Client) {
        self.clients.insert(id.to_owned(), client);
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.get(id)
    }

    /// Another exact redirect address of a client.
    pub(super) fn allow_redirect(&mut self, client: &str, redirect: &str) {
        if let Some(client) = self.clients.get_mut(client) {
            client.redirects.push(redirect.to_owned());
        }
    }

    /// A login begins; its pages carry the ticket.
    pub(super) fn begin(&mut self, request: Request) -> String {
        let ticket = random("ticket");
        self.tickets.insert(ticket.clone(), request);
        ticket
    }

    /// The login of a ticket, which goes on.
    pub(super) fn ticket(&self, ticket: &str) -> Option<&Request> {
        self.tickets.get(ticket)
    }

    /// The login of a ticket, which ends.
    pub(super) fn end(&mut self, ticket: &str) -> Option<Request> {
        self.tickets.remove(ticket)
    }

    pub(super) fn code(&mut self, request: Request, user: &str, now: u64) -> String {
        let code = random(&format!("code-{user}"));
        let user = user.to_owned();
        let (expires, used) = (now + CODE_LIFETIME, None);
        let made = Code {
            request,
            user,
            expires,
            used,
        };
        self.codes.insert(code.clone(), made);
        code
    }

    /// Who asks? A confidential client shows its secret, a public one has none to show.
    pub(super) fn identify(&self, id: &str, secret: Option<&str>) -> Result<(), Refusal> {
        let client = self.clients.get(id);
        let client = client.ok_or(refusal("invalid_client", "no such client"))?;
        match client.secret.as_deref() == secret {
            true => Ok(()),
            false => Err(refusal(
                "invalid_client",
                "the secret is not that of the client",
            )),
        }
    }

    /// A code becomes tokens, once, for the client that began, with the verifier that it kept.
    pub(super) fn exchange(
        &mut self,
        code: &str,
        ask: &Exchange<'_>,
        behaviour: &Behaviour,
        now: u64,
    ) -> Result<Issued, Refusal> {
        let found = self.codes.get_mut(code);
        let found = found.ok_or(refusal("invalid_grant", "no such code"))?;
        if let Some(grant) = found.used {
            self.grants[grant].revoked = true;
            return Err(refusal(
                "invalid_grant",
                "the code was used before; what it gave is revoked",
            ));
        }
        let request = &found.request;
        let fault = if now >= found.expires {
            Some("the code has expired")
        } else if request.client != ask.client {
            Some("the code is another client's")
        } else if ask.redirect != Some(request.redirect.as_str()) {
            Some("redirect_uri is not that of the authorization request")
        } else if ask.verifier.map(challenge).as_deref() != Some(request.challenge.as_str()) {
            Some("code_verifier does not fit the code_challenge")
        } else {
            None
        };
        if let Some(why) = fault {
            return Err(refusal("invalid_grant", why));
        }
        if behaviour.wants_resource && ask.resource != request.resource.as_deref() {
            return Err(refusal(
                "invalid_target",
                "resource is not that of the authorization request",
            ));
        }
        found.used = Some(self.grants.len());
        self.grants.push(Grant {
            client: request.client.clone(),
            user: found.user.clone(),
            scope: request.scope.clone(),
            resource: request
                .resource
                .clone()
                .filter(|_| behaviour.wants_resource),
            revoked: false,
        });
        Ok(self.issue(self.grants.len() - 1, true, behaviour, now))
    }

    pub(super) fn renew(
        &mut self,
        token: &str,
        client: &str,
        behaviour: &Behaviour,
        now: u64,
    ) -> Result<Issued, Refusal> {
        let found = self.refresh.iter_mut().find(|(name, _)| name == token);
        let (_, found) = found.ok_or(refusal("invalid_grant", "no such refresh token"))?;
        let index = found.grant;
        let grant = &mut self.grants[index];
        if grant.client != client {
            return Err(refusal(
                "invalid_grant",
                "the refresh token is another client's",
            ));
        }
        if grant.revoked || behaviour.refuses_refresh {
            return Err(refusal("invalid_grant", "the grant was revoked"));
        }
        match (behaviour.rotation, found.used) {
            (Rotation::Strict, Some(_)) => {
                grant.revoked = true;
                return Err(refusal(
                    "invalid_grant",
                    "the refresh token was used before",
                ));
            }
            (Rotation::Grace(seconds), Some(used)) if now >= used + seconds => {
                grant.revoked = true;
                return Err(refusal(
                    "invalid_grant",
                    "the refresh token was used before",
                ));
            }
            (Rotation::Keep, _) => return Ok(self.issue(index, false, behaviour, now)),
            (Rotation::Strict | Rotation::Grace(_), _) => found.used = found.used.or(Some(now)),
        }
        Ok(self.issue(index, true, behaviour, now))
    }

    fn issue(&mut self, index: usize, refresh: bool, behaviour: &Behaviour, now: u64) -> Issued {
        let grant = &self.grants[index];
        let access = random(&format!("access-{}", grant.user));
        let made = Access {
            grant: index,
            expires: now + behaviour.lifetime,
            elsewhere: behaviour.wrong_audience,
        };
        let refresh = (refresh && behaviour.refresh_tokens).then(|| {
            let token = random(&format!("refresh-{}", grant.user));
            let made = Refresh {
                grant: index,
                used: None,
            };
            self.refresh.push((token.clone(), made));
            token
        });
        self.access.push((access.clone(), made));
        let scope = grant.scope.clone();
        Issued {
            access,
            refresh,
            scope,
        }
    }

    /// A credential for machines without a browser, good until it is revoked.
    pub(super) fn credential(&mut self, user: &str, scope: &str) -> String {
        let token = random(&format!("credential-{user}"));
        let (grant, expires, elsewhere) = (self.grants.len(), u64::MAX, false);
        self.grants.push(Grant {
            client: String::new(),
            user: user.to_owned(),
            scope: scope.to_owned(),
            resource: None,
            revoked: false,
        });
        let made = Access {
            grant,
            expires,
            elsewhere,
        };
        self.access.push((token.clone(), made));
        token
    }

    /// Whose access token this is, if it is good here and now; else why it is not.
    pub(super) fn judge(&self, token: &str, now: u64) -> Result<Holder, &'static str> {
        let found = self.access.iter().find(|(name, _)| name == token);
        let (_, access) = found.ok_or("no such token")?;
        let grant = &self.grants[access.grant];
        if grant.revoked {
            return Err("the token was revoked");
        }
        if now >= access.expires {
            return Err("the token has expired");
        }
        if access.elsewhere {
            return Err("the token is for another audience");
        }
        Ok(Holder {
            user: grant.user.clone(),
            scope: grant.scope.clone(),
            resource: grant.resource.clone(),
        })
    }

    /// RFC 7009: whatever belongs to the token's grant is over. Another client's token is left alone.
    pub(super) fn revoke(&mut self, token: &str, client: &str) {
        let access = self
            .access
            .iter()
            .map(|(name, access)| (name, access.grant));
        let refresh = self
            .refresh
            .iter()
            .map(|(name, refresh)| (name, refresh.grant));
        let found = access.chain(refresh).find(|(name, _)| *name == token);
        if let Some(grant) = found.map(|(_, grant)| &mut self.grants[grant])
            && grant.client == client
        {
            grant.revoked = true;
        }
    }

    /// The user, or the administrator of the account, takes everything back.
    pub(super) fn revoke_user(&mut self, user: &str) {
        let grants = self.grants.iter_mut();
        grants
            .filter(|grant| grant.user == user)
            .for_each(|grant| grant.revoked = true);
    }

    /// The access tokens of a user are over before their time.
    pub(super) fn expire(&mut self, user: &str) {
        for (_, access) in &mut self.access {
            if self.grants[access.grant].user == user {
                access.expires = 0;
            }
        }
    }

    pub(super) fn tokens_of(&self, user: &str, now: u64) -> Tokens {
        let grants = &self.grants;
        let its = |grant: usize| grants[grant].user == user;
        let access = self.access.iter().filter(|(_, access)| its(access.grant));
        let refresh = self.refresh.iter().filter(|(_, token)| its(token.grant));
        let good = access
            .clone()
            .filter(|(token, _)| self.judge(token, now).is_ok());
        let unused = refresh
            .clone()
            .filter(|(_, token)| token.used.is_none() && !grants[token.grant].revoked);
        Tokens {
            live: good
                .map(|(token, _)| token)
                .chain(unused.map(|(token, _)| token))
                .cloned()
                .collect(),
            access: access.map(|(token, _)| token.clone()).collect(),
            refresh: refresh.map(|(token, _)| token.clone()).collect(),
        }
    }
}

fn refusal(error: &'static str, why: &'static str) -> Refusal {
    Refusal { error, why }
}
