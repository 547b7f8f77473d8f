//! `ami try`: a real Asterisk to try the program on.

mod calls;
mod child;
mod pbx;
mod signals;
mod welcome;

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use clap::Args;
use instance::Want;

use self::calls::{Callers, Rate};
use self::child::{Ended, Words};
use self::pbx::Pbx;
use self::signals::Signals;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Style, reader_gone};

/// Boot a real Asterisk with a small PBX and calls that come and go, to try this program on
///
/// Without a command it opens a shell, in which every `ami` command talks to this server. The
/// server ends with the shell. With a command of ami it runs that one, and ends as it does.
#[derive(Debug, Args)]
#[command(
    after_help = HELP,
    override_usage = "ami try [OPTIONS] [COMMAND…]"
)]
pub(crate) struct Try {
    /// The server: a version to find or fetch (22 or 16), or the path of a binary
    /// [default: the environment variable ASTERISK, PATH, or 22]
    #[arg(long, value_name = "22|16|PATH")]
    asterisk: Option<Want>,
    /// The number of calls that begin in a minute
    #[arg(long, value_name = "N", default_value_t = 12,
          value_parser = clap::value_parser!(u32).range(1..=600))]
    calls: u32,
    /// Make no calls
    #[arg(long, short, conflicts_with = "calls")]
    quiet: bool,
    /// Run until Ctrl-C, and print the lines that make other terminals use this server
    #[arg(long)]
    stay: bool,
    /// A command of ami, or else a program, to run with AMI_SERVER and AMI_SECRET in its
    /// environment
    #[arg(trailing_var_arg = true, value_name = "COMMAND", conflicts_with = "stay")]
    words: Vec<OsString>,
}

/// The work to do with the server.
#[derive(Debug)]
enum Work {
    Shell,
    Stay,
    Run(Words),
}

const HELP: &str = "\
Examples: `ami try`, `ami try top`, `ami try tail -n 3 --json`, `ami try ./script.sh`.

The PBX has nine people at PJSIP telephones (101 to 109), a queue (200), parking (700, and 770 to
take the first parked call), a conference (800) and a trunk to the outside (+…); the dialplan's
context is `people`. The telephones are a second Asterisk. Calls are answered, busy, not answered,
queued, transferred, parked, in the conference.

Options of a command go behind it. The server is fetched if there is none (Debian; 81 MB, once). It
listens on a loopback address, and nothing is left of it at the end. Its secret is random. Programs
have AMI_SERVER, AMI_SECRET and AMI_TRY, the server's version, in their environment.

With --stay --json: {\"v\":1,\"version\":…,\"server\":…,\"secret\":…}.

Exit codes: that of the command, the program or the shell; 1 there is no such server, or it did not
boot; 3 the server ended by itself; 126 the program cannot be executed, 127 it is not found; 130
interrupted. `ami --help` has the others.";

impl Try {
    pub(crate) async fn run(
        &self,
        options: &Options,
        out: &mut Out,
        program: clap::Command,
    ) -> Result<Exit, Failure> {
        let work = match self.work(options, program)? {
            Ok(work) => work,
            Err(shown) => return Ok(shown),
        };
        let mut signals = Signals::new()?;
        let want = self.asterisk.clone().unwrap_or_default();
        let pbx = tokio::select! {
            biased;
            // What was begun is dropped, and goes away.
            _ = signals.next() => return Ok(Exit::Interrupted),
            pbx = Pbx::boot(&want, out) => pbx?,
        };
        let done = self.use_it(&pbx, work, &mut signals, out).await;
        let removed = pbx.end().await;
        let exit = done?;
        removed?;
        Ok(exit)
    }

    /// Returns what is to be done with the server, or the end if the command line of the command
    /// asked for its help.
    fn work(
        &self,
        options: &Options,
        program: clap::Command,
    ) -> Result<Result<Work, Exit>, Failure> {
        if options.server.is_some() || options.tls_is_on() {
            return Err(Failure::usage("`ami try` brings its own server, without TLS"));
        }
        if options.raw || options.json && !self.stay {
            return Err(Failure::usage("`ami try` itself prints for people alone")
                .hint("options of a command go behind it: ami try tail --json"));
        }
        match &*self.words {
            [name, arguments @ ..] => words(name, arguments, program),
            [] if self.stay => Ok(Ok(Work::Stay)),
            [] if io::stdin().is_terminal() && io::stdout().is_terminal() => Ok(Ok(Work::Shell)),
            [] => Err(Failure::usage("there is no terminal for a shell")
                .hint("name a command, such as `ami try ping`, or use --stay")),
        }
    }

    async fn use_it(
        &self,
        pbx: &Pbx,
        work: Work,
        signals: &mut Signals,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        let mut callers = (!self.quiet).then(|| Callers::new(pbx));
        if let Some(callers) = &mut callers {
            tokio::select! {
                biased;
                _ = signals.next() => return Ok(Exit::Interrupted),
                () = callers.begin(pbx) => (),
            }
        }
        let calls = async {
            match &mut callers {
                Some(callers) => callers.go_on(Rate::new(self.calls)).await,
                None => std::future::pending().await,
            }
        };
        let used = async {
            let command = match work {
                Work::Stay => return stay(pbx, signals, out).await,
                Work::Run(command) => command,
                Work::Shell => {
                    welcome::shell(pbx, self.quiet, out)?;
                    out.drain().await?;
                    child::shell(pbx)?
                }
            };
            Ok(child::run(command, pbx, signals, out).await?)
        };
        let ended = tokio::select! {
            biased;
            ended = used => ended?,
            never = calls => match never {},
        };
        match ended {
            Ended::Exit(exit) => Ok(exit),
            Ended::Server => Err(Failure::new(Exit::NoConnection, pbx.death())),
        }
    }
}

/// Checks the words of a command of ami, or finds a program, before a server is booted for it.
fn words(
    name: &OsString,
    arguments: &[OsString],
    program: clap::Command,
) -> Result<Result<Work, Exit>, Failure> {
    let is_own = name.to_str().is_some_and(|name| program.find_subcommand(name).is_some());
    if !is_own && child::is_there(name) {
        let (program, arguments) = (name.clone(), arguments.into());
        return Ok(Ok(Work::Run(Words { program, arguments, is_shell: false })));
    }
    let words = [std::slice::from_ref(name), arguments].concat();
    match program.try_get_matches_from([&["ami".into()], &*words].concat()) {
        Ok(_) if name == "try" => Err(Failure::usage("`ami try` does not go with itself")),
        Ok(_) => {
            let program = std::env::current_exe()?.into();
            Ok(Ok(Work::Run(Words { program, arguments: words, is_shell: false })))
        }
        Err(error) => {
            // There is nobody to tell if it cannot be printed.
            let _ = error.print();
            Ok(Err(if error.use_stderr() { Exit::Usage } else { Exit::Done }))
        }
    }
}

/// Tells how other terminals use the server, and waits for a reason to end.
async fn stay(pbx: &Pbx, signals: &mut Signals, out: &mut Out) -> Result<Ended, Failure> {
    match out.form {
        Form::Json => out.object(&welcome::facts(pbx))?,
        Form::People | Form::Raw => {
            out.tell(Style::Dim, &format!("{}; Ctrl-C ends it", pbx.booted()));
            out.bytes(pbx.exports().as_bytes());
        }
    }
    out.drain().await?;
    Ok(tokio::select! {
        biased;
        _ = signals.next() => Ended::Exit(Exit::Interrupted),
        () = pbx.died() => Ended::Server,
        () = reader_gone() => Ended::Exit(Exit::Done),
    })
}
