//! What the facade asks the gateway that it stands in.

use axum::http::request::Parts;
use futures_util::future::BoxFuture;

use crate::words::Words;

/// The gateway around the facade.
pub trait Host: Send + Sync + 'static {
    /// The address under which this request reached the gateway, or its public one:
    /// `http://localhost:4298`, without a slash at the end. It is the issuer.
    fn base(&self, parts: &Parts) -> String;

    /// Whether a path such as `/mcp` or `/ecs/mcp` is an endpoint for clients.
    fn endpoint(&self, path: &str) -> bool;

    /// Whether the owner of this machine may approve this request in the window: it
    /// came over loopback, and the gateway has no public address.
    fn local_approval(&self, parts: &Parts) -> bool;

    /// What to call the account with which a person can show who they are, if there is
    /// one: "Alibaba Cloud".
    fn sign_in(&self) -> Option<Words>;

    /// Whether this user's account still works. Who was remembered with one that does not has
    /// to sign in again: a token for it would lead nowhere.
    fn is_signed_in<'h>(&'h self, user: &'h str) -> BoxFuture<'h, bool>;

    /// Begins such a sign-in for the request `then` and gives the URL that the browser
    /// is sent to, or why that cannot be. When it is done the gateway calls
    /// [`Facade::signed_in`](crate::Facade::signed_in) with the same `then`, or
    /// [`Facade::sign_in_failed`](crate::Facade::sign_in_failed).
    fn begin_sign_in(&self, base: &str, then: String) -> BoxFuture<'_, Result<String, Words>>;
}
