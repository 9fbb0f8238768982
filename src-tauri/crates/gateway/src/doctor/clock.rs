//! Whether this machine's clock is right: compared to what servers elsewhere say the time is.

use std::time::{Duration, SystemTime};

use super::finding::Finding;
use crate::words::Words;

/// Proofs of sign-ins are refused from about here on.
const WARN: Duration = Duration::from_secs(60);
/// Certificates and tokens are refused for certain.
const WRONG: Duration = Duration::from_secs(300);

/// What a server said about the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// Its host.
    pub(super) host: String,
    /// What it said (RFC 9110, 6.6.1: to the second).
    pub(super) there: SystemTime,
    /// What the clock of this machine said then.
    pub(super) here: SystemTime,
}

/// Judges the clock. A server may be wrong itself, so the one that is nearest counts.
pub(super) fn judge(readings: &[Reading]) -> Finding {
    let Some((reading, (apart, is_ahead))) = readings
        .iter()
        .map(|reading| (reading, apart(reading)))
        .min_by_key(|(_, (apart, _))| *apart)
    else {
        return Finding::skipped(
            "clock",
            Words::new(
                "The clock was not checked: no server elsewhere told the time",
                "没有检查时钟：没有可提供时间的远程服务器",
            ),
        );
    };
    let host = &reading.host;
    let title = Words::new("The clock of this machine is wrong", "本机的时钟不准");
    let finding = if apart >= WRONG {
        Finding::problem("clock", title)
    } else if apart >= WARN {
        Finding::warning("clock", title)
    } else {
        return Finding::ok(
            "clock",
            Words::new(
                format!("The clock agrees with {host}"),
                format!("时钟与 {host} 一致"),
            ),
        );
    };
    let (en, zh) = if is_ahead {
        ("ahead of", "快")
    } else {
        ("behind", "慢")
    };
    let seconds = apart.as_secs();
    finding
        .because(Words::new(
            format!("It is {} {en} {host}; certificates and sign-ins are refused for that", length(seconds)),
            format!("它比 {host} {zh} {}；证书和登录会因此被拒绝", length_zh(seconds)),
        ))
        .remedy(Words::new(
            "let the system set the clock from the network (on Linux: `sudo timedatectl set-ntp true`)",
            "请让系统从网络校准时间（Linux：`sudo timedatectl set-ntp true`）",
        ))
}

/// How far the two are apart, and whether this machine is ahead.
fn apart(reading: &Reading) -> (Duration, bool) {
    match reading.here.duration_since(reading.there) {
        Ok(ahead) => (ahead, true),
        Err(behind) => (behind.duration(), false),
    }
}

fn length(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

fn length_zh(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} 秒"),
        120..7200 => format!("{} 分钟", seconds / 60),
        _ => format!("{} 小时", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn reading(host: &str, ahead: i64) -> Reading {
        let there = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let by = Duration::from_secs(ahead.unsigned_abs());
        Reading {
            host: host.to_owned(),
            there,
            here: if ahead < 0 { there - by } else { there + by },
        }
    }

    #[test]
    fn the_distance_decides() {
        let severity = |ahead| judge(&[reading("a", ahead)]).severity;
        assert_eq!(severity(0), Severity::Ok);
        assert_eq!(severity(-59), Severity::Ok);
        assert_eq!(severity(61), Severity::Warning);
        assert_eq!(severity(-7200), Severity::Problem);
        assert_eq!(judge(&[]).severity, Severity::Skipped);
    }

    #[test]
    fn one_server_with_a_wrong_clock_proves_nothing() {
        let finding = judge(&[reading("wrong", 9000), reading("right", 2)]);
        assert_eq!(finding.severity, Severity::Ok);
        assert!(finding.title.en.contains("right"));
    }

    #[test]
    fn it_says_which_way() {
        let cause = |ahead| judge(&[reading("a", ahead)]).cause.expect("a cause");
        assert!(cause(600).en.contains("10 min ahead of a"));
        assert!(cause(-600).zh.contains("慢 10 分钟"));
    }
}
