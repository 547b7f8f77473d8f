//! The sockets of a DNS server.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_util::task::AbortOnDropHandle;

use super::zones::{Way, Zones};
use crate::components::listening::{self, ListenError};
use crate::components::tally::Tally;

/// The longest query that is taken over UDP. Those of resolvers are far shorter.
const LONGEST: usize = 4096;

/// A server that answers until it is dropped.
#[derive(Debug)]
pub(super) struct Serving {
    _udp: AbortOnDropHandle<()>,
    _tcp: AbortOnDropHandle<()>,
}

impl Serving {
    /// Binds the port for UDP and for TCP.
    pub(super) fn begin(port: u16, zones: Zones, tally: Tally) -> Result<Self, ListenError> {
        let zones = Arc::new(zones);
        let socket = listening::udp(port)?;
        let (theirs, counting) = (Arc::clone(&zones), tally.clone());
        let tcp = listening::tcp(port, move |stream| {
            connection(stream, Arc::clone(&theirs), counting.clone())
        })?;
        let udp = AbortOnDropHandle::new(tokio::spawn(datagrams(socket, zones, tally)));
        Ok(Self { _udp: udp, _tcp: tcp })
    }
}

async fn datagrams(socket: UdpSocket, zones: Arc<Zones>, tally: Tally) {
    let mut buffer = vec![0; LONGEST];
    loop {
        let received = socket.recv_from(&mut buffer).await;
        let answered = match received {
            Ok((length, from)) => {
                let answer = zones.answer(&buffer[..length], Way::Udp);
                tally.add(&answer.told, answer.is_met);
                let Some(message) = answer.message else { continue };
                socket.send_to(&message, from).await.map(drop)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = answered {
            tracing::warn!(%error, "a query over UDP cannot be answered");
        }
    }
}

async fn connection(mut stream: TcpStream, zones: Arc<Zones>, tally: Tally) {
    match queries(&mut stream, &zones, &tally).await {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            tracing::warn!(%error, "a query over TCP cannot be answered");
        }
        _ => {}
    }
}

/// Answers the queries of a connection, each of which has its length before it, up to its end.
async fn queries(stream: &mut TcpStream, zones: &Zones, tally: &Tally) -> io::Result<()> {
    let mut query = Vec::new();
    loop {
        let length = stream.read_u16().await?;
        query.resize(usize::from(length), 0);
        stream.read_exact(&mut query).await?;
        let answer = zones.answer(&query, Way::Tcp);
        tally.add(&answer.told, answer.is_met);
        let Some(message) = answer.message else { continue };
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(&message);
        stream.write_all(&framed).await?;
    }
}
