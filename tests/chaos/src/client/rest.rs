//! The REST surface, which knows neither sessions nor ids.

use std::time::Duration;

use serde_json::{Value, json};
use wire::error_code::{INVALID_PARAMS, REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE};

use super::http;
use crate::call::{Call, End};
use crate::town::Manner;

const SOON: Duration = Duration::from_millis(30);

/// See the module.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(super) fn new(base: &str) -> anyhow::Result<Self> {
        Ok(Self {
            http: http()?,
            url: format!("{base}/tools/call"),
        })
    }

    pub(super) async fn call(&mut self, call: &Call) -> End {
        let post = self.http.post(&self.url);
        let post = post.header("content-type", "application/json");
        let sending = post.body(call.params().to_string()).send();
        let sent = match call.deed.manner {
            Manner::Leaves => match tokio::time::timeout(SOON, sending).await {
                Ok(sent) => sent,
                Err(_) => return End::Left,
            },
            Manner::Waits | Manner::Cancels => sending.await,
        };
        let response = match sent {
            Ok(response) => response,
            Err(error) => return End::Cut(format!("{error:?}")),
        };
        let status = response.status().as_u16();
        match response.bytes().await {
            Ok(body) => end_of(status, &body),
            Err(error) => End::Cut(format!("{error:?}")),
        }
    }
}

/// REST tells by its status what JSON-RPC tells by a code.
fn end_of(status: u16, body: &[u8]) -> End {
    let code = match status {
        200 => 0,
        404 => INVALID_PARAMS,
        502 => UPSTREAM_UNAVAILABLE,
        504 => REQUEST_TIMEOUT,
        _ => return End::Status(status, String::from_utf8_lossy(body).into_owned()),
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(body) if status == 200 => End::of(&body),
        Ok(body) => End::of(&json!({"error": {"code": code, "message": body["error"]}})),
        Err(_) => End::Status(status, String::from_utf8_lossy(body).into_owned()),
    }
}
