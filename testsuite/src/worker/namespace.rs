//! A network, a mount table and a process table for one test alone, so that 127.0.0.1:5038 is its
//! own and nothing of it stays.
//!
//! A process that has threads cannot enter a user namespace, and nobody reaches the loopback
//! network of another namespace from outside. So the runner starts itself anew for each test,
//! through `unshare` of util-linux, which enters the namespaces and then becomes the worker. A user
//! who is mapped to himself loses his capabilities at the exec unless they are kept.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType};

/// The argument that makes this program a worker.
pub(crate) const WORKER: &str = "worker-of-runtests";

/// The argument behind that, with which it only tries whether the namespaces do what they should.
pub(crate) const TRIAL: &str = "trial";

/// Returns whether this process is only to try.
pub(crate) fn is_trial(arguments: &[String]) -> bool {
    arguments.iter().any(|it| it == TRIAL)
}

/// Tries whether the namespaces do what they should.
pub(crate) fn try_out() -> ExitCode {
    let tried = enter().and_then(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 5038)));
    match tried {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            // For the runner, which asks why.
            let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{error}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Brings the loopback interface of a new network up.
pub(crate) fn enter() -> io::Result<()> {
    let socket = rustix::net::socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    retry_on_intr(|| rustix::net::send(&socket, &loopback_up(), SendFlags::empty()))?;
    let mut answer = [0; 64];
    let (length, _) =
        retry_on_intr(|| rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty()))?;
    // A header of 16 bytes, then the error number, negative, or 0.
    match answer[..length].get(16..20).map(|it| i32::from_ne_bytes([it[0], it[1], it[2], it[3]])) {
        Some(0) => Ok(()),
        Some(error) => {
            let error = io::Error::from_raw_os_error(-error);
            Err(io::Error::new(
                error.kind(),
                format!("the loopback interface does not come up: {error}"),
            ))
        }
        None => Err(io::Error::other("the kernel's answer over the loopback interface is short")),
    }
}

/// `RTM_NEWLINK` for the first interface, with `IFF_UP`: see rtnetlink(7).
fn loopback_up() -> [u8; 32] {
    const NEW_LINK: u16 = 16;
    const REQUEST_AND_ACKNOWLEDGE: u16 = 1 | 4;
    const FIRST_INTERFACE: i32 = 1;
    const UP: u32 = 1;
    let mut message = [0; 32];
    message[0..4].copy_from_slice(&32_u32.to_ne_bytes());
    message[4..6].copy_from_slice(&NEW_LINK.to_ne_bytes());
    message[6..8].copy_from_slice(&REQUEST_AND_ACKNOWLEDGE.to_ne_bytes());
    message[20..24].copy_from_slice(&FIRST_INTERFACE.to_ne_bytes());
    message[24..28].copy_from_slice(&UP.to_ne_bytes());
    message[28..32].copy_from_slice(&UP.to_ne_bytes());
    message
}
