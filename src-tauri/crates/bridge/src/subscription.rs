//! A subscription of the client (MCP 2026-07-28, "Subscriptions"): it lasts as
//! long as the client wants it, however often the gateway goes and comes back.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Response, StatusCode};
use tokio::time::Instant;
use wire::{Kind, array_elements, meta};

use crate::annotations::member;
use crate::departures::Ticket;
use crate::fault::Fault;
use crate::messages::Messages;
use crate::modern::Request;
use crate::relay::{DEPTH, Relay, response_to, within};
use crate::stream::{FIRST_PAUSE, LONGEST_PAUSE};

/// How long the gateway may take to begin its answer; it asks servers first.
const OPENING_DEADLINE: Duration = Duration::from_secs(60);

impl Relay {
    /// Follows a subscription, and opens it again whenever its stream ends. An
    /// error is one that the client is still to be told.
    pub(crate) async fn subscribe(&self, request: &Request, ticket: Ticket) -> Result<(), Fault> {
        let body = ticket.body(request.message.clone());
        let mut response = within(OPENING_DEADLINE, self.put(request, body)).await?;
        let mut acknowledged = false;
        let mut pause = FIRST_PAUSE;
        loop {
            let opened = Instant::now();
            let mut ended = self.follow(request, response, &mut acknowledged).await;
            if opened.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            response = loop {
                if let Err(fault) = ended {
                    tracing::debug!("a subscription broke: {}", fault.text(self.language));
                    if !fault.may_pass() {
                        return self.give_up(request, fault, acknowledged).await;
                    }
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                let body = request.message.clone();
                match within(OPENING_DEADLINE, self.put(request, body)).await {
                    Ok(response) => break response,
                    Err(fault) => ended = Err(fault),
                }
            };
        }
    }

    /// Hands on what one stream brings. Whether the gateway ends it in good
    /// order or not is all the same: it may just be starting anew.
    async fn follow(
        &self,
        request: &Request,
        response: Response,
        acknowledged: &mut bool,
    ) -> Result<(), Fault> {
        let mut messages = Messages::new(response);
        while let Some(message) = messages.next().await? {
            if let Some(answer) = response_to(&request.id, &message) {
                return answer.map(drop).map_err(refused);
            }
            if is_acknowledgment(&message) && std::mem::replace(acknowledged, true) {
                for missed in missed(&request.id, &message) {
                    self.out.send(missed).await;
                }
            } else {
                self.hand_out(message).await;
            }
        }
        Ok(())
    }

    /// A subscription that has begun cannot fail any more, but be torn down.
    async fn give_up(
        &self,
        request: &Request,
        fault: Fault,
        acknowledged: bool,
    ) -> Result<(), Fault> {
        if !acknowledged {
            return Err(fault);
        }
        let why = fault.text(self.language);
        tracing::warn!("{why}");
        let params = format!(
            r#"{{"requestId":{},"reason":{}}}"#,
            String::from_utf8_lossy(&request.id),
            wire::quote(&why)
        );
        let torn_down = wire::notification("notifications/cancelled", &params);
        self.out.send(torn_down).await;
        Ok(())
    }
}

/// The gateway's error in the answer to a subscription.
fn refused(error: &[u8]) -> Fault {
    Fault::Refused {
        status: StatusCode::OK,
        error: Some(String::from_utf8_lossy(error).into_owned()),
        text: String::from_utf8_lossy(error).into_owned(),
    }
}

fn is_acknowledgment(message: &[u8]) -> bool {
    wire::parse(message, DEPTH).is_ok_and(|envelope| {
        matches!(envelope.kind, Kind::Notification { .. })
            && envelope.method(message) == "notifications/subscriptions/acknowledged"
    })
}

/// What may have happened while nobody listened, to all that a gateway says it
/// will tell of.
fn missed(id: &[u8], acknowledgment: &[u8]) -> Vec<Bytes> {
    let tag = format!(
        r#""_meta":{{"{}":{}}}"#,
        meta::SUBSCRIPTION_ID,
        String::from_utf8_lossy(id)
    );
    let told = |method: &str, params: String| wire::notification(method, &params).into();
    let honored = member(acknowledgment, b"params").and_then(|params| {
        let params = params.of(acknowledgment);
        member(params, b"notifications").map(|honored| honored.of(params))
    });
    let honored = honored.unwrap_or(b"{}");
    let lists = [
        (&b"toolsListChanged"[..], "notifications/tools/list_changed"),
        (b"promptsListChanged", "notifications/prompts/list_changed"),
        (
            b"resourcesListChanged",
            "notifications/resources/list_changed",
        ),
    ];
    let changed = |key: &[u8]| member(honored, key).map(|value| value.of(honored));
    let mut all: Vec<Bytes> = lists
        .into_iter()
        .filter(|(key, _)| changed(key) == Some(b"true"))
        .map(|(_, method)| told(method, format!("{{{tag}}}")))
        .collect();
    let uris = changed(b"resourceSubscriptions").unwrap_or(b"[]");
    let each = array_elements(uris).unwrap_or_default().into_iter();
    all.extend(each.map(|uri| {
        let uri = String::from_utf8_lossy(uri.of(uris));
        let params = format!(r#"{{"uri":{uri},{tag}}}"#);
        told("notifications/resources/updated", params)
    }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_missed_is_what_the_gateway_tells_of() {
        let text = br#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a"},"notifications":{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["u:1"]}}}"#;
        assert!(is_acknowledgment(text));
        assert_eq!(
            missed(b"\"a\"", text),
            [
                &br#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a"}}}"#[..],
                br#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"u:1","_meta":{"io.modelcontextprotocol/subscriptionId":"a"}}}"#,
            ]
        );
        assert!(missed(b"1", br#"{"jsonrpc":"2.0","method":"x"}"#).is_empty());
    }
}
