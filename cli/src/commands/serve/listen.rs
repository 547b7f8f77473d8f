//! The address to listen on.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket, lookup_host};

use crate::exit::{Exit, Failure};

/// The number of connections that wait for being accepted.
const WAITING: u32 = 128;

/// An address to listen on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Listen {
    /// A host, which is a name or an address, and a port.
    At(String),
    /// All interfaces.
    Everywhere(u16),
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected [HOST]:PORT, such as 127.0.0.1:9815, [::1]:9815 or :9815";
        let (host, port) = text.rsplit_once(':').ok_or(wrong)?;
        let port = port.parse().map_err(|_| wrong)?;
        let is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
        match host {
            "" => Ok(Self::Everywhere(port)),
            _ if is_bare_ipv6 => Err(wrong),
            _ => Ok(Self::At(text.to_owned())),
        }
    }
}

impl Listen {
    /// Listens on the address.
    pub(super) async fn bind(&self) -> Result<TcpListener, Failure> {
        let (text, listening) = match self {
            Self::At(address) => (address.clone(), at(address).await),
            Self::Everywhere(port) => (format!(":{port}"), everywhere(*port)),
        };
        listening.map_err(|error| {
            let in_use = error.kind() == io::ErrorKind::AddrInUse;
            let text = format!("cannot listen on {text}");
            let failure = Failure::new(Exit::Refused, anyhow::Error::new(error).context(text));
            match in_use {
                true => failure.hint("another program listens there: use --listen [HOST]:PORT"),
                false => failure,
            }
        })
    }
}

async fn at(address: &str) -> io::Result<TcpListener> {
    let mut last = None;
    for address in lookup_host(address).await? {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("the name has no address")))
}

/// Listens on all interfaces: by IPv6 and IPv4, or by IPv4 alone where there is no IPv6.
fn everywhere(port: u16) -> io::Result<TcpListener> {
    match listen((Ipv6Addr::UNSPECIFIED, port).into()) {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            listen((Ipv4Addr::UNSPECIFIED, port).into())
        }
        listening => listening,
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(address) => {
            let socket = TcpSocket::new_v6()?;
            // All interfaces are those of IPv4, too, whatever the machine's default is.
            set_ipv6_v6only(&socket, !address.ip().is_unspecified())?;
            socket
        }
    };
    // A program that was started again listens where its connections have just ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_interfaces_are_asked_for_by_a_port_alone() {
        assert_eq!(":9815".parse(), Ok(Listen::Everywhere(9815)));
        for text in ["127.0.0.1:9815", "[::1]:9815", "localhost:1", "0.0.0.0:1", "[::]:1"] {
            assert_eq!(text.parse(), Ok(Listen::At(text.to_owned())));
        }
        for text in ["", "9815", ":", "host", "host:", ":99999", "::1", "::1:9815", "1.2.3.4:x"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
