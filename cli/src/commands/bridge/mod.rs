//! `ami bridge`: the events of servers, in NATS JetStream.

mod log;
mod own;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ami::State;
use clap::Args;
use fleet::nats::{Bridge as Running, BridgeError, Role};
use fleet::{Health, Item, Origin, Subscription, What};
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::log::Log;
use self::own::Own;
use self::settings::Settings;
use super::joined::{Joined, failure};
use crate::connect::{alone, several};
use crate::exit::{Exit, Failure, Interrupts};
use crate::options::{Options, duration};
use crate::out::{Form, Out, reader_gone};

/// The time between two lines of counts.
const COUNTS: Duration = Duration::from_secs(60);

/// Bring the events of servers into a stream of NATS JetStream, until Ctrl-C
///
/// Each event is in the stream once and in order, and what is missing is told at its place. Several
/// of these programs for the same servers are standbys of each other: one publishes, and another
/// one takes over when it ends.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Bridge {
    /// Fetch nats-server and start it in a private folder, to try it: it ends with the program
    #[arg(long = "try", conflicts_with = "nats")]
    tries: bool,
    /// The longest time to publish what is left at the end
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    flush: Duration,
    #[command(flatten)]
    settings: Settings,
}

const HELP: &str = "\
The servers are those of --servers. Without it, it is the one that every command would connect to,
under the name of its context, or `asterisk` if it has none. Subjects are
ami.ev.SERVER.CLASS.EVENT, and ami.ctl.SERVER.KIND of what is no event: Up, Down, Gap, Missed,
Withheld, Ended, Takeover.

Secrets of NATS come from NATS_PASSWORD, NATS_TOKEN, or a file that only the user may read, and are
no part of an argument. NATS_URL is the address unless --nats names it.

The output is a line for each change: the role (connecting, standby, leader, ending, ended), servers, gaps; and
counts every minute. With --json: {\"v\":1,\"at\":TIME,…} with role; or server and state (up, down,
ended), why; or server and gap; or counts (published, spooled, missed, duplicates, refused,
commands); and with --try nats, the address.

SIGINT and SIGTERM publish what is left, at most for the time of --flush, and give the role to a
standby. A second one ends at once.

Exit codes: 0 ended by a signal, and all is in the stream; 7 ended by a signal, and it is not known
of all; 1 NATS cannot be used: too old, no JetStream, or a stream that others have; 2 the command
line is wrong; 4 NATS or all servers have refused the login; 130 a second signal.
`ami --help` has the others.";

impl Bridge {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            return Err(Failure::usage("the bytes go to NATS: use --format raw, not --raw"));
        }
        let servers = match several(options)? {
            servers if servers.is_empty() => vec![alone(options)?],
            servers => servers,
        };
        let mut interrupts = Interrupts::new()?;
        let begun = async {
            let own = match self.tries {
                true => Some(Own::start(out).await?),
                false => None,
            };
            let private = own.as_ref().map(|own| (own.address(), own.token()));
            let config = self.settings.config(private)?;
            if let Some(own) = &own {
                own.tell(&self.settings, out)?;
            }
            let mut joined = Joined::new(servers, out)?;
            let items = joined.fleet.subscribe(ami::Filter::none());
            joined.add(|config| config, out).await?;
            joined.any_left()?;
            // The events of the first connections are there for it: none has begun yet.
            let bridge = Running::start(&joined.fleet, config).map_err(refused)?;
            Ok::<_, Failure>((own, joined, items, bridge))
        };
        let (own, mut joined, mut items, bridge) = tokio::select! {
            biased;
            _ = interrupts.next() => return Ok(Exit::Interrupted),
            begun = begun => begun?,
        };
        let followed = tokio::select! {
            biased;
            _ = interrupts.next() => Ok(()),
            () = died(own.as_ref()) => Err(own::death()),
            followed = follow(&bridge, &mut joined, &mut items, out) => followed,
        };
        // What was told before the end counts, too.
        let stopped = tokio::select! {
            biased;
            _ = interrupts.next() => return Ok(Exit::Interrupted),
            stopped = self.stop(bridge, own, out) => stopped,
        };
        followed?;
        stopped
    }

    /// Publishes what is left, and ends.
    async fn stop(
        &self,
        bridge: Running,
        own: Option<Own>,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        Log::new(out).ending()?;
        out.drain().await?;
        let stats = bridge.stats();
        let left = bridge.stop(self.flush).await;
        Log::new(out).ended(&stats, left)?;
        if let Some(own) = own {
            own.end().await?;
        }
        Ok(if left == 0 { Exit::Done } else { Exit::Lost })
    }
}

