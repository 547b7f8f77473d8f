//! The address where a server listens for SIP.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use instance::{Instance, Sandbox, Section};

/// The port of SIP where the configuration names none.
const PORT: u16 = 5060;

/// An address of a SIP transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sip {
    /// `udp` or `tcp`.
    pub(crate) transport: &'static str,
    pub(crate) address: SocketAddr,
}

impl fmt::Display for Sip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// Returns the first transport of an instance's configuration that listens, one of UDP before one
/// of TCP. A transport that is bound to every address listens at that of the instance.
pub(crate) fn listening(instance: &Instance) -> Option<Sip> {
    let sandbox = instance.sandbox();
    let mut transports = of_pjsip(&sandbox.sections("pjsip.conf"));
    transports.extend(of_chan_sip(sandbox));
    // Stable: the first one stays the first one.
    transports.sort_by_key(|it| it.transport == "tcp");
    let pid = instance.pid()?;
    let sockets = sockets(pid);
    let mut found = transports.into_iter().find(|it| is_bound(it, pid, &sockets))?;
    if found.address.ip().is_unspecified() {
        found.address.set_ip(sandbox.address());
    }
    Some(found)
}

/// Returns the transports of `pjsip.conf` (`res/res_pjsip/config_transport.c`).
fn of_pjsip(sections: &[Section]) -> Vec<Sip> {
    let transport = |section: &Section| {
        section.get("type").filter(|it| it.eq_ignore_ascii_case("transport"))?;
        let transport = match section.get("protocol").map(str::to_ascii_lowercase).as_deref() {
            None | Some("udp") => "udp",
            Some("tcp") => "tcp",
            // TLS and WebSockets need more than an address.
            Some(_) => return None,
        };
        Some(Sip { transport, address: address(section.get("bind")?, PORT)? })
    };
    sections.iter().filter_map(transport).collect()
}

/// Returns the transport of `sip.conf`, of a server that has `chan_sip`.
fn of_chan_sip(sandbox: &Sandbox) -> Option<Sip> {
    let general = sandbox.section("sip.conf", "general")?;
    let port = general.get("bindport").and_then(|it| it.parse().ok()).unwrap_or(PORT);
    let bind = general.get("udpbindaddr").or_else(|| general.get("bindaddr"));
    Some(Sip { transport: "udp", address: address(bind.unwrap_or("0.0.0.0"), port)? })
}

/// Returns the address of a text with or without a port.
fn address(text: &str, port: u16) -> Option<SocketAddr> {
    let without_port = || {
        let ip = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
        Some(SocketAddr::new(ip.parse().ok()?, port))
    };
    text.parse().ok().or_else(without_port)
}

/// Returns the sockets of a process, as the kernel names them in its folder.
fn sockets(pid: u32) -> BTreeSet<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = files.filter_map(|file| fs::read_link(file.path()).ok());
    links.filter_map(|link| link.into_os_string().into_string().ok()).collect()
}

/// Returns `true` if one of the sockets of a process is bound to the address of a transport.
fn is_bound(sip: &Sip, pid: u32, sockets: &BTreeSet<String>) -> bool {
    let six = if sip.address.is_ipv6() { "6" } else { "" };
    let table = fs::read_to_string(format!("/proc/{pid}/net/{}{six}", sip.transport));
    table.unwrap_or_default().lines().skip(1).any(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (Some(local), Some(state), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9))
        else {
            return false;
        };
        const LISTEN: &str = "0A";
        let listens = sip.transport == "udp" || *state == LISTEN;
        let is_here = || socket_address(local) == Some(sip.address);
        listens && is_here() && sockets.contains(&format!("socket:[{inode}]"))
    })
}

/// Returns the address in a line of the kernel's tables: the bytes in memory, four at a time, read
/// as numbers of this machine.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let words = host.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let bytes = words.collect::<Option<Vec<_>>>()?.concat();
    let ip = match bytes.len() {
        4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        _ => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn an_address_is_read_with_or_without_a_port() {
        for (text, read) in [
            ("127.0.0.1", "127.0.0.1:5060"),
            ("127.0.0.1:5070", "127.0.0.1:5070"),
            ("::1", "[::1]:5060"),
            ("[::1]", "[::1]:5060"),
            ("[::1]:5070", "[::1]:5070"),
        ] {
            assert_eq!(address(text, PORT), Some(read.parse().unwrap()), "{text}");
        }
        assert_eq!(address("localhost", PORT), None);
    }

    #[test]
    fn a_socket_of_a_process_is_found_in_the_tables_of_the_kernel() {
        let us = std::process::id();
        for ip in ["127.0.0.1", "::1"] {
            let Ok(udp) = UdpSocket::bind((ip, 0)) else {
                eprintln!("left out: no {ip}");
                continue;
            };
            let tcp = TcpListener::bind((ip, 0)).unwrap();
            let of_udp = Sip { transport: "udp", address: udp.local_addr().unwrap() };
            let of_tcp = Sip { transport: "tcp", address: tcp.local_addr().unwrap() };
            for sip in [of_udp, of_tcp] {
                assert!(is_bound(&sip, us, &sockets(us)), "{sip}");
                assert!(!is_bound(&sip, us, &BTreeSet::new()), "of another process: {sip}");
            }
            let elsewhere = SocketAddr::new("127.0.0.2".parse().unwrap(), of_udp.address.port());
            let elsewhere = Sip { address: elsewhere, ..of_udp };
            assert!(!is_bound(&elsewhere, us, &sockets(us)), "{elsewhere}");
            drop(tcp);
            assert!(!is_bound(&of_tcp, us, &sockets(us)), "{of_tcp}");
        }
    }
}
