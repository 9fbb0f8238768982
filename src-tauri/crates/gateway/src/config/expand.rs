//! `${secret:NAME}` and `${env:NAME}` in the texts of a server: its command, variables, address,
//! headers and client secret. `$${` stands for `${` itself; any other `${…}` is left as it is,
//! for the program that it is meant for.
//!
//! Pure: what the names stand for is looked up by the caller. The configuration keeps the
//! references; values exist only in what a server is started with.

mod spot;

use std::fmt;

use super::model::{ServerConfig, Transport};
use super::values;
use crate::words::Words;

pub use spot::Spot;

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A secret of the store.
    Secret,
    /// A variable of the gateway's environment.
    Env,
}

/// A name that the configuration of a server uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it names.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// Where it stands, such as `env.GITHUB_TOKEN`.
    pub place: String,
}

/// A server as it is started.
#[derive(Clone, PartialEq, Eq)]
pub struct Expanded {
    /// With values in the place of references.
    pub server: ServerConfig,
    /// The values of secrets that went into it: what is shown of the server must be without them.
    pub secrets: Vec<String>,
}

/// Why a server cannot be started with these texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// There is no such secret or variable.
    Missing(Reference),
    /// It begins like a reference, and is none.
    Malformed {
        /// Where it stands.
        place: String,
    },
    /// With its values, the address is none.
    NotAnAddress,
}

/// One piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Reference(Kind, &'t str),
    Malformed,
}

/// The names that a server's configuration uses, in the order of the file; malformed ones are left
/// to [`expand`].
pub fn references(server: &ServerConfig) -> Vec<Reference> {
    let spots = Spot::all(server).into_iter();
    let texts = spots.filter_map(|spot| Some((spot, spot.text(server)?)));
    texts
        .flat_map(|(spot, text)| {
            named(text).map(move |(kind, name)| Reference {
                kind,
                name: name.to_owned(),
                place: spot.path(server),
            })
        })
        .collect()
}

/// The names of the secrets that a server's configuration uses, each once.
pub fn secrets(server: &ServerConfig) -> Vec<String> {
    let mut names = Vec::new();
    for reference in references(server) {
        if reference.kind == Kind::Secret && !names.contains(&reference.name) {
            names.push(reference.name);
        }
    }
    names
}

/// The names that one text uses, such as `mcpServer.token`.
pub fn named(text: &str) -> impl Iterator<Item = (Kind, &str)> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Reference(kind, name) => Some((kind, name)),
        Piece::Text(_) | Piece::Malformed => None,
    })
}

/// Whether a text is more than itself, so that it cannot be judged before it is expanded.
pub fn is_dynamic(text: &str) -> bool {
    pieces(text)
        .iter()
        .any(|piece| !matches!(piece, Piece::Text(_)))
}

/// The text that a text without references stands for; none if it has some.
pub fn literal(text: &str) -> Option<String> {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Reference(..) | Piece::Malformed => None,
        })
        .collect()
}

/// Puts values in the place of references.
///
/// # Errors
/// All that is missing or malformed, not only the first of it.
pub fn expand(
    server: &ServerConfig,
    lookup: impl Fn(Kind, &str) -> Option<String>,
) -> Result<Expanded, Vec<Unresolved>> {
    let mut expanded = Expanded {
        server: server.clone(),
        secrets: Vec::new(),
    };
    let mut unresolved = Vec::new();
    for spot in Spot::all(server) {
        let Some(text) = spot.text(server) else {
            continue;
        };
        let place = || spot.path(server);
        match expand_text(text, place, &lookup, &mut expanded.secrets) {
            Ok(value) => spot.set(&mut expanded.server, value),
            Err(missing) => unresolved.extend(missing),
        }
    }
    if unresolved.is_empty()
        && let Transport::Remote { url, .. } = &expanded.server.transport
        && values::url(url).is_err()
    {
        unresolved.push(Unresolved::NotAnAddress);
    }
    if unresolved.is_empty() {
        Ok(expanded)
    } else {
        Err(unresolved)
    }
}

/// Puts values in the place of references in one text; the secrets among them are added to
/// `secrets`.
///
/// # Errors
/// All that is missing or malformed in it; `place` says where it stands.
pub fn expand_text(
    text: &str,
    place: impl Fn() -> String,
    lookup: impl Fn(Kind, &str) -> Option<String>,
    secrets: &mut Vec<String>,
) -> Result<String, Vec<Unresolved>> {
    let mut expanded = String::with_capacity(text.len());
    let mut unresolved = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => expanded.push_str(text),
            Piece::Malformed => unresolved.push(Unresolved::Malformed { place: place() }),
            Piece::Reference(kind, name) => match lookup(kind, name) {
                Some(value) => {
                    expanded.push_str(&value);
                    if kind == Kind::Secret && !secrets.contains(&value) {
                        secrets.push(value);
                    }
                }
                None => unresolved.push(Unresolved::Missing(Reference {
                    kind,
                    name: name.to_owned(),
                    place: place(),
                })),
            },
        }
    }
    if unresolved.is_empty() {
        Ok(expanded)
    } else {
        Err(unresolved)
    }
}

