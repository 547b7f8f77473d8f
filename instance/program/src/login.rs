//! The manager user that the boot logs in as, and its secret.

use std::borrow::Borrow;
use std::env::{self, VarError};
use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use instance::{BootError, BootFailure, OtherUsers, Sandbox, Section};

/// The variable with the secret of the user that `--login` names.
const VARIABLE: &str = "ASTERISK_SECRET";

/// The user of our own `manager.conf`.
const OURS: (&str, &str) = ("user", "mysecret");

/// The origin of a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Source {
    /// Our own `manager.conf`.
    Base,
    /// The `manager.conf` of the configuration, or what it includes.
    Configuration,
    Environment,
    File(PathBuf),
}

/// A user with the secret that the boot logs in with.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    secret: String,
    from: Source,
}

/// Without the secret.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Login {
    /// The secret, if whoever asks can know it: it is ours, or stands in the configuration.
    pub(crate) fn shown_secret(&self) -> Option<&str> {
        matches!(self.from, Source::Base | Source::Configuration).then_some(&self.secret)
    }

    /// Returns the secret, for whoever has to log in and does not print it.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The origin of the secret, in a word for programs.
    pub(crate) fn source(&self) -> &'static str {
        match self.from {
            Source::Base => "base",
            Source::Configuration => "configuration",
            Source::Environment => "environment",
            Source::File(_) => "file",
        }
    }

    /// The origin of the secret, for people.
    pub(crate) fn origin(&self) -> String {
        match &self.from {
            Source::Base => "from our manager.conf".to_owned(),
            Source::Configuration => "from the configuration's manager.conf".to_owned(),
            Source::Environment => format!("from the environment variable {VARIABLE}"),
            Source::File(path) => format!("from the file {}", path.display()),
        }
    }

    /// Sets this login for the boot of a sandbox.
    pub(crate) fn set(&self, sandbox: &mut Sandbox) {
        sandbox.set_login(&self.user, &self.secret);
    }

    /// The advice on a login that the server refused, where the configuration tells what was wrong.
    /// This text replaces the error's own advice, which is for users of the library.
    pub(crate) fn advice(&self, error: &mut BootError, users: &Users) -> Option<String> {
        if let Some(OtherUsers { tried, users }) = error.users.take() {
            return Some(format!(
                "manager.conf of the configuration has no user `{tried}`; name one with --login ({})",
                listed(&users)
            ));
        }
        let BootFailure::Login(refused) = &error.failure else {
            return None;
        };
        refused.response()?;
        let user = &self.user;
        match users.get(user) {
            Some(secret) if secret != Some(&self.secret) => Some(match self.from {
                Source::Base => format!(
                    "manager.conf of the configuration has another secret of `{user}`; \
                     --login {user} takes it from there"
                ),
                _ => format!(
                    "manager.conf of the configuration has another secret of `{user}` than the one {}",
                    self.origin()
                ),
            }),
            _ => None,
        }
    }
}

/// The options of the login.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LoginArguments {
    /// The manager user to log in as, for a configuration with users of its own; its secret comes
    /// from --secret-file, the environment variable ASTERISK_SECRET or the configuration's
    /// manager.conf, in that order [default: user]
    #[arg(long, value_name = "USER")]
    login: Option<String>,

    /// A file with the secret of that user
    #[arg(long, value_name = "FILE", requires = "login")]
    secret_file: Option<PathBuf>,
}

impl LoginArguments {
    /// Reads the secret that is given beside the configuration, once for all instances. The file
    /// may be a pipe.
    pub(crate) fn given(&self) -> anyhow::Result<Option<Login>> {
        let Some(user) = &self.login else {
            return Ok(None);
        };
        let login = |secret, from| Some(Login { user: user.clone(), secret, from });
        if let Some(path) = &self.secret_file {
            let secret = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            let secret = secret.trim_end_matches(['\r', '\n']).to_owned();
            if secret.is_empty() || secret.contains(['\r', '\n']) {
                bail!("{}: expected one line with the secret of {user:?}", path.display());
            }
            return Ok(login(secret, Source::File(path.clone())));
        }
        match env::var(VARIABLE) {
            Ok(secret) if !secret.is_empty() => Ok(login(secret, Source::Environment)),
            Err(VarError::NotUnicode(_)) => bail!("the secret in {VARIABLE} is not UTF-8"),
            Ok(_) | Err(VarError::NotPresent) => Ok(None),
        }
    }

    /// The login of an instance: the one that was given, or that of the user in its configuration,
    /// or ours.
    pub(crate) fn of(&self, given: Option<&Login>, users: &Users) -> anyhow::Result<Login> {
        if let Some(given) = given {
            return Ok(given.clone());
        }
        let Some(user) = &self.login else {
            let (user, secret) = (OURS.0.to_owned(), OURS.1.to_owned());
            return Ok(Login { user, secret, from: Source::Base });
        };
        let ways = format!("set {VARIABLE} or give --secret-file");
        match users.get(user) {
            Some(Some(secret)) => Ok(Login {
                user: user.clone(),
                secret: secret.to_owned(),
                from: Source::Configuration,
            }),
            Some(None) => bail!("manager.conf has no secret of the user `{user}`; {ways}"),
            None => bail!("manager.conf has no user `{user}` ({}); {ways}", users.names()),
        }
    }
}

/// The manager users of a configuration, each with its secret, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Users(Vec<(String, Option<String>)>);

impl Users {
    /// Reads those of a rendered sandbox.
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let sections = sandbox.sections("manager.conf").into_iter();
        let users = sections.filter(|section| !section.name().eq_ignore_ascii_case("general"));
        let secret = |user: &Section| user.get("secret").map(str::to_owned);
        Self(users.map(|it| (it.name().to_owned(), secret(&it))).collect())
    }

    /// The secret of a user that is there. The server does not tell cases apart
    /// (`get_manager_by_name_locked`).
    fn get(&self, user: &str) -> Option<Option<&str>> {
        let mut users = self.0.iter();
        users.find(|(name, _)| name.eq_ignore_ascii_case(user)).map(|(_, secret)| secret.as_deref())
    }

    fn names(&self) -> String {
        listed(&self.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>())
    }
}

/// Returns the names of the users that a configuration has.
fn listed<N: Borrow<str>>(names: &[N]) -> String {
    if names.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has: {}", names.join(", "))
    }
}
