//! Messages, calls and cancels in any order: every call ends, the table is empty then, the counts
//! match, strays are told, and what is said to be never sent was not.
//!
//! It is the whole client, on a link in memory and with a clock that jumps.

use std::collections::HashSet;
use std::time::Duration;

use ami::testing::{Peer, Script};
use ami::{
    Action, Buffer, Client, Codec, Config, Delivery, Error, Filter, Frame, Item, Login, Originate,
    Overflow, Stray, Subscription,
};
use bytes::BytesMut;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{advance, timeout};
use tokio_util::codec::Decoder;

/// More than what is on its way at any time, so that the target itself never waits.
const PIPE: usize = 1024 * 1024;

/// The smallest limit that there is.
const MAX_MESSAGE: usize = 1024;

/// What stands for `~` in a message: more than a message may have.
const MUCH: usize = MAX_MESSAGE + 100;

const BANNER: &[u8] = b"Asterisk Call Manager/11.0.0\r\n";

/// What a server may say, with `#` for an ActionID and `~` for a long text.
const MESSAGES: [&str; 32] = [
    "Response: Success\r\nActionID: #\r\n\r\n",
    "Response: Success\r\nActionID: #f\r\n\r\n",
    "Response: Error\r\nActionID: #\r\nMessage: no\r\n\r\n",
    "Response: Success\r\nActionID: #\r\nEventList: start\r\n\r\n",
    "Event: Item\r\nActionID: #\r\n\r\n",
    "Event: PeerEntry\r\n\r\n",
    "Event: ListComplete\r\nActionID: #\r\nEventList: Complete\r\n\r\n",
    "Event: OriginateResponse\r\nActionID: #\r\nResponse: Success\r\n\r\n",
    "Event: OriginateResponse\r\nActionID: #\r\nResponse: Failure\r\nReason: 5\r\n\r\n",
    "Event: UserEvent\r\nActionID: #\r\n\r\n",
    "Event: FullyBooted\r\n\r\n",
    "Response: Success\r\nActionID: #\r\nMessage: Command output follows\r\nOutput: read perm: all\r\n\r\n",
    "Response: Goodbye\r\nActionID: #\r\n\r\n",
    "garbage\r\nActionID: #\r\n\r\n",
    "\r\n\n\r\n",
    "Response: Success\r\nActionID: #9\r\n\r\n",
    "ActionID: #\r\nResponse: Success\r\n\r\n",
    "ActionID: #\r\nResponse: Error\r\nMessage: no\r\n\r\n",
    "Event: Item\r\n\r\n",
    "(None) 1 2 3\r\nL 4 5\r\n\r\n",
    "Event: Item\r\nActionID: #\r\nData: ~\r\n\r\n",
    "Event: UserEvent\r\nResponse: Success\r\nData: ~\r\n\r\n",
    "Response: Success\r\nActionID: #\r\nEventList: start\r\nMessage: ~\r\n\r\n",
    "Response: Success\r\nMessage: ~\r\nActionID: #\r\n\r\n",
    "Event: UserEvent\r\nResponse: Success\r\nText: a\n\nb: c\r\n\r\n",
    "Event: Item\r\nText: a\n\nActionID: #\nEventList: Complete\r\n\r\n",
    "Response: Failed\r\nActionID: #\r\nMessage: no\r\n\r\n",
    "Event: ListComplete\r\nActionID: #\r\nEventList: Complete\r\nListItems: 9\r\n\r\n",
    "~\r\n\r\n",
    "Event: OriginateResponse\r\nActionID: #\r\nResponse: Success\r\nData: ~\r\n\r\n",
    "Event: CoreShowChannelMap\r\nActionID: #\r\n\n",
    "Event: ListComplete\r\nActionID: #\r\nEventList: Complete\r\nData: ~\r\n\r\n",
];

/// Each step is a byte that says what to do, and one that says with which.
pub(crate) fn router(data: &[u8]) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let mut play = Play::begin().await;
        let mut steps = data.chunks_exact(2);
        for step in &mut steps {
            play.step(step[0], step[1]).await;
        }
        play.end(steps.remainder().first().copied().unwrap_or_default()).await;
    });
}

struct Play {
    client: Client,
    far: Peer,
    /// All that the client has written since its login, and all that was written to it.
    seen: Vec<u8>,
    said: Vec<u8>,
    calls: Vec<(usize, JoinHandle<Option<Error>>)>,
    subscriptions: Vec<Subscription>,
    /// Gets all that is no event, from the beginning to the end.
    strays: Subscription,
    /// What the subscriptions have told to be missing, and whether some were dropped, with what
    /// they might have told.
    missed: u64,
    dropped: bool,
    tags: usize,
}

