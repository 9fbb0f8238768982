//! Makes a fresh clone build with plain `cargo build`, then lets Tauri generate its part.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/build.rs");
    #[cfg(feature = "desktop")]
    desktop();
}

/// Tauri refuses to build without the page's folder, which only `npm run build` fills.
#[cfg(feature = "desktop")]
fn desktop() {
    const PLACEHOLDER: &str = "<!doctype html><meta charset=\"utf-8\"><title>MCP Gateway</title>\
        <p>The page is not built: run <code>npm --prefix ui ci &amp;&amp; npm --prefix ui run build</code>, then build again.</p>\
        <p lang=\"zh-CN\">页面尚未构建：请运行 <code>npm --prefix ui ci &amp;&amp; npm --prefix ui run build</code>，然后重新构建。</p>";
    let page = std::path::Path::new("ui/dist");
    if !page.join("index.html").exists() {
        std::fs::create_dir_all(page).expect("create ui/dist");
        std::fs::write(page.join("index.html"), PLACEHOLDER).expect("write the placeholder page");
    }
    // Cargo sees changed files by itself, added ones only through their folder.
    println!("cargo:rerun-if-changed=ui/dist");
    tauri_build::build();
}
