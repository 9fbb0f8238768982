//! Forms: what is in them and what pressing a button sends.

use std::collections::HashMap;

use super::html::{Piece, pieces};

/// A form of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Its id.
    pub id: Option<String>,
    /// Where it is sent, as written; empty: the page itself.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// Its fields with what is in them: hidden and visible inputs, ticked boxes, text areas, chosen options.
    pub fields: Vec<(String, String)>,
    /// The names of boxes that are not ticked.
    pub unticked: Vec<(String, String)>,
    /// Its buttons.
    pub buttons: Vec<Button>,
}

/// A button that submits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Its name, without which it is not sent.
    pub name: Option<String>,
    /// Its value.
    pub value: String,
    /// What is written on it.
    pub label: String,
}

// === impl Form ===

impl Form {
    /// What is sent when a button is pressed, with these fields filled in.
    ///
    /// # Panics
    /// If a field is not in the form.
    pub(super) fn encoded(&self, button: Option<&Button>, fill: &[(&str, &str)]) -> String {
        let mut fields = self.fields.clone();
        for (name, value) in fill {
            let found = fields.iter_mut().find(|(key, _)| key == name);
            match found {
                Some((_, old)) => (*value).clone_into(old),
                None if self.unticked.iter().any(|(key, _)| key == name) => {
                    fields.push(((*name).to_owned(), (*value).to_owned()));
                }
                None => panic!("no field {name} in {self:?}"),
            }
        }
        let pressed = button.and_then(|button| Some((button.name.clone()?, button.value.clone())));
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields.into_iter().chain(pressed));
        body.finish()
    }
}

/// The forms of a document.
pub(super) fn forms(document: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    let mut labels = false;
    let mut area = false;
    let mut select: Option<(String, bool)> = None;
    for piece in pieces(document) {
        match piece {
            Piece::Open(tag, attributes) if tag == "form" => {
                inside = true;
                forms.push(begun(&attributes));
            }
            Piece::Close(tag) if tag == "form" => inside = false,
            Piece::Close(tag) if tag == "button" => labels = false,
            Piece::Close(tag) if tag == "textarea" => area = false,
            Piece::Close(tag) if tag == "select" => select = None,
            Piece::Open(tag, attributes) if inside && !attributes.contains_key("disabled") => {
                let Some(form) = forms.last_mut() else {
                    continue;
                };
                let name = attributes.get("name").cloned();
                let value = attributes.get("value").cloned();
                match tag.as_str() {
                    "input" => form.input(&attributes),
                    "button" if is_submit(&attributes) => {
                        labels = true;
                        let value = value.unwrap_or_default();
                        let label = String::new();
                        form.buttons.push(Button { name, value, label });
                    }
                    "textarea" => {
                        area = true;
                        form.fields.extend(name.map(|name| (name, String::new())));
                    }
                    "select" => select = name.map(|name| (name, false)),
                    "option" => form.option(&mut select, &attributes),
                    _ => {}
                }
            }
            Piece::Text(text) if inside => {
                let Some(form) = forms.last_mut() else {
                    continue;
                };
                if let Some(button) = form.buttons.last_mut().filter(|_| labels) {
                    button.label += text.trim();
                } else if let Some((_, value)) = form.fields.last_mut().filter(|_| area) {
                    value.push_str(&text);
                }
            }
            Piece::Open(..) | Piece::Close(_) | Piece::Text(_) => {}
        }
    }
    forms
}

fn begun(attributes: &HashMap<String, String>) -> Form {
    let read = |name: &str| attributes.get(name).cloned().unwrap_or_default();
    Form {
        id: attributes.get("id").cloned(),
        action: read("action"),
        method: match read("method").eq_ignore_ascii_case("post") {
            true => "post".to_owned(),
            false => "get".to_owned(),
        },
        ..Form::default()
    }
}

fn is_submit(attributes: &HashMap<String, String>) -> bool {
    attributes
        .get("type")
        .is_none_or(|kind| kind.eq_ignore_ascii_case("submit"))
}

impl Form {
    fn input(&mut self, attributes: &HashMap<String, String>) {
        let read = |name: &str| attributes.get(name).cloned();
        let name = read("name");
        match read("type")
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "submit" => self.buttons.push(Button {
                name,
                value: read("value").unwrap_or_default(),
                label: read("value").unwrap_or_default(),
            }),
            "checkbox" | "radio" => {
                let field = name.map(|name| (name, read("value").unwrap_or("on".to_owned())));
                match attributes.contains_key("checked") {
                    true => self.fields.extend(field),
                    false => self.unticked.extend(field),
                }
            }
            "button" | "reset" | "image" | "file" => {}
            _ => self
                .fields
                .extend(name.map(|name| (name, read("value").unwrap_or_default()))),
        }
    }

    /// The first option counts, until one says that it is the chosen one.
    fn option(
        &mut self,
        select: &mut Option<(String, bool)>,
        attributes: &HashMap<String, String>,
    ) {
        let Some((name, any)) = select else {
            return;
        };
        let value = attributes.get("value").cloned().unwrap_or_default();
        if !*any {
            self.fields.push((name.clone(), value));
            *any = true;
        } else if attributes.contains_key("selected")
            && let Some((_, chosen)) = self.fields.iter_mut().rev().find(|(key, _)| key == name)
        {
            *chosen = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_however_they_are_written() {
        let page = r#"<!doctype html><!-- <form id=no> --><style>a > b { }</style><script>"<form>"</script>
            <FORM method='POST' action="/oauth/consent?a=1&amp;b=2" id=it>
              <input type=hidden name=ticket value="a&quot;b&#39;&#x3c;>"><input name=user value>
              <input type=checkbox name=remember checked><input type="checkbox" name="all" value="yes">
              <select name=l><option value=en>English<option value=zh selected>中文</select>
              <textarea name=t>a &amp; b</textarea><input name=off disabled value=1>
              <button name=decision value=allow>Al<b>low</b></button><button type=button name=no>No</button>
              <input type=submit name=decision value=deny />
            </FORM><input name=outside>"#;
        let forms = forms(page);
        assert_eq!(forms.len(), 1);
        let form = &forms[0];
        assert_eq!(
            (form.method.as_str(), form.action.as_str()),
            ("post", "/oauth/consent?a=1&b=2")
        );
        let fields: Vec<_> = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("ticket", "a\"b'<>"),
                ("user", ""),
                ("remember", "on"),
                ("l", "zh"),
                ("t", "a & b")
            ]
        );
        let buttons: Vec<_> = form
            .buttons
            .iter()
            .map(|button| (button.value.as_str(), button.label.as_str()))
            .collect();
        assert_eq!(buttons, [("allow", "Allow"), ("deny", "deny")]);
        assert_eq!(
            form.encoded(form.buttons.first(), &[("user", "a b"), ("all", "yes")]),
            "ticket=a%22b%27%3C%3E&user=a+b&remember=on&l=zh&t=a+%26+b&all=yes&decision=allow"
        );
    }
}
