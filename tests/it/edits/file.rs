//! What a change does to the file: nothing but what was asked for.

use std::path::Path;

use serde_json::json;
use testkit::Gateway;
use testkit::admin::{local, remote};

use super::{backups, listing, mode, set_mode};
use crate::support::{setup, tools};

/// A file as a person keeps it: with remarks, an order of its own, keys that the gateway does
/// not know, tabs, and a server that is put aside. Nothing in it is started.
const OWN: &str = concat!(
    "\u{feff}// my machine — 我的机器\r\n",
    "{\r\n",
    "\t\"$schema\": \"./schema.json\",   /* for the editor */\r\n",
    "\t\"x-mine\": { \"keep\": [1.0, 1e3,], },\r\n",
    "\t\"servers\": [\r\n",
    "\t\t// the docs\r\n",
    "\t\t{ \"enabled\": false, \"command\": [ \"docs\", \"--fast\" ], \"name\": \"docs\", }, // offline\r\n",
    "\r\n",
    "\t\t{\r\n",
    "\t\t\t\"name\": \"files\", \"enabled\": false,\r\n",
    "\t\t\t\"command\": [\"files\", \"/data\"], // read only!\r\n",
    "\t\t\t\"env\": { \"LEVEL\": \"debug\", \"TOKEN\": \"abc\" },\r\n",
    "\t\t\t\"x-note\": null,\r\n",
    "\t\t\t\"callTimeout\": 5000\r\n",
    "\t\t},\r\n",
    "\t\t/* { \"name\": \"aside\", \"command\": [\"aside\"] }, */\r\n",
    "\t],\r\n",
    "\t\"toolFilters\": { \"files\": { \"exclude\": [\"rm\"] }, \"docs\": {} },\r\n",
    "\t\"mapping\": {\r\n",
    "\t\t\"docs\": { \"prefix\": \"d\" }, // short\r\n",
    "\t\t\"files\": { \"prefix\": \"f\", \"rename\": { \"read\": \"open\" } }\r\n",
    "\t},\r\n",
    "\t\"limits\": { \"depth\": 100 }\r\n",
    "}\r\n",
    "// end\r\n",
);

async fn own() -> Gateway {
    setup().text(OWN).start().await
}

/// What two texts differ in: the part of the one that the other has something else for.
fn difference<'t>(before: &'t str, after: &'t str) -> (&'t str, &'t str) {
    let start = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let shorter = before.len().min(after.len()) - start;
    let backwards = before.bytes().rev().zip(after.bytes().rev());
    let end = backwards.take(shorter).take_while(|(a, b)| a == b).count();
    let cut = |text: &'t str| {
        let (mut from, mut to) = (start, text.len() - end);
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        while !text.is_char_boundary(to) {
            to += 1;
        }
        &text[from..to]
    };
    (cut(before), cut(after))
}

#[tokio::test]
async fn an_edit_writes_the_value_that_is_another_and_nothing_else() {
    let gateway = own().await;
    let api = gateway.api();
    let edit = |form: &mut serde_json::Value| {
        form["env"][0]["value"] = json!("info");
        form["callTimeout"] = json!(7000);
        form["command"] = json!(["files", "/srv"]);
    };
    api.edit("files", edit).await.saved();
    let expected = OWN
        .replace("\"debug\"", "\"info\"")
        .replace("5000", "7000")
        .replace("/data", "/srv");
    assert_eq!(gateway.setup().config_text(), expected);
    assert_eq!(backups(&gateway), [OWN]);
}

#[tokio::test]
async fn a_form_that_says_what_the_file_says_writes_nothing() {
    let gateway = own().await;
    let path = gateway.setup().config_path().expect("a path");
    let touched = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
    };
    let before = touched(&path);
    for name in ["docs", "files"] {
        let saved = gateway.api().edit(name, |_| ()).await.saved();
        assert_eq!(saved["undo"], json!(null), "there is nothing to take back");
    }
    assert_eq!(touched(&path), before);
    assert_eq!(backups(&gateway), [""; 0]);
}

