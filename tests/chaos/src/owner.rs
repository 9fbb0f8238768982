//! The gateway's owner: looks at its status, and starts servers anew that have given up, so
//! that a round does not consist of refusals.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use testkit::Gateway;
use tokio::sync::watch;

use crate::town::STILLBORN;

/// The owner looks this often.
const EVERY: Duration = Duration::from_millis(1_500);
/// Requests to the gateway are answered within this time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Servers that can work do so within this time.
const READY_WITHIN: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(250);

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    base: String,
    token: String,
}

impl Owner {
    pub(crate) fn of(gateway: &Gateway) -> Self {
        Self {
            base: gateway.base().to_owned(),
            token: gateway.admin_token(),
        }
    }

    /// Over a connection of its own, so that none is left open between two looks.
    async fn ask(&self, method: reqwest::Method, path: &str) -> anyhow::Result<Value> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .timeout(PATIENCE)
            .build()?;
        let request = http.request(method, format!("{}/api{path}", self.base));
        let request = request
            .header("connection", "close")
            .header("authorization", format!("Bearer {}", self.token));
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(
            status.is_success(),
            "{path}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        serde_json::from_slice(&body).context("no JSON")
    }

    pub(crate) async fn status(&self) -> anyhow::Result<Value> {
        self.ask(reqwest::Method::GET, "/status").await
    }

    /// Starts every server anew that fails although it could work; tells which.
    async fn help(&self) -> anyhow::Result<Vec<String>> {
        let status = self.status().await?;
        let mut helped = Vec::new();
        for name in unwell(&status, |server| server["state"] == "failing") {
            let path = format!("/servers/{name}/restart");
            self.ask(reqwest::Method::POST, &path).await?;
            helped.push(name);
        }
        Ok(helped)
    }

    /// Helps until told to stop. While the gateway is away there is nobody to help.
    pub(crate) async fn attend(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            drop(self.help().await);
        }
    }

    /// Helps until every server that can work does, and it is known what it offers.
    pub(crate) async fn until_all_work(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut helped = Instant::now();
        loop {
            let status = self.status().await?;
            let unwell = unwell(&status, |server| {
                let is_well = server["state"] == "ready" || server["state"] == "stopped";
                !is_well || server["offered"] == 0
            });
            if unwell.is_empty() {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{} do not work within {READY_WITHIN:?}: {status}",
                unwell.join(", ")
            );
            if helped.elapsed() > EVERY {
                self.help().await?;
                helped = Instant::now();
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn unwell(status: &Value, is_unwell: impl Fn(&Value) -> bool) -> Vec<String> {
    let servers = status["servers"].as_array().into_iter().flatten();
    servers
        .filter(|server| server["name"] != STILLBORN && is_unwell(server))
        .filter_map(|server| Some(server["name"].as_str()?.to_owned()))
        .collect()
}
