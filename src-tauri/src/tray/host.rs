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

/// What the user asked programs for: light, dark, or nothing.
#[cfg(target_os = "linux")]
pub(super) async fn prefers_light() -> Option<bool> {
    bus::prefers_light().await.ok()?
}

/// Other systems do not tell before there is a window.
#[cfg(not(target_os = "linux"))]
pub(super) async fn prefers_light() -> Option<bool> {
    None
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

    pub(super) async fn prefers_light() -> zbus::Result<Option<bool>> {
        let bus = Connection::session().await?;
        let portal = PortalSettingsProxy::new(&bus).await?;
        let asked = portal.read("org.freedesktop.appearance", "color-scheme");
        let Ok(answer) = tokio::time::timeout(PATIENCE, asked).await else {
            return Ok(None);
        };
        // The portal wraps the value once more than its later `ReadOne` does.
        let mut value = Value::from(answer?);
        while let Value::Value(inner) = value {
            value = *inner;
        }
        Ok(match value {
            Value::U32(1) => Some(false),
            Value::U32(2) => Some(true),
            _ => None,
        })
    }
}
