//! What is measured in time, before the rounds: a gateway of its own, one client, and nothing
//! else going on. Beside other tests such bounds would say how busy the machine is.

mod save;
mod sleepers;

use std::path::Path;

use testkit::Setup;

/// Measures everything; gives what is out of its bounds.
pub(crate) async fn faults(gateway: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = save::faults(setup(gateway)).await?;
    faults.extend(sleepers::faults(setup(gateway)).await);
    Ok(faults)
}

fn setup(gateway: &Path) -> Setup {
    Setup::new(gateway).env("MCP_GATEWAY_KEYCHAIN", "off")
}
