//! From an address to a byte stream: TCP, with TLS on top if that is wanted.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Config;
use crate::error::Error;

/// A byte stream of any kind. What it costs to look up its methods is nothing beside a system call.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) type Io = Box<dyn Stream>;

/// The ports that Asterisk listens on unless told otherwise.
const PORT: u16 = 5038;
#[cfg(feature = "tls")]
const TLS_PORT: u16 = 5039;

/// Connects to an address. A name is resolved now, and its addresses are tried one after another.
pub(crate) async fn dial(address: &str, config: &Config) -> Result<Io, Error> {
    let failed = |source| Error::Connect { address: address.into(), source: Arc::new(source) };
    let late = |_| Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long"));
    timeout(config.connect_timeout, open(address, config))
        .await
        .unwrap_or_else(late)
        .map_err(failed)
}

#[cfg(not(feature = "tls"))]
async fn open(address: &str, _: &Config) -> io::Result<Io> {
    Ok(Box::new(tcp(&with_port(address, PORT)).await?))
}

#[cfg(feature = "tls")]
async fn open(address: &str, config: &Config) -> io::Result<Io> {
    match &config.tls {
        None => Ok(Box::new(tcp(&with_port(address, PORT)).await?)),
        Some(tls) => {
            let address = with_port(address, TLS_PORT);
            let stream = tcp(&address).await?;
            Ok(Box::new(tls.wrap(host(&address), stream).await?))
        }
    }
}

async fn tcp(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An address with a port behind it. IPv6 addresses may stand without brackets if there is no port.
fn with_port(address: &str, port: u16) -> String {
    match address.rsplit_once(':') {
        None => format!("{address}:{port}"),
        Some(_) if address.ends_with(']') => format!("{address}:{port}"),
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => {
            format!("[{address}]:{port}")
        }
        Some(_) => address.to_owned(),
    }
}

/// The host of an address that has a port.
#[cfg(feature = "tls")]
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_port_gets_one() {
        for (address, full) in [
            ("pbx", "pbx:5038"),
            ("pbx:1", "pbx:1"),
            ("192.0.2.1", "192.0.2.1:5038"),
            ("[::1]", "[::1]:5038"),
            ("[::1]:1", "[::1]:1"),
            ("::1", "[::1]:5038"),
        ] {
            assert_eq!(with_port(address, PORT), full);
        }
    }
}
