//! Whether there is a screen to draw on.
//!
//! Asked before anything of Tauri is constructed: without a display its window library panics.

use gateway::words::Words;

/// Whether this environment has no display. Only Linux can be without one.
pub(crate) fn is_missing(env: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| env(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "linux") && !set("DISPLAY") && !set("WAYLAND_DISPLAY")
}

/// What to tell somebody who started the app where there is none.
pub(crate) fn none() -> Words {
    Words::new(
        "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can be shown.\n\
         To run the gateway without one: mcp-gateway",
        "这里没有图形界面（DISPLAY 和 WAYLAND_DISPLAY 均未设置），无法显示窗口。\n\
         如需在没有图形界面的环境中运行网关，请执行：mcp-gateway",
    )
}

/// What to tell somebody whose display is named but does not let the app in.
pub(crate) fn unusable() -> Words {
    Words::new(
        "The display that DISPLAY or WAYLAND_DISPLAY names cannot be opened, so no window can be shown.\n\
         To run the gateway without one: mcp-gateway",
        "DISPLAY 或 WAYLAND_DISPLAY 指定的图形界面无法打开，不能显示窗口。\n\
         如需在没有图形界面的环境中运行网关，请执行：mcp-gateway",
    )
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn either_kind_of_display_is_one_and_an_empty_variable_is_none() {
        let only = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.to_owned())
        };
        assert!(is_missing(|_| None));
        assert!(is_missing(only("DISPLAY", "")));
        assert!(!is_missing(only("DISPLAY", ":0")));
        assert!(!is_missing(only("WAYLAND_DISPLAY", "wayland-0")));
    }
}
