//! `ami context`: named servers.

use clap::{Args, Subcommand};
use serde_json::json;

use super::probe;
use crate::connect::{
    Address, Context as Named, Contexts, ask_for_secret, check_command, is_name, note, target,
};
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, escape};

/// The form of the file, for the help.
const FILE: &str = "\
~/.config/ami/contexts.toml (mode 600, as the file of a secret has to be):
  current = \"pbx1\"

  [contexts.pbx1]
  address = \"pbx1.example.org\"             # or host:port
  user = \"monitor\"
  tls = true
  tls_ca = \"ca.pem\"                        # else the system's certificates
  tls_name = \"asterisk.example.org\"        # else the host
  secret_command = [\"pass\", \"show\", \"pbx1\"]  # no shell; the first line of its output
  # secret = \"...\"                         # a command is better";

/// Named servers: add, list, choose, test, remove
///
/// They are in ~/.config/ami/contexts.toml, which only the user may read.
#[derive(Debug, Args)]
#[command(after_long_help = FILE)]
pub(crate) struct Context {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Add(Add),
    /// List the named servers
    Ls,
    /// Choose the server that commands connect to unless another one is named
    Use {
        /// The context
        name: String,
    },
    /// Log in: show the version, the classes of the user, the round trip, TLS
    Test {
        /// The context; else the server that every command would connect to
        name: Option<String>,
    },
    /// Remove a named server
    Rm {
        /// The context
        name: String,
    },
}

/// Name a server
///
/// The options --tls, --tls-ca and --tls-name are kept with it. The secret comes from AMI_SECRET,
/// or from the command behind `--`, or is asked for at each connection.
///
///   ami context add pbx1 monitor@pbx1.example.org --tls -- pass show pbx1
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct Add {
    /// Letters, digits, `-`, `_` and `.`
    name: String,
    /// The user and the address
    #[arg(value_name = "USER@HOST[:PORT]")]
    address: String,
    /// A program and its arguments, which print the secret in their first line; no shell is used
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// Ask for the secret, and store it in the file of contexts; a command is better
    #[arg(long, conflicts_with = "command")]
    store_secret: bool,
    /// Change a context that is there
    #[arg(long)]
    replace: bool,
    /// Make it the current one; the first context is at any rate
    #[arg(long = "use")]
    uses: bool,
}

impl Context {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            return Err(Failure::usage("contexts are no bytes of a server: --raw means nothing"));
        }
        match &self.action {
            Action::Add(add) => add.run(options, out).await,
            Action::Ls => ls(out),
            Action::Use { name } => {
                change(|contexts| contexts.set_current(name))?;
                done(out, name, "used")
            }
            Action::Test { name } => {
                let mut options = options.clone();
                if let Some(name) = name {
                    if options.server.replace(name.clone()).is_some() {
                        return Err(Failure::usage("--server and the context name two servers"));
                    }
                    contexts()?.get(name)?;
                }
                test(&options, out).await
            }
            Action::Rm { name } => {
                change(|contexts| contexts.remove(name))?;
                done(out, name, "removed")
            }
        }
    }
}

impl Add {
    async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if !is_name(&self.name) {
            return Err(Failure::usage(
                "the name of the context: expected letters, digits, `-`, `_` and `.`",
            ));
        }
        let address = Address::from_argument(&self.address, "the address of the context")?;
        self.check_new(&contexts()?)?;
        let command = Some(self.command.clone()).filter(|command| !command.is_empty());
        if let Some(command) = &command {
            check_command(command)?;
        }
        let secret = match self.store_secret {
            true => Some(ask_for_secret(&address).await?),
            false => None,
        };
        let tls_ca = options.tls_ca.as_ref().map(std::path::absolute).transpose()?;
        let context = Named {
            name: self.name.clone(),
            user: address.user,
            address: address.address,
            tls: options.tls_is_on(),
            tls_ca,
            tls_name: options.tls_name.clone(),
            secret_command: command,
            secret,
            unknown: Vec::new(),
        };
        let what = change(|contexts| {
            self.check_new(contexts)?;
            let what = if contexts.has(&self.name) { "changed" } else { "added" };
            contexts.set(&context)?;
            if self.uses || contexts.current()?.is_none() {
                contexts.set_current(&self.name)?;
            }
            if self.store_secret {
                let path = contexts.path.display();
                note(&format!("the secret is in {path} as it is: keep the file out of backups"));
            }
            Ok(what)
        })?;
        done(out, &self.name, what)
    }

    /// Refuses a context that is there, unless it is to be replaced.
    fn check_new(&self, contexts: &Contexts) -> Result<(), Failure> {
        let name = &self.name;
        if contexts.has(name) && !self.replace {
            return Err(Failure::usage(format!("there is a context {name}")).hint("use --replace"));
        }
        Ok(())
    }
}

