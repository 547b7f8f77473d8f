//! A server whose state is watched.

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::SystemTime;

use fleet::{Fleet, Origin};
use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::Timestamp;
use live::{Change, Changes, Ended, Freshness, Live, Missed, Part, State, What};
use serde_json::{Value, json};

use super::choice::Choice;
use super::entry::{Entry, time};
use super::followed::{Followed, failure};
use super::unknown;
use crate::commands::each::failed;
use crate::commands::joined::{Entered, Joined};
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Style, local};

/// A server whose state is watched.
#[derive(Debug)]
pub(super) struct Watched {
    followed: Followed,
    changes: Changes,
    /// The output, if the server is one of several.
    own: Option<Own>,
    is_screen: bool,
    /// The entities of the server when its state was last current.
    entries: Vec<Entry>,
    /// The parts that are not known, and why.
    unknown: Vec<(Part, String)>,
    /// `true` once the entries were told.
    has_begun: bool,
    /// The end, once the state is no longer kept.
    ended: Option<Exit>,
    /// The reason why one of several servers is not there.
    away: Option<String>,
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

/// The next thing to look at: how current the state is, or the state itself.
pub(super) type Next = Option<Option<Result<Change, Missed>>>;

/// The mark that tells one state from another without a look at its entities.
pub(super) type Mark = (Option<SystemTime>, bool);

/// One of several servers.
#[derive(Debug)]
struct Own {
    origin: Origin,
    /// The output, which has the name of the server.
    out: Out,
    /// The fleet that the server is of, whose end would be that of the client.
    _fleet: Fleet,
}

/// Connects to several servers, and waits for their first lists. What fails is told.
pub(super) async fn all(
    servers: Vec<Options>,
    parts: &[Part],
    out: &mut Out,
) -> Result<Vec<Watched>, Failure> {
    let longest = servers.first().map(|it| it.timeout).unwrap_or_default();
    let mut joined = Joined::new(servers, out)?;
    joined.connect(|config| config, out).await?;
    let (fleet, servers) = joined.into_servers();
    let watched = servers.into_iter().map(|Entered { member, out, away }| {
        let (origin, client) = (member.origin().clone(), member.client().clone());
        let live = Live::start_with(&client, live::Config::new().parts(parts.iter().copied()));
        let followed = Followed { client, live, server: origin.to_string() };
        let own = Own { origin, out, _fleet: fleet.clone() };
        Watched { away, ..Watched::new(followed, Some(own)) }
    });
    let watched: Vec<_> = watched.collect();
    // Whose lists do not come in time are shown once they are there.
    let up = watched.iter().filter(|it| it.away.is_none());
    join_all(up.map(|server| server.followed.current(longest))).await;
    Ok(watched)
}

impl Watched {
    /// Creates the only server.
    pub(super) fn only(followed: Followed) -> Self {
        Self::new(followed, None)
    }

    fn new(followed: Followed, own: Option<Own>) -> Self {
        let changes = followed.live.changes();
        Self {
            followed,
            changes,
            own,
            is_screen: false,
            entries: Vec::new(),
            unknown: Vec::new(),
            has_begun: false,
            ended: None,
            away: None,
            loss: None,
            current: None,
        }
    }

    /// Returns the name of one of several servers.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.own.as_ref().map(|own| &own.origin)
    }

    /// Returns the name of the server, for people.
    pub(super) fn name(&self) -> &str {
        &self.followed.server
    }

    pub(super) fn state(&self) -> State {
        self.followed.live.state()
    }

    /// Returns what the server had when its state was last current.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the end, once the state is no longer kept.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.ended
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Returns the failure of a server whose state is no longer kept.
    pub(super) async fn failure(&self) -> Failure {
        failure(self.followed.live.ended().await)
    }

    /// Tells how current the state is at the beginning.
    pub(super) fn begin(&mut self, is_screen: bool, out: &mut Out) -> io::Result<()> {
        self.is_screen = is_screen;
        let state = self.state();
        if state.freshness().is_current() && !state.rights_are_known() {
            let text = "the server does not tell which events the user may read, so changes may \
                        be missing: the user needs `write = …,command` in manager.conf";
            self.on(out, |out| {
                out.tell(Style::Dim, text);
                Ok(())
            })?;
        }
        let (state, changes) = self.followed.live.watch();
        self.changes = changes;
        self.freshness(state.freshness(), out)
    }

