//! The packages, what each is for, and how to tell that it is not needed.
//!
//! A probe looks for the thing itself, so that a program that came another
//! way (a snap, a tarball, another distribution) counts.

use crate::shell::{exists, program, succeeds};

/// Programs that are Chromium.
pub(crate) const BROWSER: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// What a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Compiling anything.
    Build,
    /// Compiling and showing the desktop app.
    Desktop,
    /// Checking the packages that are made for others.
    Package,
    /// Tests in a browser and on a virtual desktop, and callgrind.
    Test,
}

/// How to tell that the system has something.
#[derive(Debug, Clone, Copy)]
enum Probe {
    /// One of these programs is on the `PATH`.
    Program(&'static [&'static str]),
    /// pkg-config knows it.
    Library(&'static str),
    /// This Python statement runs.
    Python(&'static str),
    /// fontconfig has a font for this language.
    Font(&'static str),
}

/// One row.
#[derive(Debug, Clone, Copy)]
struct Package {
    name: &'static str,
    purpose: Purpose,
    probe: Probe,
}

#[rustfmt::skip]
const PACKAGES: &[Package] = &[
    Package { name: "build-essential",                purpose: Purpose::Build,    probe: Probe::Program(&["c++"]) },
    Package { name: "pkg-config",                     purpose: Purpose::Build,    probe: Probe::Program(&["pkg-config"]) },
    Package { name: "libayatana-appindicator3-dev",   purpose: Purpose::Desktop,  probe: Probe::Library("ayatana-appindicator3-0.1") },
    Package { name: "librsvg2-dev",                   purpose: Purpose::Desktop,  probe: Probe::Library("librsvg-2.0") },
    Package { name: "libwebkit2gtk-4.1-dev",          purpose: Purpose::Desktop,  probe: Probe::Library("webkit2gtk-4.1") },
    Package { name: "xdg-utils",                      purpose: Purpose::Desktop,  probe: Probe::Program(&["xdg-open"]) },
    Package { name: "desktop-file-utils",             purpose: Purpose::Package,  probe: Probe::Program(&["desktop-file-validate"]) },
    Package { name: "man-db",                         purpose: Purpose::Package,  probe: Probe::Program(&["man"]) },
    Package { name: "rpm",                            purpose: Purpose::Package,  probe: Probe::Program(&["rpm"]) },
    Package { name: "chromium",                       purpose: Purpose::Test,     probe: Probe::Program(&BROWSER) },
    Package { name: "dbus-x11",                       purpose: Purpose::Test,     probe: Probe::Program(&["dbus-launch"]) },
    Package { name: "faketime",                       purpose: Purpose::Test,     probe: Probe::Program(&["faketime"]) },
    Package { name: "fontconfig",                     purpose: Purpose::Test,     probe: Probe::Program(&["fc-list"]) },
    Package { name: "fonts-noto-cjk",                 purpose: Purpose::Test,     probe: Probe::Font("zh-cn") },
    Package { name: "gcc-mingw-w64-x86-64-win32",     purpose: Purpose::Test,     probe: Probe::Program(&["x86_64-w64-mingw32-gcc"]) },
    Package { name: "gnome-keyring",                  purpose: Purpose::Test,     probe: Probe::Program(&["gnome-keyring-daemon"]) },
    Package { name: "imagemagick",                    purpose: Purpose::Test,     probe: Probe::Program(&["import"]) },
    Package { name: "libglib2.0-bin",                 purpose: Purpose::Test,     probe: Probe::Program(&["gio"]) },
    Package { name: "openbox",                        purpose: Purpose::Test,     probe: Probe::Program(&["openbox"]) },
    Package { name: "python3-venv",                   purpose: Purpose::Test,     probe: Probe::Python("import venv, ensurepip") },
    Package { name: "valgrind",                       purpose: Purpose::Test,     probe: Probe::Program(&["valgrind"]) },
    Package { name: "webkit2gtk-driver",              purpose: Purpose::Test,     probe: Probe::Program(&["WebKitWebDriver"]) },
    Package { name: "x11-utils",                      purpose: Purpose::Test,     probe: Probe::Program(&["xwininfo"]) },
    Package { name: "xauth",                          purpose: Purpose::Test,     probe: Probe::Program(&["xauth"]) },
    Package { name: "xclip",                          purpose: Purpose::Test,     probe: Probe::Program(&["xclip"]) },
    Package { name: "xdotool",                        purpose: Purpose::Test,     probe: Probe::Program(&["xdotool"]) },
    Package { name: "xvfb",                           purpose: Purpose::Test,     probe: Probe::Program(&["Xvfb"]) },
];

/// Names of the packages for these purposes whose probe finds nothing.
pub(super) fn missing(purposes: &[Purpose]) -> Vec<&'static str> {
    wanted(purposes)
        .filter(|package| !package.probe.finds())
        .map(|package| package.name)
        .collect()
}

fn wanted(purposes: &[Purpose]) -> impl Iterator<Item = &'static Package> {
    PACKAGES
        .iter()
        .filter(|package| purposes.contains(&package.purpose))
}

// === impl Probe ===

impl Probe {
    fn finds(self) -> bool {
        match self {
            Self::Program(names) => names.iter().any(|name| exists(name)),
            Self::Library(name) => succeeds(&mut program("pkg-config", ["--exists", name])),
            Self::Python(statement) => succeeds(&mut program("python3", ["-c", statement])),
            Self::Font(language) => program("fc-list", [&format!(":lang={language}")])
                .output()
                .is_ok_and(|output| output.status.success() && !output.stdout.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headless_build_wants_nothing_of_webkit_or_x11() {
        let names: Vec<_> = wanted(&[Purpose::Build])
            .map(|package| package.name)
            .collect();
        assert_eq!(names, ["build-essential", "pkg-config"]);
    }

    #[test]
    fn probes_find_what_is_there_and_nothing_else() {
        assert!(Probe::Program(&["no-such-program-here", "sh"]).finds() || cfg!(windows));
        assert!(!Probe::Program(&["no-such-program-here"]).finds());
        assert!(!Probe::Library("no-such-library-here").finds());
    }
}
