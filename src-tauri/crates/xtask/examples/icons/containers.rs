//! Files that hold a picture in several sizes: `.ico` for Windows, `.icns` for macOS.

use resvg::tiny_skia::Pixmap;

/// Sizes whose pictures `.icns` holds as PNG, with their four-letter types.
const ICNS: [(&[u8; 4], u32); 8] = [
    (b"ic07", 128),
    (b"ic08", 256),
    (b"ic09", 512),
    (b"ic10", 1024),
    (b"ic11", 32),
    (b"ic12", 64),
    (b"ic13", 256),
    (b"ic14", 512),
];

/// From this width on an `.ico` holds PNG; Windows' resource compiler wants bitmaps below.
const PNG_FROM: u32 = 256;

/// An `.ico` with these widths.
pub(crate) fn ico(
    widths: &[u32],
    draw: impl Fn(u32) -> anyhow::Result<Pixmap>,
) -> anyhow::Result<Vec<u8>> {
    let mut directory = vec![0, 0, 1, 0];
    directory.extend(u16::try_from(widths.len())?.to_le_bytes());
    let mut pictures = Vec::new();
    for &width in widths {
        let pixels = draw(width)?;
        let picture = if width < PNG_FROM {
            bitmap(&pixels)?
        } else {
            pixels.encode_png()?
        };
        // A width of 256 does not fit into its byte and is written as 0.
        let side = u8::try_from(width).unwrap_or(0);
        directory.extend([side, side, 0, 0, 1, 0, 32, 0]);
        directory.extend(u32::try_from(picture.len())?.to_le_bytes());
        let begin = 6 + 16 * widths.len() + pictures.len();
        directory.extend(u32::try_from(begin)?.to_le_bytes());
        pictures.extend(picture);
    }
    directory.extend(pictures);
    Ok(directory)
}

/// An `.icns`; every width is drawn, none is scaled.
pub(crate) fn icns(draw: impl Fn(u32) -> anyhow::Result<Pixmap>) -> anyhow::Result<Vec<u8>> {
    let mut pictures = Vec::new();
    for (kind, width) in ICNS {
        let picture = draw(width)?.encode_png()?;
        pictures.extend(kind);
        pictures.extend(u32::try_from(picture.len() + 8)?.to_be_bytes());
        pictures.extend(picture);
    }
    let mut file = b"icns".to_vec();
    file.extend(u32::try_from(pictures.len() + 8)?.to_be_bytes());
    file.extend(pictures);
    Ok(file)
}

/// A device-independent bitmap as icons hold it: header, colours from the bottom row up, and a
/// mask of one bit per pixel, which is empty because the colours have an alpha channel.
fn bitmap(pixels: &Pixmap) -> anyhow::Result<Vec<u8>> {
    let (width, height) = (pixels.width(), pixels.height());
    let mask = usize::try_from(width.div_ceil(32) * 4 * height)?;
    let mut bytes = Vec::new();
    // The header counts the mask's rows too.
    for value in [40, width, 2 * height] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([1, 0, 32, 0]);
    let colours = pixels.data().len();
    for value in [0, u32::try_from(colours + mask)?, 0, 0, 0, 0] {
        bytes.extend(value.to_le_bytes());
    }
    let row = usize::try_from(width)?;
    for line in pixels.pixels().chunks(row).rev() {
        for pixel in line {
            let colour = pixel.demultiply();
            bytes.extend([colour.blue(), colour.green(), colour.red(), colour.alpha()]);
        }
    }
    bytes.resize(bytes.len() + mask, 0);
    Ok(bytes)
}
