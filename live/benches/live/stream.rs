//! A recorded stream that is replayed with new identifiers each time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::TcpStream;

use ami::testing::{Peer, Reply, Script};
use ami::{Client, Login};
use tokio::net::TcpListener;

/// The channel that is up from the beginning. Its end is the last event.
pub(crate) const LAST: &str = "1.1";

/// A part of a recorded stream, with the places of its identifiers.
pub(crate) struct Stream {
    bytes: Vec<u8>,
    /// The places of the numbers that differ from one replay to the next, and their lengths.
    places: Vec<(usize, usize)>,
    pub(crate) events: usize,
    pub(crate) channels: usize,
    pub(crate) calls: usize,
    /// `true` if all that begins ends.
    pub(crate) ends: bool,
}

impl Stream {
    /// Reads the recorded events of Asterisk 22, and ends what the recording left up.
    pub(crate) fn read() -> Self {
        Self::of(|_| true, true)
    }

    /// Reads the events but those that end something.
    pub(crate) fn without_ends() -> Self {
        let ends = ["Hangup", "BridgeLeave", "BridgeDestroy", "HangupRequest", "SoftHangupRequest"];
        Self::of(|name| !ends.contains(&name), false)
    }

    fn of(wanted: impl Fn(&str) -> bool, ends: bool) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ami/fixtures/asterisk-22.ami");
        let recorded = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let mut text = String::new();
        let mut up = BTreeMap::new();
        let (mut events, mut channels, mut calls) = (0, 0, 0);
        for message in recorded.split_inclusive("\r\n\r\n") {
            let field = |name: &str| {
                message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            };
            // Items of lists have an ActionID.
            let Some(name) = field("Event").filter(|_| field("ActionID").is_none()) else {
                continue;
            };
            let id = match name {
                "BridgeCreate" | "BridgeDestroy" => field("BridgeUniqueid"),
                _ => field("Uniqueid"),
            };
            match (name, id) {
                ("Newchannel", Some(id)) => {
                    channels += 1;
                    calls += usize::from(field("Linkedid") == Some(id));
                    let name = field("Channel").unwrap_or_default();
                    let end =
                        format!("Hangup\r\nPrivilege: call,all\r\nChannel: {name}\r\nUniqueid");
                    up.insert(id, end);
                }
                ("BridgeCreate", Some(id)) => {
                    up.insert(id, "BridgeDestroy\r\nBridgeUniqueid".to_owned());
                }
                ("Hangup" | "BridgeDestroy", Some(id)) => drop(up.remove(id)),
                // The stream has a forged event and one that is not UTF-8.
                ("Spoof", _) => continue,
                _ => {}
            }
            if wanted(name) {
                text.push_str(message);
                events += 1;
            }
        }
        for (id, end) in up.iter().filter(|_| ends) {
            write!(text, "Event: {end}: {id}\r\n\r\n").unwrap();
            events += 1;
        }
        let bytes = text.into_bytes();
        let places = places(&bytes);
        Self { bytes, places, events, channels, calls, ends }
    }

    /// Writes the stream with the identifiers of replay `number`.
    pub(crate) fn write(&mut self, number: usize, io: &mut impl Write) -> io::Result<()> {
        for &(at, length) in &self.places {
            let digits = format!("{number:0length$}");
            self.bytes[at..at + length].copy_from_slice(&digits.as_bytes()[..length]);
        }
        io.write_all(&self.bytes)
    }
}

/// Returns the places of numbers that are part of an identifier: the beginning of the time in
/// `1795347952.0`, that of the number in `-0000000b;1`, and that of a UUID.
fn places(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let is = |range: std::ops::Range<usize>, test: fn(&u8) -> bool| {
        bytes.get(range).is_some_and(|it| it.iter().all(test))
    };
    for at in 1..bytes.len() {
        let before = bytes[at - 1];
        if is(at..at + 10, u8::is_ascii_digit)
            && bytes.get(at + 10) == Some(&b'.')
            && before == b' '
        {
            places.push((at, 6));
        } else if before == b'-'
            && is(at..at + 8, u8::is_ascii_hexdigit)
            && bytes.get(at + 8) == Some(&b';')
        {
            places.push((at, 4));
        } else if before == b' '
            && is(at..at + 8, u8::is_ascii_hexdigit)
            && bytes.get(at + 8) == Some(&b'-')
        {
            places.push((at, 6));
        }
    }
    places
}

/// Connects a client, lets `begin` begin with it, and returns the server's end of the connection.
///
/// Up to there, a scripted peer answers: it has one channel and else nothing. Behind that the
/// server's end is for raw bytes, so that the server costs nothing in the thread of the client.
pub(crate) async fn connect<T>(begin: impl AsyncFnOnce(&Client) -> T) -> (Client, TcpStream, T) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = ami::Config::new("user", "secret").login(Login::Plain).reconnect(None);
    let config = config.keepalive(None);
    let item = format!(
        "Event: CoreShowChannel\nChannel: SIP/last\nChannelState: 6\nContext: default\nExten: s\n\
         Priority: 1\nUniqueid: {LAST}\nLinkedid: {LAST}"
    );
    let script = Script::new()
        .answer_with("CoreShowChannels", move |_| Reply::list([&item]))
        .otherwise(|_| Reply::list(Vec::<String>::new()));
    let connecting = tokio::spawn(async move { config.connect(address).await.unwrap() });
    let io = listener.accept().await.unwrap().0.into_std().unwrap();
    let raw = io.try_clone().unwrap();
    let mut peer = Peer::over(tokio::net::TcpStream::from_std(io).unwrap()).script(script);
    let client = peer.serve_until(connecting).await.unwrap().unwrap();
    let begun = peer.serve_until(begin(&client)).await.unwrap();
    drop(peer);
    raw.set_nonblocking(false).unwrap();
    (client, raw, begun)
}

/// Writes the last event.
pub(crate) fn end(io: &mut impl Write) {
    let end = format!(
        "Event: Hangup\r\nChannel: SIP/last\r\nUniqueid: {LAST}\r\nLinkedid: {LAST}\r\n\r\n"
    );
    io.write_all(end.as_bytes()).unwrap();
}
