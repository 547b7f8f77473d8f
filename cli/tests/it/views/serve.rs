//! `ami serve metrics`.

use std::net::SocketAddr;

use ami::testing::{Peer, Script, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;

use super::office::Printing;
use crate::events::kit::{AGES, ami, offline, run, scripted};

/// The program that serves metrics, and where.
pub(crate) struct Serving {
    pub(crate) printing: Printing,
    address: SocketAddr,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    status: String,
    head: String,
    pub(super) body: String,
}

impl Serving {
    /// Starts the program, and waits until it listens.
    pub(crate) async fn start(command: Command) -> Self {
        let mut printing = Printing::start(command);
        let object = printing.object().await;
        let url = object["listening"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
        assert_eq!(object["v"], Value::from(1), "{object}");
        Self { printing, address: address.parse().unwrap() }
    }

    /// Asks for a page.
    pub(super) async fn ask(&self, method: &str, path: &str) -> Answer {
        let port = self.address.port();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: here\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(AGES, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let (status, head) = head.split_once("\r\n").unwrap();
        Answer { status: status.to_owned(), head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Asks for the metrics until they have a line.
    pub(crate) async fn until(&self, line: &str) -> String {
        let asking = async {
            loop {
                let body = self.ask("GET", "/metrics").await.body;
                if body.lines().any(|it| it == line) {
                    return body;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(AGES, asking).await.unwrap_or_else(|_| panic!("no {line}"))
    }
}

fn metrics(server: &Server, listen: &str) -> Command {
    ami(server.address(), &["serve", "metrics", "--json", "--listen", listen])
}

/// A server of which nothing but the login is known, and the program that serves its metrics.
async fn of_a_peer(listen: &str) -> (Server, Peer, Serving) {
    let server = scripted().await.script(script());
    let command = metrics(&server, listen);
    let (peer, serving) = tokio::join!(server.accept(), Serving::start(command));
    (server, peer.unwrap(), serving)
}

fn script() -> Script {
    Script::new().user("user", "mysecret").otherwise(|_| ami::testing::Reply::error("not here"))
}

#[tokio::test]
async fn pages_and_methods_that_there_are_not_are_refused() {
    let (_server, _peer, serving) = of_a_peer("127.0.0.1:0").await;
    assert!(serving.address.ip().is_loopback());
    let page = serving.ask("GET", "/").await;
    assert!(
        page.status == "HTTP/1.1 200 OK" && page.body.contains("href=\"/metrics\""),
        "{page:?}"
    );
    let metrics = serving.ask("GET", "/metrics").await;
    assert_eq!(metrics.status, "HTTP/1.1 200 OK");
    let kind = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(metrics.head.contains(kind) && metrics.body.ends_with("# EOF\n"), "{metrics:?}");
    let head = serving.ask("HEAD", "/metrics").await;
    assert!(head.status == "HTTP/1.1 200 OK" && head.body.is_empty(), "{head:?}");
    let nowhere = serving.ask("GET", "/metrics/").await;
    assert_eq!(nowhere.status, "HTTP/1.1 404 Not Found", "{nowhere:?}");
    let posted = serving.ask("POST", "/metrics").await;
    assert_eq!(posted.status, "HTTP/1.1 405 Method Not Allowed", "{posted:?}");
    assert!(posted.head.contains("allow: get, head"), "{posted:?}");
    serving.printing.interrupt();
    assert_eq!(serving.printing.end().await.0, Some(130));
}

#[tokio::test]
async fn all_interfaces_are_listened_on_when_asked() {
    let (_server, _peer, serving) = of_a_peer(":0").await;
    assert!(serving.address.ip().is_unspecified(), "{}", serving.address);
    assert_eq!(serving.ask("GET", "/").await.status, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn clients_that_say_nothing_do_not_keep_others_away() {
    let (_server, _peer, serving) = of_a_peer("127.0.0.1:0").await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(TcpStream::connect(serving.address).await.unwrap());
    }
    let half = "GET /metrics HTTP/1.1\r\nX: ";
    silent[0].write_all(half.as_bytes()).await.unwrap();
    assert_eq!(serving.ask("GET", "/metrics").await.status, "HTTP/1.1 200 OK");
    // A head that does not end is refused when it is too large.
    let more = "x".repeat(64 * 1024);
    let written = silent[0].write_all(more.as_bytes()).await;
    let mut answer = Vec::new();
    let read = timeout(AGES, silent[0].read_to_end(&mut answer)).await.unwrap();
    let refused = answer.starts_with(b"HTTP/1.1 431");
    assert!(written.is_err() || read.is_err() || refused, "{answer:?}");
}

#[tokio::test]
async fn an_address_that_is_in_use_is_told_before_anybody_logs_in() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap().to_string();
    // Nobody listens for AMI.
    let ended = run(ami("127.0.0.1:1", &["serve", "metrics", "--listen", &address])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let text = format!("cannot listen on {address}: Address already in use");
    assert!(ended.stderr.contains(&text), "{ended:?}");
    assert!(ended.stderr.contains("hint: another program listens there"), "{ended:?}");
}

#[tokio::test]
async fn what_cannot_be_served_is_told() {
    let ended = run(ami("127.0.0.1:1", &["serve", "metrics", "--listen", "127.0.0.1:0"])).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let ended = run(offline(&["serve", "metrics", "--listen", "9815"])).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("expected [HOST]:PORT"), "{ended:?}");
    let ended = run(offline(&["serve", "metrics", "--raw"])).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("no --raw"), "{ended:?}");
}

#[tokio::test]
async fn a_login_that_is_refused_later_ends_the_program() {
    let (server, peer, serving) = of_a_peer("127.0.0.1:0").await;
    drop(peer);
    let script = Script::new().refuse_login("Authentication failed");
    let server = server.script(script);
    let (_, (code, told)) = tokio::join!(server.accept(), serving.printing.end());
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("the metrics are stale: the connection is lost"), "{told}");
}
