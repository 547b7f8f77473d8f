//! Ports of a run of SIPp: free ones for its media, and whether it has bound its own.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, UdpSocket};

/// The first port of media. It is above the ports for RTP of a server that has no `rtp.conf`, and
/// above those that the system gives to sockets that ask for any.
const FIRST: u16 = 61_000;

/// The number of ports that a run may bind: audio and video, each with one more.
const TOGETHER: u16 = 4;

/// The state of a listening socket of TCP in the system's table.
const LISTENS: &str = "0A";

/// Finds consecutive free ports of UDP at an address, and returns the first. `given` is the number
/// of ports that other runs have been given, and grows.
pub(super) fn free_media_port(address: IpAddr, given: &mut u16) -> Option<u16> {
    loop {
        let first = FIRST.checked_add(*given)?;
        let end = first.checked_add(TOGETHER)?;
        *given += TOGETHER;
        let bound: Result<Vec<_>, _> =
            (first..end).map(|port| UdpSocket::bind((address, port))).collect();
        match bound {
            Ok(_) => return Some(first),
            // Another address is no better with another port.
            Err(error) if error.kind() != std::io::ErrorKind::AddrInUse => return Some(first),
            Err(_) => {}
        }
    }
}

/// Returns whether a process has bound a port of UDP, or listens on one of TCP.
pub(super) fn is_bound(process: u32, port: u16) -> bool {
    let sockets = sockets_of(process);
    let tables = [("udp", false), ("udp6", false), ("tcp", true), ("tcp6", true)];
    tables.iter().any(|(table, is_tcp)| {
        let table = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        table.lines().skip(1).any(|line| {
            let entry = Entry::read(line);
            entry.is_some_and(|it| {
                it.port == port && (!is_tcp || it.state == LISTENS) && sockets.contains(it.socket)
            })
        })
    })
}

/// A socket in a table of the system.
struct Entry<'a> {
    port: u16,
    state: &'a str,
    /// The number of the socket.
    socket: &'a str,
}

impl<'a> Entry<'a> {
    /// Reads a line: number, local address, remote address, state, …, the tenth is the socket.
    fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let (_, port) = fields.nth(1)?.rsplit_once(':')?;
        let state = fields.nth(1)?;
        let socket = fields.nth(5)?;
        Some(Self { port: u16::from_str_radix(port, 16).ok()?, state, socket })
    }
}

/// The numbers of the sockets that a process has open.
fn sockets_of(process: u32) -> HashSet<String> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    let sockets = targets.filter_map(|target| {
        let socket = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        Some(socket.to_owned())
    });
    sockets.collect()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn bound_ports_of_a_process_are_known_and_those_of_a_client_are_none() {
        let own = std::process::id();
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(is_bound(own, udp.local_addr().unwrap().port()));
        assert!(is_bound(own, port));
        assert!(!is_bound(own, client.local_addr().unwrap().port()));
        if let Ok(udp) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) {
            assert!(is_bound(own, udp.local_addr().unwrap().port()));
        }
        // Another process has bound none of them.
        assert!(!is_bound(1, port));
        let port = udp.local_addr().unwrap().port();
        drop(udp);
        assert!(!is_bound(own, port));
    }

    #[test]
    fn ports_of_media_are_given_once_and_taken_ones_left_out() {
        let (address, mut given) = (Ipv4Addr::LOCALHOST.into(), 0);
        let first = free_media_port(address, &mut given).unwrap();
        let Ok(_taken) = UdpSocket::bind((address, first + TOGETHER + 2)) else {
            return;
        };
        let second = free_media_port(address, &mut given).unwrap();
        assert!(second >= first + 2 * TOGETHER, "{first} {second}");
        // An address that this machine does not have is for SIPp to complain of.
        assert!(free_media_port("192.0.2.1".parse().unwrap(), &mut given).is_some());
        given = u16::MAX - FIRST - 2;
        assert_eq!(free_media_port(address, &mut given), None);
    }
}
