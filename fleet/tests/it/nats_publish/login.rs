//! Logging in to NATS, and servers that cannot be used.

use fleet::nats::direct::Direct;
use instance::nats::{Builder, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::support::{config, origin};

#[tokio::test]
async fn a_password_and_a_token_are_given_and_never_shown() {
    let server = Server::find().await.unwrap();
    let nats = Builder::new(server.clone()).user("bridge", "hush").boot().await.unwrap();
    let origins = [origin("berlin")];
    let address = nats.address();
    Direct::open(&config(&nats.url()).user("bridge", "hush"), &origins).await.unwrap();
    Direct::open(&config(&format!("nats://bridge:hush@{address}")), &origins).await.unwrap();
    for wrong in [
        config(&nats.url()),
        config(&nats.url()).user("bridge", "hushhush"),
        config(&format!("nats://bridge:hushhush@{address}")),
    ] {
        let error = Direct::open(&wrong, &origins).await.unwrap_err();
        let expected = format!("the NATS server at nats://{address} refused the credentials");
        assert_eq!(error.to_string(), expected);
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
    nats.stop().await.unwrap();
    let nats = Builder::new(server).token("t0ken").boot().await.unwrap();
    Direct::open(&config(&nats.url()).token("t0ken"), &origins).await.unwrap();
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_too_old_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let old = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let info = br#"INFO {"server_id":"A","server_name":"A","version":"2.9.10","go":"go1.19","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"proto":1,"client_id":1}"#;
        client.write_all(info).await.unwrap();
        client.write_all(b"\r\n").await.unwrap();
        // CONNECT and PING.
        let mut read = Vec::new();
        while !read.ends_with(b"PING\r\n") {
            assert!(client.read_buf(&mut read).await.unwrap() > 0);
        }
        client.write_all(b"PONG\r\n").await.unwrap();
        // Until the client leaves.
        while client.read_buf(&mut read).await.is_ok_and(|count| count > 0) {}
    });
    let url = format!("nats://{address}");
    let error = Direct::open(&config(&url), &[origin("berlin")]).await.unwrap_err();
    let expected = format!("the NATS server at {url} is version 2.9.10, expected 2.10 or later");
    assert_eq!(error.to_string(), expected);
    old.abort();
}