    /// Prints on the output of this server.
    fn on(
        &mut self,
        out: &mut Out,
        print: impl FnOnce(&mut Out) -> io::Result<()>,
    ) -> io::Result<()> {
        match &mut self.own {
            None => print(out),
            Some(own) => {
                print(&mut own.out)?;
                out.take(&mut own.out);
                Ok(())
            }
        }
    }

    /// Takes what is told already of how current the state is.
    pub(super) async fn take(&mut self, out: &mut Out) -> io::Result<()> {
        while !self.has_ended()
            && let Some(next) = self.changes.next().now_or_never()
        {
            self.change(next, out).await?;
        }
        Ok(())
    }

    /// Waits until the state is another one than that which was seen, or something is told of how
    /// current it is. Never ends once the state is no longer kept.
    pub(super) async fn next(&mut self, seen: Mark) -> Next {
        if self.has_ended() {
            return std::future::pending().await;
        }
        let live = self.followed.live.clone();
        tokio::select! {
            biased;
            next = self.changes.next() => Some(next),
            changed = live.find(|state| (mark(state) != seen).then_some(())) => {
                // The end is told by the changes, too.
                let _: Result<(), Ended> = changed;
                None
            }
        }
    }

    /// Tells whether the table is current, as the changes do: the state has the latest word alone.
    pub(super) async fn change(
        &mut self,
        next: Option<Result<Change, Missed>>,
        out: &mut Out,
    ) -> io::Result<()> {
        match next {
            Some(Ok(Change { what: What::Freshness(freshness), .. })) => {
                self.freshness(&freshness, out)
            }
            Some(Ok(_)) => Ok(()),
            // The table has the latest word anyway, and so it is with this.
            Some(Err(_)) => {
                let freshness = self.state().freshness().clone();
                self.freshness(&freshness, out)
            }
            None => self.end(out).await,
        }
    }

    /// Notes that the state is no longer kept. That of one of several servers is told.
    async fn end(&mut self, out: &mut Out) -> io::Result<()> {
        let failure = self.failure().await;
        self.ended = Some(failure.exit);
        if self.own.is_none() {
            return Ok(());
        }
        self.away = failure.error.as_ref().map(|error| format!("{error:#}"));
        if self.is_screen { Ok(()) } else { self.on(out, |out| failed(out, &failure)) }
    }

