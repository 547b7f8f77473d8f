//! The settings of the bridge and of its connection to NATS.

use std::path::PathBuf;
use std::time::Duration;

use ami::{Filter, action};
use clap::{Args, ValueEnum};
use fleet::nats::{Config, Format};

use crate::commands::record::size;
use crate::connect::{secret_file, variable};
use crate::exit::Failure;
use crate::options::{duration, limit};

#[derive(Debug, Args)]
pub(super) struct Settings {
    /// The NATS server, or several of a cluster with commas between: nats://host:4222 or
    /// tls://host:4222; else NATS_URL
    #[arg(long, value_name = "URL")]
    nats: Option<String>,
    /// Log in to NATS as this user; the password is in NATS_PASSWORD
    #[arg(long, value_name = "NAME")]
    nats_user: Option<String>,
    /// Read the password of --nats-user from this file
    #[arg(long, value_name = "FILE", requires = "nats_user")]
    nats_password_file: Option<PathBuf>,
    /// Log in to NATS by this credentials file, with a JWT and a seed
    #[arg(long, value_name = "FILE", conflicts_with = "nats_user")]
    nats_creds: Option<PathBuf>,
    /// Log in to NATS by the seed of an NKey in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nats_user", "nats_creds"])]
    nats_nkey: Option<PathBuf>,
    /// Connect to NATS by TLS, and trust the certificates in this file, too
    #[arg(long, value_name = "FILE")]
    nats_ca: Option<PathBuf>,
    /// Show NATS this certificate
    #[arg(long, value_name = "FILE", requires = "nats_key")]
    nats_cert: Option<PathBuf>,
    /// The key of --nats-cert
    #[arg(long, value_name = "FILE", requires = "nats_cert")]
    nats_key: Option<PathBuf>,
    /// The stream; each set of servers has its own
    #[arg(long, value_name = "NAME", default_value = "AMI")]
    pub(super) stream: String,
    /// The first part of all subjects
    #[arg(long, value_name = "WORD", default_value = "ami")]
    pub(super) prefix: String,
    /// The form of an event in the stream: JSON, or the server's bytes
    #[arg(long, value_name = "FORM", default_value = "json")]
    format: Form,
    /// Publish only the events that match
    #[arg(long, value_name = "FILTER", value_parser = filter)]
    filter: Option<Filter>,
    /// Let whoever may publish to ami.do.> in NATS send these actions
    #[arg(long, value_name = "ACTION,…", value_delimiter = ',', value_parser = allowed)]
    allow: Vec<String>,
    /// The memory for events of each server that are not in the stream yet
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = size)]
    spool_memory: u64,
    /// The disk space for those that the memory has no room for; more are counted as missed
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = size)]
    spool_disk: u64,
    /// The folder of these; else that of temporary files
    #[arg(long, value_name = "FOLDER")]
    spool_dir: Option<PathBuf>,
    /// The age to which a stream that is created keeps its messages
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    retain: Duration,
    /// The size to which a stream that is created keeps its messages
    #[arg(long, value_name = "SIZE", default_value = "10G", value_parser = size)]
    retain_bytes: u64,
    /// The servers of a NATS cluster that have a copy of what is created
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(1..=5))]
    replicas: u8,
    /// The time after which a standby takes over from one that is gone
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = limit)]
    lease: Duration,
    /// The name of this bridge, for people; else that of the host
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// The form of an event in the stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Form {
    Json,
    Raw,
}

const WHERE_SECRETS_GO: &str = "a secret is no part of an argument, which all users of the machine \
    can read: use NATS_URL, or --nats-user with NATS_PASSWORD";

fn filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text).map_err(|error| error.to_string())
}

/// Reads the name of an action; of one that is known in the case that is usual.
fn allowed(name: &str) -> Result<String, String> {
    match action::describe(name) {
        Some(known) => Ok(known.name.to_owned()),
        None if !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric()) => {
            Ok(name.to_owned())
        }
        None => Err("expected the name of an action".to_owned()),
    }
}

impl Settings {
    pub(super) fn is_raw(&self) -> bool {
        self.format == Form::Raw
    }

    /// Returns the settings of the bridge, with the secrets; `own` is the address and the token of
    /// a private server.
    pub(super) fn config(&self, own: Option<(String, &str)>) -> Result<Config, Failure> {
        let config = match own {
            Some((address, token)) => Config::new(address).token(token),
            None => self.login(Config::new(self.address()?))?,
        };
        let memory = usize::try_from(self.spool_memory)
            .map_err(|_| Failure::usage("--spool-memory: more than this machine can have"))?;
        let config = config
            .stream(&self.stream)
            .prefix(&self.prefix)
            .format(if self.is_raw() { Format::Raw } else { Format::Json })
            .memory(memory)
            .disk(self.spool_disk)
            .max_age(self.retain)
            .max_bytes(self.retain_bytes)
            .replicas(self.replicas.into())
            .lease(self.lease);
        let config = self.filter.iter().cloned().fold(config, Config::filter);
        let config = self.spool_dir.iter().fold(config, Config::folder);
        let config = self.name.iter().fold(config, Config::name);
        Ok(self.allow.iter().fold(config, Config::allow))
    }

    fn address(&self) -> Result<String, Failure> {
        match &self.nats {
            Some(url) if url.contains('@') => {
                Err(Failure::usage(format!("--nats: {WHERE_SECRETS_GO}")))
            }
            Some(url) => Ok(url.clone()),
            None => variable("NATS_URL")?.ok_or_else(|| {
                let failure = Failure::usage("no NATS server is named");
                failure.hint("use --nats URL or NATS_URL, or --try to try it with a private one")
            }),
        }
    }

    /// Adds the proof of who this is, and TLS.
    fn login(&self, config: Config) -> Result<Config, Failure> {
        let config = match (&self.nats_user, &self.nats_creds, &self.nats_nkey) {
            (Some(user), _, _) => {
                let password = match &self.nats_password_file {
                    Some(file) => Some(first_line(&secret_file(file)?)),
                    None => variable("NATS_PASSWORD")?,
                };
                let missing = || {
                    Failure::usage(format!("no password of the NATS user {user:?} is given"))
                        .hint("use NATS_PASSWORD or --nats-password-file FILE")
                };
                config.user(user, password.ok_or_else(missing)?)
            }
            (None, Some(file), _) => config.credentials(secret_file(file)?),
            (None, None, Some(file)) => config.nkey(first_line(&secret_file(file)?)),
            (None, None, None) => match variable("NATS_TOKEN")? {
                Some(token) => config.token(token),
                None => config,
            },
        };
        let config = self.nats_ca.iter().fold(config, Config::root_certificates);
        Ok(match self.nats_cert.as_ref().zip(self.nats_key.as_ref()) {
            Some((certificate, key)) => config.client_certificate(certificate, key),
            None => config,
        })
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
