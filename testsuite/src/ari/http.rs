//! Requests over HTTP, each on a connection of its own.

use std::fmt;
use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

/// The longest body of an answer.
const LONGEST: usize = 16 * 1024 * 1024;

/// The failure of an exchange, before there is a whole answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The server cannot be connected to.
    #[error("{address} cannot be connected to")]
    Connect { address: String, source: io::Error },
    /// The connection failed, or what came is not HTTP.
    #[error("the exchange over HTTP failed")]
    Exchange(#[from] hyper::Error),
    /// The body of the answer broke off, or is too long.
    #[error("the body of the answer cannot be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No whole answer came in time.
    #[error("there was no answer within {} s", .0.as_secs())]
    Late(Duration),
}

/// An answer, and the connection that its body comes on.
pub(super) struct Exchange {
    pub(super) response: Response<Incoming>,
    /// The task that reads and writes. It ends with this handle, and the connection with it.
    _driving: AbortOnDropHandle<()>,
}

/// Connects to a server.
pub(super) async fn connect(address: &str) -> Result<TcpStream, HttpError> {
    let failed = |source| HttpError::Connect { address: address.to_owned(), source };
    TcpStream::connect(address).await.map_err(failed)
}

/// Sends a request on a connection, and returns the head of its answer.
pub(super) async fn exchange(
    stream: TcpStream,
    request: Request<Full<Bytes>>,
) -> Result<Exchange, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(async move {
        // Whoever waits for the answer gets the error.
        let _ = connection.with_upgrades().await;
    });
    let driving = AbortOnDropHandle::new(driving);
    Ok(Exchange { response: sender.send_request(request).await?, _driving: driving })
}

impl Exchange {
    /// Reads the body.
    pub(super) async fn answer(self) -> Result<Answer, HttpError> {
        let status = self.response.status();
        let body = Limited::new(self.response.into_body(), LONGEST).collect().await;
        Ok(Answer { status, body: body.map_err(HttpError::Body)?.to_bytes() })
    }
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    /// The body as it came.
    pub(crate) body: Bytes,
}

/// Writes the status and the words of the server about it: `404 (Channel not found)`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.status(), self.message())
    }
}

impl Answer {
    /// The status, such as 200.
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Returns whether the status is one of success: 200 to 299.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Returns the body.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is no JSON.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// Returns the words of the server about the status: the message in the body of an error of
    /// ARI, else the phrase that belongs to the status.
    pub(crate) fn message(&self) -> String {
        let body = self.json().ok();
        let text = |key| body.as_ref().and_then(|it| it.get(key)).and_then(Value::as_str);
        let message = text("message").or_else(|| text("error"));
        message.or_else(|| self.status.canonical_reason()).unwrap_or("unknown status").to_owned()
    }
}
