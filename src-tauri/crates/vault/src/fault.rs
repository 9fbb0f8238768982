//! What can go wrong with secrets at rest, and what to do about it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a store's key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The system's keychain.
    Keychain,
    /// Derived from `MCP_GATEWAY_PASSPHRASE`.
    Passphrase,
    /// `MCP_GATEWAY_KEY`.
    Variable,
    /// A file beside the store.
    KeyFile,
}

/// Why a secret cannot be read or kept. Says the cause and the remedy, in English as `Display` and
/// in Chinese as [`chinese`](Self::chinese); never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.english())]
pub enum Fault {
    /// The file cannot be opened, read or written.
    Store {
        /// The store.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// A later version has changed how the file is laid out.
    Newer {
        /// The store.
        path: PathBuf,
    },
    /// The store wants a key of a kind that its owner has not given this time.
    NotGiven {
        /// The store.
        path: PathBuf,
        /// What it was sealed with.
        sealed: Source,
    },
    /// The key that was given is not the one that the store was sealed with.
    WrongKey {
        /// The store.
        path: PathBuf,
        /// What was given.
        given: Source,
        /// What it was sealed with.
        sealed: Source,
    },
    /// `MCP_GATEWAY_KEY` is no key.
    NotAKey,
    /// The keychain is not there, locked, or refuses.
    Keychain {
        /// What the system says.
        cause: String,
    },
    /// The keychain has not answered in time: it may be asking its owner for a password.
    KeychainSilent {
        /// How long was waited.
        seconds: u64,
    },
    /// The keychain or the key file no longer holds the store's key.
    KeyGone {
        /// The store.
        path: PathBuf,
        /// Where the key was.
        sealed: Source,
    },
    /// The key file cannot be read or written.
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// A sealed value does not open although the key is right: it was altered or moved.
    Damaged {
        /// The store.
        path: PathBuf,
        /// Kind and key of the document.
        document: String,
    },
    /// A document cannot be written or read as JSON.
    Document {
        /// Its kind.
        kind: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// No secret can have this name.
    Name {
        /// The name.
        name: String,
    },
    /// The system gives no random numbers.
    Randomness,
    /// The opening of the store broke off.
    Interrupted,
}

// === impl Source ===

impl Source {
    fn english(self) -> &'static str {
        match self {
            Self::Keychain => "the key in the system's keychain",
            Self::Passphrase => "the passphrase in MCP_GATEWAY_PASSPHRASE",
            Self::Variable => "the key in MCP_GATEWAY_KEY",
            Self::KeyFile => "the key in the file store.key beside it",
        }
    }

    fn chinese(self) -> &'static str {
        match self {
            Self::Keychain => "系统钥匙串中的密钥",
            Self::Passphrase => "MCP_GATEWAY_PASSPHRASE 中的口令",
            Self::Variable => "MCP_GATEWAY_KEY 中的密钥",
            Self::KeyFile => "同目录下 store.key 文件中的密钥",
        }
    }
}

// === impl Fault ===

const AFRESH: &str = "If it is lost, move the store away: an empty one is begun, everybody signs in again and secrets are set again";
const AFRESH_ZH: &str = "如果已经丢失，请移走该文件：将新建空的存储，需要重新登录并重新设置机密";

impl Fault {
    fn english(&self) -> String {
        match self {
            Self::Store { path, cause } => format!(
                "the store {} cannot be used ({cause}): check that the file is yours and that the disk has space",
                path.display()
            ),
            Self::Newer { path } => format!(
                "the store {} was written by a newer version of MCP Gateway: install that version, or move the file away to begin an empty one",
                path.display()
            ),
            Self::NotGiven { path, sealed } => {
                let remedy = match sealed {
                    Source::Keychain => "allow the keychain again (unset MCP_GATEWAY_KEYCHAIN)",
                    Source::Passphrase => "set MCP_GATEWAY_PASSPHRASE and start again",
                    Source::Variable => "set MCP_GATEWAY_KEY and start again",
                    Source::KeyFile => "put the file back",
                };
                format!(
                    "the store {} is sealed with {}, which was not given: {remedy}. {AFRESH}",
                    path.display(),
                    sealed.english()
                )
            }
            Self::WrongKey {
                path,
                given,
                sealed,
            } if given == sealed => format!(
                "{} is not the one that the store {} was sealed with: give the right one. {AFRESH}",
                given.english(),
                path.display()
            ),
            Self::WrongKey {
                path,
                given,
                sealed,
            } => format!(
                "the store {} was sealed with {}, but {} was given: unset that variable and start again. {AFRESH}",
                path.display(),
                sealed.english(),
                given.english()
            ),
            Self::NotAKey => "MCP_GATEWAY_KEY is no key: it must be 32 random bytes as base64, for example what `openssl rand -base64 32` prints".into(),
            Self::Keychain { cause } => format!(
                "the system's keychain cannot be used ({cause}): unlock it, or start its service and then MCP Gateway again"
            ),
            Self::KeychainSilent { seconds } => format!(
                "the system's keychain has not answered for {seconds} seconds: it may be asking for your password in a window; unlock it and try again"
            ),
            Self::KeyGone { path, sealed } => format!(
                "{} that the store {} was sealed with is no longer there: restore it. {AFRESH}",
                sealed.english(),
                path.display()
            ),
            Self::KeyFile { path, cause } => format!(
                "the key file {} cannot be used ({cause}): check that it is yours and holds 32 bytes as base64",
                path.display()
            ),
            Self::Damaged { path, document } => format!(
                "{document} in the store {} has been altered or is damaged: set it again or sign in again, or bring back a copy of the file",
                path.display()
            ),
            Self::Document { kind, cause } => format!(
                "a document of the kind {kind} does not have the expected form ({cause}): it was probably written by another version; sign in or set it again"
            ),
            Self::Name { name } => format!(
                "“{}” cannot be the name of a secret: use up to 128 letters, digits, “_”, “-” and “.”",
                short(name)
            ),
            Self::Randomness => "the operating system gives no random numbers: without them nothing can be sealed; restart the machine".into(),
            Self::Interrupted => "opening the store broke off: try again, and look into the log if it happens again".into(),
        }
    }

