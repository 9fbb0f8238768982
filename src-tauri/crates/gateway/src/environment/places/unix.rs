//! The usual places on Linux and macOS.

use std::path::PathBuf;

use super::{Machine, versions};

/// The best first: what the user has installed for themselves before what the system has,
/// a version that was chosen before one that is only there.
pub(super) fn folders(machine: Machine<'_>) -> Vec<PathBuf> {
    let mut folders = of_node(machine);
    folders.extend(of_version_managers(machine));
    folders.extend(of_the_user(machine));
    folders.extend(of_the_system(machine));
    folders
}

fn of_node(machine: Machine<'_>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut nvm = vec![machine.named("NVM_DIR", ".nvm")];
    nvm.push(machine.named("XDG_CONFIG_HOME", ".config").join("nvm"));
    for nvm in nvm {
        let versions = versions::of_nvm(&nvm).into_iter();
        folders.extend(versions.map(|version| version.join("bin")));
    }
    let fnm = machine.told("FNM_DIR").into_iter().chain([
        machine.named("XDG_DATA_HOME", ".local/share").join("fnm"),
        machine.home("Library/Application Support/fnm"),
        machine.home(".fnm"),
    ]);
    for fnm in fnm {
        folders.push(fnm.join("aliases/default/bin"));
        let versions = versions::newest_first(&fnm.join("node-versions")).into_iter();
        folders.extend(versions.map(|version| version.join("installation/bin")));
    }
    folders.push(machine.named("VOLTA_HOME", ".volta").join("bin"));
    folders.push(machine.named("N_PREFIX", "n").join("bin"));
    folders
}

/// Shims: each starts the version that the user chose.
fn of_version_managers(machine: Machine<'_>) -> Vec<PathBuf> {
    let mise = machine.told("MISE_DATA_DIR");
    let mise = mise.unwrap_or_else(|| machine.named("XDG_DATA_HOME", ".local/share").join("mise"));
    let managers = [
        mise,
        machine.named("ASDF_DATA_DIR", ".asdf"),
        machine.named("NODENV_ROOT", ".nodenv"),
        machine.named("PYENV_ROOT", ".pyenv"),
        machine.named("RBENV_ROOT", ".rbenv"),
    ];
    managers.map(|manager| manager.join("shims")).into()
}

fn of_the_user(machine: Machine<'_>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["XDG_BIN_HOME", "PNPM_HOME", "GOBIN"]
        .into_iter()
        .filter_map(|variable| machine.told(variable))
        .collect();
    folders.extend([
        machine.home(".local/bin"),
        machine.home("bin"),
        machine.named("CARGO_HOME", ".cargo").join("bin"),
        machine.named("BUN_INSTALL", ".bun").join("bin"),
        machine.named("DENO_INSTALL", ".deno").join("bin"),
        machine.named("GOPATH", "go").join("bin"),
        machine.home(".local/share/pnpm"),
        machine.home("Library/pnpm"),
        machine.home(".npm-global/bin"),
        machine.home(".yarn/bin"),
        machine.home(".nix-profile/bin"),
        machine.home(".docker/bin"),
        machine.home(".rd/bin"),
        machine.home(".orbstack/bin"),
        machine.home(".linuxbrew/bin"),
    ]);
    folders
}

fn of_the_system(machine: Machine<'_>) -> Vec<PathBuf> {
    [
        "/opt/homebrew/bin",
        "/usr/local/bin",
        "/home/linuxbrew/.linuxbrew/bin",
        "/opt/local/bin",
        "/nix/var/nix/profiles/default/bin",
        "/run/current-system/sw/bin",
        "/snap/bin",
        "/Applications/Docker.app/Contents/Resources/bin",
        "/usr/bin",
        "/bin",
    ]
    .map(|folder| machine.system(folder))
    .into()
}
