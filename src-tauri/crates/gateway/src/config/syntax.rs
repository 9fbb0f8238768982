//! What a parse error means, in words that say what to type.

use jsonc_parser::errors::ParseErrorKind;

use crate::words::Words;

pub(super) fn empty() -> Words {
    Words::new(
        "the file is empty; it needs at least {} (run `mcp-gateway config init` elsewhere to see an example)",
        "文件是空的；至少需要 {}（可在别处运行 `mcp-gateway config init` 查看示例）",
    )
}

pub(super) fn explain(kind: &ParseErrorKind) -> Words {
    use ParseErrorKind as Kind;
    let (en, zh) = match kind {
        Kind::ExpectedComma => ("a comma is missing here", "此处缺少逗号"),
        Kind::ExpectedColonAfterObjectKey => ("a colon is missing after the key", "键之后缺少冒号"),
        Kind::ExpectedObjectValue => ("the key has no value", "键没有值"),
        Kind::ExpectedStringObjectProperty => {
            ("keys are written in double quotes", "键必须用双引号括起")
        }
        Kind::SingleQuotedStringsNotAllowed => (
            "strings are written in double quotes, not single ones",
            "字符串应使用双引号，而不是单引号",
        ),
        Kind::UnterminatedObject => (
            "the { opened here is never closed; add a }",
            "此处的 { 没有闭合；请补上 }",
        ),
        Kind::UnterminatedArray => (
            "the [ opened here is never closed; add a ]",
            "此处的 [ 没有闭合；请补上 ]",
        ),
        Kind::UnterminatedCommentBlock => (
            "the comment opened here is never closed; add a */",
            "此处的注释没有闭合；请补上 */",
        ),
        Kind::String(_) => (
            "the string is broken: it is not closed on its line, or a backslash in it is not doubled (\\\\)",
            "字符串有误：没有在本行结束，或其中的反斜杠没有写成两个(\\\\)",
        ),
        Kind::MultipleRootJsonValues => (
            "there is text after the end of the object; remove it",
            "对象结束之后还有内容；请删除",
        ),
        Kind::UnexpectedCloseBrace => (
            "this } closes nothing, or a value is missing before it",
            "此处的 } 没有对应的 {，或其前缺少值",
        ),
        Kind::UnexpectedCloseBracket => (
            "this ] closes nothing, or a value is missing before it",
            "此处的 ] 没有对应的 [，或其前缺少值",
        ),
        Kind::UnexpectedColon => ("unexpected colon", "多余的冒号"),
        Kind::UnexpectedComma => ("unexpected comma; remove it", "多余的逗号；请删除"),
        Kind::UnexpectedWord => (
            "unexpected word; strings are written in double quotes",
            "意外的单词；字符串应使用双引号",
        ),
        Kind::NestingDepthExceeded => ("nested too deeply", "嵌套过深"),
        Kind::ExpectedDigit
        | Kind::ExpectedDigitFollowingNegativeSign
        | Kind::ExpectedPlusMinusOrDigitInNumberLiteral
        | Kind::BareDecimalPointNumbersNotAllowed
        | Kind::HexadecimalNumbersNotAllowed
        | Kind::UnaryPlusNumbersNotAllowed
        | Kind::NonFiniteNumbersNotAllowed => (
            "this is not a JSON number; write plain digits",
            "这不是 JSON 数字；请写普通数字",
        ),
        Kind::CommentsNotAllowed
        | Kind::TrailingCommasNotAllowed
        | Kind::UnexpectedToken
        | Kind::UnexpectedTokenInObject => {
            ("this character cannot stand here", "此处不能出现这个字符")
        }
    };
    Words::new(
        format!("not valid JSON: {en}"),
        format!("不是有效的 JSON：{zh}"),
    )
}