fn change<T>(change: impl FnOnce(&mut Contexts) -> Result<T, Failure>) -> Result<T, Failure> {
    Contexts::change(change)?.ok_or_else(no_place)
}

fn contexts() -> Result<Contexts, Failure> {
    Contexts::load()?.ok_or_else(no_place)
}

fn no_place() -> Failure {
    Failure::usage("there is no home folder for the file of contexts: set AMI_CONTEXTS")
}

fn done(out: &mut Out, name: &str, what: &str) -> Result<Exit, Failure> {
    match out.form {
        Form::Json => out.object(&json!({ "v": 1, "context": name, "done": what }))?,
        _ => out.line(&format!("{what} {name}"))?,
    }
    Ok(Exit::Done)
}

fn ls(out: &mut Out) -> Result<Exit, Failure> {
    let contexts = contexts()?;
    let current = contexts.current()?;
    let all = contexts.names().into_iter().map(|name| contexts.get(name));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for context in &all {
        let Named { name, user, address, .. } = context;
        let is_current = current == Some(name);
        // The arguments of a command may hold what is secret.
        let program = context.secret_command.as_ref().and_then(|it| it.first());
        let secret = match (program, &context.secret) {
            (Some(_), _) => "command",
            (None, Some(_)) => "stored",
            (None, None) => "asked for",
        };
        if out.form == Form::Json {
            out.object(&json!({
                "v": 1, "context": name, "current": is_current, "user": user, "address": address,
                "tls": context.tls, "tls_ca": context.tls_ca, "tls_name": context.tls_name,
                "secret": secret, "program": program,
            }))?;
            continue;
        }
        let secret = program.map_or_else(|| secret.into(), |program| format!("{secret} {program}"));
        rows.push(vec![
            if is_current { "*" } else { "" }.to_owned(),
            escape(name.as_bytes()),
            escape(format!("{user}@{address}").as_bytes()),
            if context.tls { "yes" } else { "no" }.to_owned(),
            escape(secret.as_bytes()),
        ]);
    }
    if out.form != Form::Json {
        out.table(&["", "NAME", "SERVER", "TLS", "SECRET"].map(str::to_owned), &rows)?;
    }
    Ok(Exit::Done)
}

async fn test(options: &Options, out: &mut Out) -> Result<Exit, Failure> {
    let target = target(options).await?;
    let connected = target.connect(|config| config.reconnect(None)).await;
    let client = connected.map_err(|error| target.failure(error))?;
    let user = target.server.config().user();
    let asked = async {
        let version = probe::version(&client).await?;
        let classes = probe::classes(&client, user).await?;
        Ok::<_, ami::Error>((version, classes, probe::round_trip(&client, 5).await?.median))
    };
    // No action matters here, only that the server is gone.
    let lost = |error: ami::Error| Failure { exit: Exit::NoConnection, ..Failure::from(error) };
    let (version, classes, round_trip) = asked.await.map_err(lost)?;
    let banner = String::from_utf8_lossy(client.banner().line()).into_owned();
    let tls = target.tls.as_ref().map(ToString::to_string);
    if out.form == Form::Json {
        out.object(&json!({
            "v": 1, "server": target.server.to_string(), "from": target.place.to_string(),
            "secret": target.secret.to_string(), "tls": tls, "version": version,
            "banner": banner, "read": classes.read, "write": classes.write,
            "round_trip": round_trip.as_secs_f64(),
        }))?;
        return Ok(Exit::Done);
    }
    let or_untold = |text: Option<String>| text.unwrap_or_else(|| "not told".to_owned());
    let rows = [
        ("server", format!("{} (from {})", target.server, target.place)),
        ("secret", format!("from {}", target.secret)),
        ("TLS", tls.unwrap_or_else(|| "off".to_owned())),
        ("version", format!("Asterisk {} ({banner})", or_untold(version))),
        ("read", or_untold(classes.read)),
        ("write", or_untold(classes.write)),
        ("round trip", format!("{round_trip:.1?}")),
    ];
    let rows = rows.map(|(name, value)| (name, escape(value.as_bytes())));
    out.pairs(rows.iter().map(|(name, value)| (*name, value.as_str())))?;
    Ok(Exit::Done)
}
