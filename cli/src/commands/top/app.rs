//! The program while it runs: what it waits for, and what it does then.

use std::future::pending;
use std::io;
use std::time::SystemTime;

use ami::event::CoreShowChannel;
use ami::{Client, Disconnect, Error, Item, Subscription};
use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt;
use jiff::Timestamp;
use live::{Change, Changes, Ended, Id, Live, Missed, What};
use tokio::time::{Duration, Instant, Interval, MissedTickBehavior, interval, sleep_until};

use super::board::Board;
use super::draw::{Areas, Head, Scene, Theme, has_ids};
use super::keys::{Act, press};
use super::pace::Pace;
use super::screen::{Row, Screen, Tone};
use super::terminal::Terminal;
use super::work::{self, Work, done};
use crate::connect::Target;
use crate::exit::{Exit, Failure};
use crate::ladder::{Ladders, View};
use crate::out::{Line, escape};

/// The shortest time between two drawings.
const FRAME: Duration = Duration::from_millis(100);

/// The program while it runs.
pub(super) struct App {
    target: Target,
    client: Client,
    live: Live,
    changes: Changes,
    is_current: bool,
    /// All events, for the ladders.
    events: Subscription,
    ladders: Ladders,
    /// The channels that are up, for the ladders of calls that have begun before.
    channels: Option<Work<Vec<CoreShowChannel>>>,
    /// The lines of the ladder that is open. They stay when the ladder is no longer kept.
    lines: Option<(Id, Vec<Line>)>,
    /// The events that this subscription has missed.
    missed: u64,
    board: Board,
    screen: Screen,
    head: Head,
    pace: Pace,
    theme: Theme,
    keys: EventStream,
    second: Interval,
    /// The time of the next drawing, if there is something to draw.
    due: Option<Instant>,
    drawn: Option<Instant>,
    version: Option<Work<Option<String>>>,
    hanging_up: Option<Work<Result<Vec<String>, Failure>>>,
    /// The call that is being hung up, or was last.
    victim: String,
    terminal: Terminal,
}

/// Something that has happened.
enum Told {
    Input(Option<io::Result<Input>>),
    Written(io::Result<()>),
    Draw,
    Second,
    HungUp(Result<Vec<String>, Failure>),
    Version(Option<String>),
    Channels(Vec<CoreShowChannel>),
    Change(Option<Result<Change, Missed>>),
    Item(Option<Item>),
}

impl App {
    pub(super) fn new(
        target: Target,
        client: Client,
        events: Subscription,
        has_color: bool,
    ) -> io::Result<Self> {
        let config = live::Config::new().parts(super::board::PARTS);
        let live = Live::start_with(&client, config);
        let (state, changes) = live.watch();
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let server = escape(target.server.to_string().as_bytes());
        let version = escape(client.banner().line());
        Ok(Self {
            board: Board::of(&state),
            head: Head { server, version, ..Head::default() },
            is_current: state.freshness().is_current(),
            version: None,
            channels: None,
            lines: None,
            victim: String::new(),
            terminal: Terminal::enter(has_color)?,
            keys: EventStream::new(),
            theme: Theme { has_color },
            ladders: Ladders::default(),
            screen: Screen::default(),
            pace: Pace::default(),
            due: Some(Instant::now()),
            drawn: None,
            hanging_up: None,
            missed: 0,
            target,
            client,
            live,
            changes,
            events,
            second,
        })
    }

    /// Runs until somebody quits, or the client has ended.
    pub(super) async fn run(mut self) -> Result<Exit, Failure> {
        loop {
            let told = self.next().await;
            if let Some(exit) = self.take(told).await? {
                return Ok(exit);
            }
        }
    }

