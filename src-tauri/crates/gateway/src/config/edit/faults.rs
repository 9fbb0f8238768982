//! What a form cannot ask for, whatever file it goes into: every fault at once.
//!
//! The loader would refuse most of it, too, but in words that speak of a file's text.

use std::collections::HashSet;

use axum::http::{HeaderName, HeaderValue};

use super::error::FieldProblem;
use crate::config::form::{AuthForm, Kind, Pair, ServerForm};
use crate::config::{check, values};

/// The bounds that the loader has for both.
const MOST_MILLISECONDS: u64 = 86_400_000;
const MOST_CONNECTIONS: u64 = 256;

/// Every fault of a form.
pub(super) fn faults(form: &ServerForm) -> Vec<FieldProblem> {
    let mut faults = Vec::new();
    if let Some(message) = check::unusable(&form.name) {
        faults.push(FieldProblem {
            field: "name",
            message,
        });
    }
    match form.kind {
        Kind::Local => local(form, &mut faults),
        Kind::Remote => remote(form, &mut faults),
    }
    numbers(form, &mut faults);
    renames(form, &mut faults);
    faults
}

fn local(form: &ServerForm, faults: &mut Vec<FieldProblem>) {
    let program = form.command.first().map(|program| program.trim());
    if program.is_none_or(str::is_empty) {
        faults.push(FieldProblem::new(
            "command",
            "a local server needs a command, such as npx -y some-mcp-server",
            "本地服务器需要命令，例如 npx -y some-mcp-server",
        ));
    }
    // The system's own end of a string: no process can be given it.
    let holds_nul = |text: &str| text.contains('\0');
    for (field, found) in [
        ("command", form.command.iter().any(|part| holds_nul(part))),
        ("cwd", form.cwd.as_deref().is_some_and(holds_nul)),
        ("env", form.env.iter().any(|pair| holds_nul(&pair.value))),
    ] {
        if found {
            faults.push(FieldProblem::new(
                field,
                "there is a NUL character in it; remove it",
                "其中含有 NUL 字符；请删除",
            ));
        }
    }
    for pair in &form.env {
        let name = &pair.name;
        if name.is_empty() {
            faults.push(FieldProblem::new(
                "env",
                "a variable has no name; give it one or remove it",
                "有一个变量没有名称；请填写名称或将其删除",
            ));
        } else if name.contains(['=', '\0']) {
            faults.push(FieldProblem::new(
                "env",
                format!("{name:?} cannot be a variable's name; leave out = and NUL"),
                format!("{name:?} 不能作为变量名；请勿使用 = 和 NUL"),
            ));
        }
    }
    twice("env", &form.env, faults);
}

fn sign_in(auth: &AuthForm, faults: &mut Vec<FieldProblem>) {
    if let Some(Err(message)) = auth.authorization_server.as_deref().map(values::url) {
        faults.push(FieldProblem {
            field: "auth",
            message,
        });
    }
    if auth.client_secret.is_some() && auth.client_id.is_none() {
        faults.push(FieldProblem::new(
            "auth",
            "a client secret belongs to a client id; give both, or neither",
            "客户端密钥必须与客户端 ID 一起使用；请同时填写，或都不填",
        ));
    }
}

fn remote(form: &ServerForm, faults: &mut Vec<FieldProblem>) {
    if let Err(message) = values::server_url(form.url.as_deref().unwrap_or_default()) {
        faults.push(FieldProblem {
            field: "url",
            message,
        });
    }
    if let Some(auth) = &form.auth {
        sign_in(auth, faults);
    }
    for pair in &form.headers {
        let name = &pair.name;
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            faults.push(FieldProblem::new(
                "headers",
                format!("{name:?} cannot be a header's name; use letters, digits and hyphens"),
                format!("{name:?} 不能作为请求头的名称；请使用字母、数字和连字符"),
            ));
        } else if HeaderValue::from_str(&pair.value).is_err() {
            // The value may be a token, so it is not repeated.
            faults.push(FieldProblem::new(
                "headers",
                format!("the value of {name} is not one line of plain text; correct it"),
                format!("{name} 的值不是单行纯文本；请修改"),
            ));
        }
    }
    twice("headers", &form.headers, faults);
}

