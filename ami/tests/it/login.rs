//! Banner, login, and what can go wrong before there is a client.

use std::pin::pin;
use std::time::Duration;

use ami::{Config, Error, Login, LoginError};

use crate::peer::{Peer, assert_like, id};

#[tokio::test]
async fn login_by_challenge_does_not_send_the_secret() {
    let (near, mut peer) = Peer::new();
    let config = Config::new("user", "mysecret").event_mask("call,user");
    let server = async {
        peer.send("Asterisk Call Manager/11.0.0\r\n").await;
        let challenge = peer.action().await;
        assert!(
            challenge.contains("Action: Challenge\r\n") && challenge.contains("AuthType: MD5\r\n")
        );
        let answer = format!(
            "Response: Success\r\nActionID: {}\r\nChallenge: 840415273\r\n\r\n",
            id(&challenge)
        );
        peer.send(answer).await;
        let login = peer.action().await;
        assert!(login.contains("\r\nKey: 72ee2809cbf69e9bdb27bdd924cda8e3\r\n"), "{login}");
        assert!(
            login.contains("\r\nUsername: user\r\n") && login.contains("\r\nEvents: call,user\r\n")
        );
        assert!(!login.contains("mysecret"));
        peer.send("Response: Success\r\nMessage: Authentication accepted\r\n\r\n").await;
    };
    let (client, ()) = tokio::join!(config.handshake(near), server);
    assert_eq!(client.unwrap().banner().version(), Some("11.0.0"));
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_told_apart() {
    for (first, expected) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", r#"NotAmi("SSH-2.0-OpenSSH_9.2")"#),
        ("HTTP", r#"NotAmi("HTTP")"#),
        ("", "NoBanner"),
    ] {
        let (near, mut peer) = Peer::new();
        let config = Config::new("user", "mysecret");
        let server = async {
            peer.send(first).await;
            drop(peer);
        };
        let (client, ()) = tokio::join!(config.handshake(near), server);
        assert_like(&client.unwrap_err(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_costs_the_connect_time_out_and_no_more() {
    let (near, _peer) = Peer::new();
    let config = Config::new("user", "mysecret").connect_timeout(Duration::from_secs(3));
    let error = config.handshake(near).await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::Timeout(after)) if after.as_secs() == 3));
}

#[tokio::test]
async fn a_secret_with_a_line_break_is_refused_and_not_shown() {
    let (near, mut peer) = Peer::new();
    let config = Config::new("user", "hush\r\nAction: Logoff").login(Login::Plain);
    assert!(!format!("{config:?}").contains("hush"));
    let (client, ()) =
        tokio::join!(config.handshake(near), peer.send("Asterisk Call Manager/1.0\r\n"));
    let error = client.unwrap_err();
    assert!(matches!(&error, Error::Action(error) if error.field == "Secret"), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hush"));
}

#[tokio::test]
async fn the_dialogue_can_be_cut_at_every_byte() {
    let banner = "Asterisk Call Manager/11.0.0\r\n";
    let rest = "Response: Success\r\nMessage: Authentication accepted\r\n\r\nEvent: FullyBooted\r\nPrivilege: system,all\r\n\r\n";
    for cut in 0..banner.len() + rest.len() {
        let (near, mut peer) = Peer::new();
        let config = Config::new("user", "mysecret").login(Login::Plain);
        let server = async {
            peer.send(&banner[..cut.min(banner.len())]).await;
            if let Some(cut) = cut.checked_sub(banner.len()) {
                peer.action().await;
                peer.send(&rest[..cut]).await;
            }
            drop(peer);
        };
        let client = async {
            let client = config.handshake(near).await?;
            client.ready().await
        };
        let mut both = pin!(async { tokio::join!(client, server) });
        let (result, ()) = tokio::time::timeout(Duration::from_secs(5), &mut both).await.unwrap();
        assert!(result.is_err(), "cut at {cut}");
    }
}

#[tokio::test]
async fn addresses_of_both_kinds_and_names_will_do() {
    for (bind, host) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("127.0.0.1", "localhost")] {
        let listener = match tokio::net::TcpListener::bind((bind, 0)).await {
            Ok(listener) => listener,
            Err(error) if bind == "::1" => {
                eprintln!("this machine has no IPv6: {error}");
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let mut peer = Peer::accept(&listener).await;
            peer.log_in().await;
            peer
        };
        let config = Config::new("user", "mysecret").login(Login::Plain);
        let (client, _peer) = tokio::join!(config.connect(format!("{host}:{port}")), server);
        client.unwrap();
    }
}
