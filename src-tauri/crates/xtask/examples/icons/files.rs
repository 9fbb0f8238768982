//! Which files there are and what is drawn on each.

use std::fs;
use std::path::Path;

use anyhow::Context;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::containers::{icns, ico};

/// The app's icon as plain pictures: name and width in pixels.
const APP: [(&str, u32); 4] = [
    ("32x32.png", 32),
    ("128x128.png", 128),
    ("128x128@2x.png", 256),
    ("icon.png", 512),
];
/// What Windows picks from.
const ICO: [u32; 6] = [16, 24, 32, 48, 64, 256];
const PANELS: [&str; 3] = ["light", "dark", "template"];
const STATES: [&str; 5] = ["ok", "busy", "warn", "bad", "off"];
const TRAY: [(&str, u32); 2] = [("", 32), ("@2x", 64)];

/// Every icon file that is made from the sources in `folder`: its name there and its content.
pub(crate) fn all(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = app(folder)?;
    files.extend(tray(&folder.join("tray"))?);
    Ok(files)
}

fn app(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let picture = parse(&read(&folder.join("icon.svg"))?, None)?;
    let mut files = Vec::new();
    for (name, width) in APP {
        files.push((name.to_owned(), draw(&picture, width)?.encode_png()?));
    }
    let drawn = |width| draw(&picture, width);
    files.push(("icon.ico".to_owned(), ico(&ICO, drawn)?));
    files.push(("icon.icns".to_owned(), icns(drawn)?));
    Ok(files)
}

fn tray(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let source = read(&folder.join("tray.svg"))?;
    let mut files = Vec::new();
    for panel in PANELS {
        let colours = read(&folder.join(format!("{panel}.css")))?;
        for state in STATES {
            // More specific than the rule in the file, which hides them all.
            let style = format!("{colours}\nsvg .{state} {{ display: inline; }}");
            let picture = parse(&source, Some(style))?;
            for (suffix, width) in TRAY {
                let name = format!("tray/tray-{panel}-{state}{suffix}.png");
                files.push((name, draw(&picture, width)?.encode_png()?));
            }
        }
    }
    Ok(files)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn parse(svg: &str, style_sheet: Option<String>) -> anyhow::Result<Tree> {
    let options = Options {
        style_sheet,
        ..Options::default()
    };
    Ok(Tree::from_str(svg, &options)?)
}

/// A square picture, `width` pixels wide.
fn draw(picture: &Tree, width: u32) -> anyhow::Result<Pixmap> {
    let mut pixels = Pixmap::new(width, width).context("a picture without pixels")?;
    let scale = |side: f32| width as f32 / side;
    let size = picture.size();
    let fit = Transform::from_scale(scale(size.width()), scale(size.height()));
    resvg::render(picture, fit, &mut pixels.as_mut());
    Ok(pixels)
}
