//! Connecting to an address: a byte stream over TCP, with TLS if the config asks for it.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Config;
use crate::error::Error;

/// A byte stream of any kind. The cost of dynamic dispatch is negligible beside a system call.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) type Io = Box<dyn Stream>;

/// The ports that Asterisk listens on by default.
const PORT: u16 = 5038;
#[cfg(feature = "tls")]
const TLS_PORT: u16 = 5039;

/// Connects to an address. A host name is resolved now, and its addresses are tried one after
/// another.
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
    refuse_itself(&stream)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Refuses a connection to itself. While nobody listens on a port of this machine, the system may
/// choose that very port as the source of a connection to it; the connection then succeeds, and
/// keeps the server from its port.
fn refuse_itself(stream: &TcpStream) -> io::Result<()> {
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(())
}

/// Appends `port` to an address without a port. An IPv6 address without a port needs no brackets.
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

/// Returns the host of an address that has a port.
#[cfg(feature = "tls")]
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_to_itself_is_refused() {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((std::net::Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let own = socket.local_addr().unwrap();
        let error = refuse_itself(&socket.connect(own).await.unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0));
        let listener = listener.await.unwrap();
        refuse_itself(&TcpStream::connect(listener.local_addr().unwrap()).await.unwrap()).unwrap();
    }

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
