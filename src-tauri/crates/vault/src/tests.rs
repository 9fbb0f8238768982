//! The vault as its users see it, over a real file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::*;

type Outcome = Result<(), Fault>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Doc {
    number: u32,
    #[serde(with = "exposed")]
    token: Secret,
}

fn doc(number: u32) -> Doc {
    Doc {
        number,
        token: Secret::new(format!("planted-{number}")),
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Without a keychain and without a given key: the key is in a file.
fn options(folder: &Path) -> Options {
    Options {
        folder: folder.to_owned(),
        passphrase: None,
        key: None,
        keychain: false,
    }
}

fn with_key(folder: &Path, byte: u8) -> Options {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
    Options {
        key: Some(Secret::new(text)),
        ..options(folder)
    }
}

async fn raw(folder: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("store.db"));
    let pool = sqlx::SqlitePool::connect_with(options)
        .await
        .expect("the store opens");
    sqlx::raw_sql(sql).execute(&pool).await.expect("runs");
    pool.close().await;
}

#[tokio::test]
async fn documents_and_secrets_are_there_again_after_a_restart() -> Outcome {
    let folder = folder();
    let vault = Vault::new(options(folder.path()));
    vault
        .change(vec![
            Change::put("token", "b", &doc(2))?,
            Change::put("token", "a", &doc(1))?,
            Change::put("client", "a", &doc(3))?,
        ])
        .await?;
    vault.set_secret("GITHUB", &Secret::new("ghp")).await?;
    vault.close().await;

    let vault = Vault::new(options(folder.path()));
    assert_eq!(vault.get("token", "a").await?, Some(doc(1)));
    assert_eq!(vault.get::<Doc>("token", "c").await?, None);
    assert_eq!(
        vault.all("token").await?,
        [("a".to_owned(), doc(1)), ("b".to_owned(), doc(2))]
    );
    assert_eq!(vault.secret("GITHUB").await?, Some(Secret::new("ghp")));
    let names: Vec<_> = vault.secrets().await?.into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["GITHUB"]);

    assert!(vault.remove_secret("GITHUB").await?);
    assert!(!vault.remove_secret("GITHUB").await?);
    vault.change(vec![Change::delete("token", "a")]).await?;
    assert_eq!(vault.secret("GITHUB").await?, None);
    assert_eq!(vault.all::<Doc>("token").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_vault_in_memory_works_the_same_and_is_shared_by_its_clones() -> Outcome {
    let vault = Vault::in_memory();
    let clone = vault.clone();
    vault
        .change(vec![Change::put("token", "a", &doc(1))?])
        .await?;
    assert_eq!(clone.get("token", "a").await?, Some(doc(1)));
    assert_eq!(Vault::in_memory().get::<Doc>("token", "a").await?, None);
    Ok(())
}

#[tokio::test]
async fn reading_makes_neither_a_file_nor_a_key() -> Outcome {
    let folder = folder();
    let vault = Vault::new(options(folder.path()));
    assert_eq!(vault.get::<Doc>("token", "a").await?, None);
    assert!(vault.all::<Doc>("token").await?.is_empty());
    assert!(vault.secrets().await?.is_empty());
    assert!(!vault.remove_secret("A").await?);
    vault.change(vec![Change::delete("token", "a")]).await?;
    assert_eq!(vault.state().await, KeyState::Unused);
    let files = std::fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(files, 0);
    Ok(())
}

#[tokio::test]
async fn nothing_secret_lies_in_the_files_and_nobody_else_reads_them() -> Outcome {
    let folder = folder();
    let data = folder.path().join("data");
    let vault = Vault::new(options(&data));
    vault
        .change(vec![Change::put("token", "a", &doc(7))?])
        .await?;
    vault
        .set_secret("NAME", &Secret::new("planted-too"))
        .await?;
    let mut seen = Vec::new();
    for file in std::fs::read_dir(&data).expect("readable") {
        let file = file.expect("readable");
        let content = std::fs::read(file.path()).expect("readable");
        let found = content.windows(7).any(|window| window == b"planted");
        assert!(!found, "{:?} holds a secret", file.path());
        seen.push(file.file_name().to_string_lossy().into_owned());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().expect("readable").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
        }
    }
    seen.sort();
    assert_eq!(
        seen,
        ["store.db", "store.db-shm", "store.db-wal", "store.key"]
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&data).expect("readable").permissions();
        assert_eq!(mode.mode() & 0o777, 0o700);
    }
    Ok(())
}

