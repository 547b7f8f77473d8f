//! A view that is shown again with each change.

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use jiff::Timestamp;
use live::{Change, Ended, Freshness, Missed, Part, State, What};
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::choice::Choice;
use super::entry::{Entry, time};
use super::followed::{Followed, failure};
use super::screen::Screen;
use super::{sheet, unknown};
use crate::exit::{Exit, Failure};
use crate::out::{Form, Line, Out, Style, escape, local, reader_gone};

/// The shortest time between two tables.
const SHORTEST: Duration = Duration::from_millis(100);

/// A view that is shown again with each change.
#[derive(Debug)]
pub(super) struct Watch {
    choice: Choice,
    followed: Followed,
    whole: bool,
    /// `true` if the table is drawn on a terminal.
    is_screen: bool,
    /// The state that was last shown.
    entries: Vec<Entry>,
    /// The parts that are not known, and why.
    unknown: Vec<(Part, String)>,
    /// `true` once there was a table.
    has_begun: bool,
    /// `true` once the state is no longer kept.
    has_ended: bool,
    /// The latest loss, if there was one.
    loss: Option<Loss>,
    /// The beginning of a time without losses that is not told yet.
    current: Option<SystemTime>,
}

/// A time in which the state may have differed from that of the server.
#[derive(Clone, Debug)]
struct Loss {
    since: SystemTime,
    why: String,
    until: Option<SystemTime>,
}

/// The reasons beside changes to draw a terminal again.
#[derive(Debug)]
struct Clock {
    screen: Screen,
    seconds: Interval,
    resized: Signal,
}

impl Clock {
    fn new() -> io::Result<Self> {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let resized = signal(SignalKind::window_change())?;
        Ok(Self { screen: Screen::new()?, seconds, resized })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.seconds.tick() => {}
            _ = self.resized.recv() => {}
        }
    }
}

impl Watch {
    pub(super) fn new(choice: Choice, followed: Followed, whole: bool) -> Self {
        Self {
            choice,
            followed,
            whole,
            is_screen: false,
            entries: Vec::new(),
            unknown: Vec::new(),
            has_begun: false,
            has_ended: false,
            loss: None,
            current: None,
        }
    }

    /// Shows the state and its changes until the client ends.
    pub(super) async fn run(mut self, state: &State, out: &mut Out) -> Result<Exit, Failure> {
        if let Err(why) = self.choice.entities.entries(state) {
            return Err(unknown::failure(&why, out));
        }
        if !state.rights_are_known() {
            let text = "the server does not tell which events the user may read, so changes may \
                        be missing: the user needs `write = …,command` in manager.conf";
            out.tell(Style::Dim, text);
        }
        self.is_screen = out.form == Form::People
            && out.width().is_some()
            && std::env::var_os("TERM").is_some_and(|it| it != "dumb");
        let mut clock = if self.is_screen { Some(Clock::new()?) } else { None };
        let (state, mut changes) = self.followed.live.watch();
        self.freshness(state.freshness(), out)?;
        drop(state);
        let gone = reader_gone();
        tokio::pin!(gone);
        loop {
            while let Some(next) = changes.next().now_or_never()
                && !self.has_ended
            {
                self.change(next, out)?;
            }
            let seen = self.show(clock.as_ref().map(|it| &it.screen), out)?;
            out.drain().await?;
            if self.has_ended {
                return Err(failure(self.followed.live.ended().await));
            }
            let live = self.followed.live.clone();
            tokio::select! {
                biased;
                () = &mut gone => return Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
                next = changes.next() => self.change(next, out)?,
                changed = live.find(|state| (mark(state) != seen).then_some(())) => {
                    // The end is told by the changes, too.
                    let _: Result<(), Ended> = changed;
                }
                () = async {
                    match &mut clock {
                        Some(clock) => clock.next().await,
                        None => std::future::pending().await,
                    }
                } => {}
            }
            if out.form == Form::People {
                sleep(SHORTEST).await;
            }
        }
    }

