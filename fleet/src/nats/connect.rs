//! Connecting to NATS.
//!
//! No URL with a name or a password in it is handed to the NATS client, which writes URLs into its
//! log.

use std::time::Duration;

use async_nats::jetstream::context::{AccountError, AccountErrorKind};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, ServerAddr, jetstream};

use super::config::{Config, Credentials};

/// The version of the server that has all that the bridge asks for.
const OLDEST: (i64, i64) = (2, 10);

/// The time between pings, of which the third without an answer ends a connection.
const PING: Duration = Duration::from_secs(10);

/// A connection to NATS with JetStream. It lasts: the client connects again by itself.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) jetstream: jetstream::Context,
    /// The addresses, without secrets.
    pub(crate) url: String,
}

/// A connection to NATS that cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// A setting is not possible.
    #[error("{setting}: {reason}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The reason, without secrets.
        reason: String,
    },
    /// The server cannot be reached now.
    #[error("no connection to the NATS server at {url}")]
    Unreachable {
        /// The addresses, without secrets.
        url: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refused the credentials.
    #[error("the NATS server at {url} refused the credentials")]
    Refused {
        /// The addresses, without secrets.
        url: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server is too old.
    #[error("the NATS server at {url} is version {version}, expected 2.10 or later")]
    TooOld {
        /// The addresses, without secrets.
        url: String,
        /// The version of the server.
        version: String,
    },
    /// JetStream is off, for the server or the account.
    #[error("the NATS server at {url} has no JetStream for this account")]
    NoJetStream {
        /// The addresses, without secrets.
        url: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Connection {
    /// Connects, and checks the version of the server and that it has JetStream.
    pub(crate) async fn open(config: &Config) -> Result<Self, ConnectError> {
        let (addresses, in_url) = addresses(&config.url)?;
        let url = addresses.iter().map(ServerAddr::as_url_str).collect::<Vec<_>>().join(",");
        let credentials = match &config.credentials {
            Credentials::None => &in_url,
            given => given,
        };
        let client = options(config, credentials)?
            .connect(addresses)
            .await
            .map_err(|error| failed(&url, error))?;
        let jetstream = jetstream::new(client.clone());
        let connection = Self { client, jetstream, url };
        connection.check().await?;
        Ok(connection)
    }

    async fn check(&self) -> Result<(), ConnectError> {
        let url = self.url.clone();
        if !self.client.is_server_compatible(OLDEST.0, OLDEST.1, 0) {
            let version = self.client.server_info().version;
            return Err(ConnectError::TooOld { url, version });
        }
        let Err(error) = self.jetstream.query_account().await else { return Ok(()) };
        Err(match error.kind() {
            AccountErrorKind::JetStream(_) | AccountErrorKind::JetStreamUnavailable => {
                ConnectError::NoJetStream { url, source: because(error) }
            }
            _ => ConnectError::Unreachable { url, source: because(error) },
        })
    }
}

fn because(error: AccountError) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(error)
}

fn failed(url: &str, error: async_nats::ConnectError) -> ConnectError {
    let url = url.to_owned();
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation => {
            ConnectError::Refused { url, source: Box::new(error) }
        }
        // Seeds that are none show only when the server asks for a signature.
        ConnectErrorKind::Authentication => ConnectError::Setting {
            setting: "credentials",
            reason: "no signature can be made with the seed: expected one of a user (`SU…`)".into(),
        },
        _ => ConnectError::Unreachable { url, source: Box::new(error) },
    }
}

/// Returns the addresses of a list of URLs without the credentials in them, and the first ones of
/// these.
fn addresses(urls: &str) -> Result<(Vec<ServerAddr>, Credentials), ConnectError> {
    let mut found = Credentials::None;
    let mut addresses = Vec::new();
    for text in urls.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let address: ServerAddr = text.parse().map_err(|error| wrong(text, error))?;
        if address.is_websocket() {
            return Err(wrong(text, "expected the scheme `nats` or `tls`"));
        }
        let mut url = address.into_inner();
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong(text, "no host"));
        }
        if matches!(found, Credentials::None) && !url.username().is_empty() {
            let name = decoded(url.username());
            found = match url.password() {
                Some(password) => Credentials::User(name, decoded(password)),
                None => Credentials::Token(name),
            };
        }
        // Both fail for URLs without a host alone.
        let (name, password) = (url.set_username(""), url.set_password(None));
        if name.is_err() || password.is_err() {
            return Err(wrong(text, "no host"));
        }
        addresses.push(ServerAddr::from_url(url).map_err(|error| wrong(text, error))?);
    }
    if addresses.is_empty() {
        return Err(wrong(urls, "no URL"));
    }
    Ok((addresses, found))
}

