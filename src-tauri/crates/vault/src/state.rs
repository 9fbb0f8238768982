//! Where the key is, for whoever looks after the gateway.

use std::path::PathBuf;

use crate::fault::{Fault, Source};

/// Where the key of the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nothing has been sealed yet, so there is no key.
    Unused,
    /// In the system's keychain.
    Keychain,
    /// Derived from a passphrase.
    Passphrase,
    /// In a variable.
    Variable,
    /// In a file beside the store, because there is no keychain.
    KeyFile {
        /// The file.
        path: PathBuf,
    },
    /// It could not be had the last time it was wanted; the next use tries again.
    Locked(Fault),
}

/// Something to know, in English and in Simplified Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// English.
    pub en: String,
    /// 简体中文.
    pub zh: String,
}

// === impl KeyState ===

impl KeyState {
    pub(crate) fn at(source: Source, key_file: PathBuf) -> Self {
        match source {
            Source::Keychain => Self::Keychain,
            Source::Passphrase => Self::Passphrase,
            Source::Variable => Self::Variable,
            Source::KeyFile => Self::KeyFile { path: key_file },
        }
    }

    /// What the owner should know about it, if anything.
    pub fn notice(&self) -> Option<Notice> {
        match self {
            Self::Unused | Self::Keychain | Self::Passphrase | Self::Variable => None,
            Self::KeyFile { path } => Some(Notice {
                en: format!(
                    "no keychain is used, so the key of the stored secrets lies in the file {}, readable by you alone: whoever copies your data folder can read them. Set MCP_GATEWAY_PASSPHRASE or MCP_GATEWAY_KEY before the first secret to avoid it",
                    path.display()
                ),
                zh: format!(
                    "没有使用系统钥匙串，因此机密的密钥保存在文件 {} 中，仅您本人可读：能复制您数据目录的人就能读取这些机密。如要避免，请在存入第一个机密之前设置 MCP_GATEWAY_PASSPHRASE 或 MCP_GATEWAY_KEY",
                    path.display()
                ),
            }),
            Self::Locked(fault) => Some(Notice {
                en: fault.to_string(),
                zh: fault.chinese(),
            }),
        }
    }
}
