//! The settings of a bridge.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ami::{Buffer, Filter};

/// The settings of a [`Bridge`](super::Bridge).
///
/// ```
/// use fleet::nats::{Config, Format};
///
/// let config = Config::new("tls://nats.example.com:4222")
///     .user("bridge", "secret")
///     .stream("EUROPE")
///     .format(Format::Raw);
/// ```
#[derive(Clone)]
pub struct Config {
    pub(super) url: String,
    pub(super) credentials: Credentials,
    pub(super) roots: Option<PathBuf>,
    pub(super) certificate: Option<(PathBuf, PathBuf)>,
    pub(super) tls: bool,
    pub(super) name: Option<String>,
    pub(super) stream: String,
    pub(super) prefix: String,
    pub(super) format: Format,
    pub(super) filter: Filter,
    pub(super) buffer: Buffer,
    pub(super) memory: usize,
    pub(super) disk: u64,
    pub(super) folder: Option<PathBuf>,
    pub(super) window: usize,
    pub(super) window_bytes: usize,
    pub(super) lease: Duration,
    pub(super) hold: Duration,
    pub(super) max_age: Duration,
    pub(super) max_bytes: u64,
    pub(super) replicas: usize,
    pub(super) allowed: Vec<String>,
    pub(super) command_timeout: Duration,
}

/// The form of an event in the stream. Control items are JSON in both.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// JSON, with the lines of the event in order.
    #[default]
    Json,
    /// The bytes that the server sent.
    Raw,
}

/// The proof of who the bridge is.
#[derive(Clone, Default)]
pub(super) enum Credentials {
    #[default]
    None,
    User(String, String),
    Token(String),
    Nkey(String),
    Text(String),
}

impl Config {
    /// Creates settings for a NATS server, or for several of a cluster, separated by commas:
    /// `nats://host:4222`, `tls://host:4222`, or `host:4222`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            credentials: Credentials::None,
            roots: None,
            certificate: None,
            tls: false,
            name: None,
            stream: "AMI".to_owned(),
            prefix: "ami".to_owned(),
            format: Format::Json,
            filter: Filter::all(),
            buffer: Buffer::default(),
            memory: 16 << 20,
            disk: 1 << 30,
            folder: None,
            window: 4096,
            window_bytes: 8 << 20,
            lease: Duration::from_secs(5),
            hold: Duration::from_secs(10),
            max_age: Duration::from_secs(24 * 60 * 60),
            max_bytes: 10 << 30,
            replicas: 1,
            allowed: Vec::new(),
            command_timeout: Duration::from_secs(30),
        }
    }

    /// Logs in with a name and a password.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Credentials::User(user.into(), password.into());
        self
    }

    /// Logs in with a token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.credentials = Credentials::Token(token.into());
        self
    }

    /// Logs in with the seed of an NKey (`SU…`).
    #[must_use]
    pub fn nkey(mut self, seed: impl Into<String>) -> Self {
        self.credentials = Credentials::Nkey(seed.into());
        self
    }

    /// Logs in with the text of a credentials file, which has a JWT and the seed of its key.
    #[must_use]
    pub fn credentials(mut self, text: impl Into<String>) -> Self {
        self.credentials = Credentials::Text(text.into());
        self
    }

    /// Trusts the certificates in this PEM file instead of those of the system, and uses TLS.
    #[must_use]
    pub fn root_certificates(mut self, file: impl Into<PathBuf>) -> Self {
        self.roots = Some(file.into());
        self.tls = true;
        self
    }

    /// Shows this certificate to the server, and uses TLS. Both files are PEM.
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.certificate = Some((certificate.into(), key.into()));
        self.tls = true;
        self
    }

    /// Sets whether a connection without TLS is refused; `false` by default, in which case the
    /// server decides.
    #[must_use]
    pub fn require_tls(mut self, requires: bool) -> Self {
        self.tls = requires;
        self
    }

    /// Sets the name of this bridge in the lease, for people; the name of the host by default. Two
    /// bridges may have the same.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the name of the stream; `AMI` by default. Bridges of the same origins share a stream,
    /// and one of them writes it; bridges of other origins have another.
    #[must_use]
    pub fn stream(mut self, stream: impl Into<String>) -> Self {
        self.stream = stream.into();
        self
    }

    /// Sets the first part of all subjects; `ami` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the form of events in the stream; JSON by default.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Sets which events are published; all by default.
    ///
    /// All bridges of a stream must have the same filter. With another than [`Filter::all`], the
    /// number of events that a gap has taken is not known.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Sets the buffer of each server between its connection and the bridge; 16 MiB by default.
    #[must_use]
    pub fn buffer(mut self, buffer: Buffer) -> Self {
        self.buffer = buffer;
        self
    }

    /// Sets how many bytes of unpublished events of each server are kept in memory; 16 MiB by
    /// default. More go to the disk.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets how many bytes of unpublished events of all servers may be on the disk; 1 GiB by
    /// default. What does not fit is counted, and told as `Missed` at its place.
    #[must_use]
    pub fn disk(mut self, bytes: u64) -> Self {
        self.disk = bytes;
        self
    }

    /// Sets the folder for unpublished events; that of temporary files by default. The files have
    /// no names, and are gone when the process is.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets how many messages, and how many bytes of them, may be under way without proof that they
    /// are in the stream; 4,096 and 8 MiB by default.
    #[must_use]
    pub fn window(mut self, messages: usize, bytes: usize) -> Self {
        self.window = messages;
        self.window_bytes = bytes;
        self
    }

    /// Sets how long the lease is valid that says which bridge publishes; 5 s by default, and 300
    /// ms at least. A standby takes over about a second after that time at the latest. All bridges
    /// of a NATS account share the setting of the first one, which creates the bucket.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// Sets the longest time that a server's events are held back at a takeover, because its
    /// connection here is behind the stream; 10 s by default. Afterwards a hole is reported.
    #[must_use]
    pub fn hold(mut self, time: Duration) -> Self {
        self.hold = time;
        self
    }

    /// Sets how long messages stay in a stream that the bridge creates; 24 hours by default. An
    /// existing stream is left as it is.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets how many bytes a stream holds that the bridge creates; 10 GiB by default. The oldest
    /// messages make room. An existing stream is left as it is.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the number of servers of a cluster that have a copy of what the bridge creates: stream
    /// and buckets; 1 by default.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// Allows an action for everyone who may publish to `ami.do.>`; none by default.
    #[must_use]
    pub fn allow(mut self, action: impl Into<String>) -> Self {
        self.allowed.push(action.into());
        self
    }

    /// Sets the longest time that an action for others may take, also if its request asks for more;
    /// 30 s by default.
    #[must_use]
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }
}

/// Leaves secrets out.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = match &self.credentials {
            Credentials::None => "none",
            Credentials::User(..) => "user and password",
            Credentials::Token(_) => "token",
            Credentials::Nkey(_) => "NKey",
            Credentials::Text(_) => "credentials file",
        };
        f.debug_struct("Config")
            .field("credentials", &credentials)
            .field("stream", &self.stream)
            .field("prefix", &self.prefix)
            .field("format", &self.format)
            .field("lease", &self.lease)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}
