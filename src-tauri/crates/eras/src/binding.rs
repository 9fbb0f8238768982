//! What ties a state to the request that it was given for (MCP 2026-07-28, "Multi Round-Trip
//! Requests / Server Requirements": the principal, the method and a digest of the parameters).

use sha2::{Digest, Sha256};

/// Bytes of a digest.
pub(crate) const BINDING: usize = 16;

/// A request, as far as its retry has to be the same.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Who asks; `None` where nobody has to sign in.
    pub user: Option<&'a str>,
    /// The endpoint that the request came to.
    pub endpoint: &'a str,
    /// Its method.
    pub method: &'a str,
    /// The tool's or prompt's name or the resource's URI, as its server calls it.
    pub target: &'a str,
    /// `params.arguments` as written: clients write the same object in the same way again.
    pub arguments: Option<&'a [u8]>,
}

impl Binding<'_> {
    /// The same, whatever its arguments are.
    pub(crate) fn without_arguments(self) -> Self {
        Self {
            arguments: None,
            ..self
        }
    }

    /// Of every part, each with its length before it: no two requests are written alike.
    pub(crate) fn digest(&self) -> [u8; BINDING] {
        let mut digest = Sha256::new();
        for part in [
            self.user.map(str::as_bytes),
            Some(self.endpoint.as_bytes()),
            Some(self.method.as_bytes()),
            Some(self.target.as_bytes()),
            self.arguments,
        ] {
            digest.update([u8::from(part.is_some())]);
            let part = part.unwrap_or_default();
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&digest.finalize()[..BINDING]);
        binding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Parts of one letter, so that many requests are the same when they are written in a row,
        /// and the one that a part begins with.
        #[test]
        fn two_requests_are_bound_alike_only_where_they_are_the_same(
            a in (proptest::option::of("[\u{1}]{0,2}"), "[\u{1}]{0,2}", "[\u{1}]{0,2}", "[\u{1}]{0,2}", proptest::option::of("[\u{1}]{0,2}")),
            b in (proptest::option::of("[\u{1}]{0,2}"), "[\u{1}]{0,2}", "[\u{1}]{0,2}", "[\u{1}]{0,2}", proptest::option::of("[\u{1}]{0,2}")),
        ) {
            let [one, other] = [&a, &b].map(|(user, endpoint, method, target, arguments)| Binding {
                user: user.as_deref(),
                endpoint,
                method,
                target,
                arguments: arguments.as_ref().map(String::as_bytes),
            });
            prop_assert_eq!(one.digest() == other.digest(), a == b);
            let alike = (&a.0, &a.1, &a.2, &a.3) == (&b.0, &b.1, &b.2, &b.3);
            prop_assert_eq!(one.without_arguments().digest() == other.without_arguments().digest(), alike);
        }
    }
}
