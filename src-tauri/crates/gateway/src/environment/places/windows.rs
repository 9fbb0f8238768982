//! The usual places on Windows.

use std::path::PathBuf;

use super::{Machine, versions};

/// The best first.
pub(super) fn folders(machine: Machine<'_>) -> Vec<PathBuf> {
    let local = machine.named("LOCALAPPDATA", "AppData/Local");
    let roaming = machine.named("APPDATA", "AppData/Roaming");
    let programs = machine
        .told("ProgramFiles")
        .unwrap_or_else(|| machine.system("Program Files"));
    let common = machine
        .told("ProgramData")
        .unwrap_or_else(|| machine.system("ProgramData"));

    let mut folders: Vec<PathBuf> = ["NVM_SYMLINK", "PNPM_HOME", "GOBIN"]
        .into_iter()
        .filter_map(|variable| machine.told(variable))
        .collect();
    let nvm = machine.told("NVM_HOME");
    folders.extend(versions::newest_first(
        &nvm.unwrap_or_else(|| roaming.join("nvm")),
    ));
    let fnm = machine
        .told("FNM_DIR")
        .unwrap_or_else(|| roaming.join("fnm"));
    folders.push(fnm.join("aliases/default"));
    let versions_of_fnm = versions::newest_first(&fnm.join("node-versions")).into_iter();
    folders.extend(versions_of_fnm.map(|version| version.join("installation")));
    folders.extend([
        local.join("Volta/bin"),
        programs.join("Volta"),
        programs.join("nodejs"),
        local.join("mise/shims"),
        machine.home(".pyenv/pyenv-win/shims"),
        roaming.join("npm"),
        local.join("pnpm"),
        machine.home(".local/bin"),
        machine.named("CARGO_HOME", ".cargo").join("bin"),
        machine.named("BUN_INSTALL", ".bun").join("bin"),
        machine.named("DENO_INSTALL", ".deno").join("bin"),
        machine.named("GOPATH", "go").join("bin"),
        machine.home("scoop/shims"),
        common.join("chocolatey/bin"),
        local.join("Microsoft/WinGet/Links"),
        programs.join("Docker/Docker/resources/bin"),
    ]);
    folders.extend(versions::newest_first(&local.join("Programs/Python")));
    folders.push(local.join("Microsoft/WindowsApps"));
    folders
}
