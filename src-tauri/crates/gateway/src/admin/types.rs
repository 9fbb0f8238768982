//! The admin API's types in TypeScript: written from the Rust ones, and fresh.

use ts_rs::{Config, TS};

use super::{
    accounts, bridge, grants, live, problem, saved, secrets, servers, services, settings, tools,
    trial,
};
use crate::by_hand::ConfigProblem;
use crate::config::{PortFrom, form};
use crate::counts::Counts;
use crate::doctor;
use crate::events;
use crate::lifecycle::{Failure, State};
use crate::logs::{LogLevel, LogLine, Source};
use crate::naming::Clash;
use crate::pool::PoolCounts;
use crate::status::{Overall, ServerStatus, Status};
use crate::words::Words;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ui/src/api/types.ts");

const HEAD: &str = "\
/**
 * The shapes of the admin API. Written by the gateway's tests from the Rust types:
 * UPDATE_TYPES=1 cargo test -p gateway types
 */
";

fn declared<T: TS>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    format!("\n{docs}export {}\n", T::decl(config))
}

fn written() -> String {
    let config = Config::new().with_large_int("number");
    let states: Vec<_> = State::WORDS
        .iter()
        .map(|word| format!("'{word}'"))
        .collect();
    let mut text = HEAD.to_owned();
    let one = &config;
    for declaration in [
        declared::<Words>(one),
        declared::<Overall>(one),
        format!(
            "\n/** Where a server stands. */\nexport type ServerState = {};\n",
            states.join(" | ")
        ),
        declared::<PoolCounts>(one),
        declared::<Failure>(one),
        declared::<ServerStatus>(one),
        declared::<Clash>(one),
        declared::<ConfigProblem>(one),
        declared::<Counts>(one),
        declared::<Status>(one),
        declared::<events::ServerPulse>(one),
        declared::<events::Pulse>(one),
        declared::<form::Kind>(one),
        declared::<form::Sharing>(one),
        declared::<form::Pair>(one),
        declared::<form::Rename>(one),
        declared::<form::AuthForm>(one),
        declared::<form::ServerForm>(one),
        declared::<servers::Defaults>(one),
        declared::<servers::ServerDetail>(one),
        declared::<tools::ToolRow>(one),
        declared::<tools::ToolRows>(one),
        declared::<LogLevel>(one),
        declared::<Source>(one),
        declared::<LogLine>(one),
        declared::<live::LogLines>(one),
        "\n/** At (since 1970), active, total, waiting, calls, memory (bytes), cpu (percent of one core). */\nexport type Sample = [number, number, number, number, number, number | null, number | null];\n".to_owned(),
        declared::<live::History>(one),
        declared::<saved::Saved>(one),
        declared::<problem::Code>(one),
        declared::<problem::FieldProblem>(one),
        declared::<problem::Details>(one),
        declared::<trial::TestOk>(one),
        declared::<PortFrom>(one),
        declared::<settings::Settings>(one),
        declared::<settings::ConfigText>(one),
        declared::<bridge::BridgeInfo>(one),
        declared::<bridge::BridgeTry>(one),
        declared::<accounts::Standing>(one),
        declared::<accounts::Account>(one),
        declared::<accounts::AccountList>(one),
        declared::<accounts::SignInBegun>(one),
        declared::<accounts::SignInDone>(one),
        declared::<grants::Approval>(one),
        declared::<grants::ApprovalList>(one),
        declared::<grants::Grant>(one),
        declared::<grants::GrantList>(one),
        declared::<grants::NewGrant>(one),
        declared::<secrets::KeyPlace>(one),
        declared::<secrets::Key>(one),
        declared::<secrets::SecretEntry>(one),
        declared::<secrets::PlainSecret>(one),
        declared::<secrets::Secrets>(one),
        declared::<services::ServiceAdded>(one),
        declared::<doctor::Severity>(one),
        declared::<doctor::Offer>(one),
        declared::<doctor::Finding>(one),
        declared::<doctor::Report>(one),
        declared::<doctor::Fixed>(one),
    ] {
        text.push_str(&declaration);
    }
    text
}

#[test]
fn the_page_knows_the_types_as_they_are() {
    let written = written();
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::write(FILE, &written).expect("write the types");
    }
    let present = std::fs::read_to_string(FILE).expect("read the types");
    assert!(
        present == written,
        "ui/src/api/types.ts is not what the Rust types say; run: UPDATE_TYPES=1 cargo test -p gateway types"
    );
}