async fn died(own: Option<&Own>) {
    match own {
        Some(own) => own.died().await,
        None => std::future::pending().await,
    }
}

/// Tells what happens, until the bridge or all servers have ended, or nobody reads it any more.
async fn follow(
    bridge: &Running,
    joined: &mut Joined,
    items: &mut Subscription,
    out: &mut Out,
) -> Result<(), Failure> {
    let mut role = bridge.role();
    let mut minutes = minutes();
    let mut states = joined.fleet.health_changes();
    let mut told = Told::new();
    let gone = reader_gone();
    tokio::pin!(gone);
    Log::new(out).role(*role.borrow_and_update())?;
    loop {
        out.drain().await?;
        tokio::select! {
            biased;
            () = &mut gone => return Ok(()),
            ended = bridge.ended() => {
                return ended.map_err(|error| refused_by(&error));
            }
            Ok(()) = role.changed() => {
                let role = *role.borrow_and_update();
                if role != Role::Ended {
                    Log::new(out).role(role)?;
                }
            }
            Some(states) = states.next() => tell_states(states, &mut told, joined, out)?,
            item = items.next() => match item {
                Some(item) => tell(&item, out)?,
                None => return Ok(()),
            },
            _ = minutes.tick() => Log::new(out).counts(&bridge.stats())?,
        }
    }
}

/// The states of servers that were told: up, down, ended.
type Told = BTreeMap<Origin, &'static str>;

/// Tells the states of servers that have changed. A server that is being connected to is as it was.
fn tell_states(
    states: Vec<Health>,
    told: &mut Told,
    joined: &mut Joined,
    out: &mut Out,
) -> Result<(), Failure> {
    for Health { origin, state, .. } in states {
        let (word, why) = match &state {
            State::Up => ("up", None),
            State::Down(error) => ("down", Some(format!("{error:#}"))),
            State::Closed(reason) => ("ended", Some(format!("{reason:#}"))),
            _ => continue,
        };
        if told.insert(origin.clone(), word) == Some(word) {
            continue;
        }
        Log::new(out).server(&origin, word, why)?;
        if let State::Closed(reason) = state {
            joined.note(&origin, &failure(reason));
            joined.any_left()?;
        }
    }
    Ok(())
}

/// Tells what a server has told beside its events and its state.
fn tell(item: &Item, out: &mut Out) -> std::io::Result<()> {
    match &item.what {
        What::Gap(gap) => Log::new(out).gap(&item.origin, gap),
        What::Withheld(classes) => {
            Log::new(out).server(&item.origin, "up", Some(classes.to_string()))
        }
        What::Event(_) | What::Missed(_) => Ok(()),
        What::Up(_) | What::Down(_) | What::Ended(_) => Ok(()),
    }
}

/// Returns a clock that ticks first after its time.
fn minutes() -> Interval {
    let mut minutes = interval(COUNTS);
    minutes.reset();
    minutes.set_missed_tick_behavior(MissedTickBehavior::Skip);
    minutes
}

fn exit_of(error: &BridgeError) -> Exit {
    match error {
        BridgeError::Setting { .. } => Exit::Usage,
        BridgeError::Refused { .. } => Exit::LoginRefused,
        _ => Exit::Refused,
    }
}

fn refused(error: BridgeError) -> Failure {
    Failure::new(exit_of(&error), error)
}

fn refused_by(error: &Arc<BridgeError>) -> Failure {
    Failure::new(exit_of(error), Arc::clone(error))
}
