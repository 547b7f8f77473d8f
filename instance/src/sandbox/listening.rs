//! The process whose socket listens at an address. Another server may have got there first.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr};

/// The length of a line of the table. The kernel produces one line at a time for a reader that asks
/// for no more, and lines of listening sockets come first. Producing the rest takes 10 ms.
const LINE: usize = 150;

/// Returns whether one of some processes listens at an address or at every one, or `None` if the
/// kernel does not tell.
pub(crate) fn listens(pids: &[u32], ip: IpAddr, port: u16) -> Option<bool> {
    let mut known = false;
    let files = pids
        .iter()
        .flat_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")).inspect(|_| known = true));
    let files = files.flat_map(|files| files.flatten());
    let files: Vec<_> = files.filter_map(|file| fs::read_link(file.path()).ok()).collect();
    let is_theirs = |socket: String| files.iter().any(|file| file.as_os_str() == socket.as_str());
    // A machine without IPv6 has no table of it.
    let found = ["tcp", "tcp6"].iter().any(|table| {
        let file = pids.first().and_then(|pid| File::open(format!("/proc/{pid}/net/{table}")).ok());
        let lines = file.map(|file| BufReader::with_capacity(LINE, file).lines());
        let mut lines = lines.into_iter().flatten().map_while(Result::ok).skip(1);
        lines.by_ref().map_while(|line| socket(&line, ip, port)).flatten().any(is_theirs)
    });
    known.then_some(found)
}

/// Returns the process that listens at an address or at every one, by name and number. Processes of
/// other users are not seen.
pub(crate) fn holder(ip: IpAddr, port: u16) -> Option<String> {
    let all = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let network = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let ours = network("self");
    let pid: u32 = pids.find(|pid: &u32| {
        network(&pid.to_string()) == ours && listens(&[*pid], ip, port) == Some(true)
    })?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(format!("process {pid} ({})", name.trim()))
}

/// Returns the name of the socket in a line of the table if it listens at an address, `Some(None)`
/// if it listens elsewhere, and `None` if it does not listen.
fn socket(line: &str, ip: IpAddr, port: u16) -> Option<Option<String>> {
    const LISTEN: &str = "0A";
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let (address, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    if *state != LISTEN {
        return None;
    }
    let (host, at) = address.split_once(':')?;
    let here = match (ip, host.len()) {
        // The bytes are those in memory, read as a number of this machine.
        (IpAddr::V4(ip), 8) => {
            let host = Ipv4Addr::from(u32::from_str_radix(host, 16).ok()?.to_ne_bytes());
            host == ip || host.is_unspecified()
        }
        _ => host.bytes().all(|byte| byte == b'0'),
    };
    let listens = here && u16::from_str_radix(at, 16) == Ok(port);
    Some(listens.then(|| format!("socket:[{inode}]")))
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
            let holder = holder(Ipv4Addr::LOCALHOST.into(), port).unwrap();
            assert!(holder.starts_with(&format!("process {} (", us[0])), "{holder}");
            // The first process of the machine, or of this container.
            assert_ne!(listens(&[1], Ipv4Addr::LOCALHOST.into(), port), Some(true));
            drop(listener);
            assert_eq!(listens(&us, Ipv4Addr::LOCALHOST.into(), port), Some(false));
        }
    }
}
