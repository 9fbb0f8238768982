//! Secrets at rest: the data key, and a store that is sealed with it.
