//! What is wrong with a command line, in the reader's language.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use gateway::words::Language;

/// Clap's own text in English; the commonest mistakes in Chinese, the rest in clap's words.
pub(crate) fn explain(error: &clap::Error, language: Language) -> String {
    let text = error.render().to_string();
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    match language {
        Language::English => text,
        // The one word of a help page that clap does not let one choose.
        Language::Chinese if help => text.replace("[OPTIONS]", "[选项]"),
        Language::Chinese => chinese(error).unwrap_or(text),
    }
}

fn chinese(error: &clap::Error) -> Option<String> {
    let given = |kind| error.get(kind).map(plain);
    let cause = match error.kind() {
        ErrorKind::UnknownArgument => format!("未知的参数“{}”", given(ContextKind::InvalidArg)?),
        ErrorKind::InvalidSubcommand => {
            format!("未知的命令“{}”", given(ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::InvalidValue => match given(ContextKind::InvalidValue)?.as_str() {
            "" => format!("{} 缺少值", given(ContextKind::InvalidArg)?),
            value => format!("“{value}”不是 {} 的有效值", given(ContextKind::InvalidArg)?),
        },
        ErrorKind::ValueValidation => {
            format!(
                "“{}”不是 {} 的有效值",
                given(ContextKind::InvalidValue)?,
                given(ContextKind::InvalidArg)?
            )
        }
        ErrorKind::MissingRequiredArgument => {
            format!("缺少必需的参数：{}", given(ContextKind::InvalidArg)?)
        }
        ErrorKind::ArgumentConflict => format!(
            "{} 出现了多次，或与其他参数冲突",
            given(ContextKind::InvalidArg)?
        ),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "缺少命令".to_owned()
        }
        _ => return None,
    };
    let hint = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .find_map(given)
    .map(|suggestion| format!("；是否想写“{suggestion}”？"))
    .unwrap_or_default();
    Some(format!(
        "错误：{cause}{hint}\n\n更多信息请用 --help 查看。\n"
    ))
}

fn plain(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(values) => values.join("、"),
        ContextValue::StyledStrs(values) => values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("、"),
        other => other.to_string(),
    }
}
