//! Whether this desktop shows tray icons.
//!
//! On Linux a program on the session bus draws them (StatusNotifierItem, freedesktop.org); stock
//! GNOME has none, and a panel may come later than the app, or go.

use gateway::words::Words;

/// Tells `hear` now and whenever it changes, as long as the bus is there.
#[cfg(target_os = "linux")]
pub(super) async fn watch(hear: impl Fn(bool)) {
    if let Err(error) = bus::watch(&hear).await {
        tracing::warn!(%error, "the desktop's tray cannot be watched");
    }
    hear(false);
}

/// Windows and macOS always do.
#[cfg(not(target_os = "linux"))]
pub(super) async fn watch(hear: impl Fn(bool)) {
    hear(true);
}

/// Tells `hear`, now and whenever it changes, whether the user asked programs to be light, where
/// that is known. As long as the desktop tells.
#[cfg(target_os = "linux")]
pub(super) async fn watch_brightness(hear: impl Fn(Option<bool>)) {
    // Many desktops have no portal to ask.
    if let Err(error) = bus::watch_brightness(&hear).await {
        tracing::debug!(%error, "the desktop does not tell whether it is light");
    }
}

/// Other systems do not tell before there is a window.
#[cfg(not(target_os = "linux"))]
pub(super) async fn watch_brightness(hear: impl Fn(Option<bool>)) {
    hear(None);
}

/// What to tell where the library that draws tray icons is not installed.
pub(super) fn no_library(reason: &str) -> Words {
    let reason = reason.lines().next().unwrap_or_default();
    Words::new(
        format!(
            "There is no tray icon, because its library cannot be loaded ({reason}). Install libayatana-appindicator3-1 (Debian, Ubuntu), libayatana-appindicator-gtk3 (Fedora) or libayatana-appindicator (Arch), then start the app again. The window works. To run the gateway without a desktop: mcp-gateway"
        ),
        format!(
            "没有托盘图标：无法加载所需的库（{reason}）。请安装 libayatana-appindicator3-1（Debian、Ubuntu）、libayatana-appindicator-gtk3（Fedora）或 libayatana-appindicator（Arch），然后重新启动应用。窗口可以正常使用。如需在没有桌面的环境中运行网关，请执行：mcp-gateway"
        ),
    )
}

#[cfg(target_os = "linux")]
mod bus {
    use std::time::Duration;

    use futures_util::StreamExt as _;
    use zbus::fdo::DBusProxy;
    use zbus::names::BusName;
    use zbus::proxy::CacheProperties;
    use zbus::zvariant::{OwnedValue, Value};
    use zbus::{Connection, proxy};

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const APPEARANCE: &str = "org.freedesktop.appearance";
    const SCHEME: &str = "color-scheme";
    /// A desktop that does not answer by then is busy, not absent.
    const PATIENCE: Duration = Duration::from_secs(2);

    #[proxy(
        interface = "org.kde.StatusNotifierWatcher",
        default_service = "org.kde.StatusNotifierWatcher",
        default_path = "/StatusNotifierWatcher"
    )]
    trait StatusNotifierWatcher {
        #[zbus(property)]
        fn is_status_notifier_host_registered(&self) -> zbus::Result<bool>;
        #[zbus(signal)]
        fn status_notifier_host_registered(&self) -> zbus::Result<()>;
        #[zbus(signal)]
        fn status_notifier_host_unregistered(&self) -> zbus::Result<()>;
    }

    #[proxy(
        interface = "org.freedesktop.portal.Settings",
        default_service = "org.freedesktop.portal.Desktop",
        default_path = "/org/freedesktop/portal/desktop"
    )]
    trait PortalSettings {
        fn read(&self, namespace: &str, key: &str) -> zbus::Result<OwnedValue>;
        #[zbus(signal)]
        fn setting_changed(&self, namespace: &str, key: &str, value: Value<'_>)
        -> zbus::Result<()>;
    }

    pub(super) async fn watch(hear: &impl Fn(bool)) -> zbus::Result<()> {
        let bus = Connection::session().await?;
        let names = DBusProxy::new(&bus).await?;
        let mut owners = names
            .receive_name_owner_changed_with_args(&[(0, WATCHER)])
            .await?;
        let watcher = StatusNotifierWatcherProxy::builder(&bus)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let mut hosts = watcher.receive_status_notifier_host_registered().await?;
        let mut fewer = watcher.receive_status_notifier_host_unregistered().await?;
        loop {
            hear(is_there(&names, &watcher).await?);
            let more = tokio::select! {
                changed = owners.next() => changed.is_some(),
                changed = hosts.next() => changed.is_some(),
                changed = fewer.next() => changed.is_some(),
            };
            if !more {
                return Ok(());
            }
        }
    }

    async fn is_there(
        names: &DBusProxy<'_>,
        watcher: &StatusNotifierWatcherProxy<'_>,
    ) -> zbus::Result<bool> {
        let name = BusName::try_from(WATCHER)?;
        if !names.name_has_owner(name).await? {
            return Ok(false);
        }
        let asked = watcher.is_status_notifier_host_registered();
        // A watcher that does not say is a small panel that is its own host.
        Ok(match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(there)) => there,
            Ok(Err(_)) | Err(_) => true,
        })
    }

    pub(super) async fn watch_brightness(hear: &impl Fn(Option<bool>)) -> zbus::Result<()> {
        let bus = Connection::session().await?;
        let portal = PortalSettingsProxy::new(&bus).await?;
        let mut changes = portal
            .receive_setting_changed_with_args(&[(0, APPEARANCE), (1, SCHEME)])
            .await?;
        let asked = portal.read(APPEARANCE, SCHEME);
        if let Ok(answer) = tokio::time::timeout(PATIENCE, asked).await {
            hear(is_light(Value::from(answer?)));
        }
        while let Some(change) = changes.next().await {
            hear(is_light(change.args()?.value));
        }
        Ok(())
    }

    /// The values of `color-scheme`; `Read` wraps them once more than the signal does.
    fn is_light(value: Value<'_>) -> Option<bool> {
        match value {
            Value::Value(inner) => is_light(*inner),
            Value::U32(1) => Some(false),
            Value::U32(2) => Some(true),
            _ => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_color_scheme_is_read_however_it_is_wrapped() {
            let wrapped = |value: u32| Value::Value(Box::new(Value::U32(value)));
            assert_eq!(is_light(Value::U32(2)), Some(true));
            assert_eq!(is_light(wrapped(1)), Some(false));
            assert_eq!(is_light(wrapped(0)), None);
        }
    }
}
