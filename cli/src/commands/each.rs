//! A command that is done on each of several servers.

use std::io;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out};

/// The time at which what a server has to say is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// Prints lines as they come; those of several servers are mixed.
    AsItComes,
    /// All of a server together, in the order of the servers.
    InTurn,
}

/// Returns the length of the longest name of the servers.
pub(super) fn width(servers: &[Options]) -> usize {
    servers.iter().map(|it| name(it).len()).max().unwrap_or_default()
}

/// Returns the name of one of several servers.
pub(super) fn name(server: &Options) -> &str {
    server.origin.as_ref().map_or("", fleet::Origin::as_str)
}

/// Refuses to print the bytes of several servers.
pub(super) fn not_raw(out: &Out) -> Result<(), Failure> {
    match out.form {
        Form::Raw => Err(Failure::usage(
            "the bytes of several servers would be mixed, and nobody could tell whose they are: \
             --raw is for one server",
        )),
        Form::People | Form::Json => Ok(()),
    }
}

/// Runs something on each of several servers at once. What fails on one is told, and the others go
/// on.
pub(super) async fn each(
    servers: &[Options],
    order: Order,
    out: &mut Out,
    run: impl AsyncFn(&Options, &mut Out) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    not_raw(out)?;
    let width = width(servers);
    let run = &run;
    let runs = servers.iter().enumerate().map(|(at, server)| {
        let mut own = out.of(name(server), width, order == Order::InTurn);
        async move {
            let done = run(server, &mut own).await;
            (at, own, done)
        }
    });
    let mut runs: FuturesUnordered<_> = runs.collect();
    let mut done: Vec<_> = servers.iter().map(|_| None).collect();
    let mut exits = Vec::new();
    while let Some((at, own, ended)) = runs.next().await {
        let slot = if order == Order::InTurn { at } else { exits.len() };
        done[slot] = Some((own, ended));
        while let Some((mut own, ended)) = done.get_mut(exits.len()).and_then(Option::take) {
            exits.push(end(&mut own, ended, out).await?);
        }
    }
    Ok(Exit::of_all(exits))
}

/// Prints what a server has had to say, and how it has ended.
async fn end(own: &mut Out, ended: Result<Exit, Failure>, out: &mut Out) -> Result<Exit, Failure> {
    out.take(own);
    out.drain().await?;
    match ended {
        Ok(exit) => Ok(exit),
        // Nobody reads the output any more.
        Err(failure) if failure.error.is_none() => Err(failure),
        Err(failure) => {
            failed(own, &failure)?;
            out.take(own);
            out.drain().await?;
            Ok(failure.exit)
        }
    }
}

/// Tells what failed on a server: on the error output, and in JSON as an object, too.
pub(super) fn failed(own: &mut Out, failure: &Failure) -> io::Result<()> {
    own.complain(failure);
    if own.form != Form::Json {
        return Ok(());
    }
    let error = failure.error.as_ref().map(|error| format!("{error:#}"));
    own.object(&json!({ "v": 1, "error": error, "exit": failure.exit.code() }))
}
