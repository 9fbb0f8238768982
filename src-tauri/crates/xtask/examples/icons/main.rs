//! Draws every icon file of `icons/` from its SVG sources: `cargo xtask icons`.
//!
//! An example rather than a part of xtask, so that nobody waits for a renderer to compile who
//! only wants to build or test.

mod containers;
mod files;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error · 错误: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> anyhow::Result<()> {
    for (name, bytes) in files::all(&folder())? {
        let path = folder().join(name);
        if std::fs::read(&path).is_ok_and(|old| old == bytes) {
            continue;
        }
        std::fs::write(&path, bytes)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// `icons/` at the top of the repository.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../icons")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_icons_are_what_their_sources_draw() {
        for (name, bytes) in files::all(&folder()).expect("the sources can be drawn") {
            let committed = std::fs::read(folder().join(&name)).unwrap_or_default();
            assert!(
                committed == bytes,
                "icons/{name} is stale: cargo xtask icons"
            );
        }
    }

    #[test]
    fn no_two_icons_of_the_tray_look_the_same() {
        let mut tray = files::all(&folder()).expect("the sources can be drawn");
        tray.retain(|(name, _)| name.starts_with("tray/"));
        assert_eq!(tray.len(), 30);
        for (index, (name, bytes)) in tray.iter().enumerate() {
            for (other, same) in &tray[..index] {
                assert!(bytes != same, "{name} and {other}");
            }
        }
    }
}