    /// Tells whether the table is current, as the changes do: the state has the latest word alone.
    fn change(&mut self, next: Option<Result<Change, Missed>>, out: &mut Out) -> io::Result<()> {
        match next {
            Some(Ok(Change { what: What::Freshness(freshness), .. })) => {
                self.freshness(&freshness, out)
            }
            Some(Ok(_)) => Ok(()),
            // The table has the latest word anyway, and so it is with this.
            Some(Err(_)) => {
                let freshness = self.followed.live.state().freshness().clone();
                self.freshness(&freshness, out)
            }
            None => {
                self.has_ended = true;
                Ok(())
            }
        }
    }

    fn freshness(&mut self, freshness: &Freshness, out: &mut Out) -> io::Result<()> {
        match freshness {
            Freshness::Current { since } => self.current = Some(*since),
            Freshness::Stale { since, reason } => {
                // What became current and stale at once was current.
                self.tell_current(out)?;
                let why = format!("{reason:#}");
                let text = format!("stale since {}: {why}", clock(*since));
                let object = json!({
                    "v": 1, "freshness": "stale", "since": time(*since), "why": why,
                });
                self.loss = Some(Loss { since: *since, why, until: None });
                self.tell(&text, &object, out)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Prints a loss, unless it is on the screen.
    fn tell(&self, text: &str, object: &Value, out: &mut Out) -> io::Result<()> {
        if self.is_screen { Ok(()) } else { out.loss(text, object) }
    }

    fn tell_current(&mut self, out: &mut Out) -> io::Result<()> {
        let Some(since) = self.current.take() else { return Ok(()) };
        let was_lost = self.loss.as_mut().filter(|loss| loss.until.is_none());
        let was_lost = was_lost.map(|loss| loss.until = Some(since)).is_some();
        match out.form {
            Form::Json => {
                out.object(&json!({ "v": 1, "freshness": "current", "since": time(since) }))
            }
            _ if self.is_screen || !was_lost => Ok(()),
            _ => {
                let text = format!("current again since {}", clock(since));
                let text = out.styled(Style::Good, &text);
                out.line(&text)
            }
        }
    }

    /// Shows the latest state, and returns the mark of it.
    fn show(&mut self, screen: Option<&Screen>, out: &mut Out) -> Result<Mark, Failure> {
        let state = self.followed.live.state();
        // What a stale state has changes list by list until it is current again.
        if state.freshness().is_current() {
            self.knowledge(&state, out)?;
            if let Ok(all) = self.choice.entities.entries(&state) {
                let entries = self.choice.of(all);
                self.changed(&state, &entries, out)?;
                self.entries = entries;
            }
            self.tell_current(out)?;
        }
        if let Some(screen) = screen {
            let (columns, rows) = Screen::size();
            screen.draw(&self.picture(columns, rows, out), rows)?;
        }
        Ok(mark(&state))
    }

    /// Tells the parts that are not known any more, or known again.
    fn knowledge(&mut self, state: &State, out: &mut Out) -> io::Result<()> {
        let parts = self.choice.entities.parts(true);
        let unknown = |part: &Part| state.unknown(*part);
        let now: Vec<_> = parts.iter().filter_map(unknown).collect();
        for why in now.iter().filter(|_| !self.is_screen) {
            let text = unknown::text(why);
            if !self.unknown.iter().any(|(_, told)| *told == text) {
                unknown::tell(why, out)?;
            }
        }
        for (part, _) in self.unknown.iter().filter(|_| !self.is_screen) {
            if now.iter().any(|why| why.part() == *part) {
                continue;
            }
            match out.form {
                Form::Json => out.object(&json!({ "v": 1, "known": part.to_string() }))?,
                _ => out.line(&format!("the {part} are known again"))?,
            }
        }
        self.unknown = now.iter().map(|why| (why.part(), unknown::text(why))).collect();
        Ok(())
    }

    /// Prints what has changed, unless it is shown on the screen.
    fn changed(&mut self, state: &State, now: &[Entry], out: &mut Out) -> io::Result<()> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        match out.form {
            Form::Json => self.changes(state, now, is_first, out),
            _ if self.is_screen => Ok(()),
            _ => {
                let pair = |it: &Entry| (it.id.clone(), it.object.clone());
                let is_same = self.entries.iter().map(pair).eq(now.iter().map(pair));
                if is_same && !is_first { Ok(()) } else { self.print(now, is_first, out) }
            }
        }
    }

    fn changes(
        &self,
        state: &State,
        now: &[Entry],
        is_first: bool,
        out: &mut Out,
    ) -> io::Result<()> {
        let at = state.as_of().map_or(Value::Null, time);
        let mut tell = |entry: &Entry, change: &str| {
            out.object(&entry.told([("change", change.into()), ("at", at.clone())]))
        };
        let before: HashMap<_, _> = self.entries.iter().map(|it| (&it.id, it)).collect();
        for entry in now {
            match before.get(&entry.id) {
                Some(former) if former.object == entry.object => {}
                Some(_) => tell(entry, "changed")?,
                None if is_first => tell(entry, "present")?,
                None => tell(entry, "added")?,
            }
        }
        let after: HashSet<_> = now.iter().map(|it| &it.id).collect();
        let mut gone = self.entries.iter().filter(|it| !after.contains(&it.id));
        gone.try_for_each(|entry| tell(entry, "removed"))
    }

    /// Prints the table below the time.
    fn print(&self, entries: &[Entry], is_first: bool, out: &mut Out) -> io::Result<()> {
        if !is_first {
            out.line("")?;
        }
        let now = SystemTime::now();
        let entities = self.choice.entities;
        let title = format!("{}  {}", clock(now), entities.counted(entries.len()));
        let title = out.styled(Style::Dim, &title);
        out.line(&title)?;
        let limit = out.width().filter(|_| !self.whole);
        let lines = sheet::lines(entities.columns(), entries, now, out, limit);
        lines.iter().try_for_each(|line| out.line(line))
    }

    /// Returns the lines of the screen.
    fn picture(&self, columns: usize, rows: usize, out: &Out) -> Vec<String> {
        let (now, entities) = (SystemTime::now(), self.choice.entities);
        // The last column stays empty.
        let limit = Some(columns.saturating_sub(1));
        let show = |style: Style, text: &str| {
            let mut line = Line::default();
            line.add(style, escape(text.as_bytes()));
            line.show(out, limit)
        };
        let (count, server) = (entities.counted(self.entries.len()), &self.followed.server);
        let at = clock(now);
        let at = at.split('.').next().unwrap_or_default();
        let mut lines = vec![show(Style::Dim, &format!("{at}  {count}  {server}  Ctrl-C ends"))];
        if let Some(Loss { since, why, until }) = &self.loss {
            let since = clock(*since);
            lines.push(match until {
                None => show(Style::Bad, &format!("stale since {since}: {why}")),
                Some(until) => {
                    let until = clock(*until);
                    show(
                        Style::Dim,
                        &format!("current again since {until}, stale since {since}: {why}"),
                    )
                }
            });
        }
        lines.extend(self.unknown.iter().map(|(_, why)| show(Style::Bad, why)));
        let main = entities.parts(true).first();
        if !self.unknown.iter().any(|(part, _)| Some(part) == main) {
            lines.extend(sheet::lines(entities.columns(), &self.entries, now, out, limit));
        }
        if lines.len() > rows {
            let more = lines.len() - rows.saturating_sub(1);
            lines.truncate(rows.saturating_sub(1));
            lines.push(show(Style::Dim, &format!("… {more} more lines")));
        }
        lines
    }
}

/// The mark that tells one state from another without a look at its entities.
type Mark = (Option<SystemTime>, bool);

fn mark(state: &State) -> Mark {
    (state.as_of(), state.freshness().is_current())
}

/// Returns a time of day.
fn clock(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| "?".to_owned(), local)
}
