//! The key in a real keychain: gnome-keyring on a D-Bus session of the test's own.
//!
//! The keychain is connected once in the life of a process, so every act is one: this binary
//! starts itself again, under `dbus-run-session`, with the name of the act.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

use vault::{Fault, KeyState, Options, Secret, Vault};

/// A home of its own, so that no keyring of the machine is seen or touched.
struct Home(tempfile::TempDir);

/// What the session's keyring is like.
enum Keyring {
    /// Unlocked with the owner's password, as after logging in.
    Unlocked,
    /// Running, but nobody has given the password, and there is no screen to ask on.
    Locked,
    /// Nothing answers.
    None,
}

// === impl Home ===

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(home.path().join("run")).expect("made");
        std::fs::set_permissions(
            home.path().join("run"),
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )
        .expect("set");
        Self(home)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Plays an act in a process of its own.
    fn play(&self, act: &str, keyring: &Keyring) {
        let before = match keyring {
            Keyring::Unlocked => {
                "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 9;"
            }
            Keyring::Locked => {
                "gnome-keyring-daemon --start --components=secrets >/dev/null || exit 9;"
            }
            Keyring::None => "",
        };
        // A bus without services to activate: the machine's own keyring must not be started.
        let config = self.path().join("bus.conf");
        std::fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>unix:dir={}</listen><auth>EXTERNAL</auth>\
                 <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
                 <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
                self.path().join("run").display()
            ),
        )
        .expect("written");
        let me = std::env::current_exe().expect("this test");
        let script = format!("{before} exec \"$0\" --exact act --ignored --nocapture");
        let output: Output = Command::new("timeout")
            .args(["--kill-after=5", "50", "dbus-run-session"])
            .arg(format!("--config-file={}", config.display()))
            .args(["--", "sh", "-c", &script])
            .arg(&me)
            .env("VAULT_TEST_ACT", act)
            .env("HOME", self.path())
            .env("XDG_DATA_HOME", self.path().join("share"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("XDG_RUNTIME_DIR", self.path().join("run"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("GNOME_KEYRING_CONTROL")
            .output()
            .expect("dbus-run-session is installed (`cargo xtask test` installs it)");
        let played = String::from_utf8_lossy(&output.stdout).contains("1 passed");
        assert!(
            output.status.success() && played,
            "{act}: {} (127 and 9: gnome-keyring or dbus is not installed)\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn vault() -> Vault {
    let home = std::env::var_os("HOME").expect("set by the test");
    Vault::new(Options {
        folder: Path::new(&home).join("data"),
        passphrase: None,
        key: None,
        keychain: true,
    })
}

async fn seal() -> Result<(), Fault> {
    let vault = vault();
    vault.set_secret("NAME", &Secret::new("value")).await?;
    assert_eq!(vault.state().await, KeyState::Keychain);
    vault.close().await;
    Ok(())
}

async fn unseal() -> Result<(), Fault> {
    let vault = vault();
    assert_eq!(vault.state().await, KeyState::Keychain, "told unasked");
    assert_eq!(vault.secret("NAME").await?, Some(Secret::new("value")));
    Ok(())
}

/// The store is there, its key is not to be had: said, and nothing else tried.
async fn locked() {
    let vault = vault();
    let fault = vault
        .secret("NAME")
        .await
        .expect_err("the keychain is locked");
    assert!(matches!(fault, Fault::Keychain { .. }), "{fault:?}");
    assert!(matches!(vault.state().await, KeyState::Locked(_)));
    let set = vault.set_secret("OTHER", &Secret::new("value")).await;
    assert!(matches!(set, Err(Fault::Keychain { .. })), "{set:?}");
}

async fn forgotten() {
    let fault = vault().secret("NAME").await.expect_err("the key is gone");
    assert!(matches!(fault, Fault::KeyGone { .. }), "{fault:?}");
}

async fn without() -> Result<(), Fault> {
    let vault = vault();
    vault.set_secret("NAME", &Secret::new("value")).await?;
    let state = vault.state().await;
    assert!(matches!(state, KeyState::KeyFile { .. }), "{state:?}");
    assert!(state.notice().is_some());
    Ok(())
}

/// One act, in the process and the session that a test has made for it.
#[tokio::test]
#[ignore = "the tests below start it"]
async fn act() -> Result<(), Fault> {
    match std::env::var("VAULT_TEST_ACT").as_deref() {
        Ok("seal") => seal().await,
        Ok("unseal") => unseal().await,
        Ok("locked") => {
            locked().await;
            Ok(())
        }
        Ok("forgotten") => {
            forgotten().await;
            Ok(())
        }
        Ok("without") => without().await,
        _ => Ok(()),
    }
}

#[test]
fn the_keychain_keeps_the_key_over_a_restart_and_a_locked_one_is_said() {
    let home = Home::new();
    home.play("seal", &Keyring::Unlocked);
    assert!(!home.path().join("data/store.key").exists());
    home.play("unseal", &Keyring::Unlocked);
    home.play("locked", &Keyring::Locked);
    home.play("locked", &Keyring::None);
    home.play("unseal", &Keyring::Unlocked);

    std::fs::remove_dir_all(home.path().join("share/keyrings")).expect("the keyring was there");
    home.play("forgotten", &Keyring::Unlocked);
    assert!(!home.path().join("data/store.key").exists());
}

#[test]
fn without_a_keychain_the_key_is_in_a_file_and_stays_there() {
    let home = Home::new();
    home.play("without", &Keyring::None);
    assert!(home.path().join("data/store.key").exists());
    // A keychain that turns up later changes nothing.
    home.play("without", &Keyring::Unlocked);

    let home = Home::new();
    home.play("without", &Keyring::Locked);
    assert!(home.path().join("data/store.key").exists());
}