/// Everything that is missing, as one text with the remedies. `unheard` says why nobody knows what
/// the login shell has, where that is so.
pub fn explain(unresolved: &[Unresolved], unheard: Option<&Words>) -> Words {
    let all: Vec<Words> = unresolved.iter().map(|one| one.words(unheard)).collect();
    let joined = |text: fn(&Words) -> &str, between: &str| {
        let texts: Vec<_> = all.iter().map(text).collect();
        texts.join(between)
    };
    Words::new(
        joined(|words| &words.en, "; "),
        joined(|words| &words.zh, "；"),
    )
}

// === impl Unresolved ===

impl Unresolved {
    /// Cause and remedy; `unheard` as for [`explain`].
    pub fn words(&self, unheard: Option<&Words>) -> Words {
        match self {
            Self::Missing(Reference {
                kind: Kind::Secret,
                name,
                place,
            }) => Words::new(
                format!(
                    "\"{place}\" needs the secret \"{name}\", which is not set: keep it with `mcp-gateway secret set {name}` or in the window"
                ),
                format!(
                    "“{place}”需要机密“{name}”，但尚未设置：请用 `mcp-gateway secret set {name}` 或在窗口中设置"
                ),
            ),
            Self::Missing(Reference {
                kind: Kind::Env,
                name,
                place,
            }) => match unheard {
                None => Words::new(
                    format!(
                        "\"{place}\" needs the environment variable {name}, which neither the gateway nor your login shell has: set it in your shell's startup file or where the gateway is started, then start the gateway again; or keep the value as a secret and write ${{secret:{name}}}"
                    ),
                    format!(
                        "“{place}”需要环境变量 {name}，但网关和登录 shell 中都没有：请在 shell 的启动文件或启动网关的环境中设置，然后重新启动网关；也可以把它存为机密，写作 ${{secret:{name}}}"
                    ),
                ),
                Some(Words { en, zh }) => Words::new(
                    format!(
                        "\"{place}\" needs the environment variable {name}, which the gateway does not have, and {en}; or set it where the gateway is started, then start the gateway again; or keep the value as a secret and write ${{secret:{name}}}"
                    ),
                    format!(
                        "“{place}”需要环境变量 {name}，但网关中没有；{zh}；也可以在启动网关的环境中设置，然后重新启动网关；或把它存为机密，写作 ${{secret:{name}}}"
                    ),
                ),
            },
            Self::Malformed { place } => Words::new(
                format!(
                    "\"{place}\" has a reference that cannot be read: write ${{secret:NAME}} or ${{env:NAME}}, where a secret's name has letters, digits, _, - and . only; for the characters themselves write $${{"
                ),
                format!(
                    "“{place}”中的引用无法识别：请写作 ${{secret:名称}} 或 ${{env:名称}}，机密名称只能使用字母、数字、_、- 和 .；如需这些字符本身，请写 $${{"
                ),
            ),
            Self::NotAnAddress => Words::new(
                "with its values in place, \"url\" is not an absolute http or https address: check the secrets and variables that it names",
                "代入引用的值之后，“url”不是完整的 http 或 https 地址：请检查其中引用的机密和环境变量",
            ),
        }
    }
}

// === impl Expanded ===

impl fmt::Debug for Expanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expanded")
            .field("server", &self.server.name)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}

/// Takes a text apart.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        let inner = &reference[2..];
        if let Some(before) = before.strip_suffix('$') {
            pieces.push(Piece::Text(before));
            pieces.push(Piece::Text("${"));
            rest = inner;
            continue;
        }
        pieces.push(Piece::Text(before));
        let Some((kind, named)) = kind_of(inner) else {
            pieces.push(Piece::Text("${"));
            rest = inner;
            continue;
        };
        match named.split_once('}') {
            Some((name, after)) if kind.allows(name) => {
                pieces.push(Piece::Reference(kind, name));
                rest = after;
            }
            _ => {
                pieces.push(Piece::Malformed);
                rest = named;
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

/// What a reference names, and the rest of it.
fn kind_of(inner: &str) -> Option<(Kind, &str)> {
    let secret = inner
        .strip_prefix("secret:")
        .map(|name| (Kind::Secret, name));
    secret.or_else(|| Some((Kind::Env, inner.strip_prefix("env:")?)))
}

// === impl Kind ===

impl Kind {
    /// Whether something of this kind can have this name.
    fn allows(self, name: &str) -> bool {
        match self {
            // The same rule as the store's.
            Self::Secret => {
                (1..=128).contains(&name.len())
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            }
            // Windows has names such as `ProgramFiles(x86)`.
            Self::Env => {
                !name.is_empty()
                    && !name.contains(|c: char| c.is_whitespace() || "=${\0".contains(c))
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
