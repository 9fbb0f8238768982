//! The messages in an HTTP answer, whether it is one JSON body or a stream of
//! events.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use wire::SseDecoder;

use crate::fault::Fault;
use crate::input::LIMIT;

/// Reads the messages of one answer.
pub(crate) struct Messages {
    response: Response,
    body: Body,
    /// The last event's id: where a broken stream can be taken up.
    pub(crate) last_event: Option<String>,
    /// How long to wait before taking it up, where the gateway says so.
    pub(crate) retry: Option<Duration>,
}

enum Body {
    Events(Box<SseDecoder>),
    Json(BytesMut),
    /// A JSON body that is read, and the messages left of it.
    Read(VecDeque<Bytes>),
}

impl Messages {
    pub(crate) fn new(response: Response) -> Self {
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let is_events = content_type
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("text/event-stream");
        let body = match is_events {
            true => Body::Events(Box::new(SseDecoder::new(LIMIT))),
            false => Body::Json(BytesMut::new()),
        };
        Self {
            response,
            body,
            last_event: None,
            retry: None,
        }
    }

    /// The next message, `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            match &mut self.body {
                Body::Read(messages) => return Ok(messages.pop_front()),
                Body::Events(decoder) => {
                    while let Some(event) = decoder.next_event().map_err(|_| Fault::TooLarge)? {
                        self.last_event = event.id.or(self.last_event.take());
                        self.retry = event.retry.map(Duration::from_millis).or(self.retry);
                        let is_message = event.event.is_none_or(|kind| kind == "message");
                        if is_message && !event.data.is_empty() {
                            return Ok(Some(event.data.into()));
                        }
                    }
                    match chunk(&mut self.response).await? {
                        Some(chunk) => decoder.push(&chunk),
                        None => return Ok(None),
                    }
                }
                Body::Json(bytes) => match chunk(&mut self.response).await? {
                    Some(chunk) if bytes.len() + chunk.len() > LIMIT => {
                        return Err(Fault::TooLarge);
                    }
                    Some(chunk) => bytes.extend_from_slice(&chunk),
                    None => {
                        let whole = bytes.split().freeze();
                        self.body = Body::Read(split(whole));
                    }
                },
            }
        }
    }
}

async fn chunk(response: &mut Response) -> Result<Option<Bytes>, Fault> {
    let url = response.url().as_str().to_owned();
    response
        .chunk()
        .await
        .map_err(|error| Fault::from_http(&url, &error))
}

/// A body may be one message or, in version 2025-03-26, a batch of them. An
/// empty batch is not legal and stays as it is, to be refused.
pub(crate) fn split(body: Bytes) -> VecDeque<Bytes> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return VecDeque::new();
    }
    match wire::parse(&body, crate::relay::DEPTH) {
        Err(wire::EnvelopeError::Batch) => match wire::batch_elements(&body) {
            Some(elements) => elements
                .into_iter()
                .map(|element| body.slice(element.range()))
                .collect(),
            None => VecDeque::from([body]),
        },
        _ => VecDeque::from([body]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_taken_apart_and_nothing_is_no_message() {
        assert_eq!(split(Bytes::from_static(b" \n")), Vec::<Bytes>::new());
        assert_eq!(
            split(Bytes::from_static(b"{\"a\": 1.0}")),
            [Bytes::from_static(b"{\"a\": 1.0}")]
        );
        assert_eq!(
            split(Bytes::from_static(b"[{\"a\":1} , {\"b\":2}]")),
            [
                Bytes::from_static(b"{\"a\":1}"),
                Bytes::from_static(b"{\"b\":2}")
            ]
        );
    }
}
