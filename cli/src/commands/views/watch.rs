//! A view that is shown again with each change.

use std::io;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::select_all;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::choice::Choice;
use super::entry::Entry;
use super::screen::Screen;
use super::sheet;
use super::watched::{Mark, Watched, clock, mark};
use crate::exit::{Exit, Failure};
use crate::out::{Form, Line, Out, Style, escape, reader_gone};

/// The shortest time between two tables.
const SHORTEST: Duration = Duration::from_millis(100);

/// A view that is shown again with each change.
#[derive(Debug)]
pub(super) struct Watch {
    choice: Choice,
    servers: Vec<Watched>,
    whole: bool,
    /// `true` if the table is drawn on a terminal.
    is_screen: bool,
    /// The rows that were last shown, in order.
    entries: Vec<Entry>,
    /// `true` once there was a table.
    has_begun: bool,
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
    pub(super) fn new(choice: Choice, servers: Vec<Watched>, whole: bool) -> Self {
        let (is_screen, entries, has_begun) = (false, Vec::new(), false);
        Self { choice, servers, whole, is_screen, entries, has_begun }
    }

    /// Shows the state and its changes until the last client ends.
    pub(super) async fn run(mut self, out: &mut Out) -> Result<Exit, Failure> {
        self.is_screen = out.form == Form::People
            && out.width().is_some()
            && std::env::var_os("TERM").is_some_and(|it| it != "dumb");
        let mut clock = if self.is_screen { Some(Clock::new()?) } else { None };
        for server in &mut self.servers {
            server.begin(self.is_screen, out)?;
        }
        let gone = reader_gone();
        tokio::pin!(gone);
        loop {
            for server in &mut self.servers {
                server.take(out).await?;
            }
            let seen = self.show(clock.as_ref().map(|it| &it.screen), out)?;
            out.drain().await?;
            if self.servers.iter().all(Watched::has_ended) {
                return Err(self.ended().await);
            }
            tokio::select! {
                biased;
                () = &mut gone => return Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
                changed = any_changed(&mut self.servers, &seen, out) => changed?,
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

    /// Returns the failure of the only server, or of several that were told already.
    async fn ended(&self) -> Failure {
        match &*self.servers {
            [only] if only.origin().is_none() => only.failure().await,
            servers => {
                let exit = Exit::of_all(servers.iter().filter_map(Watched::exit));
                Failure { exit, error: None, hint: None }
            }
        }
    }

    /// Shows the latest state, and returns the mark of it for each server.
    fn show(&mut self, screen: Option<&Screen>, out: &mut Out) -> Result<Vec<Mark>, Failure> {
        let mut marks = Vec::new();
        let mut is_current = Vec::new();
        for server in &mut self.servers {
            let state = server.state();
            // What a stale state has changes list by list until it is current again.
            is_current.push(state.freshness().is_current());
            if state.freshness().is_current() {
                server.look(&state, &self.choice, out)?;
            }
            marks.push(mark(&state));
        }
        if is_current.contains(&true) {
            self.changed(out)?;
        }
        for (server, _) in self.servers.iter_mut().zip(is_current).filter(|(_, it)| *it) {
            server.tell_current(out)?;
        }
        if let Some(screen) = screen {
            let (columns, rows) = Screen::size();
            screen.draw(&self.picture(columns, rows, out), rows)?;
        }
        Ok(marks)
    }

    /// Prints the table if it is another one, unless it is shown on the screen.
    fn changed(&mut self, out: &mut Out) -> io::Result<()> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let all = self.servers.iter().flat_map(|it| it.entries().iter().cloned()).collect();
        let now = self.choice.of(all);
        let pair = |it: &Entry| (it.id.clone(), it.object.clone());
        let is_same = self.entries.iter().map(pair).eq(now.iter().map(pair));
        if out.form == Form::People && !self.is_screen && (is_first || !is_same) {
            self.print(&now, is_first, out)?;
        }
        self.entries = now;
        Ok(())
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
        let lines = sheet::lines(&self.choice.columns, entries, now, out, limit);
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
        let count = entities.counted(self.entries.len());
        let servers: Vec<_> = self.servers.iter().map(Watched::name).collect();
        let servers = servers.join(", ");
        let at = clock(now);
        let at = at.split('.').next().unwrap_or_default();
        let mut lines = vec![show(Style::Dim, &format!("{at}  {count}  {servers}  Ctrl-C ends"))];
        for server in &self.servers {
            lines.extend(server.notes().into_iter().map(|(style, text)| show(style, &text)));
        }
        let main = entities.parts(true).first();
        if !self.servers.iter().all(|it| it.lacks(main)) {
            lines.extend(sheet::lines(&self.choice.columns, &self.entries, now, out, limit));
        }
        if lines.len() > rows {
            let more = lines.len() - rows.saturating_sub(1);
            lines.truncate(rows.saturating_sub(1));
            lines.push(show(Style::Dim, &format!("… {more} more lines")));
        }
        lines
    }
}

/// Waits until one of the servers has another state than the one that was seen, or tells how
/// current it is.
async fn any_changed(servers: &mut [Watched], seen: &[Mark], out: &mut Out) -> Result<(), Failure> {
    let (next, at) = {
        let waits =
            servers.iter_mut().zip(seen).map(|(server, seen)| server.next(*seen).boxed_local());
        let (next, at, _) = select_all(waits).await;
        (next, at)
    };
    match (next, servers.get_mut(at)) {
        (Some(next), Some(server)) => Ok(server.change(next, out).await?),
        _ => Ok(()),
    }
}
