//! Why a greeting leads nowhere, for a person.

use wire::{MODERN, Version};

use super::super::own_calls::OwnCallError;
use super::said::Said;
use crate::words::Words;

pub(super) fn incompatible(versions: &[String]) -> OwnCallError {
    if versions.iter().any(|version| version == MODERN) {
        return OwnCallError::Lost(Words::new(
            format!("it refuses MCP {MODERN}, although it says that it speaks it"),
            format!("它声称支持 MCP {MODERN}，却拒绝使用"),
        ));
    }
    let versions = versions.join(", ");
    let latest = Version::LATEST.as_str();
    OwnCallError::Wrong(Words::new(
        format!(
            "it speaks MCP {versions} alone, and this gateway {MODERN} and up to {latest}; update the gateway"
        ),
        format!(
            "它只支持 MCP {versions}，而本网关支持 {MODERN} 以及 {latest} 及更早版本；请更新网关"
        ),
    ))
}

pub(super) fn not_modern(said: &Said) -> OwnCallError {
    let Words { en, zh } = said.in_vain();
    OwnCallError::Wrong(Words::new(
        format!(
            "it does not speak MCP {MODERN}, which `protocol` asks for ({en}); set `protocol` to \"auto\" in the configuration file"
        ),
        format!(
            "它不支持 `protocol` 所要求的 MCP {MODERN}（{zh}）；请在配置文件中将 `protocol` 设为 \"auto\""
        ),
    ))
}

pub(super) fn not_legacy(said: &Said) -> OwnCallError {
    let Words { en, zh } = said.in_vain();
    OwnCallError::Wrong(Words::new(
        format!(
            "it speaks MCP {MODERN} alone, and `protocol` asks for an older version ({en}); set `protocol` to \"auto\" in the configuration file"
        ),
        format!(
            "它只支持 MCP {MODERN}，而 `protocol` 要求旧版协议（{zh}）；请在配置文件中将 `protocol` 设为 \"auto\""
        ),
    ))
}

/// Why it cannot be greeted in one way, with why not in the other where that says more than that
/// it is not known.
pub(super) fn both(said: &Said, probed: Option<&Said>) -> OwnCallError {
    let error = said.error();
    let Some(probed) = probed.filter(|probed| probed.says_more()) else {
        return error;
    };
    match error {
        OwnCallError::Refused { method, error } => OwnCallError::Refused {
            method,
            error: format!("{error}; before that, {}", probed.in_vain().en),
        },
        other => other,
    }
}
