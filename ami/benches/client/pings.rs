//! Benchmarks of `Ping` on a real server.

use std::time::{Duration, Instant};

use ami::{Action, Client, Config, EventMask};
use bytes::{Buf, BytesMut};
use instance::{Builder, Modules, Server, Want};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Ratio, median, on_one_thread, on_two_threads, ratio};

/// The number of pings in a round that are sent one at a time.
const SINGLE: usize = 1000;

/// The number of pings in flight, and the number of times that each is repeated in a round.
const IN_FLIGHT: usize = 1000;
const TIMES: usize = 10;

/// A connection that knows only where a message ends.
struct Bare {
    io: TcpStream,
    buffer: BytesMut,
    finder: memmem::Finder<'static>,
}

impl Bare {
    async fn connect(address: &str) -> Self {
        let io = TcpStream::connect(address).await.unwrap();
        io.set_nodelay(true).unwrap();
        let finder = memmem::Finder::new("\r\n\r\n");
        let mut bare = Self { io, buffer: BytesMut::with_capacity(64 * 1024), finder };
        bare.write("Action: Login\r\nUsername: user\r\nSecret: mysecret\r\nEvents: off\r\n\r\n", 1)
            .await;
        while bare.read().await == 0 {}
        bare
    }

    async fn write(&mut self, action: &str, times: usize) {
        self.io.write_all(action.repeat(times).as_bytes()).await.unwrap();
    }

    /// Reads once. Returns the number of messages that have come.
    async fn read(&mut self) -> usize {
        self.buffer.reserve(16 * 1024);
        assert_ne!(self.io.read_buf(&mut self.buffer).await.unwrap(), 0);
        let mut messages = 0;
        while let Some(end) = self.finder.find(&self.buffer) {
            self.buffer.advance(end + 4);
            messages += 1;
        }
        messages
    }

    async fn single(&mut self) -> Duration {
        let mut times = Vec::with_capacity(SINGLE);
        for n in 0..SINGLE {
            let begun = Instant::now();
            self.write(&format!("Action: Ping\r\nActionID: 0123456789abcdef-{n}\r\n\r\n"), 1).await;
            while self.read().await == 0 {}
            times.push(begun.elapsed());
        }
        middle(times)
    }

    async fn pipelined(&mut self) -> Duration {
        let ping = "Action: Ping\r\nActionID: 0123456789abcdef-1234567\r\n\r\n";
        let begun = Instant::now();
        let (mut sent, mut answered) = (IN_FLIGHT, 0);
        self.write(ping, sent).await;
        while answered < IN_FLIGHT * TIMES {
            let more = self.read().await;
            answered += more;
            let next = more.min(IN_FLIGHT * TIMES - sent);
            if next > 0 {
                self.write(ping, next).await;
                sent += next;
            }
        }
        begun.elapsed()
    }
}

async fn single(client: &Client) -> Duration {
    let mut times = Vec::with_capacity(SINGLE);
    for _ in 0..SINGLE {
        let begun = Instant::now();
        client.call(Action::new("Ping")).await.unwrap();
        times.push(begun.elapsed());
    }
    middle(times)
}

async fn pipelined(client: &Client) -> Duration {
    let begun = Instant::now();
    let tasks = (0..IN_FLIGHT).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            for _ in 0..TIMES {
                client.call(Action::new("Ping")).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    begun.elapsed()
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

pub(crate) fn measure(rounds: usize) -> Vec<Ratio> {
    // The server's process needs a thread that lives until the end.
    let home = on_two_threads();
    let instance = home.block_on(async {
        let server = Server::find_or_fetch(&Want::Major(22), |it| eprintln!("{it}")).await.unwrap();
        let modules = Modules::list(["pbx_config"]);
        Builder::new(server).modules(modules).build().unwrap().boot().await.unwrap()
    });
    let address = instance.ami_address();
    let (mut singles, mut pipelines) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    on_one_thread().block_on(async {
        let mut bare = Bare::connect(&address).await;
        let config = Config::new("user", "mysecret").event_mask(EventMask::none());
        let client = config.connect(&address).await.unwrap();
        for round in 0..=rounds {
            let took = [
                bare.single().await,
                single(&client).await,
                bare.pipelined().await,
                pipelined(&client).await,
            ];
            let [one, two, three, four] = took.map(|took| took.as_secs_f64());
            // The first round warms up.
            if round > 0 {
                singles[0].push(one);
                singles[1].push(two);
                pipelines[0].push(three);
                pipelines[1].push(four);
            }
        }
        client.close().await.unwrap();
    });
    home.block_on(instance.stop()).unwrap();
    for (name, times) in [("a bare socket", &singles[0]), ("ours", &singles[1])] {
        println!("ping, one at a time: {name:20} {:8.1} µs", median(times.clone()) * 1e6);
    }
    let calls = (IN_FLIGHT * TIMES) as f64;
    for (name, times) in [("a bare socket", &pipelines[0]), ("ours", &pipelines[1])] {
        println!(
            "ping, {IN_FLIGHT} in flight: {name:20} {:8.0} a second",
            calls / median(times.clone())
        );
    }
    vec![
        ("ping/bare", ratio(&singles[1], &singles[0])),
        // The figures are rates, so the ratio is the inverse of that of times.
        ("pipelined/bare", ratio(&pipelines[0], &pipelines[1])),
    ]
}
