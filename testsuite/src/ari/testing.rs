//! Scripted servers for unit tests.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The head of an answer that makes a websocket of the connection.
const UPGRADE: &str = "HTTP/1.1 101 Switching Protocols\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Accept: ";

/// Reads a request: its head, and a body as long as the head says.
pub(super) async fn request_on(stream: &mut TcpStream) -> String {
    let (mut request, mut bytes) = (String::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut bytes).await.unwrap();
        request.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |it| it.parse().unwrap()) || count == 0 {
            return request;
        }
    }
}

/// Returns what proves that a server has read the key of a handshake.
pub(super) fn accepted(request: &str) -> String {
    let key = request.lines().find_map(|it| it.strip_prefix("sec-websocket-key: "));
    derive_accept_key(key.unwrap_or_default().as_bytes())
}

/// A frame with a text.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126, "a longer text has another head");
    [&[0x81, length], text.as_bytes()].concat()
}

/// The frame by which a server closes a websocket.
pub(crate) const CLOSE: &[u8] = b"\x88\x05\x03\xe8bye";

/// A server of one websocket, which sends frames in one piece with its answer to the handshake.
/// Returns its port. The result of the task is the handshake, once the client has gone.
pub(crate) async fn websocket(frames: &[&[u8]]) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let frames = frames.concat();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = request_on(&mut stream).await;
        let head = format!("{UPGRADE}{}\r\n\r\n", accepted(&request));
        stream.write_all(&[head.as_bytes(), &frames].concat()).await.unwrap();
        // It may end the connection as it likes.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        request
    });
    (port, serving)
}
