//! The licences of everything that ends up inside the programs, with their texts: most of them
//! ask that the text goes where the program goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::shell::{cargo, root};

/// The package whose programs are shipped.
const APP: &str = "mcp-gateway-app";
/// What the page embeds: its dependencies, and the framework that it is compiled with.
const PAGE: [&str; 3] = ["@tauri-apps/api", "svelte", "uplot"];
/// How files with licences begin, in capitals.
const NAMES: [&str; 5] = ["LICEN", "COPYING", "NOTICE", "UNLICENSE", "COPYRIGHT"];

/// A library.
struct Library {
    name: String,
    licence: String,
    folder: PathBuf,
}

/// The whole document.
pub(super) fn text() -> anyhow::Result<String> {
    let mut libraries = crates()?;
    for name in PAGE {
        libraries.push(of_page(name)?);
    }
    libraries.sort_by(|one, other| one.name.cmp(&other.name));
    let mut text = "The programs of MCP Gateway contain these libraries:\n\n".to_owned();
    let mut texts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for library in &libraries {
        text.push_str(&format!("{}  ({})\n", library.name, library.licence));
        for licence in texts_in(&library.folder)? {
            texts.entry(licence).or_default().insert(&library.name);
        }
    }
    for (licence, users) in texts {
        let users: Vec<_> = users.into_iter().collect();
        let line = "-".repeat(79);
        text.push_str(&format!("\n{line}\n{}:\n\n{licence}\n", users.join(", ")));
    }
    Ok(text)
}

/// The crates that are compiled into the app's programs for this system.
fn crates() -> anyhow::Result<Vec<Library>> {
    let metadata = output(&["metadata", "--locked", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let tree = output(&[
        "tree",
        "--locked",
        "--package",
        APP,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ])?;
    // A line: name, version with a v, and for a workspace member or a repeated one some more.
    let used: BTreeSet<_> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?.trim_start_matches('v')))
        })
        .collect();
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut crates = Vec::new();
    for package in packages {
        let field = |name: &str| package[name].as_str();
        let (Some(name), Some(version), Some(manifest)) =
            (field("name"), field("version"), field("manifest_path"))
        else {
            continue;
        };
        // Without a source it is a crate of this workspace.
        if field("source").is_some() && used.contains(&(name, version)) {
            crates.push(Library {
                name: format!("{name} {version}"),
                licence: field("license").unwrap_or("see its text").to_owned(),
                folder: Path::new(manifest).parent().unwrap_or(&root()).to_owned(),
            });
        }
    }
    ensure!(!crates.is_empty(), "cargo tree names no crate of {APP}");
    Ok(crates)
}

fn of_page(name: &str) -> anyhow::Result<Library> {
    let folder = root().join("ui/node_modules").join(name);
    let file = folder.join("package.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let package: Value = serde_json::from_str(&text)?;
    let field = |name: &str| package[name].as_str().unwrap_or_default();
    Ok(Library {
        name: format!("{name} {}", field("version")),
        licence: field("license").to_owned(),
        folder,
    })
}

/// The texts that lie at the top of a library's folder.
fn texts_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_uppercase();
        if path.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            let text = String::from_utf8_lossy(&fs::read(&path)?).replace("\r\n", "\n");
            texts.push(text.trim().to_owned());
        }
    }
    Ok(texts)
}

fn output(arguments: &[&str]) -> anyhow::Result<String> {
    let output = cargo([]).args(arguments).output()?;
    ensure!(
        output.status.success(),
        "cargo {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_is_named_with_its_text_and_a_test_tool_is_not() {
        let names: Vec<_> = crates()
            .expect("cargo knows the workspace")
            .into_iter()
            .map(|library| library.name)
            .collect();
        let has = |start: &str| names.iter().any(|name| name.starts_with(start));
        assert!(has("tokio ") && has("tauri "), "{names:?}");
        assert!(
            !has("insta ") && !has("resvg ") && !has("gateway "),
            "{names:?}"
        );
    }
}
