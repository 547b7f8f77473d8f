//! A port of loopback that belongs to one instance, also while its server is down.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port that the kernel chose. The socket is bound to it and never listens, so that the kernel
/// gives the port to nobody else, and connections are refused while no server listens. A server
/// that sets `SO_REUSEADDR`, as Go's do, can listen beside it.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) address: SocketAddr,
    _held: TcpSocket,
}

impl Port {
    pub(super) fn claim() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self { address: socket.local_addr()?, _held: socket })
    }
}
