//! A loopback address that belongs to one instance alone.
//!
//! All of 127.0.0.0/8 is this machine's. With an address of its own each server can keep the usual
//! ports, and two of them never meet. The claim is a socket on a port that nobody else uses: the
//! kernel grants it to one process at a time, and takes it back when that process is gone, in
//! whatever way.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};

use uuid::Uuid;

use crate::sandbox::listening;

/// The port of the claim: below the range that the kernel hands out by itself.
const GUARD: u16 = 5037;

/// The ports of AMI: its own one, or the next of these if another server holds that on every
/// address.
const AMI: [u16; 3] = [5038, 15038, 25038];

/// The ports of HTTP, likewise.
const HTTP: [u16; 3] = [8088, 18088, 28088];

/// The maximum number of addresses to draw. There are 15 million.
const DRAWS: usize = 64;

/// A claimed address.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) ip: IpAddr,
    pub(crate) ami_port: u16,
    pub(crate) http_port: u16,
    _guard: UdpSocket,
}

impl Address {
    /// Claims an address: the wanted one, or any that is free.
    pub(crate) fn claim(wanted: Option<Ipv4Addr>) -> io::Result<Self> {
        if let Some(ip) = wanted {
            if !ip.is_loopback() {
                // Others could reach the server and log in, because the secret is known.
                let what = "only an address of 127.0.0.0/8 is this machine's alone";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            return Self::at(ip, GUARD, &AMI, &HTTP);
        }
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..DRAWS {
            match Self::at(random(), GUARD, &AMI, &HTTP) {
                Ok(address) => return Ok(address),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn at(ip: Ipv4Addr, guard: u16, ami: &[u16], http: &[u16]) -> io::Result<Self> {
        let claim = UdpSocket::bind((ip, guard));
        let _guard = claim.map_err(|error| refused(error, ip, &[guard]))?;
        // An address can be bound and not be reached if the loopback interface is down.
        _guard.connect((ip, guard)).map_err(|error| refused(error, ip, &[guard]))?;
        // A server that outlived its owner holds no claim, but its port.
        let free = |port: &&u16| TcpListener::bind((ip, **port)).is_ok();
        let first = |ports: &[u16]| ports.iter().find(free).copied();
        let taken = |ports| refused(io::ErrorKind::AddrInUse.into(), ip, ports);
        let ami_port = first(ami).ok_or_else(|| taken(ami))?;
        let http_port = first(http).ok_or_else(|| taken(http))?;
        Ok(Self { ip: ip.into(), ami_port, http_port, _guard })
    }
}

/// Adds the address, the ports and what can be done to an error.
fn refused(error: io::Error, ip: Ipv4Addr, ports: &[u16]) -> io::Error {
    let holder = |port: &u16| listening::holder(ip.into(), *port);
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => match ports.iter().find_map(holder) {
            Some(holder) => format!("{holder} listens there"),
            None => "`ss -lntup` shows who has it".to_owned(),
        },
        io::ErrorKind::NetworkUnreachable => {
            "the loopback interface is down, `ip link set lo up` starts it".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "there is no IPv4 loopback, `ip address add 127.0.0.1/8 dev lo` makes it".to_owned()
        }
        _ => "servers listen at addresses of 127.0.0.0/8".to_owned(),
    };
    let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    io::Error::new(error.kind(), format!("{ip}, port {ports}: {error}; {hint}"))
}

fn random() -> Ipv4Addr {
    let bytes = Uuid::new_v4().into_bytes();
    // People use addresses in 127.0 and 127.1 by hand.
    Ipv4Addr::new(127, bytes[0].clamp(16, 250), bytes[1], bytes[2].clamp(1, 254))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_claimed_once_and_freed_with_its_claim() {
        let _no_forks = crate::FORKS.blocking_write();
        let (ip, guard, ami) = (random(), 5137, [5138]);
        let first = Address::at(ip, guard, &ami, &[5140]).unwrap();
        let second = Address::at(ip, guard, &ami, &[5140]).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        assert!(second.to_string().starts_with(&format!("{ip}, port 5137: ")), "{second}");
        drop(first);
        assert!(Address::at(ip, guard, &ami, &[5140]).is_ok());
    }

    #[test]
    fn a_server_on_every_address_leaves_the_next_port() {
        let _no_forks = crate::FORKS.blocking_write();
        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let taken = everywhere.local_addr().unwrap().port();
        let (ip, guard) = (random(), 5137);
        assert_eq!(Address::at(ip, guard, &[taken, 5139], &[5140]).unwrap().ami_port, 5139);
        let error = Address::at(ip, guard, &[taken], &[5140]).unwrap_err().to_string();
        let holder = format!("process {} (", std::process::id());
        assert!(error.contains(&format!("port {taken}")) && error.contains(&holder), "{error}");
        drop(everywhere);
        assert_eq!(Address::at(ip, guard, &[taken, 5139], &[5140]).unwrap().ami_port, taken);
    }
}
