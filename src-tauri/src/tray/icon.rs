//! The tray's icon: the mark, with a badge for the state, for the panel that it lies on.

use tauri::image::Image;
use tauri::include_image;

use super::menu::Mark;

/// The panel behind the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Panel {
    /// Light: the icon is dark.
    Light,
    /// Dark: the icon is light.
    Dark,
    /// The system colours the icon itself, as macOS does.
    Template,
}

/// The icon to show. Panels scale it down; from twice the size that looks best.
pub(super) fn image(mark: Mark, panel: Panel) -> Image<'static> {
    match (panel, mark) {
        (Panel::Light, Mark::Ok) => include_image!("icons/tray/tray-light-ok@2x.png"),
        (Panel::Light, Mark::Busy) => include_image!("icons/tray/tray-light-busy@2x.png"),
        (Panel::Light, Mark::Warn) => include_image!("icons/tray/tray-light-warn@2x.png"),
        (Panel::Light, Mark::Bad) => include_image!("icons/tray/tray-light-bad@2x.png"),
        (Panel::Light, Mark::Off) => include_image!("icons/tray/tray-light-off@2x.png"),
        (Panel::Dark, Mark::Ok) => include_image!("icons/tray/tray-dark-ok@2x.png"),
        (Panel::Dark, Mark::Busy) => include_image!("icons/tray/tray-dark-busy@2x.png"),
        (Panel::Dark, Mark::Warn) => include_image!("icons/tray/tray-dark-warn@2x.png"),
        (Panel::Dark, Mark::Bad) => include_image!("icons/tray/tray-dark-bad@2x.png"),
        (Panel::Dark, Mark::Off) => include_image!("icons/tray/tray-dark-off@2x.png"),
        (Panel::Template, Mark::Ok) => include_image!("icons/tray/tray-template-ok@2x.png"),
        (Panel::Template, Mark::Busy) => include_image!("icons/tray/tray-template-busy@2x.png"),
        (Panel::Template, Mark::Warn) => include_image!("icons/tray/tray-template-warn@2x.png"),
        (Panel::Template, Mark::Bad) => include_image!("icons/tray/tray-template-bad@2x.png"),
        (Panel::Template, Mark::Off) => include_image!("icons/tray/tray-template-off@2x.png"),
    }
}

// === impl Panel ===

impl Panel {
    /// The panel of this desktop. `prefers_light` is what its user asked programs for, if that
    /// is known; on Linux no desktop says what colour its panel has.
    pub(super) fn of(desktop: &str, prefers_light: Option<bool>) -> Self {
        if cfg!(target_os = "macos") {
            return Self::Template;
        }
        // The bars of GNOME and of what descends from it are dark whatever the theme is.
        let always_dark = desktop
            .split(':')
            .any(|name| matches!(name, "GNOME" | "Unity" | "Budgie" | "Pantheon"));
        if prefers_light == Some(true) && !always_dark {
            Self::Light
        } else {
            Self::Dark
        }
    }
}

#[cfg(test)]
#[cfg(not(target_os = "macos"))]
mod tests {
    use super::*;

    #[test]
    fn panels_are_dark_unless_a_light_desktop_says_otherwise() {
        assert_eq!(Panel::of("KDE", Some(true)), Panel::Light);
        assert_eq!(Panel::of("KDE", Some(false)), Panel::Dark);
        assert_eq!(Panel::of("XFCE", None), Panel::Dark);
        assert_eq!(Panel::of("ubuntu:GNOME", Some(true)), Panel::Dark);
    }
}