    /// Waits for what happens next.
    async fn next(&mut self) -> Told {
        let is_busy = self.terminal.is_busy();
        let due = self.due.filter(|_| !is_busy);
        let draw = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => pending().await,
            }
        };
        // Under a flood neither of both is to starve.
        let server = async {
            tokio::select! {
                change = self.changes.next() => Told::Change(change),
                item = self.events.next() => Told::Item(item),
            }
        };
        tokio::select! {
            biased;
            input = self.keys.next() => Told::Input(input),
            written = self.terminal.written() => Told::Written(written),
            () = draw => Told::Draw,
            _ = self.second.tick() => Told::Second,
            done = done(&mut self.hanging_up) => Told::HungUp(done),
            version = done(&mut self.version) => Told::Version(version),
            // Before the events that came behind the list.
            channels = done(&mut self.channels) => Told::Channels(channels),
            told = server => told,
        }
    }

    /// Takes what has happened. Returns the exit if it is the end.
    async fn take(&mut self, told: Told) -> Result<Option<Exit>, Failure> {
        match told {
            Told::Input(Some(input)) => return self.input(input?),
            Told::Input(None) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Told::Written(written) => written?,
            Told::Draw => self.draw()?,
            Told::Second => {
                self.pace.tick(Instant::now().into_std(), self.client.stats().events);
                self.refresh();
            }
            Told::HungUp(done) => {
                self.screen.status = Some(outcome(&self.victim, done));
                self.refresh();
            }
            Told::Version(Some(version)) => {
                self.head.version = format!("Asterisk {}", escape(version.as_bytes()));
                self.refresh();
            }
            Told::Version(None) => {}
            Told::Channels(channels) => self.ladders.list(channels, Timestamp::now()),
            Told::Change(Some(change)) => self.change(change),
            Told::Change(None) => return Err(self.ended().await),
            Told::Item(Some(item)) => self.item(item),
            // The changes end as well, and tell why.
            Told::Item(None) => return Err(self.ended().await),
        }
        Ok(None)
    }

    fn input(&mut self, input: Input) -> Result<Option<Exit>, Failure> {
        match input {
            Input::Key(key) => match press(&mut self.screen, key) {
                Act::None => {}
                Act::Quit(exit) => return Ok(Some(exit)),
                Act::HangUp(row) => self.hang_up(row),
                Act::Redraw => self.terminal.reset()?,
            },
            Input::Resize(..) => self.terminal.reset()?,
            _ => return Ok(None),
        }
        self.refresh();
        Ok(None)
    }

    fn hang_up(&mut self, row: Row) {
        if self.hanging_up.is_some() {
            let text = "the former call is still being hung up";
            self.screen.status = Some((Tone::Plain, text.to_owned()));
            return;
        }
        self.screen.status = Some((Tone::Plain, format!("hanging up {} …", row.name)));
        self.hanging_up = Some(work::hang_up(&self.client, &row.id));
        self.victim = row.name;
    }

    fn change(&mut self, change: Result<Change, Missed>) {
        if let Ok(change) = change {
            match change.what {
                // Those that are found in a list began before.
                What::CallStarted { .. } if self.is_current => self.pace.call(),
                What::CallMerged { from, into } => self.screen.merged(&from.id, &into),
                What::Freshness(freshness) => {
                    self.is_current = freshness.is_current();
                    // The server may be another one since the connection was lost.
                    if self.is_current {
                        self.version = Some(work::version(&self.client));
                        self.channels = Some(work::channels(&self.client));
                    }
                }
                _ => {}
            }
        }
        // What was missed is in the state as well.
        self.refresh();
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Event(event) => {
                self.ladders.push(&event, Some(Timestamp::now()));
                if self.screen.ladder.is_none() {
                    return;
                }
            }
            Item::Missed(missed) => {
                self.missed += missed;
                self.ladders
                    .lost(&format!("{missed} events are missing here"), Some(Timestamp::now()));
            }
            Item::Gap(gap) => {
                self.ladders
                    .lost(&format!("events are missing here: {gap:#}"), Some(Timestamp::now()));
            }
            Item::Stray(_) | Item::Withheld(_) => {}
        }
        self.refresh();
    }

    /// Has the screen drawn again soon.
    fn refresh(&mut self) {
        let soon = self.drawn.map_or_else(Instant::now, |drawn| drawn + FRAME);
        self.due.get_or_insert(soon);
    }

    fn draw(&mut self) -> io::Result<()> {
        self.due = None;
        self.drawn = Some(Instant::now());
        self.board = Board::of(&self.live.state());
        let stats = self.client.stats();
        self.head.events_per_second = self.pace.events_per_second();
        self.head.calls_in_a_minute = self.pace.calls_in_a_minute();
        // Both subscriptions, that of the state and that of the ladders, count what they miss.
        self.head.missed = self.missed.max(stats.missed.saturating_sub(self.missed));
        self.head.reconnects = stats.reconnects;
        let size = self.terminal.size();
        let areas = Areas::of(size, &self.board);
        let page = areas.map_or(1, |areas| areas.page());
        self.screen.settle(&self.board, page, has_ids(size.width));
        self.read_ladder(size.width);
        let lines = self.lines.as_ref().map(|(_, lines)| &**lines);
        let first = match (lines, areas) {
            (Some(lines), Some(areas)) => self.screen.settle_ladder(lines.len(), areas.ladder()),
            _ => 0,
        };
        let scene = Scene {
            board: &self.board,
            screen: &self.screen,
            head: &self.head,
            ladder: lines,
            first,
            now: SystemTime::now(),
            theme: self.theme,
        };
        self.terminal.draw(|frame| scene.draw(frame))
    }

    /// Reads the lines of the ladder that is open.
    fn read_ladder(&mut self, width: u16) {
        let open = self.screen.ladder.as_ref().map(|open| &open.call.id);
        self.lines = self.lines.take().filter(|(id, _)| Some(id) == open);
        let Some(open) = open else { return };
        let view = View { width: width.into(), counts: false };
        if let Some(ladder) = self.ladders.get(open) {
            self.lines = Some((Id::clone(open), ladder.lines(view)));
        }
    }

    /// Returns the failure of a state that is no longer kept.
    async fn ended(&self) -> Failure {
        match self.live.ended().await {
            Ended::Client(reason) => match &*reason {
                Disconnect::Refused(error) => self.target.failure((**error).clone()),
                reason => Failure::new(Exit::Lost, Error::Lost(reason.clone())),
            },
            ended => Failure::new(Exit::Lost, ended),
        }
    }
}

/// Returns what hanging up a call came to.
fn outcome(name: &str, done: Result<Vec<String>, Failure>) -> (Tone, String) {
    match done {
        Ok(channels) if channels.is_empty() => (Tone::Plain, format!("the call {name} has ended")),
        Ok(channels) => {
            let noun = if channels.len() == 1 { "channel" } else { "channels" };
            (Tone::Good, format!("hung up {name}: {} {noun}", channels.len()))
        }
        Err(Failure { error, .. }) => {
            let why = error.map(|error| format!("{error:#}")).unwrap_or_default();
            (Tone::Bad, format!("not hung up: {}", escape(why.as_bytes())))
        }
    }
}