impl Play {
    async fn begin() -> Self {
        let (near, far) = Peer::pipe_of(PIPE);
        let mut far = far.script(Script::empty().booting());
        let config = Config::new("user", "secret")
            .ask_permissions(false)
            .login(Login::Plain)
            .max_message(MAX_MESSAGE);
        let config = config.max_in_flight(8).timeout(Duration::from_secs(5)).keepalive(None);
        let (client, let_in) = tokio::join!(config.handshake(near), far.log_in());
        let_in.expect("it logs in");
        let client = client.expect("it is let in");
        let strays = Filter::none().with_strays();
        let strays = client.subscribe_with(strays, Buffer::unbounded());
        Self {
            client,
            far,
            seen: Vec::new(),
            said: Vec::new(),
            calls: Vec::new(),
            subscriptions: Vec::new(),
            strays,
            missed: 0,
            dropped: false,
            tags: 0,
        }
    }

    async fn step(&mut self, what: u8, which: u8) {
        match what % 8 {
            0 => self.call(which),
            1 => self.say(which, what / 8).await,
            2 if !self.calls.is_empty() => {
                let (_, call) = self.calls.swap_remove(usize::from(which) % self.calls.len());
                call.abort();
            }
            3 => advance(Duration::from_millis(u64::from(which) * 40)).await,
            4 => {
                let filter = match which % 3 {
                    0 => Filter::all(),
                    1 => Filter::named(["Item", "UserEvent"]),
                    _ => Filter::all().field("Response", "Success"),
                };
                let strays = which / 12 % 2 == 1;
                let filter = if strays { filter.with_strays() } else { filter };
                let closes = which / 24 % 2 == 1;
                let overflow = if closes { Overflow::Close } else { Overflow::Skip };
                let buffer = Buffer::bounded(usize::from(which / 3 % 4)).overflow(overflow);
                self.subscriptions.push(self.client.subscribe_with(filter, buffer));
            }
            5 if !self.subscriptions.is_empty() => {
                let at = usize::from(which) % self.subscriptions.len();
                if which > 200 {
                    self.subscriptions.swap_remove(at);
                    self.dropped = true;
                } else if self.subscriptions[at].queued() > 0 {
                    let item = self.subscriptions[at].next().await;
                    self.took(item.as_ref());
                }
            }
            _ => self.run().await,
        }
    }

    /// Starts a call of some kind, with a mark by which it is known on the wire.
    fn call(&mut self, which: u8) {
        let client = self.client.clone();
        let tag = self.tags;
        self.tags += 1;
        let mark = format!("<{tag}>");
        let limit = Duration::from_secs(u64::from(which / 8 % 8));
        let action = |name: &str| Action::new(name).field("Tag", &mark);
        let call = match which % 8 {
            0 | 1 => {
                let call = client.call(action("Any")).timeout(limit);
                tokio::spawn(async move { call.await.err() })
            }
            2 | 3 => {
                let name = if which % 8 == 2 { "IAXpeers" } else { "WaitEvent" };
                let list = client.list(action(name)).timeout(limit);
                tokio::spawn(async move { list.collect().await.err().map(Error::from) })
            }
            4 | 5 => {
                let name = if which % 8 == 4 { "IAXnetstats" } else { "Any" };
                let exchange = client.exchange(action(name)).timeout(limit);
                tokio::spawn(async move { exchange.await.err() })
            }
            6 => {
                let call = Originate::to_application("Local/1@a", "Echo", &mark).timeout(limit);
                tokio::spawn(async move { client.originate(call).await.err() })
            }
            _ => {
                let call = client.call(action("Events")).timeout(limit);
                tokio::spawn(async move { call.await.err() })
            }
        };
        self.calls.push((tag, call));
    }

    /// Says one of the messages, with the id of an action that was seen.
    async fn say(&mut self, which: u8, with: u8) {
        self.read();
        let name = b"ActionID: ";
        let ids: Vec<_> = memmem::find_iter(&self.seen, name)
            .map(|at| &self.seen[at + name.len()..])
            .map(|rest| {
                String::from_utf8_lossy(&rest[..rest.iter().position(|&b| b == b'\r').unwrap_or(0)])
            })
            .map(|id| id.trim_end_matches('f').to_owned())
            .collect();
        let back = usize::from(with) % ids.len().max(1);
        let id = ids.iter().rev().nth(back).map_or("none", String::as_str);
        let text = MESSAGES[usize::from(which) % MESSAGES.len()].replace('#', id);
        let text = text.replace('~', &"x".repeat(MUCH));
        // In two pieces, now and then.
        let cut = usize::from(which / 32) * text.len() / 8;
        for piece in [&text[..cut], &text[cut..]] {
            self.said.extend_from_slice(piece.as_bytes());
            // A client that has closed reads no more.
            let _ = self.far.write_all(piece.as_bytes()).await;
            if cut > 0 {
                self.run().await;
            }
        }
    }

    /// Reads what there is.
    fn read(&mut self) {
        let mut piece = [0; 4096];
        loop {
            let mut read = std::pin::pin!(self.far.read(&mut piece));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            match read.as_mut().poll(&mut cx) {
                std::task::Poll::Ready(Ok(length)) if length > 0 => {
                    self.seen.extend_from_slice(&piece[..length]);
                }
                _ => return,
            }
        }
    }

