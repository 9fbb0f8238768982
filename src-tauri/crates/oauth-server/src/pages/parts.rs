//! Pieces that several pages show.

use crate::authorize::Request;
use crate::client::Kind;
use crate::pages::escaped;
use crate::words::Language;

/// What is asked for: which program, where the answer goes, what it may use.
pub(super) fn details(language: Language, request: &Request, person: Option<&str>) -> String {
    let client = &request.client;
    let text = |en: &'static str, zh: &'static str| match language {
        Language::English => en,
        Language::Chinese => zh,
    };
    let mut rows = String::new();
    let note = match &client.kind {
        Kind::Registered => text(
            "The name is the program's own claim.",
            "名称由该程序自行声明。",
        )
        .to_owned(),
        Kind::Described(host) => match language {
            Language::English => format!("Described by {host}."),
            Language::Chinese => format!("由 {host} 提供说明。"),
        },
        Kind::Named => text("Known by this id only.", "仅凭此标识识别。").to_owned(),
    };
    rows.push_str(&row(text("Program", "程序"), &client.name, Some(&note)));
    if let Some(person) = person {
        rows.push_str(&row(text("On behalf of", "访问身份"), person, None));
    }
    rows.push_str(&row(text("May use", "可以使用"), &request.resource(), None));
    let local = request
        .redirect
        .is_loopback()
        .then(|| text("A program on this computer.", "本机上的程序。"));
    rows.push_str(&row(
        text("Answer goes to", "结果发送到"),
        &request.redirect.place(),
        local,
    ));
    format!("<dl>\n{rows}</dl>")
}

/// The fields that a form of a request carries.
pub(super) fn form_fields(id: &str, token: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"request\" value=\"{}\">\
         <input type=\"hidden\" name=\"token\" value=\"{}\">",
        escaped(id),
        escaped(token)
    )
}

fn row(term: &str, value: &str, note: Option<&str>) -> String {
    let note = note.map_or_else(String::new, |note| {
        format!("<small>{}</small>", escaped(note))
    });
    format!(
        "<div><dt>{}</dt><dd>{}{note}</dd></div>\n",
        escaped(term),
        escaped(value)
    )
}
