//! Requests of ARI.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use form_urlencoded::Serializer;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::request::Builder;
use hyper::{Method, Request, http};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use tokio::time::timeout;

pub(crate) use super::http::Answer;
use super::http::{HttpError, connect, exchange};

/// The time that a request may take. The queue of events waits for it.
const LIMIT: Duration = Duration::from_secs(20);

/// The bytes that no address may have, beside those that are not ASCII. A `%` is one that the test
/// has encoded itself.
const FOREIGN: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The failure of a request that was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// The method, the address or the name of the server cannot be sent.
    #[error("the request cannot be sent")]
    Unfit(#[from] http::Error),
    /// No answer came.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// A client of the REST interface of one server. A clone shares it.
#[derive(Clone)]
pub(crate) struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    address: String,
    user: String,
    password: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { address, user, .. } = &*self.shared;
        f.debug_struct("Client")
            .field("address", address)
            .field("user", user)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Creates a client of the server at an address, a host with a port. Nothing is sent.
    pub(crate) fn new(address: impl Into<String>, user: &str, password: &str) -> Self {
        let shared =
            Shared { address: address.into(), user: user.into(), password: password.into() };
        Self { shared: Arc::new(shared) }
    }

    /// Sends a request on a connection of its own, and returns its answer, whatever the status is.
    /// The path is below `/ari/` and may have a query, to which `query` is added; the body is
    /// JSON. Cancel safe in that a request which was sent is not taken back.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no whole answer within 20 s, or if method or path cannot be
    /// sent.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Result<Answer, RequestError> {
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
        let method = method.map_err(http::Error::from)?;
        let has_length = [Method::POST, Method::PUT].contains(&method);
        let mut request = self.build(&target(path, query)).method(method);
        request = request.header(AUTHORIZATION, self.authorization()?);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        } else if has_length {
            // Otherwise the server does not know that no body comes.
            request = request.header(CONTENT_LENGTH, 0);
        }
        let body = body.map(|it| Bytes::from(it.to_string())).unwrap_or_default();
        let request = request.body(Full::new(body))?;
        let answered = timeout(LIMIT, self.answer(request)).await;
        Ok(answered.unwrap_or(Err(HttpError::Late(LIMIT)))?)
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Answer, HttpError> {
        exchange(connect(self.address()).await?, request).await?.answer().await
    }

    /// Begins a request for an address on the server.
    pub(super) fn build(&self, target: &str) -> Builder {
        Request::builder().uri(target).header(HOST, self.address())
    }

    /// The address of the server: host and port.
    pub(crate) fn address(&self) -> &str {
        &self.shared.address
    }

    /// User and password, with a colon between them.
    pub(super) fn key(&self) -> String {
        format!("{}:{}", self.shared.user, self.shared.password)
    }

    fn authorization(&self) -> Result<HeaderValue, http::Error> {
        let encoded = BASE64.encode(self.key().as_bytes());
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The address of something below `/ari/`, on its server.
pub(super) fn target(path: &str, query: &[(String, String)]) -> String {
    let mut target = format!("/ari/{}", utf8_percent_encode(path, FOREIGN));
    if !query.is_empty() {
        target.push(if path.contains('?') { '&' } else { '?' });
        let start = target.len();
        target = Serializer::for_suffix(target, start).extend_pairs(query).finish();
    }
    target
}
