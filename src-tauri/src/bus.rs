//! The D-Bus session bus, over which a Linux desktop shows tray icons and finds a running app.

use gateway::words::Words;

/// Whether there is one. Only Linux can be without.
#[cfg(target_os = "linux")]
pub(crate) fn is_missing() -> bool {
    let bus = zbus::blocking::connection::Builder::session().and_then(|builder| builder.build());
    bus.is_err()
}

/// Other systems have their own ways for both.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_missing() -> bool {
    false
}

/// What to tell somebody who started the app where there is none.
pub(crate) fn none() -> Words {
    Words::new(
        "There is no D-Bus session bus here (DBUS_SESSION_BUS_ADDRESS), so there is no tray icon, and a second start is not noticed. The window works.\n\
         To have both: log in to a desktop session, or start the app under dbus-run-session. To run the gateway without a desktop: mcp-gateway",
        "这里没有 D-Bus 会话总线（DBUS_SESSION_BUS_ADDRESS），因此没有托盘图标，也无法发现重复启动。窗口可以正常使用。\n\
         如需这两项功能，请登录桌面会话，或通过 dbus-run-session 启动应用。如需在没有桌面的环境中运行网关，请执行：mcp-gateway",
    )
}