#[tokio::test]
async fn a_key_in_a_file_comes_with_a_warning() -> Outcome {
    let folder = folder();
    let vault = Vault::new(options(folder.path()));
    vault.set_secret("NAME", &Secret::new("value")).await?;
    let state = vault.state().await;
    let path = folder.path().join("store.key");
    assert_eq!(state, KeyState::KeyFile { path: path.clone() });
    let notice = state.notice().expect("a warning");
    assert!(notice.en.contains("MCP_GATEWAY_PASSPHRASE") && notice.zh.contains("密钥"));
    vault.close().await;

    // The warning is there before the key is used, too.
    let vault = Vault::new(options(folder.path()));
    assert!(matches!(vault.state().await, KeyState::KeyFile { .. }));

    std::fs::remove_file(&path).expect("removed");
    let fault = vault.secret("NAME").await.expect_err("no key");
    assert!(matches!(fault, Fault::KeyGone { .. }), "{fault}");
    assert!(!path.exists(), "no other key takes its place");
    Ok(())
}

#[tokio::test]
async fn a_document_that_was_moved_or_altered_is_refused() -> Outcome {
    let folder = folder();
    let vault = Vault::new(options(folder.path()));
    vault
        .change(vec![
            Change::put("token", "mine", &doc(1))?,
            Change::put("token", "yours", &doc(2))?,
        ])
        .await?;
    vault.close().await;
    raw(
        folder.path(),
        "UPDATE sealed SET value = (SELECT value FROM sealed WHERE key = 'yours') WHERE key = 'mine'",
    )
    .await;
    let vault = Vault::new(options(folder.path()));
    let fault = vault.get::<Doc>("token", "mine").await.expect_err("moved");
    assert!(matches!(&fault, Fault::Damaged { document, .. } if document == "token/mine"));
    assert_eq!(vault.get("token", "yours").await?, Some(doc(2)));
    Ok(())
}

#[tokio::test]
async fn another_key_is_refused_and_changes_nothing() -> Outcome {
    let folder = folder();
    let vault = Vault::new(with_key(folder.path(), 1));
    vault.set_secret("NAME", &Secret::new("value")).await?;
    assert_eq!(vault.state().await, KeyState::Variable);
    vault.close().await;

    let other = Vault::new(with_key(folder.path(), 2));
    for fault in [
        other.secret("NAME").await.expect_err("wrong key"),
        other
            .set_secret("NAME", &Secret::new("theirs"))
            .await
            .expect_err("wrong key"),
    ] {
        assert!(matches!(fault, Fault::WrongKey { .. }), "{fault}");
    }
    assert!(matches!(other.state().await, KeyState::Locked(_)));
    assert_eq!(other.secrets().await?.len(), 1, "names need no key");
    other.close().await;

    let without = Vault::new(options(folder.path()));
    let fault = without.secret("NAME").await.expect_err("no key");
    assert!(matches!(fault, Fault::NotGiven { .. }), "{fault}");
    without.close().await;

    let right = Vault::new(with_key(folder.path(), 1));
    assert_eq!(right.secret("NAME").await?, Some(Secret::new("value")));
    Ok(())
}

#[tokio::test]
async fn a_passphrase_opens_what_it_closed() -> Outcome {
    let folder = folder();
    let with = |passphrase: &str| Options {
        passphrase: Some(Secret::new(passphrase)),
        ..options(folder.path())
    };
    let vault = Vault::new(with("correct horse"));
    vault.set_secret("NAME", &Secret::new("value")).await?;
    vault.close().await;

    let vault = Vault::new(with("battery staple"));
    let fault = vault.secret("NAME").await.expect_err("wrong passphrase");
    assert!(matches!(fault, Fault::WrongKey { .. }), "{fault}");
    vault.close().await;

    let vault = Vault::new(with("correct horse"));
    assert_eq!(vault.secret("NAME").await?, Some(Secret::new("value")));
    assert_eq!(vault.state().await, KeyState::Passphrase);
    Ok(())
}

#[tokio::test]
async fn what_is_no_key_and_what_is_no_name_is_said() {
    let folder = folder();
    let vault = Vault::new(Options {
        key: Some(Secret::new("hunter2")),
        ..options(folder.path())
    });
    let fault = vault.set_secret("NAME", &Secret::new("v")).await;
    assert_eq!(fault, Err(Fault::NotAKey));
    let fault = vault.set_secret("two words", &Secret::new("v")).await;
    assert!(matches!(fault, Err(Fault::Name { .. })));
}

#[tokio::test]
async fn a_store_that_lost_its_record_gets_no_new_key() -> Outcome {
    let folder = folder();
    let vault = Vault::new(with_key(folder.path(), 1));
    vault.set_secret("NAME", &Secret::new("value")).await?;
    vault.close().await;
    raw(folder.path(), "DELETE FROM meta").await;

    let vault = Vault::new(with_key(folder.path(), 1));
    let fault = vault.set_secret("OTHER", &Secret::new("value")).await;
    assert!(matches!(fault, Err(Fault::Store { .. })), "{fault:?}");
    Ok(())
}

#[tokio::test]
async fn a_newer_store_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("store.db");
    std::fs::write(&path, b"").expect("written");
    raw(folder.path(), "PRAGMA user_version = 99").await;
    let vault = Vault::new(options(folder.path()));
    let fault = vault.secrets().await.expect_err("newer");
    assert_eq!(fault, Fault::Newer { path });
}

