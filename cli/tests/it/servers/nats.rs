//! A real nats-server, and what comes from it, read without a library of NATS.

use instance::nats::{Builder, Instance, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::events::kit::AGES;

pub(super) async fn boot() -> Instance {
    boot_with(|builder| builder).await
}

pub(super) async fn boot_with(change: impl FnOnce(Builder) -> Builder) -> Instance {
    change(Builder::new(Server::find().await.unwrap())).boot().await.unwrap()
}

/// Ends a server at once.
pub(super) async fn end(instance: Instance) {
    instance.kill().await;
    instance.stop().await.unwrap();
}

/// A connection to NATS.
pub(super) struct Nats {
    stream: BufReader<TcpStream>,
}

impl Nats {
    /// Connects, and subscribes to subjects.
    pub(super) async fn subscribe(address: &str, token: &str, subjects: &str) -> Self {
        let stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        let mut nats = Self { stream };
        let connect = json!({ "verbose": false, "auth_token": token });
        nats.send(&format!("CONNECT {connect}\r\nSUB {subjects} 1\r\nPING\r\n")).await;
        while nats.line().await != "PONG" {}
        nats
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(AGES, self.stream.read_line(&mut line)).await.unwrap().unwrap();
        line.trim_end().to_owned()
    }

    /// Waits for the next message, and returns its subject and its body.
    pub(super) async fn next(&mut self) -> (String, Vec<u8>) {
        loop {
            let line = self.line().await;
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["MSG", subject, _, .., length] => {
                    let mut body = vec![0; length.parse().unwrap()];
                    self.stream.read_exact(&mut body).await.unwrap();
                    return (subject.to_owned(), body);
                }
                ["PING"] => self.send("PONG\r\n").await,
                _ => assert!(!line.starts_with("-ERR"), "{line}"),
            }
        }
    }

    /// Asks the API of JetStream.
    pub(super) async fn ask(address: &str, subject: &str, body: &str) -> Value {
        let mut nats = Self::subscribe(address, "", "answers").await;
        nats.send(&format!("PUB {subject} answers {}\r\n{body}\r\n", body.len())).await;
        serde_json::from_slice(&nats.next().await.1).unwrap()
    }
}
