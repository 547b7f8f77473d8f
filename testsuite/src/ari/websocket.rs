//! The websocket on which events of ARI come.

use std::io::ErrorKind;
use std::time::Duration;

use futures_util::StreamExt;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Request, StatusCode, http};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{self, Message};

use super::client::{Client, target};
use super::http::{Answer, HttpError, connect, exchange};
use crate::ari::AriEvent;

/// The time that a server which is up may take to listen.
const LISTENING: Duration = Duration::from_secs(3);

/// The time between two tries.
const AGAIN: Duration = Duration::from_millis(100);

/// The time that the server may take to answer the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The failure of a websocket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebsocketError {
    /// The names of the apps, or the name of the server, cannot be sent.
    #[error("the handshake cannot be sent")]
    Unfit(#[from] http::Error),
    /// No answer to the handshake came.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server refused the handshake.
    #[error("the server refused the websocket of ARI with {0}")]
    Refused(Answer),
    /// The answer to the handshake is none of a websocket.
    #[error("the answer to the handshake is not that of a websocket")]
    NoWebsocket,
    /// The server closed the websocket.
    #[error("the server closed the websocket of ARI{0}")]
    Closed(String),
    /// The connection of the websocket failed.
    #[error("the websocket of ARI failed")]
    Failed(#[from] tungstenite::Error),
    /// A message that is no JSON.
    #[error("a message on the websocket of ARI is no JSON: {text:?}")]
    NoJson { text: String, source: serde_json::Error },
}

/// The time that the server may take to hear that the websocket is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// A websocket on which events of ARI come. Dropping it ends the connection.
#[derive(Debug)]
pub(crate) struct Websocket {
    stream: WebSocketStream<TcpStream>,
}

impl Websocket {
    /// Opens the websocket for events of some apps, or of all that the server has. The server may
    /// take a while to listen: it is connected to again until then, for 3 s.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not listen, or refuses the handshake.
    pub(crate) async fn connect(
        client: &Client,
        apps: &[String],
        subscribes_all: bool,
    ) -> Result<Self, WebsocketError> {
        let key = generate_key();
        let request = handshake(client, apps, subscribes_all, &key)?;
        let stream = connect_patiently(client.address()).await?;
        let opened = timeout(HANDSHAKE, open(stream, request, &key)).await;
        let stream = opened.unwrap_or(Err(HttpError::Late(HANDSHAKE).into()))?;
        Ok(Self { stream })
    }

    /// Closes the websocket: no event comes any more, and the server is told.
    pub(crate) async fn close(mut self) {
        // One that is broken needs no farewell.
        let _ = timeout(FAREWELL, self.stream.close(None)).await;
    }

    /// Returns the next event. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if the websocket was closed or is broken: nothing comes behind it. A
    /// message that is no JSON is an error as well.
    pub(crate) async fn next(&mut self) -> Result<AriEvent, WebsocketError> {
        loop {
            let text = match self.stream.next().await.transpose()? {
                Some(Message::Text(text)) => text,
                Some(Message::Close(Some(frame))) => {
                    let why = format!(": {} {}", frame.code, frame.reason);
                    return Err(WebsocketError::Closed(why.trim_end().to_owned()));
                }
                Some(Message::Close(None)) | None => {
                    return Err(WebsocketError::Closed(String::new()));
                }
                Some(_) => continue,
            };
            let failed = |source| WebsocketError::NoJson { text: text.as_str().to_owned(), source };
            return serde_json::from_str(&text).map(AriEvent::new).map_err(failed);
        }
    }
}

fn handshake(
    client: &Client,
    apps: &[String],
    subscribes_all: bool,
    key: &str,
) -> Result<Request<Full<Bytes>>, http::Error> {
    let mut query = vec![("app".to_owned(), apps.join(","))];
    query.push(("api_key".to_owned(), client.key()));
    if subscribes_all {
        query.push(("subscribeAll".to_owned(), "true".to_owned()));
    }
    let request = client.build(&target("events", &query));
    let request = request.header(CONNECTION, "Upgrade").header(UPGRADE, "websocket");
    let request = request.header(SEC_WEBSOCKET_VERSION, "13").header(SEC_WEBSOCKET_KEY, key);
    request.header(SEC_WEBSOCKET_PROTOCOL, "ari").body(Full::default())
}

/// Connects to a server. One that refuses may not listen yet.
async fn connect_patiently(address: &str) -> Result<TcpStream, HttpError> {
    let end = Instant::now() + LISTENING;
    loop {
        match connect(address).await {
            Err(HttpError::Connect { source, .. })
                if source.kind() == ErrorKind::ConnectionRefused && Instant::now() < end =>
            {
                sleep(AGAIN).await;
            }
            connected => return connected,
        }
    }
}

/// Makes a websocket of a connection.
async fn open(
    stream: TcpStream,
    request: Request<Full<Bytes>>,
    key: &str,
) -> Result<WebSocketStream<TcpStream>, WebsocketError> {
    let mut exchange = exchange(stream, request).await.map_err(HttpError::from)?;
    if exchange.response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(WebsocketError::Refused(exchange.answer().await?));
    }
    let accepted = exchange.response.headers().get(SEC_WEBSOCKET_ACCEPT);
    if accepted.is_none_or(|it| it != &derive_accept_key(key.as_bytes())) {
        return Err(WebsocketError::NoWebsocket);
    }
    let upgraded = hyper::upgrade::on(&mut exchange.response).await.map_err(HttpError::from)?;
    let parts = upgraded.downcast::<TokioIo<TcpStream>>();
    let parts = parts.map_err(|_| WebsocketError::NoWebsocket)?;
    let (stream, begun) = (parts.io.into_inner(), parts.read_buf.to_vec());
    Ok(WebSocketStream::from_partially_read(stream, begun, Role::Client, None).await)
}