    /// Cause and remedy in Simplified Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::Store { path, cause } => format!(
                "无法使用存储文件 {}（{cause}）：请检查该文件是否属于您，磁盘是否有剩余空间",
                path.display()
            ),
            Self::Newer { path } => format!(
                "存储文件 {} 由更新版本的 MCP Gateway 写入：请安装该版本，或移走此文件以新建空的存储",
                path.display()
            ),
            Self::NotGiven { path, sealed } => {
                let remedy = match sealed {
                    Source::Keychain => "请重新允许使用钥匙串（取消设置 MCP_GATEWAY_KEYCHAIN）",
                    Source::Passphrase => "请设置 MCP_GATEWAY_PASSPHRASE 后重新启动",
                    Source::Variable => "请设置 MCP_GATEWAY_KEY 后重新启动",
                    Source::KeyFile => "请把该文件放回原处",
                };
                format!(
                    "存储文件 {} 由{}加密，但这次没有提供：{remedy}。{AFRESH_ZH}",
                    path.display(),
                    sealed.chinese()
                )
            }
            Self::WrongKey {
                path,
                given,
                sealed,
            } if given == sealed => format!(
                "{}与加密存储文件 {} 时所用的不一致：请提供正确的值。{AFRESH_ZH}",
                given.chinese(),
                path.display()
            ),
            Self::WrongKey {
                path,
                given,
                sealed,
            } => format!(
                "存储文件 {} 由{}加密，但这次提供的是{}：请取消设置该变量后重新启动。{AFRESH_ZH}",
                path.display(),
                sealed.chinese(),
                given.chinese()
            ),
            Self::NotAKey => "MCP_GATEWAY_KEY 不是有效的密钥：应为 32 字节随机数的 base64，例如 `openssl rand -base64 32` 的输出".into(),
            Self::Keychain { cause } => format!(
                "无法使用系统钥匙串（{cause}）：请解锁钥匙串，或启动其服务后重新启动 MCP Gateway"
            ),
            Self::KeychainSilent { seconds } => format!(
                "系统钥匙串 {seconds} 秒没有应答：它可能正在弹窗询问密码，请解锁后重试"
            ),
            Self::KeyGone { path, sealed } => format!(
                "加密存储文件 {} 的{}已不存在：请恢复它。{AFRESH_ZH}",
                path.display(),
                sealed.chinese()
            ),
            Self::KeyFile { path, cause } => format!(
                "无法使用密钥文件 {}（{cause}）：请检查它是否属于您，内容是否为 32 字节的 base64",
                path.display()
            ),
            Self::Damaged { path, document } => format!(
                "存储文件 {} 中的 {document} 被改动或已损坏：请重新设置或重新登录，或恢复该文件的备份",
                path.display()
            ),
            Self::Document { kind, cause } => format!(
                "类型为 {kind} 的文档格式不符（{cause}）：可能由其他版本写入，请重新登录或重新设置"
            ),
            Self::Name { name } => format!(
                "“{}”不能作为机密的名称：请使用不超过 128 个字母、数字、“_”、“-”和“.”",
                short(name)
            ),
            Self::Randomness => "操作系统无法提供随机数，因此无法加密任何内容：请重新启动计算机".into(),
            Self::Interrupted => "打开存储的过程意外中断：请重试；如再次发生，请查看日志".into(),
        }
    }
}

/// The beginning of a name: whoever gives a secret in its place shall not find it in a log.
fn short(name: &str) -> String {
    let mut short: String = name.chars().take(12).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_which_key_and_what_to_do_in_both_languages() {
        let path = PathBuf::from("/data/store.db");
        let fault = Fault::WrongKey {
            path: path.clone(),
            given: Source::Variable,
            sealed: Source::Keychain,
        };
        assert!(fault.to_string().contains("keychain"));
        assert!(fault.to_string().contains("unset that variable"));
        assert!(fault.chinese().contains("系统钥匙串"));

        let fault = Fault::NotGiven {
            path,
            sealed: Source::Passphrase,
        };
        assert!(fault.to_string().contains("set MCP_GATEWAY_PASSPHRASE"));
        assert!(fault.chinese().contains("请设置 MCP_GATEWAY_PASSPHRASE"));
    }

    #[test]
    fn a_value_given_as_a_name_is_not_repeated() {
        let fault = Fault::Name {
            name: "ghp_0123456789abcdefghijklmnop qrs".into(),
        };
        for text in [fault.to_string(), fault.chinese()] {
            assert!(!text.contains("abcdefghij"), "{text}");
        }
    }
}
