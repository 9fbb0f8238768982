//! Whether the system lets the gateway notice that the configuration file changes.

use std::path::Path;

use super::finding::Finding;
use crate::words::Words;

/// Tries what watching a file needs; the system's reason where it is refused.
#[cfg(target_os = "linux")]
pub(super) fn gather(folder: &Path) -> Result<(), String> {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    let watcher = init(CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
    match add_watch(&watcher, folder, WatchFlags::MODIFY) {
        // A folder that is not there yet needs no watch; that there is room for one is the point.
        Err(error) if error != rustix::io::Errno::NOENT => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Other systems have no such limit.
#[cfg(not(target_os = "linux"))]
pub(super) fn gather(_: &Path) -> Result<(), String> {
    Ok(())
}

/// Judges the outcome.
pub(super) fn judge(outcome: &Result<(), String>) -> Finding {
    match outcome {
        Ok(()) => Finding::ok(
            "watches",
            Words::new(
                "The system lets files be watched for changes",
                "系统允许监视文件变化",
            ),
        ),
        Err(error) => Finding::warning(
            "watches",
            Words::new(
                "The configuration file cannot be watched for changes",
                "无法监视配置文件的变化",
            ),
        )
        .because(Words::new(
            format!("the system refuses another watch: {error}; what is edited by hand may be noticed late"),
            format!("系统拒绝新增监视：{error}；手动修改配置后可能不会及时生效"),
        ))
        .remedy(Words::new(
            "raise the limits: `sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288`; to keep them, write them into a file in /etc/sysctl.d",
            "请提高上限：`sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288`；如需永久生效，请写入 /etc/sysctl.d 中的文件",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_refusal_is_a_warning() {
        assert_eq!(judge(&Ok(())).severity, Severity::Ok);
        let refused = judge(&Err("too many".to_owned()));
        assert_eq!(refused.severity, Severity::Warning);
        assert!(
            refused
                .cause
                .is_some_and(|cause| cause.en.contains("too many"))
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_refusal() {
        assert_eq!(gather(Path::new("/nowhere/at/all")), Ok(()));
    }
}
