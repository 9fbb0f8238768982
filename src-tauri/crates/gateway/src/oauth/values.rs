//! What `${secret:NAME}` and `${env:NAME}` stand for when a server is started.

use std::collections::HashMap;

use vault::{Secret, Vault};

use super::given;
use crate::config::expand::{self, Expanded, Kind, Unresolved};
use crate::config::model::ServerConfig;
use crate::environment;
use crate::words::Words;

/// A server with values in the place of references.
///
/// # Errors
/// In words: what is missing, or why the secrets cannot be read.
pub(crate) async fn expanded(vault: &Vault, server: &ServerConfig) -> Result<Expanded, Words> {
    let references = expand::references(server);
    let names = references.iter().map(|one| (one.kind, one.name.as_str()));
    let values = looked_up(vault, names).await?;
    expand::expand(server, |kind, name| found(&values, kind, name))
        .map_err(|missing| explained(&missing))
}

/// One text with values in the place of references; `place` is where it stands.
///
/// # Errors
/// As above.
pub(crate) async fn expanded_text(
    vault: &Vault,
    text: &Secret,
    place: &str,
) -> Result<Secret, Words> {
    let text = text.reveal();
    if !expand::is_dynamic(text) {
        return Ok(Secret::new(text));
    }
    let values = looked_up(vault, expand::named(text)).await?;
    let place = || place.to_owned();
    let lookup = |kind, name: &str| found(&values, kind, name);
    expand::expand_text(text, place, lookup, &mut Vec::new())
        .map(Secret::new)
        .map_err(|missing| explained(&missing))
}

fn explained(missing: &[Unresolved]) -> Words {
    expand::explain(missing, environment::of_process().unheard().as_ref())
}

type Values = HashMap<(Kind, String), Secret>;

fn found(values: &Values, kind: Kind, name: &str) -> Option<String> {
    let value = values.get(&(kind, name.to_owned()))?;
    Some(value.reveal().to_owned())
}

async fn looked_up(
    vault: &Vault,
    names: impl Iterator<Item = (Kind, &str)>,
) -> Result<Values, Words> {
    let mut values = Values::new();
    for (kind, name) in names {
        let value = match kind {
            Kind::Secret => vault.secret(name).await.map_err(|fault| given(&fault))?,
            Kind::Env => environment::of_process()
                .variable(name)
                .await
                .map(Secret::new),
        };
        if let Some(value) = value {
            values.insert((kind, name.to_owned()), value);
        }
    }
    Ok(values)
}
