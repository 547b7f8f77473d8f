//! Network addresses, in the forms that the server writes.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A network address, with the transport and the port where the server writes them.
///
/// Parsing accepts the form of security events, `IPV4/UDP/192.0.2.1/5060` and
/// `IPV6/TCP/2001:db8::1/5060` (`main/security_events.c`), an address with a port,
/// `192.0.2.1:5060` and `[2001:db8::1]:5060`, and an address alone, with or without brackets. Names
/// of hosts are not looked up; they are an error.
///
/// ```
/// use ami::value::{Address, Transport};
///
/// let address: Address = "IPV4/UDP/192.0.2.1/5060".parse()?;
/// assert_eq!(address.transport, Some(Transport::Udp));
/// assert_eq!(address.socket(), Some("192.0.2.1:5060".parse().unwrap()));
/// let address: Address = "[2001:db8::1]:10000".parse()?;
/// assert_eq!((address.transport, address.port), (None, Some(10_000)));
/// # Ok::<(), ami::value::AddressError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Address {
    /// The transport, or `None` if the server does not write it.
    pub transport: Option<Transport>,
    /// The IP address.
    pub ip: IpAddr,
    /// The port, or `None` if the server does not write it.
    pub port: Option<u16>,
}

impl Address {
    /// Returns the address and the port, or `None` if there is no port.
    pub fn socket(&self) -> Option<SocketAddr> {
        self.port.map(|port| SocketAddr::new(self.ip, port))
    }
}

/// A transport, as in security events (`main/netsock2.c`, `ast_transport2str`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS on TCP.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket on TLS.
    Wss,
    /// `Undefined`: the server does not know the transport.
    Undefined,
}

impl Transport {
    const ALL: [Self; 6] = [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss, Self::Undefined];

    /// Returns the name, as the server writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
            Self::Undefined => "Undefined",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error of a text that is not an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no such address: {text:?}; expected 192.0.2.1:5060 or IPV4/UDP/192.0.2.1/5060")]
#[non_exhaustive]
pub struct AddressError {
    /// The text.
    pub text: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        parse(text).ok_or_else(|| AddressError { text: text.to_owned() })
    }
}

/// Writes the address as it is written most, such as `192.0.2.1:5060`, without the transport.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket() {
            Some(socket) => socket.fmt(f),
            None => self.ip.fmt(f),
        }
    }
}

fn parse(text: &str) -> Option<Address> {
    if text.contains('/') {
        return parse_slashes(text);
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(Address { transport: None, ip: socket.ip(), port: Some(socket.port()) });
    }
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    Some(Address { transport: None, ip: inner.unwrap_or(text).parse().ok()?, port: None })
}

/// Parses `IPV4/UDP/192.0.2.1/5060`.
fn parse_slashes(text: &str) -> Option<Address> {
    let mut parts = text.split('/');
    let (family, transport) = (parts.next()?, parts.next()?);
    let (ip, port) = (parts.next()?.parse::<IpAddr>().ok()?, parts.next()?);
    let wanted = if ip.is_ipv4() { "IPV4" } else { "IPV6" };
    let is_it = |it: &Transport| it.name().eq_ignore_ascii_case(transport);
    let address = Address {
        transport: Some(Transport::ALL.into_iter().find(is_it)?),
        ip,
        port: Some(port.parse().ok()?),
    };
    (parts.next().is_none() && family.eq_ignore_ascii_case(wanted)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_server_is_read() {
        let udp = Some(Transport::Udp);
        for (text, transport, ip, port) in [
            ("IPV4/UDP/127.0.0.1/5060", udp, "127.0.0.1", Some(5060)),
            ("IPV6/TCP/::1/5060", Some(Transport::Tcp), "::1", Some(5060)),
            ("ipv4/wss/192.0.2.1/0", Some(Transport::Wss), "192.0.2.1", Some(0)),
            ("IPV4/Undefined/192.0.2.1/1", Some(Transport::Undefined), "192.0.2.1", Some(1)),
            ("127.0.0.1:1234", None, "127.0.0.1", Some(1234)),
            ("[::1]:1234", None, "::1", Some(1234)),
            ("127.0.0.1", None, "127.0.0.1", None),
            ("2001:db8::1", None, "2001:db8::1", None),
            ("[2001:db8::1]", None, "2001:db8::1", None),
        ] {
            let address: Address = text.parse().unwrap();
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(address, Address { transport, ip, port }, "{text}");
            let shown = address.to_string();
            assert_eq!(shown.parse(), Ok(Address { transport: None, ..address }), "{shown}");
        }
    }

    #[test]
    fn other_texts_are_errors_that_tell_them() {
        for text in [
            "",
            "/",
            "-none-",
            "(null)",
            "Dynamic",
            "example.org:5060",
            "127.0.0.1:65536",
            "127.0.0.1:",
            "::1:1234x",
            "[::1",
            "IPV6/UDP/127.0.0.1/5060",
            "IPV4/UDP/::1/5060",
            "IPV4/SCTP/127.0.0.1/5060",
            "IPV4/UDP/127.0.0.1",
            "IPV4/UDP/127.0.0.1/5060/1",
            "IPV4/UDP/127.0.0.1/-1",
            "é",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
