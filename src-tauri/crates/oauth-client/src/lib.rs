//! Signing in to authorization servers, and tokens that stay fresh.
