//! Recordings of more than one connection.

use ami::{Filter, Recording, State};

use crate::peer::{BOOTED, next_name};
use crate::reconnect::{Server, config, lost};

#[tokio::test]
async fn a_recording_goes_on_with_the_next_connection() {
    let folder = std::env::temp_dir().join(format!("ami-recording-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("stream.ami");
    let recording = Recording::create(&path).unwrap();
    let server = Server::new().await;
    let (client, mut peer) = server.client(config().record(&recording)).await;
    let mut events = client.subscribe(Filter::all());
    peer.send("Event: One\r\n\r\n").await;
    assert_eq!(next_name(&mut events).await, "One");
    drop(peer);
    lost(&client).await;
    let peer = server.accept_again().await;
    client.state().wait_for(State::is_up).await.unwrap();
    drop((client, peer));
    while events.next().await.is_some() {}
    let bytes = recording.finish().await.unwrap();
    let read = |suffix: &str| std::fs::read_to_string(format!("{}{suffix}", path.display()));
    let (first, second) = (read("").unwrap(), read(".2").unwrap());
    assert_eq!(bytes, (first.len() + second.len()) as u64);
    for part in [&first, &second] {
        assert!(part.starts_with("Asterisk Call Manager/11.0.0\r\n"), "{part}");
    }
    assert!(first.ends_with("Event: One\r\n\r\n") && second.ends_with(BOOTED));
    assert!(read(".times").is_ok() && read(".2.times").is_ok() && read(".3").is_err());
    // A part of a former recording is not taken for one of the next.
    let refused = Recording::create(&path).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AlreadyExists);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn two_connections_are_recorded_at_once() {
    let folder = std::env::temp_dir().join(format!("ami-recordings-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("stream.ami");
    let recording = Recording::create(&path).unwrap();
    let server = Server::new().await;
    let config = config().record(&recording);
    let (one, _first) = server.client(config.clone()).await;
    let (two, _second) = server.client(config).await;
    // The second ends first, and the configuration that records lives on.
    let mut events = two.subscribe(Filter::all());
    drop(two);
    while events.next().await.is_some() {}
    let mut events = one.subscribe(Filter::all());
    drop(one);
    while events.next().await.is_some() {}
    let bytes = recording.finish().await.unwrap();
    let read = |suffix: &str| std::fs::read(format!("{}{suffix}", path.display())).unwrap();
    assert_eq!(bytes, (read("").len() + read(".2").len()) as u64);
    assert!(read(".2").starts_with(b"Asterisk Call Manager/"));
    std::fs::remove_dir_all(&folder).unwrap();
}
