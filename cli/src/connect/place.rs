//! The choice of the server.

use std::path::{Path, PathBuf};
use std::{env, fmt};

use ami::{ManagerConfProblem, Server, ServerError};

use super::contexts::{Context, Contexts, is_name};
use crate::exit::{Exit, Failure};
use crate::options::Options;

/// The `manager.conf` of a server on this machine.
const MANAGER_CONF: &str = "/etc/asterisk/manager.conf";

const WHERE_SECRETS_GO: &str = "a secret is no part of an argument, which all users of the machine \
    can read: use AMI_SECRET, the command of a context, or the prompt";

/// The place that names the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Argument,
    /// `AMI_SERVER`.
    Variable,
    Context {
        name: String,
        is_current: bool,
    },
    ManagerConf(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("--server"),
            Self::Variable => f.write_str("AMI_SERVER"),
            Self::Context { name, is_current: true } => write!(f, "the current context, {name}"),
            Self::Context { name, .. } => write!(f, "the context {name}"),
            Self::ManagerConf(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The server that is chosen, before its secret is known.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) place: Place,
    pub(super) login: Login,
}

#[derive(Debug)]
pub(super) enum Login {
    /// The server has its secret.
    Complete(Box<Server>),
    Address(Address),
    Context(Box<Context>),
}

/// A user and an address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Address {
    pub(crate) user: String,
    pub(crate) address: String,
}

impl Address {
    /// Reads `user@host[:port]`. An error names the place that has the text.
    pub(crate) fn from_argument(text: &str, place: &str) -> Result<Self, Failure> {
        let Some((login, address)) = text.rsplit_once('@') else {
            // The text may be a secret, and is not repeated.
            return Err(Failure::usage(format!("{place}: expected user@host[:port]")));
        };
        if login.contains(':') {
            return Err(Failure::usage(format!("{place}: {WHERE_SECRETS_GO}")));
        }
        // The parser of the library wants a secret.
        let server = format!("{login}:secret@{address}").parse::<Server>();
        let server = server.map_err(|error| wrong(error, place))?;
        Ok(Self { user: server.config().user().to_owned(), address: server.address().to_owned() })
    }
}

/// Chooses the server: the option, `AMI_SERVER`, the current context, or the `manager.conf` of this
/// machine, the first that is there.
pub(super) fn choose(options: &Options) -> Result<Chosen, Failure> {
    if let Some(text) = &options.server {
        let from = if options.is_one_of_several { "--servers" } else { "--server" };
        if !text.contains('@') {
            return context(text, from, false);
        }
        let login = Login::Address(Address::from_argument(text, from)?);
        return Ok(Chosen { place: Place::Argument, login });
    }
    if let Some(text) = variable("AMI_SERVER")? {
        return of_variable(&text);
    }
    if let Some(contexts) = Contexts::load()?
        && let Some(name) = contexts.current()?
    {
        return context(name, "the current context", true);
    }
    of_this_machine()
}

fn of_variable(text: &str) -> Result<Chosen, Failure> {
    let Some((login, _)) = text.rsplit_once('@') else {
        return context(text, "AMI_SERVER", false);
    };
    let login = if login.contains(':') {
        let server = text.parse::<Server>().map_err(|error| wrong(error, "AMI_SERVER"))?;
        Login::Complete(Box::new(server))
    } else {
        Login::Address(Address::from_argument(text, "AMI_SERVER")?)
    };
    Ok(Chosen { place: Place::Variable, login })
}

fn context(name: &str, from: &str, is_current: bool) -> Result<Chosen, Failure> {
    // A text that is no name may be a secret, and is not repeated.
    if !is_name(name) {
        let expected = "expected the name of a context, or user@host[:port]";
        return Err(Failure::usage(format!("{from}: {expected}")));
    }
    let contexts = Contexts::load()?.ok_or_else(no_server)?;
    let context = contexts.get(name)?;
    let place = Place::Context { name: name.to_owned(), is_current };
    Ok(Chosen { place, login: Login::Context(Box::new(context)) })
}

fn of_this_machine() -> Result<Chosen, Failure> {
    let named = variable("AMI_MANAGER_CONF")?;
    let path = named.as_deref().unwrap_or(MANAGER_CONF);
    match Server::from_manager_conf(path, None) {
        Ok(server) => {
            let place = Place::ManagerConf(path.into());
            Ok(Chosen { place, login: Login::Complete(Box::new(server)) })
        }
        Err(ServerError::ManagerConf { problem: ManagerConfProblem::Read { .. }, .. })
            if named.is_none() =>
        {
            Err(no_server())
        }
        Err(error) => {
            let failure = usage(error.clone());
            Err(match error {
                ServerError::ManagerConf {
                    problem: ManagerConfProblem::SeveralUsers { .. },
                    ..
                } => failure.hint("name one with --server USER@127.0.0.1"),
                _ => failure,
            })
        }
    }
}

/// Returns the server of this machine's `manager.conf`, with the secret of a user, if that is the
/// server at an address.
pub(super) fn local(address: &Address) -> Option<Server> {
    let named = variable("AMI_MANAGER_CONF").ok()?;
    let path = Path::new(named.as_deref().unwrap_or(MANAGER_CONF));
    let server = Server::from_manager_conf(path, Some(&address.user)).ok()?;
    let full = match &*address.address {
        host if host.contains(':') => host.to_owned(),
        host => format!("{host}:5038"),
    };
    let full = full.replacen("localhost:", "127.0.0.1:", 1);
    // The address as given has the port for TLS.
    (server.address() == full).then(|| Server::new(&address.address, server.config().clone()))
}

/// Returns the value of an environment variable, unless it is empty.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|it| !it.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{name} is not UTF-8"))),
    }
}

fn no_server() -> Failure {
    Failure::usage("no server is named").hint(
        "use --server user@host or AMI_SERVER, or name one with \
         `ami context add NAME user@host`",
    )
}

/// Returns the failure of an address, with the place that has it.
fn wrong(error: ServerError, place: &str) -> Failure {
    Failure::new(Exit::Usage, anyhow::Error::new(error).context(place.to_owned()))
}

fn usage(error: ServerError) -> Failure {
    Failure::new(Exit::Usage, error)
}
