//! Network addresses, in the forms that the server writes.

use std::net::SocketAddr;
use std::str::FromStr;

/// A network address, with the transport where the server writes it, as in
/// `IPV4/UDP/192.0.2.1/5060`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Address {
    /// The transport: `UDP`, `TCP`, `TLS`, `WS` and others. `None` if the server does not write it.
    pub transport: Option<String>,
    /// The address and the port. The port is 0 if the server writes none.
    pub socket: SocketAddr,
}

/// The error of a text that is not an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not an address: expected 192.0.2.1:5060 or IPV4/UDP/192.0.2.1/5060")]
pub struct AddressError {
    text: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let failed = || AddressError { text: text.to_owned() };
        let mut parts = text.split('/');
        if let (Some(_), Some(transport), Some(host), Some(port), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        {
            let (host, port) = (host.parse(), port.parse());
            let (Ok(host), Ok(port)) = (host, port) else { return Err(failed()) };
            let transport = Some(transport.to_owned());
            return Ok(Self { transport, socket: SocketAddr::new(host, port) });
        }
        let socket = text.parse().map_err(|_| failed())?;
        Ok(Self { transport: None, socket })
    }
}
