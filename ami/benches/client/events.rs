//! Benchmarks of events from a recorded stream, from the socket to a subscriber.

use std::future::pending;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ami::{Buffer, Client, Codec, Config, Filter, Frame, Item, Login, Subscription};
use bytes::{Bytes, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::codec::Decoder;

use crate::{Ratio, median, on_two_threads, ratio};

/// The number of times that the stream is sent in a round.
const TIMES: usize = 60;

/// The recorded stream after its login, and the positions of its events.
pub(crate) struct Stream {
    bytes: Vec<u8>,
    messages: usize,
    /// The end of each event.
    events: Vec<usize>,
}

impl Stream {
    pub(crate) fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/asterisk-22.ami");
        let recorded = std::fs::read(path).unwrap();
        let begin = memmem::find(&recorded, b"\n").unwrap() + 1;
        let end = memmem::rfind(&recorded, b"\r\n\r\n").unwrap() + 4;
        let bytes = recorded[begin..end].to_vec();
        let mut stream = Self { bytes, messages: 0, events: Vec::new() };
        let mut buffer = BytesMut::from(&stream.bytes[..]);
        let mut codec = Codec::without_banner();
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            stream.messages += 1;
            if matches!(frame, Frame::Event(_)) {
                stream.events.push(stream.bytes.len() - buffer.len());
            }
        }
        assert_eq!(stream.messages, memmem::find_iter(&stream.bytes, b"\r\n\r\n").count());
        stream
    }

    /// Writes this many events, and the messages between them, by repeating the stream.
    fn write(&self, events: usize, io: &mut impl Write) -> io::Result<()> {
        for _ in 0..events / self.events.len() {
            io.write_all(&self.bytes)?;
        }
        match events % self.events.len() {
            0 => Ok(()),
            rest => io.write_all(&self.bytes[..self.events[rest - 1]]),
        }
    }
}

/// Serves this many events to every client that logs in, and answers nothing else. A line from the
/// client starts the events. After them the server is silent until the client disconnects.
///
/// The server is not an `ami::testing::Server`, because its speed is part of the result. It has
/// threads of its own, and passes a prepared text to the kernel.
pub(crate) fn serve(stream: Arc<Stream>, events: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, stream) = (client.unwrap(), Arc::clone(&stream));
            thread::spawn(move || {
                client.write_all(b"Asterisk Call Manager/11.0.0\r\n").unwrap();
                let mut word = [0; 1024];
                let _ = client.read(&mut word).unwrap();
                client.write_all(b"Response: Success\r\n\r\n").unwrap();
                let _ = client.read(&mut word).unwrap();
                let _ = stream.write(events, &mut client);
                while client.read(&mut word).is_ok_and(|length| length > 0) {}
            });
        }
    });
    address
}

/// A channel of either kind. With a bounded channel the reader waits while it is full. An unbounded
/// channel grows, as the subscription that is compared with it does.
enum Sender {
    Bounded(mpsc::Sender<Bytes>),
    Unbounded(mpsc::UnboundedSender<Bytes>),
}

enum Receiver {
    Bounded(mpsc::Receiver<Bytes>),
    Unbounded(mpsc::UnboundedReceiver<Bytes>),
}

fn bounded() -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(4096);
    (Sender::Bounded(sender), Receiver::Bounded(receiver))
}

fn unbounded() -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Sender::Unbounded(sender), Receiver::Unbounded(receiver))
}

/// Measures the floor: read, find the ends of messages, pass each message through one channel.
async fn bare(
    address: SocketAddr,
    messages: usize,
    channel: fn() -> (Sender, Receiver),
) -> Duration {
    let mut io = connect_bare(address).await;
    let (sender, mut receiver) = channel();
    let begun = Instant::now();
    tokio::spawn(async move {
        let mut ends = Ends::default();
        let mut sent = 0;
        while sent < messages {
            ends.read(&mut io).await;
            while let Some(message) = ends.next() {
                match &sender {
                    Sender::Bounded(sender) => sender.send(message).await.unwrap(),
                    Sender::Unbounded(sender) => sender.send(message).unwrap(),
                }
                sent += 1;
            }
        }
    });
    let consumer = tokio::spawn(async move {
        let mut count = 0;
        loop {
            let message = match &mut receiver {
                Receiver::Bounded(receiver) => receiver.recv().await,
                Receiver::Unbounded(receiver) => receiver.recv().await,
            };
            if message.is_none() {
                return count;
            }
            count += 1;
        }
    });
    assert_eq!(consumer.await.unwrap(), messages);
    begun.elapsed()
}

async fn connect_bare(address: SocketAddr) -> TcpStream {
    let mut io = TcpStream::connect(address).await.unwrap();
    let mut word = [0; 1024];
    for _ in 0..2 {
        let _ = io.read(&mut word).await.unwrap();
        io.write_all(b"Action: Login\r\n\r\n").await.unwrap();
    }
    io
}

