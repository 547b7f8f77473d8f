//! The keys that every test object has, whatever it does besides.

use std::time::Duration;

use crate::files::{ConfigError, Node, Section};

/// The time that a test may take, from when its servers are up, unless it says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest time-out, in seconds: a year.
const LONGEST: f64 = 31_536_000.0;

/// The manager user of the suite's configuration, and of ours.
const USER: &str = "user";
const SECRET: &str = "mysecret";

/// The settings of a test object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectSettings {
    /// The time-out of the test; `None` for as long as it takes.
    pub(super) timeout: Option<Duration>,
    /// A folder of the suite with configuration in `astN`.
    pub(super) configs: Option<String>,
    /// A folder of the suite with files in `common` and in `astN`.
    pub(super) files: Option<String>,
    /// Options of `asterisk.conf`.
    pub(super) options: Vec<(String, String)>,
    /// The AMI user, and its secret.
    pub(super) user: String,
    pub(super) secret: String,
    /// The port of AMI, where it is not the one that the server's configuration names.
    pub(super) port: Option<u16>,
    /// Set if a server may be restarted in the middle, and the test is to log in again.
    pub(super) reconnects: bool,
}

impl ObjectSettings {
    /// Reads the keys from the section of an object.
    pub(crate) fn read(section: &Section) -> Result<Self, ConfigError> {
        // The suite's log has them.
        section.ignore(&["log-full", "log-messages"]);
        let timeout = section.number("reactor-timeout")?.unwrap_or(TIMEOUT.as_secs_f64());
        // As long as that it may take to look for leaks, and some seconds more.
        let least = section.number("memcheck-delay-stop")?.map_or(0.0, |delay| delay + 3.0);
        let timeout = if timeout > 0.0 { timeout.max(least) } else { timeout };
        let text = |key: &str| section.text(key).map(|it| it.map(str::to_owned));
        let options = section.get("ast-config-options").into_iter().flat_map(Node::entries);
        let options = options.map(|(key, value)| {
            Ok((key.expect_text("an option")?.into(), value.expect_text("an option")?.into()))
        });
        // Objects that log in by themselves ask for it; others are not warned of it.
        let login = section.node().get("connect-ami").filter(|it| it.is_map());
        let named = |key| login.and_then(|it| it.get(key)).and_then(Node::text);
        let port = login.and_then(|it| it.get("port")).filter(|it| !it.is_null());
        let port = port.map(|it| match u16::try_from(it.expect_count("port")?) {
            Ok(port) => Ok(port),
            Err(_) => Err(it.error("expected the number of a port")),
        });
        Ok(Self {
            timeout: limit(timeout),
            configs: text("config-path")?,
            files: text("base-files-path")?,
            options: options.collect::<Result<_, ConfigError>>()?,
            user: named("username").unwrap_or(USER).to_owned(),
            secret: named("secret").unwrap_or(SECRET).to_owned(),
            port: port.transpose()?,
            reconnects: section.is_true("allow-ami-reconnects"),
        })
    }
}

/// A number of seconds as a limit. `None` for zero and less.
fn limit(seconds: f64) -> Option<Duration> {
    let seconds = (seconds > 0.0).then_some(seconds.min(LONGEST));
    seconds.map(|it| Duration::try_from_secs_f64(it).unwrap_or(TIMEOUT))
}
