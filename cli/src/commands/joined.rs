//! Several servers as one fleet, which goes on with those that are up.

use std::io;
use std::time::Duration;

use ami::{Disconnect, Error, State};
use fleet::{Fleet, Member, Origin};
use futures_util::future::join_all;
use tokio::time::timeout;

use super::each::{failed, name, not_raw, width};
use crate::connect::{Target, target};
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::Out;

/// Several servers as one fleet.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) fleet: Fleet,
    servers: Vec<One>,
}

/// A server of a fleet.
#[derive(Debug)]
struct One {
    options: Options,
    /// The output, which has the name of the server.
    out: Out,
    target: Option<Target>,
    member: Option<Member>,
    /// The end of a server that is not up, with which the program would end if it were the only
    /// one, and the reason.
    failed: Option<(Exit, String)>,
}

/// A server that was added to a fleet, apart from the others.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) member: Member,
    /// The output, which has the name of the server.
    pub(super) out: Out,
    /// The reason why it is not up, if it is not.
    pub(super) away: Option<String>,
}

impl Joined {
    /// Creates a fleet without servers, to which a command subscribes before they are there.
    pub(super) fn new(servers: Vec<Options>, out: &Out) -> Result<Self, Failure> {
        not_raw(out)?;
        let width = width(&servers);
        let one = |options: Options| {
            let out = out.of(name(&options), width, true);
            One { options, out, target: None, member: None, failed: None }
        };
        let servers = servers.into_iter().map(one).collect();
        Ok(Self { fleet: Fleet::new(), servers })
    }

    /// Adds the servers, and waits until each is up or could not be reached for the first time.
    /// What fails is told. The fleet goes on trying.
    ///
    /// # Errors
    ///
    /// Returns an error if no server is up.
    pub(super) async fn connect(
        &mut self,
        change: impl Fn(ami::Config) -> ami::Config,
        out: &mut Out,
    ) -> Result<(), Failure> {
        self.add(change, out).await?;
        self.settle(out).await?;
        self.any_left()
    }

    /// Adds the servers, all at once when their secrets are there. What fails is told.
    pub(super) async fn add(
        &mut self,
        change: impl Fn(ami::Config) -> ami::Config,
        out: &mut Out,
    ) -> Result<(), Failure> {
        for one in &mut self.servers {
            match target(&one.options).await {
                Ok(target) => one.target = Some(target),
                Err(failure) => one.fail(&failure, out)?,
            }
        }
        for one in &mut self.servers {
            let Some(target) = &one.target else { continue };
            let server = target.server.clone().configure(&change);
            match self.fleet.add(name(&one.options), &server) {
                Ok(member) => one.member = Some(member),
                Err(error) => {
                    let error = anyhow::Error::new(error).context("--servers");
                    one.fail(&Failure::new(Exit::Usage, error), out)?;
                }
            }
        }
        Ok(())
    }

    /// Waits until each server is up or could not be reached for the first time. What fails is
    /// told.
    pub(super) async fn settle(&mut self, out: &mut Out) -> Result<(), Failure> {
        let waits = self.servers.iter().map(async |one| {
            let (target, member) = one.target.as_ref().zip(one.member.as_ref())?;
            first(target, member, one.options.timeout).await.err()
        });
        let failures = join_all(waits).await;
        for (one, failure) in self.servers.iter_mut().zip(failures) {
            if let Some(failure) = failure {
                one.fail(&failure, out)?;
            }
        }
        Ok(out.drain().await?)
    }

    /// Returns the failure of all servers, unless one of them is left.
    pub(super) fn any_left(&self) -> Result<(), Failure> {
        if self.servers.iter().any(|it| it.failed.is_none()) {
            return Ok(());
        }
        // Each failure was told.
        Err(Failure { exit: self.exit(), error: None, hint: None })
    }

    /// Returns the servers that were added, in the order of the command line. The fleet has to be
    /// kept as long as they are used.
    pub(super) fn into_servers(self) -> (Fleet, Vec<Entered>) {
        let entered = |one: One| {
            let away = one.failed.map(|(_, why)| why);
            Some(Entered { member: one.member?, out: one.out, away })
        };
        (self.fleet, self.servers.into_iter().filter_map(entered).collect())
    }

    /// Returns the output of a server, which collects what it is told.
    pub(super) fn out(&mut self, origin: &Origin) -> Option<&mut Out> {
        self.one(origin).map(|it| &mut it.out)
    }

    /// Tells that a server has failed.
    pub(super) fn fail(
        &mut self,
        origin: &Origin,
        failure: &Failure,
        out: &mut Out,
    ) -> io::Result<()> {
        self.one(origin).map_or(Ok(()), |one| one.fail(failure, out))
    }

    /// Notes that a server has failed, which was told.
    pub(super) fn note(&mut self, origin: &Origin, failure: &Failure) {
        if let Some(one) = self.one(origin) {
            one.note(failure);
        }
    }

    /// Notes that a server is up. Returns `true` if it was told to be away.
    pub(super) fn is_up(&mut self, origin: &Origin) -> bool {
        self.one(origin).is_some_and(|one| one.failed.take().is_some())
    }

    /// Returns the end of the program, as far as the servers that are away decide it.
    pub(super) fn exit(&self) -> Exit {
        let exit = |one: &One| one.failed.as_ref().map_or(Exit::Done, |(exit, _)| *exit);
        Exit::of_all(self.servers.iter().map(exit))
    }

    fn one(&mut self, origin: &Origin) -> Option<&mut One> {
        self.servers.iter_mut().find(|it| it.options.origin.as_ref() == Some(origin))
    }
}

impl One {
    fn note(&mut self, failure: &Failure) {
        let why = failure.error.as_ref().map(|error| format!("{error:#}"));
        self.failed = Some((failure.exit, why.unwrap_or_default()));
    }

    fn fail(&mut self, failure: &Failure, out: &mut Out) -> io::Result<()> {
        self.note(failure);
        failed(&mut self.out, failure)?;
        out.take(&mut self.out);
        Ok(())
    }
}

/// Waits until a server is up or could not be reached.
async fn first(target: &Target, member: &Member, longest: Duration) -> Result<(), Failure> {
    let mut state = member.client().state();
    let is_told = |state: &State| !matches!(state, State::Connecting | State::Booting);
    let state = match timeout(longest, state.wait_for(is_told)).await {
        Ok(Ok(state)) => state.clone(),
        Ok(Err(_)) => State::Closed(member.client().ended().await),
        Err(_) => {
            let text = format!("the server was not up within {longest:?}");
            return Err(Failure::new(Exit::NoConnection, anyhow::Error::msg(text)));
        }
    };
    match state {
        State::Down(error) => Err(target.failure(error)),
        State::Closed(reason) => Err(match ended(reason) {
            Ok(error) => target.failure(error),
            Err(failure) => failure,
        }),
        _ => Ok(()),
    }
}

/// Returns the error with which a server has refused a client, or the failure of another end.
fn ended(reason: Disconnect) -> Result<Error, Failure> {
    match reason {
        Disconnect::Refused(error) => Ok((*error).clone()),
        reason => Err(Failure::new(Exit::Lost, Error::Lost(reason))),
    }
}

/// Returns the failure of a client that has ended.
pub(super) fn failure(reason: Disconnect) -> Failure {
    ended(reason).map_or_else(|failure| failure, Failure::from)
}