    fn freshness(&mut self, freshness: &Freshness, out: &mut Out) -> io::Result<()> {
        match freshness {
            Freshness::Current { since } => {
                self.away = None;
                self.current = Some(*since);
            }
            Freshness::Stale { since, reason } => {
                // What became current and stale at once was current.
                self.tell_current(out)?;
                let why = format!("{reason:#}");
                let text = format!("stale since {}: {why}", clock(*since));
                let object = json!({
                    "v": 1, "freshness": "stale", "since": time(*since), "why": why,
                });
                self.loss = Some(Loss { since: *since, why, until: None });
                // A loss is on the screen already.
                if !self.is_screen {
                    self.on(out, |out| out.loss(&text, &object))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells that the state is current, if that is news.
    pub(super) fn tell_current(&mut self, out: &mut Out) -> io::Result<()> {
        let Some(since) = self.current.take() else { return Ok(()) };
        let was_lost = self.loss.as_mut().filter(|loss| loss.until.is_none());
        let was_lost = was_lost.map(|loss| loss.until = Some(since)).is_some();
        let is_screen = self.is_screen;
        self.on(out, |out| match out.form {
            Form::Json => {
                out.object(&json!({ "v": 1, "freshness": "current", "since": time(since) }))
            }
            _ if is_screen || !was_lost => Ok(()),
            _ => {
                let text = format!("current again since {}", clock(since));
                let text = out.styled(Style::Good, &text);
                out.line(&text)
            }
        })
    }

    /// Takes the entries of a state that is current. In JSON their changes are told.
    pub(super) fn look(&mut self, state: &State, choice: &Choice, out: &mut Out) -> io::Result<()> {
        self.knowledge(state, choice, out)?;
        let Ok(all) = choice.entities.entries(state) else { return Ok(()) };
        let all = match self.origin() {
            Some(origin) => all.into_iter().map(|it| it.on(origin)).collect(),
            None => all,
        };
        let entries = choice.of(all);
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if out.form == Form::Json {
            let before = std::mem::take(&mut self.entries);
            self.on(out, |out| changes(&before, &entries, state, is_first, out))?;
        }
        self.entries = entries;
        Ok(())
    }

    /// Tells the parts that are not known any more, or known again.
    fn knowledge(&mut self, state: &State, choice: &Choice, out: &mut Out) -> io::Result<()> {
        let parts = choice.entities.parts(true);
        let unknown = |part: &Part| state.unknown(*part);
        let now: Vec<_> = parts.iter().filter_map(unknown).collect();
        let before = std::mem::take(&mut self.unknown);
        self.unknown = now.iter().map(|why| (why.part(), unknown::text(why))).collect();
        if self.is_screen {
            return Ok(());
        }
        self.on(out, |out| {
            for why in &now {
                let text = unknown::text(why);
                if !before.iter().any(|(_, told)| *told == text) {
                    unknown::tell(why, out)?;
                }
            }
            for (part, _) in &before {
                if now.iter().any(|why| why.part() == *part) {
                    continue;
                }
                match out.form {
                    Form::Json => out.object(&json!({ "v": 1, "known": part.to_string() }))?,
                    _ => out.line(&format!("the {part} are known again"))?,
                }
            }
            Ok(())
        })
    }

    /// Returns `true` if this part is not known.
    pub(super) fn lacks(&self, part: Option<&Part>) -> bool {
        self.unknown.iter().any(|(own, _)| Some(own) == part)
    }

    /// Returns what stands above the table on a screen.
    pub(super) fn notes(&self) -> Vec<(Style, String)> {
        let own = self.origin().map_or_else(String::new, |origin| format!("{origin}: "));
        let mut notes = Vec::new();
        if let Some(why) = &self.away {
            notes.push((Style::Bad, format!("{own}{why}")));
        }
        if let Some(Loss { since, why, until }) = &self.loss {
            let since = clock(*since);
            notes.push(match until {
                None => (Style::Bad, format!("{own}stale since {since}: {why}")),
                Some(until) => {
                    let until = clock(*until);
                    let text =
                        format!("{own}current again since {until}, stale since {since}: {why}");
                    (Style::Dim, text)
                }
            });
        }
        notes.extend(self.unknown.iter().map(|(_, why)| (Style::Bad, format!("{own}{why}"))));
        notes
    }
}

/// Tells which entries are there, were added, have changed, or were removed.
fn changes(
    before: &[Entry],
    now: &[Entry],
    state: &State,
    is_first: bool,
    out: &mut Out,
) -> io::Result<()> {
    let at = state.as_of().map_or(Value::Null, time);
    let mut tell = |entry: &Entry, change: &str| {
        out.object(&entry.told([("change", change.into()), ("at", at.clone())]))
    };
    let earlier: HashMap<_, _> = before.iter().map(|it| (&it.id, it)).collect();
    for entry in now {
        match earlier.get(&entry.id) {
            Some(former) if former.object == entry.object => {}
            Some(_) => tell(entry, "changed")?,
            None if is_first => tell(entry, "present")?,
            None => tell(entry, "added")?,
        }
    }
    let after: HashSet<_> = now.iter().map(|it| &it.id).collect();
    let mut gone = before.iter().filter(|it| !after.contains(&it.id));
    gone.try_for_each(|entry| tell(entry, "removed"))
}

pub(super) fn mark(state: &State) -> Mark {
    (state.as_of(), state.freshness().is_current())
}

/// Returns a time of day.
pub(super) fn clock(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| "?".to_owned(), local)
}
