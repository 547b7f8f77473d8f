//! The client against a scripted server.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::testing::{CLOSE, request_on, text, websocket};
use super::*;

/// A server that gives each connection one answer. The result of the task is what was asked.
async fn server(answers: &'static [&'static str]) -> (Client, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = request_on(&mut stream).await;
            let answer = answer.replace('\n', "\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            asked.push(request);
        }
        asked
    });
    (Client::new(address, "me", "secret"), asked)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The first line of a request, and the lines of its head and body that a test looks at.
fn lines(request: &str) -> Vec<&str> {
    let skipped = ["host: ", "authorization: ", "sec-websocket-key: "];
    let is_told = |line: &&str| !skipped.iter().any(|it| line.starts_with(it)) && !line.is_empty();
    request.split("\r\n").filter(is_told).collect()
}

const EMPTY: &str = "HTTP/1.1 204 No Content\n\n";

#[tokio::test]
async fn requests_have_their_query_body_and_authorization() {
    let (client, asked) = server(&[EMPTY; 4]).await;
    let body = json!({"variables": {"X ": "ä"}});
    for (method, path, query, body) in [
        ("post", "channels/bob;2/play?media=a b", pairs(&[("key ", "1,2&ü"), ("x", "")]), None),
        ("PUT", r"bridges/\{x}", pairs(&[]), None),
        ("post", "channels", pairs(&[("app", "a")]), Some(&body)),
        ("delete", "channels/a%20b", pairs(&[]), None),
    ] {
        let answer = client.request(method, path, &query, body).await.unwrap();
        assert!(answer.is_success() && answer.status() == 204);
    }
    let asked = asked.await.unwrap();
    let target = "POST /ari/channels/bob;2/play?media=a%20b&key+=1%2C2%26%C3%BC&x= HTTP/1.1";
    assert_eq!(lines(&asked[0]), [target, "content-length: 0"]);
    assert_eq!(lines(&asked[1]), [r"PUT /ari/bridges/%5C%7Bx%7D HTTP/1.1", "content-length: 0"]);
    assert_eq!(
        lines(&asked[2]),
        [
            "POST /ari/channels?app=a HTTP/1.1",
            "content-type: application/json",
            "content-length: 25",
            r#"{"variables":{"X ":"ä"}}"#,
        ]
    );
    assert_eq!(lines(&asked[3]), ["DELETE /ari/channels/a%20b HTTP/1.1"]);
    // Base64 of user and password.
    assert!(asked.iter().all(|it| it.contains("authorization: Basic bWU6c2VjcmV0\r\n")));
}

#[tokio::test]
async fn an_answer_has_the_words_of_the_server() {
    let (client, asked) = server(&[
        "HTTP/1.1 404 Nope\n\n{\"message\": \"Channel not found\"}",
        "HTTP/1.1 500 Nope\n\n{\"error\": \"Failed\"}",
        "HTTP/1.1 401 Nope\n\n<a/>",
        "HTTP/1.1 599 Nope\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\n\n[1]",
    ])
    .await;
    let mut told = Vec::new();
    for _ in 0..5 {
        let answer = client.request("GET", "channels", &[], None).await;
        told.push(answer.map_or_else(|error| format!("{error:?}"), |answer| answer.to_string()));
    }
    assert_eq!(
        told,
        [
            "404 (Channel not found)",
            "500 (Failed)",
            "401 (Unauthorized)",
            "599 (unknown status)",
            "200 (OK)"
        ]
    );
    asked.await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_an_error_without_the_password() {
    let (client, asked) =
        server(&["", "SSH-2.0\n", "HTTP/1.1 200 OK\nContent-Length: 9\n\n[1]"]).await;
    let address = client.address().to_owned();
    for why in ["exchange over HTTP failed", "exchange over HTTP failed", "body of the answer"] {
        let error = client.request("GET", "channels", &[], None).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    asked.await.unwrap();
    let error = client.request("GET", "channels", &[], None).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{address} cannot be connected to"));
    let error = client.request("G ET", "channels", &[], None).await.unwrap_err();
    assert_eq!(error.to_string(), "the request cannot be sent");
    assert!(!format!("{client:?}").contains("secret"));
}

#[tokio::test]
async fn events_come_on_the_websocket_until_the_server_closes_it() {
    let frames: [&[u8]; 3] = [&text("{,"), &text(r#"{"type": "A"}"#), CLOSE];
    let (port, serving) = websocket(&frames).await;
    let client = Client::new(format!("127.0.0.1:{port}"), "me", "se cret");
    let apps = ["a".to_owned(), "b c".to_owned()];
    let mut websocket = Websocket::connect(&client, &apps, true).await.unwrap();
    let error = websocket.next().await.unwrap_err();
    assert_eq!(error.to_string(), "a message on the websocket of ARI is no JSON: \"{,\"");
    assert_eq!(websocket.next().await.unwrap().kind(), "A");
    let error = websocket.next().await.unwrap_err();
    assert_eq!(error.to_string(), "the server closed the websocket of ARI: 1000 bye");
    websocket.close().await;
    let request = serving.await.unwrap();
    let target = "GET /ari/events?app=a%2Cb+c&api_key=me%3Ase+cret&subscribeAll=true HTTP/1.1";
    assert_eq!(lines(&request)[0], target);
    assert!(request.contains("sec-websocket-protocol: ari\r\n"), "{request}");
}

#[tokio::test]
async fn a_handshake_that_is_refused_fails_at_once() {
    let (client, asked) = server(&[
        "HTTP/1.1 401 Unauthorized\n\n{\"message\":\"Who are you now?\"}",
        "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: x\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    ])
    .await;
    for why in [
        "the server refused the websocket of ARI with 401 (Who are you now?)",
        "the answer to the handshake is not that of a websocket",
        "the server refused the websocket of ARI with 200 (OK)",
    ] {
        let error = Websocket::connect(&client, &["a".to_owned()], false).await.unwrap_err();
        assert_eq!(error.to_string(), why);
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    asked.await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_listen_yet_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::new(address.to_string(), "me", "secret");
    let apps = ["a".to_owned()];
    let connecting = Websocket::connect(&client, &apps, false);
    let listening = async {
        // It is refused at least once.
        tokio::task::yield_now().await;
        let listener = TcpListener::bind(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        request_on(&mut stream).await;
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    };
    let (connected, ()) = tokio::join!(connecting, listening);
    let why = "the server refused the websocket of ARI with 403 (Forbidden)";
    assert_eq!(connected.unwrap_err().to_string(), why);
}
