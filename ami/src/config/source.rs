//! A server and its login, read from the environment, an argument, or a `manager.conf`.

use std::env::{self, VarError};
use std::fmt;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::path::Path;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::config::{Config, ServerError, ServerPart, manager_conf};

const SERVER: &str = "AMI_SERVER";
const SECRET: &str = "AMI_SECRET";
const FORM: &str = "user:secret@host[:port]";

/// A server: the address to connect to, and the [`Config`] to log in with.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // AMI_SERVER=user:secret@pbx.example.org
/// let client = ami::Server::from_env()?.connect().await?;
/// println!("{}", client.command("core show version").await?);
/// # Ok(())
/// # }
/// ```
///
/// # The text that names a server
///
/// [`FromStr`], [`from_arg`](Self::from_arg) and [`from_env`](Self::from_env) read the form
/// `user:secret@host[:port]`:
///
/// - The last `@` ends the login, and the first `:` before it ends the user. A secret may therefore
///   contain both characters unescaped. Only in a user, a colon has to be written as `%3A`.
/// - In the user and the secret, `%` and two hexadecimal digits stand for a byte, as in URLs; `%25`
///   is a percent sign. Every other character stands for itself, including `+` and blanks. Both
///   have to be UTF-8.
/// - The host is a name, an IPv4 address or an IPv6 address in brackets. Without a port the
///   brackets may be left out. The default port is 5038, and 5039 with TLS.
///
/// `Display` writes `user@host:port` in that form, without the secret.
#[derive(Clone, Debug)]
pub struct Server {
    address: String,
    config: Config,
}

impl Server {
    /// Creates a server at an address, in the form that [`Config::connect`] takes.
    #[must_use]
    pub fn new(address: impl Into<String>, config: Config) -> Self {
        Self { address: address.into(), config }
    }

    /// Reads the server from the environment variable `AMI_SERVER`, in the form
    /// [`user:secret@host[:port]`](Self#the-text-that-names-a-server). If the text has no secret
    /// (`user@host[:port]`), the secret is the value of `AMI_SECRET`, taken literally.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable that is needed is not set, is not UTF-8, or has an invalid
    /// value.
    pub fn from_env() -> Result<Self, ServerError> {
        Self::from_variables(|name| env::var(name))
    }

    /// Reads the server from a text such as an argument of a program, in the form
    /// [`user:secret@host[:port]`](Self#the-text-that-names-a-server). If the text has no secret,
    /// the secret is the value of the environment variable `AMI_SECRET`, taken literally. Other
    /// users of the machine can see secrets in arguments.
    ///
    /// # Errors
    ///
    /// Returns an error if the text does not have that form, or if the secret is missing in both
    /// places.
    pub fn from_arg(text: &str) -> Result<Self, ServerError> {
        Self::named(text, |name| env::var(name))
    }

    /// Reads the server from a `manager.conf`, for a program on the server's machine. The login is
    /// that of `user`, or of the only user with a secret.
    ///
    /// The file is read as Asterisk reads it (`main/config.c`), including templates, and `#include`
    /// and `#tryinclude` relative to its folder. The address is `bindaddr` and `port` of
    /// `[general]`, or the loopback address if the server listens on all addresses. TLS and address
    /// rules (`permit`, `deny`, `acl`) are ignored.
    ///
    /// This function blocks while it reads the files.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read or does not follow Asterisk's configuration
    /// language, if the manager is not enabled, if there is no such user or more than one to choose
    /// from, or if the user has no secret. A line that the server would skip with a warning, such
    /// as one that is too long, is also an error. So is `#exec`, which is never run.
    pub fn from_manager_conf(
        path: impl AsRef<Path>,
        user: Option<&str>,
    ) -> Result<Self, ServerError> {
        let account = manager_conf::read(path.as_ref(), user)?;
        Ok(Self::new(account.address, Config::new(account.user, account.secret)))
    }

    /// Returns the address, in the form that [`Config::connect`] takes.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the settings of the connection.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes the [`Config`].
    ///
    /// ```
    /// let server: ami::Server = "user:secret@pbx.example.org".parse()?;
    /// let server = server.configure(|config| config.until_booted(true));
    /// # Ok::<(), ami::ServerError>(())
    /// ```
    #[must_use]
    pub fn configure(self, change: impl FnOnce(Config) -> Config) -> Self {
        Self { config: change(self.config), ..self }
    }

    fn from_variables(
        variable: impl Fn(&str) -> Result<String, VarError>,
    ) -> Result<Self, ServerError> {
        let text = value(SERVER, FORM, &variable)?;
        Self::named(&text, variable).map_err(|error| error.of(SERVER))
    }