#[tokio::test]
async fn a_new_name_is_new_everywhere_and_alone() {
    let gateway = own().await;
    let api = gateway.api();
    api.edit("files", |form| form["name"] = json!("disk"))
        .await
        .saved();
    let expected = OWN
        .replace("\"files\":", "\"disk\":")
        .replace("\"name\": \"files\"", "\"name\": \"disk\"");
    assert_eq!(gateway.setup().config_text(), expected);
    assert_eq!(api.get("/api/servers/files").await.status, 404);
    let form = &api.detail("disk").await["form"];
    assert_eq!(
        (&form["prefix"], &form["exclude"]),
        (&json!("f"), &json!(["rm"]))
    );
}

#[tokio::test]
async fn a_new_server_stands_behind_the_others_in_their_style() {
    let gateway = own().await;
    let mut form = remote("web", "https://mcp.example.com/mcp");
    form["enabled"] = json!(false);
    form["headers"] = json!([{"name": "Authorization", "value": "Bearer abc"}]);
    gateway.api().add(&form).await.saved();
    let after = gateway.setup().config_text();
    let (gone, new) = difference(OWN, &after);
    assert_eq!(gone, "", "{after}");
    assert!(new.contains("https://mcp.example.com/mcp"), "{new}");
    assert!(
        new.contains("\r\n\t\t") && !new.replace("\r\n", "").contains('\n'),
        "{new:?}"
    );
    let entry = gateway.api().detail("web").await["entry"].clone();
    assert!(
        entry
            .as_str()
            .is_some_and(|entry| entry.contains("Bearer abc")),
        "{entry}"
    );
}

#[tokio::test]
async fn a_removed_server_is_gone_everywhere_and_takes_nothing_along() {
    let gateway = own().await;
    gateway.api().remove("docs").await.saved();
    let after = gateway.setup().config_text();
    assert!(!after.contains("docs"), "{after}");
    for kept in [
        "aside",
        "read only!",
        "x-note",
        "my machine",
        "for the editor",
        "\"x-mine\": { \"keep\": [1.0, 1e3,], }",
    ] {
        assert!(after.contains(kept), "{kept} in\n{after}");
    }
    assert_eq!(backups(&gateway), [OWN]);
}

#[tokio::test]
async fn the_former_texts_are_kept_for_their_owner_alone() {
    let gateway = own().await;
    let mut texts = Vec::new();
    for timeout in 1..=3 {
        texts.push(gateway.setup().config_text());
        let edit = |form: &mut serde_json::Value| form["callTimeout"] = json!(timeout * 1000);
        gateway.api().edit("files", edit).await.saved();
    }
    assert_eq!(backups(&gateway), texts);
    let folder = gateway.folder().join("data/backups");
    assert_eq!(mode(&folder), 0o700);
    assert!(listing(&folder).iter().all(|kept| mode(kept) == 0o600));
}

#[tokio::test]
async fn a_link_stays_a_link_and_permissions_stay() {
    let setup = setup();
    let (real, link) = (setup.path("dotfiles"), setup.path("linked.json"));
    std::fs::create_dir(&real).expect("a folder");
    let real = real.join("gateway.jsonc");
    std::fs::write(&real, OWN).expect("written");
    set_mode(&real, 0o640);
    std::os::unix::fs::symlink("dotfiles/gateway.jsonc", &link).expect("a link");
    let gateway = setup.file(&link).start().await;

    gateway.api().remove("docs").await.saved();

    let target = std::fs::read_link(&link).expect("still a link");
    assert_eq!(target, Path::new("dotfiles/gateway.jsonc"));
    assert_eq!(mode(&real), 0o640);
    assert!(
        !std::fs::read_to_string(&real)
            .expect("the file")
            .contains("docs")
    );
    assert_eq!(
        listing(real.parent().expect("a folder")).len(),
        1,
        "nothing lies beside it"
    );
}

