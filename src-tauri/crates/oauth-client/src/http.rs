//! Asking authorization servers: bounded in time and size, led nowhere else.

use std::error::Error;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use oauth2::http::{Request, header};
use url::Url;
use vault::Secret;

use crate::fault::{Cause, Fault};
use crate::problem::Problem;

const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(30);
const LARGEST: usize = 1 << 20;

/// An HTTP client for everything that is asked of authorization servers.
pub(crate) struct Http {
    user_agent: String,
    /// Made at the first use: setting up TLS takes longer than a start should.
    client: OnceLock<Result<reqwest::Client, String>>,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) date: Option<i64>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) challenges: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no whole answer.
pub(crate) enum Failure {
    Setup(String),
    Passing(Cause),
}

impl Http {
    pub(crate) fn new(user_agent: String) -> Self {
        Self {
            user_agent,
            client: OnceLock::new(),
        }
    }

    /// Fetches a document.
    pub(crate) async fn get(&self, url: &Url, bearer: Option<&Secret>) -> Result<Answer, Failure> {
        let client = self.client()?;
        let mut request = client
            .get(url.clone())
            .header(header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            request = request.bearer_auth(token.reveal());
        }
        self.read(request.build()).await
    }

    /// Posts JSON.
    pub(crate) async fn post_json(&self, url: &Url, body: String) -> Result<Answer, Failure> {
        let request = self
            .client()?
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
            .body(body);
        self.read(request.build()).await
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
        self.read(reqwest::Request::try_from(request)).await
    }

    async fn read(
        &self,
        request: Result<reqwest::Request, reqwest::Error>,
    ) -> Result<Answer, Failure> {
        let answer = self.client()?.execute(request.map_err(cause)?).await;
        let mut answer = answer.map_err(cause)?;
        let headers = answer.headers();
        let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
        let mut whole = Answer {
            status: answer.status().as_u16(),
            date: text(header::DATE).and_then(unix),
            retry_after: text(header::RETRY_AFTER)
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
            challenges: headers
                .get_all(header::WWW_AUTHENTICATE)
                .iter()
                .filter_map(|value| value.to_str().ok().map(str::to_owned))
                .collect(),
            body: Vec::new(),
        };
        // A server without a sign-in may answer with a stream that never ends.
        let stream =
            text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/event-stream"));
        if stream {
            return Ok(whole);
        }
        while let Some(chunk) = answer.chunk().await.map_err(cause)? {
            if whole.body.len() + chunk.len() > LARGEST {
                return Err(Failure::Passing(Cause::TooLarge));
            }
            whole.body.extend_from_slice(&chunk);
        }
        Ok(whole)
    }

    fn client(&self) -> Result<&reqwest::Client, Failure> {
        self.client
            .get_or_init(|| {
                reqwest::Client::builder()
                    .connect_timeout(CONNECT)
                    .timeout(WHOLE)
                    .redirect(reqwest::redirect::Policy::none())
                    .user_agent(&self.user_agent)
                    .build()
                    .map_err(|error| chain(&error))
            })
            .as_ref()
            .map_err(|why| Failure::Setup(why.clone()))
    }
}

impl Failure {
    /// As a fault of this provider.
    pub(crate) fn fault(self, provider: &str) -> Fault {
        match self {
            Self::Setup(why) => Fault::Misconfigured {
                provider: provider.to_owned(),
                problem: Problem::Http(why),
            },
            Self::Passing(cause) => Fault::Temporary {
                provider: provider.to_owned(),
                cause,
                retry_after: None,
            },
        }
    }
}

fn cause(error: reqwest::Error) -> Failure {
    Failure::Passing(if error.is_timeout() {
        Cause::TimedOut
    } else {
        Cause::Unreachable(chain(&error.without_url()))
    })
}

/// The innermost cause says the most: "connection refused", not "error
/// sending request".
fn chain(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn unix(date: &str) -> Option<i64> {
    let date = httpdate::parse_http_date(date).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
