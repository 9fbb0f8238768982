//! The authorization server that clients of the gateway sign in to.
