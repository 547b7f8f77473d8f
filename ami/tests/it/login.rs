//! Banner, login, and what can go wrong before there is a client.

use std::pin::pin;
use std::time::Duration;

use ami::testing::Server;
use ami::{Error, EventClass, Filter, Login, LoginError, Reconnect};

use crate::peer::{BOOTED, Peer, assert_like, id, next_name, quiet_config};

#[tokio::test]
async fn login_by_challenge_does_not_send_the_secret() {
    let (near, mut peer) = Peer::new();
    let config =
        quiet_config("user", "mysecret").event_mask("call,user".parse::<ami::EventMask>().unwrap());
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
        let config = quiet_config("user", "mysecret");
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
    let config = quiet_config("user", "mysecret").connect_timeout(Duration::from_secs(3));
    let error = config.handshake(near).await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::Timeout(after)) if after.as_secs() == 3));
}

#[tokio::test]
async fn a_secret_with_a_line_break_is_refused_and_not_shown() {
    let (near, mut peer) = Peer::new();
    let config = quiet_config("user", "hush\r\nAction: Logoff").login(Login::Plain);
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
        let config = quiet_config("user", "mysecret").login(Login::Plain);
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
        let (result, ()) = tokio::time::timeout(Duration::from_secs(60), &mut both).await.unwrap();
        assert!(result.is_err(), "cut at {cut}");
    }
}

#[tokio::test]
async fn addresses_of_both_kinds_and_names_will_do() {
    for (bind, host) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("127.0.0.1", "localhost")] {
        let listener = match Server::bind_to((bind, 0)).await {
            Ok(listener) => listener,
            Err(error) if bind == "::1" => {
                eprintln!("this machine has no IPv6: {error}");
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let port = listener.address().port();
        let server = async {
            let mut peer = Peer::accept(&listener).await;
            peer.log_in().await;
            peer
        };
        let config = quiet_config("user", "mysecret").login(Login::Plain);
        let (client, _peer) = tokio::join!(config.connect(format!("{host}:{port}")), server);
        client.unwrap();
    }
}

#[tokio::test]
async fn nothing_but_success_is_a_login() {
    for answer in ["Response: Failure\r\n", "Response: Denied\r\nMessage: no\r\n"] {
        let (near, mut peer) = Peer::new();
        let config = quiet_config("user", "mysecret").login(Login::Plain);
        let server = async {
            peer.send("Asterisk Call Manager/11.0.0\r\n").await;
            peer.action().await;
            peer.send(format!("{answer}\r\n")).await;
        };
        let (client, ()) = tokio::join!(config.handshake(near), server);
        let error = client.unwrap_err();
        assert!(matches!(&error, Error::Login(LoginError::Refused(_))), "{error:?}");
        assert!(error.is_final());
        let word = answer.split_whitespace().last().unwrap();
        assert!(format!("{error:#}").ends_with(word), "{error:#}");
    }
}

#[tokio::test]
async fn an_id_that_stands_before_the_answer_to_a_login_is_found() {
    let (near, mut peer) = Peer::new();
    let server = async {
        peer.send("Asterisk Call Manager/11.0.0\r\n").await;
        let challenge = peer.id().await;
        peer.send(format!("ActionID: {challenge}\r\nResponse: Success\r\nChallenge: 1\r\n\r\n"))
            .await;
        let login = peer.id().await;
        peer.send(format!("ActionID: {login}\r\nResponse: Success\r\n\r\n")).await;
    };
    let (client, ()) = tokio::join!(quiet_config("user", "mysecret").handshake(near), server);
    client.unwrap();
}

#[tokio::test]
async fn a_subscription_can_be_there_from_the_first_byte() {
    for _ in 0..20 {
        let (near, mut peer) = Peer::new();
        let config = quiet_config("user", "mysecret").login(Login::Plain);
        let connect = config.handshake(near);
        let mut events = connect.subscribe(Filter::named(["FullyBooted"]));
        let (client, ()) = tokio::join!(connect, peer.log_in_and_say(BOOTED));
        let client = client.unwrap();
        assert_eq!(next_name(&mut events).await, "FullyBooted");
        drop(client);
        assert!(events.next().await.is_none());
    }
    // And it ends with a client that never comes to be.
    let (near, peer) = Peer::new();
    let connect = quiet_config("user", "mysecret").handshake(near);
    let mut events = connect.subscribe(Filter::all());
    drop(peer);
    connect.await.unwrap_err();
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn the_first_connection_is_tried_again_if_asked_for() {
    let listener = Server::bind().await.unwrap();
    let address = listener.address();
    let waits = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    let config = quiet_config("user", "mysecret").login(Login::Plain).reconnect(waits);
    let server = async {
        for _ in 0..3 {
            drop(Peer::accept(&listener).await);
        }
        let mut peer = Peer::accept(&listener).await;
        peer.log_in().await;
        peer
    };
    let retrying = config.clone().retry_first(true);
    let (client, _peer) = tokio::join!(retrying.connect(address), server);
    client.unwrap();
    // A refusal for good is not tried again; nor is anything, unless asked for.
    let refusal = async {
        let mut peer = Peer::accept(&listener).await;
        peer.send("Asterisk Call Manager/11.0.0\r\n").await;
        peer.action().await;
        peer.send("Response: Error\r\nMessage: Authentication failed\r\n\r\n").await;
    };
    let (client, ()) = tokio::join!(retrying.connect(address), refusal);
    assert!(client.unwrap_err().is_final());
    let (client, _) = tokio::join!(config.connect(address), async {
        drop(Peer::accept(&listener).await);
    });
    assert!(!client.unwrap_err().is_final());
}

#[tokio::test]
async fn a_client_can_wait_for_the_boot_of_its_server() {
    let (near, mut peer) = Peer::new();
    let config = quiet_config("user", "mysecret").login(Login::Plain).until_booted(true);
    let server = async {
        peer.log_in().await;
        peer.answer("Ping", "").await;
        peer.show_user("all").await;
        peer.send(BOOTED).await;
    };
    let (client, ()) = tokio::join!(config.handshake(near), server);
    let client = client.unwrap();
    // Where nobody can tell, it is not waited for.
    assert!(client.state().borrow().is_up());
    let (near, mut peer) = Peer::new();
    let config = config.event_mask(EventClass::User);
    let server = async {
        peer.log_in().await;
        peer.answer("Ping", "").await;
        let wait = peer.action().await;
        assert!(wait.contains("Command: core waitfullybooted\r\n"), "{wait}");
        let id = id(&wait);
        peer.send(format!(
            "Response: Error\r\nActionID: {id}\r\nMessage: Permission denied\r\n\r\n"
        ))
        .await;
    };
    let (client, ()) = tokio::join!(config.handshake(near), server);
    client.unwrap();
}
