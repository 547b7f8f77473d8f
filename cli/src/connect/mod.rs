//! The server to connect to, its secret, and TLS.

mod contexts;
mod guard;
mod hints;
mod place;
mod prompt;
mod secret;
mod several;
mod tls;

use std::io::{self, Write};

use ami::{Client, Config, Error, Filter, Server, Subscription};
use tokio::sync::Mutex;

pub(crate) use self::contexts::{Context, Contexts, is_name};
pub(crate) use self::place::variable;
pub(crate) use self::place::{Address, Place};
use self::place::{Chosen, Login};
pub(crate) use self::secret::{Secret, Source, check as check_command, of_file as secret_file};
pub(crate) use self::several::{HELP as SEVERAL, alone, several};
use crate::exit::Failure;
use crate::options::Options;
use crate::out::escape;

/// The variables that name servers and secrets, for the help.
pub(crate) const VARIABLES: &str = "\
Environment:
  AMI_SERVER        the server, unless --server names it: a context, or user[:secret]@host[:port]
  AMI_SECRET        the secret of the user
  AMI_CONTEXTS      the file of contexts, in place of ~/.config/ami/contexts.toml
  AMI_MANAGER_CONF  the manager.conf of this machine, in place of /etc/asterisk/manager.conf, which
                    is used if no server is named and no context is the current one";

/// The lock of the terminal: of several servers, one after another asks for its secret, and so may
/// the command that has it.
static TERMINAL: Mutex<()> = Mutex::const_new(());

/// The server to connect to, with its secret.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) server: Server,
    pub(crate) place: Place,
    /// The source of the secret.
    pub(crate) secret: Source,
    pub(crate) tls: Option<tls::Settings>,
}

impl Target {
    /// Connects, with settings that a command changes.
    pub(crate) async fn connect(
        &self,
        change: impl FnOnce(Config) -> Config,
    ) -> Result<Client, Error> {
        self.server.clone().configure(change).connect().await
    }

    /// Returns the failure of connecting, with what to do about it.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        let hint = hints::hint(&error, self);
        let failure = Failure::from(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Connects to the server that the options name.
pub(crate) async fn connect(options: &Options) -> Result<Client, Failure> {
    let target = target(options).await?;
    target.connect(|config| config).await.map_err(|error| target.failure(error))
}

/// Connects to the server that the options name, with settings that a command changes, and with a
/// subscription that has all events from the first one on.
pub(crate) async fn subscribed(
    options: &Options,
    filter: Filter,
    change: impl FnOnce(Config) -> Config,
) -> Result<(Client, Subscription), Failure> {
    let target = target(options).await?;
    let connect = target.server.clone().configure(change).connect();
    let events = connect.subscribe(filter);
    let client = connect.await.map_err(|error| target.failure(error))?;
    Ok((client, events))
}

/// Finds the server that the options name, and its secret, which may be asked for on the terminal.
pub(crate) async fn target(options: &Options) -> Result<Target, Failure> {
    let Chosen { place, login } = place::choose(options)?;
    let context = match &login {
        Login::Context(context) => Some(&**context),
        _ => None,
    };
    if let Some(Context { name, unknown, .. }) = context
        && !unknown.is_empty()
    {
        note(&format!("the context {name} has unknown keys: {}", unknown.join(", ")));
    }
    let tls = tls::Settings::of(options, context);
    let (server, secret) = match login {
        Login::Complete(server) if place == Place::Variable => (*server, Source::InServer),
        Login::Complete(server) => (*server, Source::ManagerConf),
        Login::Address(address) => with_secret(&address, None, false).await?,
        Login::Context(context) => {
            let Context { user, address, .. } = &*context;
            // The file has the same form as an argument, without a secret in the address.
            let text = format!("{}@{address}", user.replace('%', "%25").replace(':', "%3A"));
            let address = Address::from_argument(&text, &place.to_string())?;
            with_secret(&address, Some(&context), options.is_one_of_several).await?
        }
    };
    let given = match &tls {
        Some(settings) => Some(settings.tls()?),
        None => None,
    };
    let server = server.configure(|config| {
        let config = config.timeout(options.timeout).connect_timeout(options.timeout);
        match given {
            Some(tls) => config.tls(tls),
            None => config,
        }
    });
    let target = Target { server, place, secret, tls };
    if options.verbose {
        let own = options.origin.as_ref().map_or_else(String::new, |origin| format!("{origin}: "));
        note(&format!("{own}server: {} (from {})", target.server, target.place));
        note(&format!("{own}secret: from {}", target.secret));
        let by = target.tls.as_ref().map_or_else(|| "off".to_owned(), ToString::to_string);
        note(&format!("{own}TLS: {by}"));
    }
    Ok(target)
}

/// Finds the secret of a user: `AMI_SECRET`, that of the context, that in the `manager.conf` of the
/// very server, or what is typed at the prompt. The variable goes behind the context if the server
/// is one of several, which it cannot all be the secret of.
async fn with_secret(
    address: &Address,
    context: Option<&Context>,
    is_of_several: bool,
) -> Result<(Server, Source), Failure> {
    let _only = TERMINAL.lock().await;
    let Address { user, address: at } = address;
    let has_own = context.is_some_and(|it| it.secret_command.is_some() || it.secret.is_some());
    let variable = match is_of_several && has_own {
        true => None,
        false => variable("AMI_SECRET")?,
    };
    let (secret, source) = if let Some(secret) = variable {
        (Secret::new(secret, "AMI_SECRET")?, Source::Variable)
    } else if let Some(command) = context.and_then(|it| it.secret_command.as_ref()) {
        let program = command.first().cloned().unwrap_or_default();
        (secret::of_command(command).await?, Source::Command(program))
    } else if let Some(secret) = context.and_then(|it| it.secret.clone()) {
        (secret, Source::Stored)
    } else if let Some(server) = place::local(address) {
        return Ok((server, Source::ManagerConf));
    } else {
        (ask_for_secret(address).await?, Source::Prompt)
    };
    Ok((Server::new(at, Config::new(user, secret.reveal())), source))
}

/// Asks for the secret of a user on the terminal.
pub(crate) async fn ask_for_secret(address: &Address) -> Result<Secret, Failure> {
    let Address { user, address } = address;
    let what = format!("secret of {user} at {address}");
    prompt::ask(&escape(what.as_bytes())).await?.ok_or_else(|| {
        Failure::usage(format!("no secret of {user:?} is given, and no terminal to ask on"))
            .hint("use AMI_SECRET, or the command of a context")
    })
}

/// Tells something beside the output.
pub(crate) fn note(text: &str) {
    // There is nobody to tell if it cannot be printed.
    let _ = writeln!(io::stderr(), "{}", escape(text.as_bytes()));
}