    fn named(
        text: &str,
        variable: impl Fn(&str) -> Result<String, VarError>,
    ) -> Result<Self, ServerError> {
        let parsed = Parsed::from(text)?;
        let secret = match parsed.secret {
            Some(secret) => secret,
            None => value(SECRET, "the secret of the user", variable)?,
        };
        Ok(Self::new(parsed.address, Config::new(parsed.user, secret)))
    }
}

/// Parses [`user:secret@host[:port]`](Server#the-text-that-names-a-server). The secret has to be in
/// the text, because the environment is not read.
impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        Self::named(text, |_| Err(VarError::NotPresent)).map_err(|error| match error {
            ServerError::Unset { .. } => wrong(ServerPart::Whole, 0, FORM),
            other => other,
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.config.user.chars() {
            match char {
                '%' | ':' | '@' => write!(f, "%{:02X}", u32::from(char))?,
                char => write!(f, "{char}")?,
            }
        }
        write!(f, "@{}", self.address)
    }
}

/// Returns the value of a variable that has to be set.
fn value(
    name: &'static str,
    expected: &'static str,
    variable: impl Fn(&str) -> Result<String, VarError>,
) -> Result<String, ServerError> {
    match variable(name) {
        Ok(value) if value.is_empty() => Err(ServerError::Unset { variable: name, expected }),
        Ok(value) => Ok(value),
        Err(VarError::NotPresent) => Err(ServerError::Unset { variable: name, expected }),
        Err(VarError::NotUnicode(_)) => Err(ServerError::NotUtf8 { variable: name }),
    }
}

/// Creates the error for the character of a part of a text that follows `before` others.
fn wrong(part: ServerPart, before: usize, expected: &'static str) -> ServerError {
    ServerError::Text { variable: None, part, character: before + 1, expected }
}

struct Parsed {
    user: String,
    secret: Option<String>,
    address: String,
}

impl Parsed {
    fn from(text: &str) -> Result<Self, ServerError> {
        let (login, address) =
            text.rsplit_once('@').ok_or_else(|| wrong(ServerPart::Whole, 0, FORM))?;
        let (user, secret) = match login.split_once(':') {
            Some((user, secret)) => (user, Some(secret)),
            None => (login, None),
        };
        if secret.is_some_and(|secret| secret.starts_with("//")) {
            let expected =
                "the user, without a scheme as of a URL (`%2F` begins a secret with `/`)";
            return Err(wrong(ServerPart::Whole, 0, expected));
        }
        let secret = secret.map(|secret| decoded(ServerPart::Secret, secret)).transpose()?;
        check_address(address)?;
        let user = decoded(ServerPart::User, user)?;
        Ok(Self { user, secret, address: address.to_owned() })
    }
}

/// Decodes the percent-encoding of a user or a secret.
fn decoded(part: ServerPart, text: &str) -> Result<String, ServerError> {
    if text.is_empty() {
        return Err(wrong(part, 0, "at least one character"));
    }
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            let expected = "two hexadecimal digits behind `%` (`%25` is a percent sign)";
            return Err(wrong(part, text[..at].chars().count(), expected));
        }
    }
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| wrong(part, 0, "UTF-8 where `%` is decoded"))?;
    if let Some(at) = decoded.chars().position(|char| matches!(char, '\r' | '\n' | '\0')) {
        return Err(wrong(part, at, "no line end and no NUL, which AMI cannot carry"));
    }
    Ok(decoded.into_owned())
}

