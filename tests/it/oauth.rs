//! Who may call, and under whose account: clients sign in at the gateway, the gateway's users sign
//! in at Alibaba Cloud.

mod accounts;
mod conformance;
mod facade;
mod killed;
mod public;
mod sdk;
mod secrecy;
mod town;
mod unauthenticated;
mod users;
