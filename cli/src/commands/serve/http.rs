//! The pages of metrics over HTTP.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fleet::Origin;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use live::Live;
use live::ami::Client;
use live::metrics::{self, Metrics};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::labels::merged;
use crate::out::escape;

/// The largest number of connections at once. Further ones wait.
const CONNECTIONS: usize = 32;

/// The longest time for a request and its answer.
const LONGEST: Duration = Duration::from_secs(10);

/// The largest head of a request.
const HEAD: usize = 16 * 1024;

/// The time until the next try when no connection can be accepted, as while no file is left.
const PAUSE: Duration = Duration::from_millis(100);

const PLAIN: &str = "text/plain; charset=utf-8";
const INDEX: &str = "\
<!DOCTYPE html>
<html lang=\"en\"><title>ami serve metrics</title>
<p>Metrics of Asterisk, as OpenMetrics text: <a href=\"/metrics\">/metrics</a>
";

/// The pages, with what they tell of.
#[derive(Clone, Debug)]
pub(super) enum Pages {
    One { live: Live, client: Client },
    Several(Arc<Vec<Labelled>>),
}

/// One of several servers.
#[derive(Debug)]
pub(super) struct Labelled {
    pub(super) origin: Origin,
    pub(super) live: Live,
    pub(super) client: Client,
}

/// Serves the pages. A connection has one request, and a limited time for it.
pub(super) async fn serve(listener: &TcpListener, pages: &Pages) -> Infallible {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    // Dropping the set ends its tasks.
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let permit = Arc::clone(&permits).acquire_owned().await;
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let pages = pages.clone();
                    connections.spawn(async move {
                        connection(stream, &pages).await;
                        drop(permit);
                    });
                }
                // The client may have gone, or no file is left.
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, pages: &Pages) {
    let service = service_fn(|request| async move { Ok::<_, Infallible>(pages.answer(&request)) });
    let mut http = http1::Builder::new();
    http.keep_alive(false).max_buf_size(HEAD);
    let served = http.serve_connection(TokioIo::new(stream), service);
    // A client that is slow or goes away has no answer, and that is all.
    let _ = timeout(LONGEST, served).await;
}

impl Pages {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        if !["/", "/metrics"].contains(&path) {
            return page(StatusCode::NOT_FOUND, PLAIN, "not here: the metrics are at /metrics\n");
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut refused =
                page(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET and HEAD are answered\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match path {
            "/" => page(StatusCode::OK, "text/html; charset=utf-8", INDEX),
            _ => page(StatusCode::OK, metrics::CONTENT_TYPE, self.metrics()),
        }
    }

    fn metrics(&self) -> String {
        // State and counts are read at one moment: nothing else runs on this thread.
        let of =
            |live: &Live, client: &Client| Metrics::new(&live.state(), &client.stats()).to_string();
        let metrics = match self {
            Self::One { live, client } => of(live, client),
            Self::Several(servers) => {
                let pages = servers.iter().map(|it| (&it.origin, of(&it.live, &it.client)));
                merged(&pages.collect::<Vec<_>>())
            }
        };
        metrics.lines().flat_map(|line| [escape_labels(line), "\n".to_owned()]).collect()
    }
}

/// Returns a line of metrics without what a terminal would act on, which is in labels alone, and is
/// escaped as a text of OpenMetrics.
fn escape_labels(line: &str) -> String {
    let escaped = |char: char| {
        let text = char.to_string();
        let escaped = escape(text.as_bytes());
        if escaped == text { text } else { escaped.replace('\\', r"\\") }
    };
    if escape(line.as_bytes()) == line {
        line.to_owned()
    } else {
        line.chars().map(escaped).collect()
    }
}

fn page(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use live::ami::testing::Peer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::time::Instant;

    use super::*;

    /// Metrics of a server that nobody looks at.
    async fn pages() -> (Pages, Peer) {
        let login = ami::Config::new("user", "secret");
        let (client, peer) = Peer::connect(&login).await.unwrap();
        (Pages::One { live: Live::start(&client), client }, peer)
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_slow_is_cut_off() {
        let (pages, _peer) = pages().await;
        for head in [&b""[..], b"GET /metrics HTTP/1.1\r\n"] {
            let (mut client, stream) = tokio::io::duplex(4096);
            let begun = Instant::now();
            let served = async {
                connection(stream, &pages).await;
                begun.elapsed()
            };
            let asked = async {
                client.write_all(head).await.unwrap();
                let mut answer = Vec::new();
                client.read_to_end(&mut answer).await.unwrap();
                answer
            };
            let (took, answer) = tokio::join!(served, asked);
            assert_eq!((took, answer), (LONGEST, Vec::new()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn connections_beyond_the_limit_wait_for_those_before() {
        let (pages, _peer) = pages().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let asked = async {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(REQUEST).await.unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            answer
        };
        let begun = Instant::now();
        let answer = tokio::select! {
            answer = asked => answer,
            never = serve(&listener, &pages) => match never {},
        };
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
        assert!(begun.elapsed() >= LONGEST, "the silent ones were first");
    }

    #[test]
    fn what_a_terminal_acts_on_is_escaped_in_a_label() {
        let line = "asterisk_queue_members{queue=\"a\\\"b\\\\c\x1b[2J\u{202e}é\"} 1";
        let escaped = r#"asterisk_queue_members{queue="a\"b\\c\\u{1b}[2J\\u{202e}é"} 1"#;
        assert_eq!(escape_labels(line), escaped);
        assert_eq!(escape_labels("plain 1"), "plain 1");
    }
}