/// Rejects addresses that [`Config::connect`] would refuse or read in another way.
fn check_address(address: &str) -> Result<(), ServerError> {
    if address.parse::<Ipv6Addr>().is_ok() {
        return Ok(());
    }
    let (host, port) = match address.rfind(']').map(|at| address.split_at(at + 1)) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None => {
                let before = host.chars().count();
                return Err(wrong(ServerPart::Host, before, "`:` and a port behind `]`"));
            }
        },
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    if host.starts_with('[') {
        // The address may have a scope.
        if format!("{host}:0").parse::<SocketAddrV6>().is_err() {
            return Err(wrong(ServerPart::Host, 1, "an IPv6 address between brackets"));
        }
    } else if host.is_empty() {
        return Err(wrong(ServerPart::Host, 0, "the name or the address of a host"));
    } else if let Some(at) =
        host.chars().position(|it| !it.is_alphanumeric() && !"-._".contains(it))
    {
        return Err(wrong(ServerPart::Host, at, "a letter, a digit, `-`, `.` or `_`"));
    }
    match port {
        Some(port) if port.contains(':') => {
            Err(wrong(ServerPart::Host, 0, "brackets around an IPv6 address that has a port"))
        }
        Some(port) => {
            let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
            match port.parse::<u16>() {
                Ok(1..) if is_digits => Ok(()),
                _ => Err(wrong(ServerPart::Port, 0, "a number from 1 to 65535")),
            }
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, secret: Option<&str>) -> Result<Server, ServerError> {
        Server::from_variables(|name| match name {
            SERVER => Ok(text.to_owned()),
            SECRET => secret.map(str::to_owned).ok_or(VarError::NotPresent),
            _ => Err(VarError::NotPresent),
        })
    }

    #[test]
    fn a_text_names_a_server() {
        for (text, user, secret, address) in [
            ("u:s@pbx", "u", "s", "pbx"),
            ("u:s@pbx.example.org:1", "u", "s", "pbx.example.org:1"),
            ("u:a@b:c@192.0.2.1:5038", "u", "a@b:c", "192.0.2.1:5038"),
            ("u%3a1:s%25%40%C3%A9+ é/@[::1]", "u:1", "s%@é+ é/", "[::1]"),
            ("u:s@[2001:db8::1]:5039", "u", "s", "[2001:db8::1]:5039"),
            ("u:s@[fe80::1%2]:5039", "u", "s", "[fe80::1%2]:5039"),
            ("u:s@::1", "u", "s", "::1"),
            ("u:%2F/s@h", "u", "//s", "h"),
        ] {
            let server: Server = text.parse().unwrap();
            let config = server.config();
            assert_eq!(
                (config.user(), &*config.secret.0, server.address()),
                (user, secret, address)
            );
            let other = read(text, Some("other")).unwrap();
            assert_eq!((&*other.config.secret.0, other.address()), (secret, address));
        }
    }

    #[test]
    fn a_secret_that_the_text_lacks_is_in_a_variable_as_it_is() {
        let server = read("u@h:1", Some("a%41:@")).unwrap();
        assert_eq!((&*server.config.secret.0, server.address()), ("a%41:@", "h:1"));
        let error = read("u@h:1", None).unwrap_err().to_string();
        assert_eq!(error, "AMI_SECRET is not set, or empty: expected the secret of the user");
        let error = "u@h".parse::<Server>().unwrap_err().to_string();
        assert_eq!(error, "the text, character 1: expected user:secret@host[:port]");
        let error = Server::from_variables(|_| Err(VarError::NotPresent)).unwrap_err().to_string();
        assert_eq!(error, "AMI_SERVER is not set, or empty: expected user:secret@host[:port]");
        let error = Server::from_variables(|_| Err(VarError::NotUnicode("hidden".into())));
        assert_eq!(error.unwrap_err().to_string(), "AMI_SERVER is not UTF-8");
    }

    #[test]
    fn errors_tell_the_place_and_never_the_secret() {
        for (text, place) in [
            ("hidden", "the text, character 1"),
            ("u:hidden", "the text, character 1"),
            ("ami://u:hidden@h", "the text, character 1"),
            (":hidden@h", "the user, character 1"),
            ("%zz:hidden@h", "the user, character 1"),
            ("u:@h", "the secret, character 1"),
            ("u:héidden%2@h", "the secret, character 8"),
            ("u:hidden%0a@h", "the secret, character 7"),
            ("u:hidden%ff@h", "the secret, character 1"),
            ("u:hidden@", "the host, character 1"),
            ("u:hidden@:5038", "the host, character 1"),
            ("u:hidden@pbx \n", "the host, character 4"),
            ("u:hidden@pbx/", "the host, character 4"),
            ("u:x@hidden:hidden", "the port, character 1"),
            ("u:hidden@pbx:", "the port, character 1"),
            ("u:hidden@pbx:0", "the port, character 1"),
            ("u:hidden@pbx:+1", "the port, character 1"),
            ("u:hidden@pbx:65536", "the port, character 1"),
            ("u:hidden@2001:db8::1:99999", "the host, character 1"),
            ("u:hidden@[::1]5038", "the host, character 6"),
            ("u:hidden@[pbx]:1", "the host, character 2"),
            ("u:hidden@[::1", "the host, character 2"),
        ] {
            let error = read(text, None).unwrap_err();
            let shown = format!("{error:#}");
            assert!(
                shown.starts_with(&format!("AMI_SERVER: {place}: expected ")),
                "{text}: {shown}"
            );
            assert!(!format!("{shown}{error:?}").contains("hidden"), "{text}: {shown}");
        }
    }

    #[test]
    fn a_server_shows_without_its_secret() {
        let server: Server = "a%3Ab%25é:hidden@h:1".parse().unwrap();
        assert_eq!(server.to_string(), "a%3Ab%25é@h:1");
        let debug = format!("{server:?}");
        assert!(debug.contains("h:1") && !debug.contains("hidden\""), "{debug}");
        let again = read(&server.to_string(), Some("s")).unwrap();
        assert_eq!((again.config().user(), again.address()), ("a:b%é", "h:1"));
    }
}
