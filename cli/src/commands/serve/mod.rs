//! `ami serve metrics`: OpenMetrics text over HTTP.

mod http;
mod labels;
mod listen;

use std::sync::Arc;

use clap::{Args, Subcommand};
use futures_util::future::try_join_all;
use live::{Freshness, Live, Part, What};
use serde_json::json;
use tokio::net::TcpListener;

use self::http::{Labelled, Pages};
use self::listen::Listen;
use super::each::failed;
use super::joined::{Entered, Joined};
use super::views::{Followed, failure};
use crate::connect::several;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Style};

/// Serve what other programs read: metrics
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(subcommand)]
    what: Service,
}

#[derive(Debug, Subcommand)]
enum Service {
    Metrics(Metrics),
}

/// Serve the metrics of a server over HTTP, as OpenMetrics text
#[derive(Debug, Args)]
#[command(after_help = HELP)]
struct Metrics {
    /// The address to listen on; without HOST, that is all interfaces, by IPv4 and IPv6
    #[arg(long, value_name = "[HOST]:PORT", default_value = "127.0.0.1:9815")]
    listen: Listen,
}

const HELP: &str = "\
GET /metrics has the metrics. They are without a password and without TLS, so only this machine
reaches them unless --listen says more. No label has data of a caller.

While the server is away the metrics are those from before, asterisk_state_stale is 1 and
asterisk_ami_connected is 0, and the program connects again. What the user may not read has no
metrics but asterisk_state_unknown.

With --servers each metric has the label server. A server that is away at the start is connected to
as soon as it is there, if one is there.

The address is printed once it is listened on; with --json as {\"v\":1,\"listening\":URL}.

Exit codes: 1 the address cannot be listened on; 2 the command line is wrong; 3 no connection at the
start; 4 login refused, also after a lost connection; 130 interrupted, which is the usual end.
`ami --help` has the others.";

impl Serve {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let Service::Metrics(metrics) = &self.what;
        metrics.run(options, out).await
    }
}

impl Metrics {
    async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            return Err(Failure::usage(
                "metrics are read over HTTP, and there is no --raw of them",
            ));
        }
        // An address that is in use is told before anybody logs in.
        let listener = self.listen.bind().await?;
        let servers = several(options)?;
        if !servers.is_empty() {
            return of_several(&listener, servers, out).await;
        }
        let followed = Followed::start(options, Part::ALL, |config| config).await?;
        let Followed { client, live, server } = followed;
        announce(&listener, &server, out)?;
        out.drain().await?;
        let pages = Pages::One { live: live.clone(), client };
        tokio::select! {
            done = http::serve(&listener, &pages) => match done {},
            lost = watch(&live, out) => Err(lost),
        }
    }
}

/// Serves the metrics of several servers, each with the label `server`, until the last one has
/// ended.
async fn of_several(
    listener: &TcpListener,
    servers: Vec<Options>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut joined = Joined::new(servers, out)?;
    joined.connect(|config| config, out).await?;
    let (_fleet, servers) = joined.into_servers();
    let (mut shown, mut outs) = (Vec::new(), Vec::new());
    for Entered { member, out, .. } in servers {
        let (origin, client) = (member.origin().clone(), member.client().clone());
        let live = Live::start_with(&client, live::Config::new().parts(Part::ALL.iter().copied()));
        outs.push((live.clone(), out));
        shown.push(Labelled { origin, live, client });
    }
    let names: Vec<_> = shown.iter().map(|it| it.origin.as_str()).collect();
    announce(listener, &names.join(", "), out)?;
    out.drain().await?;
    let pages = Pages::Several(Arc::new(shown));
    let watches = outs.iter_mut().map(async |(live, out)| {
        let failure = watch(live, out).await;
        failed(out, &failure).map(|()| failure.exit)
    });
    tokio::select! {
        done = http::serve(listener, &pages) => match done {},
        exits = try_join_all(watches) => {
            // Each failure was told.
            Err(Failure { exit: Exit::of_all(exits?), error: None, hint: None })
        }
    }
}

fn announce(listener: &TcpListener, server: &str, out: &mut Out) -> std::io::Result<()> {
    let url = format!("http://{}/metrics", listener.local_addr()?);
    match out.form {
        Form::Json => out.object(&json!({ "v": 1, "listening": url, "server": server })),
        _ => out.line(&format!("metrics of {server} at {url}")),
    }
}

/// Tells losses on the error output, until the state is no longer kept.
async fn watch(live: &Live, out: &Out) -> Failure {
    let (state, mut changes) = live.watch();
    let mut is_current = state.freshness().is_current();
    if is_current {
        unknown_parts(live, out);
    }
    while let Some(next) = changes.next().await {
        let freshness = match next {
            Ok(change) => match change.what {
                What::Freshness(freshness) => freshness,
                _ => continue,
            },
            // A change of the freshness may be among those that were missed.
            Err(_) => match live.state().freshness() {
                freshness if freshness.is_current() == is_current => continue,
                freshness => freshness.clone(),
            },
        };
        is_current = freshness.is_current();
        match freshness {
            Freshness::Current { .. } => {
                out.tell(Style::Good, "the metrics are current");
                unknown_parts(live, out);
            }
            Freshness::Stale { .. } => {
                out.tell(Style::Bad, &format!("the metrics are {freshness:#}"));
            }
            _ => {}
        }
    }
    failure(live.ended().await)
}

fn unknown_parts(live: &Live, out: &Out) {
    let state = live.state();
    for why in Part::ALL.iter().filter_map(|part| state.unknown(*part)) {
        out.tell(Style::Dim, &why.to_string());
    }
}
