//! A loopback address that belongs to one instance alone.
//!
//! All of 127.0.0.0/8 is this machine's. With an address of its own each server can keep the usual ports, and two of them
//! never meet. The claim is a socket on a port that nobody else uses: the kernel grants it to one process at a time, and
//! takes it back when that process is gone, in whatever way.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};

use uuid::Uuid;

/// The port of the claim: below the range that the kernel hands out by itself.
const GUARD: u16 = 5037;

/// Where AMI listens: its own port, or the next of these if another server holds that on every address.
const AMI: [u16; 3] = [5038, 15038, 25038];

/// How often to draw another address. There are 15 million.
const DRAWS: usize = 64;

/// A claimed address.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) ip: IpAddr,
    pub(crate) ami_port: u16,
    _guard: UdpSocket,
}

impl Address {
    /// Claims a free address.
    pub(crate) fn claim() -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..DRAWS {
            match Self::at(random(), GUARD, &AMI) {
                Ok(address) => return Ok(address),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn at(ip: Ipv4Addr, guard: u16, ami: &[u16]) -> io::Result<Self> {
        let _guard = UdpSocket::bind((ip, guard))?;
        // A server that outlived its owner holds no claim, but its port.
        let free = |port: &&u16| TcpListener::bind((ip, **port)).is_ok();
        let ami_port = *ami.iter().find(free).ok_or(io::ErrorKind::AddrInUse)?;
        Ok(Self { ip: ip.into(), ami_port, _guard })
    }
}

fn random() -> Ipv4Addr {
    let bytes = Uuid::new_v4().into_bytes();
    // 127.0 and 127.1 are where people put things by hand.
    Ipv4Addr::new(127, bytes[0].clamp(16, 250), bytes[1], bytes[2].clamp(1, 254))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_claimed_once_and_freed_with_its_claim() {
        let ip = Ipv4Addr::new(127, 3, 1, 1);
        let first = Address::at(ip, 5137, &[5138]).unwrap();
        let second = Address::at(ip, 5137, &[5138]).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        drop(first);
        assert!(Address::at(ip, 5137, &[5138]).is_ok());
    }

    #[test]
    fn a_server_on_every_address_leaves_the_next_port() {
        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 5238)).unwrap();
        let ip = Ipv4Addr::new(127, 3, 1, 2);
        assert_eq!(Address::at(ip, 5237, &[5238, 5239]).unwrap().ami_port, 5239);
        assert!(Address::at(ip, 5237, &[5238]).is_err());
        drop(everywhere);
        assert_eq!(Address::at(ip, 5237, &[5238, 5239]).unwrap().ami_port, 5238);
    }
}