#[tokio::test]
async fn what_is_no_store_is_said_and_kept() {
    let folder = folder();
    let path = folder.path().join("store.db");
    std::fs::write(
        &path,
        "this is a text, and no database at all\n".repeat(200),
    )
    .expect("written");
    let vault = Vault::new(options(folder.path()));
    let fault = vault.secrets().await.expect_err("no store");
    assert!(matches!(fault, Fault::Store { .. }), "{fault}");
    assert!(matches!(vault.state().await, KeyState::Locked(_)));
    assert!(std::fs::read(&path).is_ok_and(|content| content.starts_with(b"this is a text")));
}

#[tokio::test]
async fn a_failure_is_tried_again_at_the_next_use() -> Outcome {
    let folder = folder();
    let vault = Vault::new(options(folder.path()));
    vault.set_secret("NAME", &Secret::new("value")).await?;
    vault.close().await;
    let key = folder.path().join("store.key");
    let kept = std::fs::read(&key).expect("readable");
    std::fs::write(&key, "no key").expect("written");

    let vault = Vault::new(options(folder.path()));
    assert!(vault.secret("NAME").await.is_err());
    assert!(matches!(vault.state().await, KeyState::Locked(_)));
    std::fs::write(&key, kept).expect("written");
    assert_eq!(vault.secret("NAME").await?, Some(Secret::new("value")));
    assert!(matches!(vault.state().await, KeyState::KeyFile { .. }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_begin_a_store_at_once_and_agree_on_its_key() -> Outcome {
    let folder = folder();
    // Two vaults stand for two processes: each would make a key of its own.
    let vaults: Vec<_> = (0..4).map(|_| Vault::new(options(folder.path()))).collect();
    let together = Arc::new(tokio::sync::Barrier::new(20));
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let vault = vaults[n % vaults.len()].clone();
            let together = together.clone();
            tokio::spawn(async move {
                together.wait().await;
                vault
                    .set_secret(&format!("NAME{n}"), &Secret::new(n.to_string()))
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic")?;
    }
    for vault in vaults {
        for n in 0..20 {
            let secret = vault.secret(&format!("NAME{n}")).await?;
            assert_eq!(secret, Some(Secret::new(n.to_string())));
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_caller_that_goes_away_harms_nothing() -> Outcome {
    let folder = folder();
    let vault = Vault::new(options(folder.path()));
    for n in 0..40 {
        let change = vec![
            Change::put("token", "a", &doc(n))?,
            Change::put("token", "b", &doc(n))?,
        ];
        let patience = Duration::from_micros(u64::from(n) * 60);
        // Whether it came to its end is the point of neither round.
        _ = tokio::time::timeout(patience, vault.change(change)).await;
        let (a, b): (Option<Doc>, Option<Doc>) = (
            vault.get("token", "a").await?,
            vault.get("token", "b").await?,
        );
        assert_eq!(a, b);
    }
    Ok(())
}

/// The process that is killed: writes pairs and says what has been written.
#[tokio::test]
#[ignore = "it is a part of the next test, which starts it"]
async fn writer() -> Outcome {
    let Some(folder) = std::env::var_os("VAULT_TEST_FOLDER") else {
        return Ok(());
    };
    let vault = Vault::new(options(Path::new(&folder)));
    let start = vault
        .get::<Doc>("token", "a")
        .await?
        .map_or(0, |doc| doc.number);
    for n in start + 1.. {
        vault
            .change(vec![
                Change::put("token", "a", &doc(n))?,
                Change::put("token", "b", &doc(n))?,
            ])
            .await?;
        println!("wrote {n}");
    }
    Ok(())
}

#[tokio::test]
async fn a_crash_in_the_middle_leaves_the_old_or_the_new() -> Outcome {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let folder = folder();
    for round in 0..12_u64 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "tests::writer", "--ignored", "--nocapture"])
            .env("VAULT_TEST_FOLDER", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (said, hear) = std::sync::mpsc::channel();
        let listener = std::thread::spawn(move || {
            let mut last = 0;
            for line in lines.map_while(Result::ok) {
                if let Some((_, number)) = line.split_once("wrote ") {
                    last = number.trim().parse().unwrap_or(last);
                    _ = said.send(());
                }
            }
            last
        });
        hear.recv_timeout(Duration::from_secs(30))
            .expect("it writes");
        std::thread::sleep(Duration::from_micros(round * 1700));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let last: u32 = listener.join().expect("no panic");

        let vault = Vault::new(options(folder.path()));
        let (a, b): (Option<Doc>, Option<Doc>) = (
            vault.get("token", "a").await?,
            vault.get("token", "b").await?,
        );
        assert_eq!(a, b, "half a transaction in round {round}");
        let number = a.map_or(0, |doc| doc.number);
        assert!(
            number == last || number == last + 1,
            "{last} was written, {number} is there"
        );
        vault.close().await;
    }
    Ok(())
}