    /// Lets the client do what it can.
    async fn run(&mut self) {
        for _ in 0..16 {
            yield_now().await;
        }
        self.read();
    }

    fn took(&mut self, item: Option<&Item>) {
        if let Some(Item::Missed(missed)) = item {
            self.missed += missed;
        }
    }

    /// Ends the link from one side or the other, and looks at what is left.
    async fn end(mut self, how: u8) {
        self.run().await;
        let logged_off = self.client.state().borrow().is_closed();
        if how & 2 != 0 {
            // While the link is up, time ends what the server does not.
            for (_, call) in &mut self.calls {
                let ended = timeout(Duration::from_secs(10_000), call).await;
                let _ = ended.expect("a call does not end").expect("a call panics");
            }
            self.calls.clear();
            let stats = self.client.stats();
            assert_eq!(stats.in_flight, 0, "all calls have ended");
        }
        let closes = how.is_multiple_of(2);
        if closes {
            // Nobody answers the logoff.
            let _ = self.client.close().await;
            self.read();
        } else {
            self.far.shutdown().await.expect("a pipe can be closed");
        }
        let calls = std::mem::take(&mut self.calls);
        let mut unsent = Vec::new();
        for (tag, call) in calls {
            let ended = timeout(Duration::from_secs(10_000), call).await;
            let error = ended.expect("a call does not end").expect("a call panics");
            if let Some(
                Error::Timeout { delivery: Delivery::NeverSent, .. }
                | Error::Disconnected { delivery: Delivery::NeverSent, .. },
            ) = error
            {
                unsent.push(tag);
            }
        }
        timeout(Duration::from_secs(10_000), self.client.ended()).await.expect("it does not end");
        self.read();
        let wire: HashSet<_> = memmem::find_iter(&self.seen, "<").collect();
        for tag in unsent {
            let mark = format!("<{tag}>");
            let sent = wire.iter().any(|&at| self.seen[at..].starts_with(mark.as_bytes()));
            assert!(!sent, "{mark} is said to be never sent");
        }
        let stats = self.client.stats();
        assert_eq!(stats.in_flight, 0);
        assert_eq!(stats.bytes_sent, self.seen.len() as u64);
        for mut subscription in std::mem::take(&mut self.subscriptions) {
            while let Some(item) = subscription.next().await {
                self.took(Some(&item));
            }
        }
        assert!(self.dropped || stats.missed == self.missed, "{stats:?}, {} told", self.missed);
        assert_eq!(self.strays().await, [stats.other, stats.unmatched, stats.malformed]);
        // What came after its end, the client has not read.
        if !logged_off && !closes {
            let Counts { events, responses, behind_id, other, malformed } = self.counts();
            assert_eq!([stats.events, stats.malformed], [events, malformed]);
            // Whether somebody waits for it makes a message with its id first a response.
            assert!((responses..=responses + behind_id).contains(&stats.responses), "{stats:?}");
            assert_eq!(stats.responses + stats.other, responses + behind_id + other);
            assert_eq!(stats.bytes_received, self.said.len() as u64);
        }
        let client = self.client.clone();
        drop(self);
        assert_eq!(client.stats().subscriptions, 0);
    }

    /// Messages, unmatched ones and malformed ones among what was no event.
    async fn strays(&mut self) -> [u64; 3] {
        let mut counts = [0; 3];
        while let Some(item) = self.strays.next().await {
            let Item::Stray(stray) = item else { panic!("it is not asked for: {item:?}") };
            counts[match *stray {
                Stray::Message(_) => 0,
                Stray::Unmatched(_) => 1,
                Stray::Malformed(_) => 2,
                stray => panic!("a new kind of stray: {stray:?}"),
            }] += 1;
        }
        counts
    }

    /// What was said.
    fn counts(&self) -> Counts {
        let mut codec = Codec::new().max_message(MAX_MESSAGE);
        let mut buffer = BytesMut::from(&[BANNER, &self.said].concat()[..]);
        let mut counts = Counts::default();
        while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
            match frame {
                Frame::Banner(_) => {}
                Frame::Event(_) => counts.events += 1,
                Frame::Response(_) => counts.responses += 1,
                Frame::Malformed(_) => counts.malformed += 1,
                Frame::Other(message) => {
                    let mut names = message.fields().map(|(name, _)| name);
                    let id_first = names.next() == Some(b"ActionID");
                    if id_first && names.next() == Some(b"Response") {
                        counts.behind_id += 1;
                    } else {
                        counts.other += 1;
                    }
                }
                frame => panic!("a new kind of frame: {frame:?}"),
            }
        }
        counts
    }
}

#[derive(Default)]
struct Counts {
    events: u64,
    responses: u64,
    /// Responses if the id that they begin with is that of a call that waits.
    behind_id: u64,
    other: u64,
    malformed: u64,
}
