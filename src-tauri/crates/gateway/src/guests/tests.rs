#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use super::*;
use crate::config::{self, Environment, LoadOptions, Loaded};
use crate::gateway::{Gateway, Surroundings};
use crate::instance::Kind;
use crate::journal::Journal;
use crate::pool::{Claimant, Refused};

fn loaded(folder: &Path, servers: &str) -> Loaded {
    let file = folder.join("config.json");
    let text = format!(r#"{{ "gateway": {{ "port": 0 }}, "servers": [{servers}] }}"#);
    std::fs::write(&file, text).unwrap();
    let options = LoadOptions {
        file: Some(file),
        ..LoadOptions::default()
    };
    let environment = Environment {
        vars: &|_| None,
        home: None,
        cwd: folder,
    };
    config::load(&options, &environment).unwrap()
}

async fn gateway(folder: &Path, servers: &str) -> Gateway {
    let data_dir = folder.join("data");
    let vault = vault::Options {
        folder: data_dir.clone(),
        passphrase: None,
        key: None,
        keychain: false,
    };
    let surroundings = Surroundings {
        data_dir,
        kind: Kind::Headless,
        source: None,
        bridge: None,
        vault,
        journal: Journal::silent(),
    };
    let started = Gateway::start(loaded(folder, servers), surroundings);
    started.await.unwrap()
}

async fn refusal(server: &Arc<Server>) -> String {
    match server.pool.acquire(Claimant::NOBODY).await {
        Err(Refused::Unavailable(why)) => why.en,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_asked_for_while_the_gateway_ends_is_not_started_any_more() {
    const FAR: &str =
        r#"{ "name": "far", "type": "remote", "url": "http://127.0.0.1:9/mcp", "auth": "oauth" }"#;
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(folder.path(), FAR).await;
    let core = gateway.core();
    core.welcome(&User::new("early"));
    assert_eq!(core.guests.all().len(), 1);
    let before = core.all_servers();
    assert_eq!(before.len(), 2);

    core.ending.servers.cancel();
    core.welcome(&User::new("late"));
    let more = r#", { "name": "near", "type": "local", "command": ["sleep", "60"] }"#;
    core.put_in_force(loaded(folder.path(), &format!("{FAR}{more}")));

    let is_new = |server: &&Arc<Server>| !before.iter().any(|one| Arc::ptr_eq(one, server));
    let after = core.all_servers();
    let new: Vec<_> = after.iter().filter(is_new).collect();
    assert_eq!(new.len(), 2, "a guest and a server");
    for server in new {
        assert!(refusal(server).await.contains("shutting down"));
    }
    gateway.shutdown().await;
}