/// The messages of a stream, found by the end that most of them have.
struct Ends {
    buffer: BytesMut,
    finder: memmem::Finder<'static>,
}

impl Default for Ends {
    fn default() -> Self {
        let finder = memmem::Finder::new("\r\n\r\n");
        Self { buffer: BytesMut::with_capacity(64 * 1024), finder }
    }
}

impl Ends {
    async fn read(&mut self, io: &mut TcpStream) {
        if self.buffer.capacity() - self.buffer.len() < 4096 {
            self.buffer.reserve(64 * 1024);
        }
        assert_ne!(io.read_buf(&mut self.buffer).await.unwrap(), 0);
    }

    fn next(&mut self) -> Option<Bytes> {
        let end = self.finder.find(&self.buffer)?;
        Some(self.buffer.split_to(end + 4).freeze())
    }
}

/// Measures this client, with further subscriptions besides the one that takes everything.
async fn ours(
    address: SocketAddr,
    events: usize,
    others: impl FnOnce(&Client) -> Vec<Subscription>,
) -> Duration {
    let config =
        Config::new("user", "secret").ask_permissions(false).login(Login::Plain).reconnect(None);
    let client = config.connect(address).await.unwrap();
    let mut all = client.subscribe_with(Filter::all(), Buffer::unbounded());
    let _others = others(&client);
    let begun = Instant::now();
    let consumer = tokio::spawn(async move {
        let mut count = 0;
        while count < events {
            match all.next().await {
                Some(Item::Event(_)) => count += 1,
                other => panic!("{other:?} after {count} events"),
            }
        }
    });
    let start = start(&client);
    consumer.await.unwrap();
    let took = begun.elapsed();
    start.abort();
    took
}

/// Tells the server to begin. The server does not answer.
pub(crate) fn start(client: &Client) -> JoinHandle<()> {
    let client = client.clone();
    tokio::spawn(async move {
        let _ = client.call(ami::Action::new("Start")).timeout(Duration::MAX).await;
        pending::<()>().await
    })
}

fn none(_: &Client) -> Vec<Subscription> {
    Vec::new()
}

/// Creates subscriptions for names that do not occur.
fn named(client: &Client, count: usize) -> Vec<Subscription> {
    (0..count).map(|n| client.subscribe(Filter::named([&*format!("Other{n}")]))).collect()
}

/// Creates subscriptions for all names, with values that do not occur.
fn valued(client: &Client, count: usize) -> Vec<Subscription> {
    let filter = |n: usize| Filter::all().field("Privilege", format!("other{n}"));
    (0..count).map(|n| client.subscribe(filter(n))).collect()
}

pub(crate) fn measure(rounds: usize) -> Vec<Ratio> {
    let stream = Arc::new(Stream::read());
    let (messages, events) = (stream.messages * TIMES, stream.events.len() * TIMES);
    let address = serve(stream, events);
    let runtime = on_two_threads();
    let mut times = vec![Vec::new(); 6];
    for round in 0..=rounds {
        let took = round_of(&runtime, address, messages, events);
        // The first round warms up.
        if round > 0 {
            times.iter_mut().zip(took).for_each(|(times, took)| times.push(took));
        }
    }
    let [bare, unbounded, one, hundred, fields, thousands] = &times[..] else { unreachable!() };
    for (name, times) in [
        ("a bare loop with a channel of 4,096", bare),
        ("a bare loop with an unbounded one", unbounded),
        ("one subscriber", one),
        ("99 more for other names", hundred),
        ("99 more for other values of a field", fields),
        ("10,000 more for other names", thousands),
    ] {
        let rate = messages as f64 / median(times.clone());
        println!("events: {name:40} {:6.2} million messages a second", rate / 1e6);
    }
    // The figures are rates, so the ratio is the inverse of that of times.
    vec![
        ("events/channel-loop", ratio(bare, one)),
        ("events/unbounded-channel-loop", ratio(unbounded, one)),
        ("events-100/events-1", ratio(one, hundred)),
        ("events-100-by-field/events-1", ratio(one, fields)),
        ("events-10000/events-1", ratio(one, thousands)),
    ]
}

fn round_of(runtime: &Runtime, address: SocketAddr, messages: usize, events: usize) -> [f64; 6] {
    runtime.block_on(async {
        [
            bare(address, messages, bounded).await,
            bare(address, messages, unbounded).await,
            ours(address, events, none).await,
            ours(address, events, |client| named(client, 99)).await,
            ours(address, events, |client| valued(client, 99)).await,
            ours(address, events, |client| named(client, 10_000)).await,
        ]
        .map(|took| took.as_secs_f64())
    })
}
