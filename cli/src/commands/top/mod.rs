//! `ami top`: one screen of what is up.

mod app;
mod board;
mod draw;
mod keys;
mod pace;
mod screen;
mod terminal;
mod work;

use ami::Filter;
use clap::Args;

use self::app::App;
use crate::connect::target;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out};

/// One screen of what is up: calls, queues, rates, losses
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Top {}

const HELP: &str = "\
Keys: the arrows, j and k, PageUp, PageDown, Home and End select a call; Enter shows its ladder; h
hangs it up, if you say yes; / shows only the calls with a text; s sorts; ? is the help; q quits.

The user needs the class `call` in `read`, `call` and `reporting` in `write` to hang up, and `agent`
in `read` for queues. What it may not read is shown as unknown. When the connection is lost, the
screen says since when it is stale, and goes on when the server is back.

The screen needs a terminal of 60 columns and 12 lines. For other outputs there is
`ami calls --watch`, with --json as well.

Exit codes: 0 quit by q; 2 no terminal; 3 no connection; 4 the login was refused, also after a lost
connection; 130 quit by Ctrl-C. `ami --help` has the others.";

impl Top {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let hint = "use `ami calls --watch`";
        if out.form != Form::People {
            return Err(Failure::usage("top is a screen, without --json and --raw").hint(hint));
        }
        if out.width().is_none() || std::env::var_os("TERM").is_some_and(|it| it == "dumb") {
            return Err(Failure::usage("top needs a terminal that it can draw on").hint(hint));
        }
        let target = target(options).await?;
        let connect = target.server.connect();
        let events = connect.subscribe(Filter::all());
        let client = connect.await.map_err(|error| target.failure(error))?;
        App::new(target, client, events, out.is_colored())?.run().await
    }
}
