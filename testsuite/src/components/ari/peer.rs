//! A scripted REST interface, for unit tests.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::Common;
use crate::ari::{AriEvent, Client};
use crate::case::TestCase;

/// The time that a request may take to come: longer than on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that answers the requests of a test one after another.
pub(in crate::components) struct Peer {
    requests: UnboundedReceiver<String>,
}

impl Peer {
    /// Answers requests with these statuses and bodies, and all others with 204. With status 0 the
    /// connection is closed, with 1 there is never an answer.
    pub(in crate::components) async fn answering(test: &TestCase, answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        test.with_common(|common: &mut Common| {
            common.client = Some(Client::new(address, "user", "secret"));
        });
        let mut answers =
            answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect::<Vec<_>>();
        answers.reverse();
        let (sender, requests) = unbounded_channel();
        test.spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                let (status, body) = answers.pop().unwrap_or((204, String::new()));
                if status > 1 {
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 {status} \r\nContent-Length: {length}\r\n\r\n{body}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
                let _ = sender.send(request);
                if status == 1 {
                    open.push(stream);
                }
            }
        });
        Self { requests }
    }

    /// The next request: method, address and body.
    pub(in crate::components) async fn request(&mut self) -> String {
        timeout(PATIENCE, self.requests.recv()).await.unwrap().unwrap()
    }

    /// Returns whether every request that has come was taken.
    pub(in crate::components) fn no_request(&self) -> bool {
        self.requests.is_empty()
    }
}

/// Reads a request.
async fn read(stream: &mut TcpStream) -> String {
    let mut lines = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    lines.read_line(&mut head).await.unwrap();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).await.unwrap();
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).await.unwrap();
    let head = head.trim().trim_end_matches(" HTTP/1.1");
    format!("{head} {}", String::from_utf8(body).unwrap()).trim().to_owned()
}

/// An event of ARI, as JSON.
pub(in crate::components) fn event(json: &str) -> AriEvent {
    AriEvent::new(serde_json::from_str(json).unwrap())
}