/// A gateway for which permissions count even where the tests run as root.
async fn in_a_read_only_folder() -> Gateway {
    let mut setup = setup();
    let folder = setup.path("etc");
    std::fs::create_dir(&folder).expect("a folder");
    let path = folder.join("gateway.json");
    let entry = setup.fake_entry("fake", tools(json!([{"name": "echo"}])), &json!({}));
    let text = json!({ "servers": [entry] }).to_string();
    std::fs::write(&path, text).expect("written");
    set_mode(&folder, 0o500);
    if std::fs::write(folder.join("probe"), "").is_ok() {
        std::fs::remove_file(folder.join("probe")).expect("removed");
        setup = setup.through(&["setpriv", "--bounding-set=-dac_override,-dac_read_search"]);
    }
    setup.file(&path).start().await
}

#[tokio::test]
async fn where_nothing_can_be_written_nothing_is_lost_and_all_goes_on() {
    let gateway = in_a_read_only_folder().await;
    let (api, client) = (gateway.api(), gateway.client().await);
    gateway.await_tools("fake", 1).await;
    let before = gateway.setup().config_text();
    let pid = super::process(&gateway, "fake");
    for answer in [
        api.edit("fake", |form| form["callTimeout"] = json!(9000))
            .await,
        api.add(&local("other", &["other"])).await,
        api.remove("fake").await,
    ] {
        let problem = answer.problem(500);
        assert_eq!(problem["code"], "failed");
        let path = gateway.setup().config_path().expect("a path");
        assert!(
            problem["error"]
                .as_str()
                .is_some_and(|text| text.contains(&*path.to_string_lossy())),
            "{problem:#}"
        );
        assert!(problem["remedy"]["en"].is_string(), "{problem:#}");
    }
    assert_eq!(gateway.setup().config_text(), before);
    assert_eq!(super::process(&gateway, "fake"), pid);
    client.tool("fake_echo", "{}").await.result();
    assert_eq!(
        api.status().await["servers"].as_array().map(Vec::len),
        Some(1)
    );
    set_mode(&gateway.folder().join("etc"), 0o700);
    api.edit("fake", |form| form["callTimeout"] = json!(9000))
        .await
        .saved();
}

#[tokio::test]
async fn where_the_former_text_cannot_be_kept_the_file_stays() {
    let gateway = own().await;
    std::fs::write(gateway.folder().join("data/backups"), "in the way").expect("written");
    let problem = gateway.api().remove("docs").await.problem(500);
    assert_eq!(problem["code"], "failed");
    assert_eq!(gateway.setup().config_text(), OWN);
    assert_eq!(
        gateway.api().status().await["servers"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn changes_that_come_together_are_all_made() {
    let gateway = own().await;
    let changes = (0..12).map(|number| {
        let api = gateway.api();
        tokio::spawn(async move {
            let mut form = local(&format!("s{number}"), &["none"]);
            form["enabled"] = json!(false);
            api.add(&form).await.saved()
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.expect("no panic");
    }
    let status = gateway.status().await;
    assert_eq!(status["servers"].as_array().map(Vec::len), Some(14));
    let revision = gateway.api().json("/api/config").await["revision"].clone();
    assert_eq!(status["revision"], revision);
    assert_eq!(backups(&gateway).len(), 12, "one for each");
    assert_eq!(status["configProblems"], json!([]));
}

#[tokio::test]
async fn the_file_is_never_seen_half_written() {
    let gateway = own().await;
    let path = gateway.setup().config_path().expect("a path");
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let reader = std::thread::spawn({
        let stop = std::sync::Arc::clone(&stop);
        move || {
            let mut read = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let text = std::fs::read_to_string(&path).expect("it is always there");
                assert!(text.ends_with("// end\r\n"), "{text}");
                read += 1;
            }
            read
        }
    });
    for round in 0..15 {
        let edit = |form: &mut serde_json::Value| form["callTimeout"] = json!(round + 1);
        gateway.api().edit("docs", edit).await.saved();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(reader.join().expect("it was always whole") > 15);
}
