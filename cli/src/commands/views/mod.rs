//! `ami calls`, `channels`, `bridges`, `queues`, `conferences`, `endpoints` and `parked`: what is
//! up.

mod bridges;
mod calls;
mod cell;
mod channels;
mod choice;
mod conferences;
mod endpoints;
mod entities;
mod entry;
mod followed;
mod parked;
mod queues;
mod screen;
mod sheet;
mod unknown;
mod watch;
mod watched;

use std::cell::RefCell;
use std::time::SystemTime;

use clap::Args;
use live::State;

use self::choice::{Choice, similar};
pub(crate) use self::entities::Entities;
use self::entry::Entry;
pub(super) use self::followed::{Followed, failure};
use self::watch::Watch;
use self::watched::Watched;
use super::each::{Order, each};
use crate::connect::several;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Style};

#[derive(Debug, Args)]
pub(crate) struct View {
    /// Show only these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Show it again with each change, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
    /// The column to sort by
    #[arg(long, value_name = "KEY")]
    sort: Option<String>,
    /// Reverse the order
    #[arg(long, short)]
    reverse: bool,
    /// Print lines that are longer than the terminal is wide
    #[arg(long)]
    whole: bool,
}

/// Returns the end of the help of a view.
pub(super) fn help(entities: Entities) -> String {
    let (columns, fields) = (entities.columns().join(", "), entities.fields());
    let (names, notes) = (entities.names(), entities.notes());
    format!(
        "\
NAME: {names}. Without, all are shown.
KEY, a column: {columns}.
{notes}
A duration with > began earlier than it was seen. A ? is not known.

With --watch, a terminal is drawn anew with each change; else the table is printed again below the
time. A line in red says since when, and why, the table may differ from the server.

With --json, an object a line: v (1), {fields}.

With --servers there is one table, whose first column is server; a NAME can be SERVER/NAME, and
objects have the member server. A server that is away is told, and with --watch it is shown as soon
as it is there.

With --json --watch, each object also has change (present at the start, then added, changed or
removed) and at (the time), and there are objects of two other kinds:
{{\"v\":1,\"freshness\":\"stale\",\"since\":TIME,\"why\":TEXT}}, {{\"v\":1,\"freshness\":\"current\",\"since\":TIME}};
{{\"v\":1,\"unknown\":PART,\"classes\":[…],\"why\":TEXT}}, {{\"v\":1,\"known\":PART}}.
Changes that come at the same moment are told as one.

Exit codes: 0 done; 1 the user may not see all of it, or a NAME is not there; 2 no such KEY; 3 no
connection, or the lists did not come within --timeout; 4 login refused, also after a lost
connection. `ami --help` has the others."
    )
}

impl View {
    pub(crate) async fn run(
        &self,
        entities: Entities,
        options: &Options,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            let text = "a view is put together from many messages and has no --raw: use --json, or \
                        `ami do` with --raw for a list of the server";
            return Err(Failure::usage(text));
        }
        let servers = several(options)?;
        let (sort, several) = (self.sort.as_deref(), !servers.is_empty());
        let choice = Choice::new(entities, &self.names, sort, self.reverse, several)?;
        if several {
            return self.of_several(servers, choice, out).await;
        }
        let parts = entities.parts(self.watch);
        if self.watch {
            let followed = Followed::start(options, parts, |config| config).await?;
            let state = followed.current(options.timeout).await?;
            if let Err(why) = entities.entries(&state) {
                return Err(unknown::failure(&why, out));
            }
            return Watch::new(choice, vec![Watched::only(followed)], self.whole).run(out).await;
        }
        // A connection that is lost now does not come back in time.
        let followed = Followed::start(options, parts, |config| config.reconnect(None)).await?;
        let state = followed.current(options.timeout).await?;
        self.once(&choice, &state, out)
    }

    fn once(&self, choice: &Choice, state: &State, out: &mut Out) -> Result<Exit, Failure> {
        let entities = choice.entities;
        let all = entities.entries(state).map_err(|why| unknown::failure(&why, out))?;
        let missing = self.print(choice, all, out)?;
        let exit = unknown_parts(entities, state, out)?;
        missing.map_or(Ok(exit), Err)
    }

    /// Shows what several servers have in one table.
    async fn of_several(
        &self,
        servers: Vec<Options>,
        choice: Choice,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        let entities = choice.entities;
        if self.watch {
            let watched = watched::all(servers, entities.parts(true), out).await?;
            return Watch::new(choice, watched, self.whole).run(out).await;
        }
        let found = RefCell::new(None);
        let exit = each(&servers, Order::InTurn, out, async |server, out| {
            let parts = entities.parts(false);
            let followed = Followed::start(server, parts, |config| config.reconnect(None)).await?;
            let state = followed.current(server.timeout).await?;
            let all = entities.entries(&state).map_err(|why| unknown::failure(&why, out))?;
            let origin = server.origin.as_ref();
            let all = all.into_iter().map(|it| match origin {
                Some(origin) => it.on(origin),
                None => it,
            });
            found.borrow_mut().get_or_insert_with(Vec::new).extend(all);
            unknown_parts(entities, &state, out)
        })
        .await?;
        // Without an answer, there is no table.
        let Some(found) = found.into_inner() else { return Ok(exit) };
        let missing = self.print(&choice, found, out)?;
        match missing {
            // Who is not there may be on a server that is away.
            Some(missing) if exit == Exit::Done => Err(missing),
            _ => Ok(exit),
        }
    }

    /// Prints the entries that were asked for. Returns the failure if a name is not there.
    fn print(
        &self,
        choice: &Choice,
        all: Vec<Entry>,
        out: &mut Out,
    ) -> Result<Option<Failure>, Failure> {
        let entities = choice.entities;
        let missing = choice.missing(&all).map(|name| nobody(entities, name, &all));
        let entries = choice.of(all);
        match out.form {
            Form::Json => {
                for entry in &entries {
                    out.object(&entry.told([]))?;
                }
            }
            _ => {
                let limit = out.width().filter(|_| !self.whole);
                let now = SystemTime::now();
                for line in sheet::lines(&choice.columns, &entries, now, out, limit) {
                    out.line(&line)?;
                }
                out.flush()?;
                out.tell(Style::Dim, &entities.counted(entries.len()));
            }
        }
        Ok(missing)
    }
}

/// Tells the parts of the state that are not known.
fn unknown_parts(entities: Entities, state: &State, out: &mut Out) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for why in entities.parts(false).iter().filter_map(|part| state.unknown(*part)) {
        unknown::tell(why, out)?;
        exit = Exit::Refused;
    }
    Ok(exit)
}

/// Returns the failure of a name that nobody has.
fn nobody(entities: Entities, name: &str, all: &[Entry]) -> Failure {
    let names = all.iter().flat_map(|it| &it.names).map(String::as_str);
    let similar = similar(name, names).map_or_else(String::new, |it| format!(" (similar: {it})"));
    let text = format!("there is no {} {name:?}{similar}", entities.singular());
    Failure::new(Exit::Refused, anyhow::Error::msg(text))
}
