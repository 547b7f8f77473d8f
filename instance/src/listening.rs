//! Whose socket listens at an address. One that listens there may be another server's, which got there first.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

/// Whether one of these processes listens at an address or at every one. Nothing if the kernel does not tell.
pub(crate) fn listens(pids: &[u32], ip: IpAddr, port: u16) -> Option<bool> {
    let mut sockets = Vec::new();
    for table in ["tcp", "tcp6"] {
        let text = fs::read_to_string(format!("/proc/{}/net/{table}", pids.first()?));
        // A machine without IPv6 has no such table.
        if let Some(text) = text.ok().or_else(|| (table == "tcp6").then(String::new)) {
            sockets.extend(text.lines().filter_map(|line| socket(line, ip, port)));
        }
    }
    let mut known = false;
    for pid in pids {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        known = true;
        let mut files = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        if files.any(|file| sockets.iter().any(|socket| file.as_os_str() == socket.as_str())) {
            return Some(true);
        }
    }
    known.then_some(false)
}

/// The name of the socket in a line of the table, if it listens there.
fn socket(line: &str, ip: IpAddr, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let (address, inode) = (fields.get(1)?, fields.get(9)?);
    let (host, at) = address.split_once(':')?;
    let here = match (ip, host.len()) {
        // Bytes as they are in memory, read as a number of this machine.
        (IpAddr::V4(ip), 8) => {
            let host = Ipv4Addr::from(u32::from_str_radix(host, 16).ok()?.to_ne_bytes());
            host == ip || host.is_unspecified()
        }
        _ => host.bytes().all(|byte| byte == b'0'),
    };
    let listens = here && fields.get(3) == Some(&LISTEN) && u16::from_str_radix(at, 16) == Ok(port);
    listens.then(|| format!("socket:[{inode}]"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_the_process_that_listens_there_is_found() {
        let us = [std::process::id()];
        for ip in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            let listener = TcpListener::bind((ip, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            assert_eq!(listens(&us, Ipv4Addr::LOCALHOST.into(), port), Some(true));
            // The first process of the machine, or of this container.
            assert_ne!(listens(&[1], Ipv4Addr::LOCALHOST.into(), port), Some(true));
            drop(listener);
            assert_eq!(listens(&us, Ipv4Addr::LOCALHOST.into(), port), Some(false));
        }
    }
}