/// Returns the error of an URL, which is shown without all that may be a secret.
fn wrong(url: &str, reason: impl std::fmt::Display) -> ConnectError {
    let shown = url.rsplit('@').next().unwrap_or_default();
    ConnectError::Setting { setting: "url", reason: format!("{shown:?}: {reason}") }
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&ami::percent_decode(text.as_bytes())).into_owned()
}

fn options(config: &Config, credentials: &Credentials) -> Result<ConnectOptions, ConnectError> {
    let name =
        config.name.as_deref().map_or_else(|| "ami bridge".into(), |it| format!("ami bridge {it}"));
    let mut options = ConnectOptions::new().name(name).ping_interval(PING).require_tls(config.tls);
    if let Some(file) = &config.roots {
        options = options.add_root_certificates(file.clone());
    }
    if let Some((certificate, key)) = &config.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(match credentials {
        Credentials::None => options,
        Credentials::User(name, password) => {
            options.user_and_password(name.clone(), password.clone())
        }
        Credentials::Token(token) => options.token(token.clone()),
        Credentials::Nkey(seed) => options.nkey(seed.trim().to_owned()),
        // The error may hold a part of the text.
        Credentials::Text(text) => {
            options.credentials(text).map_err(|_| ConnectError::Setting {
                setting: "credentials",
                reason: "expected a JWT and a seed, each between its lines `BEGIN` and `END`"
                    .into(),
            })?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(urls: &str) -> (Vec<String>, Credentials) {
        let (addresses, credentials) = addresses(urls).unwrap();
        (addresses.iter().map(|it| it.as_url_str().to_owned()).collect(), credentials)
    }

    #[test]
    fn secrets_are_taken_out_of_urls() {
        let (urls, found) = credentials("nats://bob:pass%2Fword@a:4222, tls://carol:other@b");
        assert_eq!(urls, ["nats://a:4222", "tls://b"]);
        assert!(
            matches!(found, Credentials::User(name, word) if name == "bob" && word == "pass/word")
        );
        let (urls, found) = credentials("t0ken@a");
        assert_eq!(urls, ["nats://a"]);
        assert!(matches!(found, Credentials::Token(token) if token == "t0ken"));
        assert!(matches!(credentials("a:1,b:2").1, Credentials::None));
    }

    #[test]
    fn a_wrong_url_is_told_without_its_secrets() {
        for url in [
            "http://bob:hush@a",
            "nats://bob:hush@a:99999",
            "ws://bob:hush@a",
            "nats://bob:hu@sh@a:x",
            "nats://bob:hush@",
            "",
            ",",
        ] {
            let error = addresses(url).map(|_| ()).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hu") && !shown.contains("sh@"), "{shown}");
            assert!(shown.starts_with("url: "), "{shown}");
        }
    }

    #[tokio::test]
    async fn a_wrong_credentials_text_is_not_shown() {
        let config = Config::new("127.0.0.1:1").credentials("SUHUSH");
        let error = Connection::open(&config).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("BEGIN") && !shown.contains("HUSH"), "{shown}");
        assert!(matches!(error, ConnectError::Setting { .. }));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_temporary() {
        let config = Config::new("nats://bob:hush@127.0.0.1:1");
        let error = Connection::open(&config).await.unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable { .. }));
        assert_eq!(error.to_string(), "no connection to the NATS server at nats://127.0.0.1:1");
        assert!(!format!("{error:?}").contains("hush"));
    }
}
