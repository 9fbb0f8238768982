//! Makes `ui/dist` exist, so that a fresh clone builds before the page is built.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/dist");
    if !dist.join("index.html").exists() {
        let page = "<!doctype html><title>MCP Gateway</title><p>This page has not been built: run `npm --prefix ui ci` and `npm --prefix ui run build`, or `cargo xtask run`.</p>";
        std::fs::create_dir_all(&dist).expect("ui/dist can be made");
        std::fs::write(dist.join("index.html"), page).expect("ui/dist can be written");
    }
    println!("cargo:rerun-if-changed=../../../ui/dist");
}