fn numbers(form: &ServerForm, faults: &mut Vec<FieldProblem>) {
    let within =
        |number: Option<u64>, most| number.is_none_or(|number| (1..=most).contains(&number));
    if !within(form.call_timeout, MOST_MILLISECONDS) {
        faults.push(FieldProblem::new(
            "callTimeout",
            "it may be a day (86400000 ms) at most; choose a smaller one, or leave it empty",
            "最长一天（86400000 毫秒）；请填小一些，或留空",
        ));
    }
    if !within(form.pool_size, MOST_CONNECTIONS) {
        faults.push(FieldProblem::new(
            "poolSize",
            "write a number from 1 to 256, or leave it empty",
            "请填写 1 到 256 之间的数，或留空",
        ));
    }
}

fn renames(form: &ServerForm, faults: &mut Vec<FieldProblem>) {
    let (mut tools, mut names) = (HashSet::new(), HashSet::new());
    for rename in &form.rename {
        let (tool, name) = (&rename.tool, &rename.name);
        if tool.is_empty() {
            faults.push(FieldProblem::new(
                "rename",
                "a new name belongs to no tool; say which, or remove it",
                "有一个新名称没有对应的工具；请写明工具或将其删除",
            ));
        }
        if name.is_empty() {
            faults.push(FieldProblem::new(
                "rename",
                format!("the new name of \"{tool}\" is empty; write one, or remove it"),
                format!("“{tool}”的新名称为空；请填写名称或将其删除"),
            ));
        } else if !names.insert(name) {
            faults.push(FieldProblem::new(
                "rename",
                format!(
                    "two tools would be called \"{name}\"; choose another name for one of them"
                ),
                format!("有两个工具都叫“{name}”；请给其中一个换个名称"),
            ));
        }
        if !tools.insert(tool) {
            faults.push(FieldProblem::new(
                "rename",
                format!("\"{tool}\" has two new names; keep one of them"),
                format!("“{tool}”有两个新名称；请只保留一个"),
            ));
        }
    }
}

fn twice(field: &'static str, pairs: &[Pair], faults: &mut Vec<FieldProblem>) {
    let mut seen = HashSet::new();
    for Pair { name, .. } in pairs {
        if !seen.insert(name) {
            faults.push(FieldProblem::new(
                field,
                format!("\"{name}\" is given twice; keep one of them"),
                format!("“{name}”出现了两次；请只保留一个"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::form::Rename;

    fn fields(form: &ServerForm) -> Vec<&'static str> {
        faults(form).into_iter().map(|fault| fault.field).collect()
    }

    fn pair(name: &str, value: &str) -> Pair {
        Pair {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let mut form = ServerForm::local("api", &[" "]);
        form.env = vec![pair("", ""), pair("A=", ""), pair("B", "\0"), pair("B", "")];
        form.call_timeout = Some(0);
        form.pool_size = Some(257);
        let rename = |tool: &str, name: &str| Rename {
            tool: tool.to_owned(),
            name: name.to_owned(),
        };
        form.rename = vec![
            rename("a", "x"),
            rename("b", "x"),
            rename("b", ""),
            rename("", "y"),
        ];
        assert_eq!(
            fields(&form),
            [
                "name",
                "command",
                "env",
                "env",
                "env",
                "env",
                "callTimeout",
                "poolSize",
                "rename",
                "rename",
                "rename",
                "rename"
            ]
        );
    }

    #[test]
    fn a_remote_server_has_faults_of_its_own() {
        let mut form = ServerForm::local("s", &[]);
        form.kind = Kind::Remote;
        form.headers = vec![
            pair("a b", "x"),
            pair("X-Key", "two\nlines"),
            pair("X-Key", "x"),
        ];
        assert_eq!(fields(&form), ["url", "headers", "headers", "headers"]);
        let shown = format!("{:?}", faults(&form));
        assert!(!shown.contains("two"), "{shown}");
        form.url = Some("https://example.com/mcp".to_owned());
        form.headers.clear();
        assert_eq!(fields(&form), [""; 0]);
    }
}
