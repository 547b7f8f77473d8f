//! Servers that components are: ports that are listened at, connections, and HTTP on them.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::files::{ConfigError, Section};

/// The time after which a connection is accepted again when one could not be, such as for too many
/// open files.
const PAUSE: Duration = Duration::from_millis(50);

/// A port that cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("{protocol} port {port} cannot be listened at")]
pub(super) struct ListenError {
    protocol: &'static str,
    port: u16,
    source: io::Error,
}

/// Reads the port of a server.
pub(super) fn port(section: &Section, default: u16) -> Result<u16, ConfigError> {
    let Some(node) = section.get("port") else { return Ok(default) };
    let port = u16::try_from(node.expect_count("port")?).ok().filter(|port| *port > 0);
    port.ok_or_else(|| node.error(format!("port is {node:?}, expected a number from 1 to 65535")))
}

/// Binds a UDP port of all IPv4 addresses.
pub(super) fn udp(port: u16) -> Result<tokio::net::UdpSocket, ListenError> {
    let bind = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?;
        socket.set_nonblocking(true)?;
        tokio::net::UdpSocket::from_std(socket)
    };
    bind().map_err(|source| ListenError { protocol: "UDP", port, source })
}

/// Binds a TCP port of all IPv4 addresses, and has each connection served until the handle is
/// dropped.
pub(super) fn tcp<F>(
    port: u16,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> Result<AbortOnDropHandle<()>, ListenError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let bind = || {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    };
    let listener = bind().map_err(|source| ListenError { protocol: "TCP", port, source })?;
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection cannot be accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                // Each says itself what went wrong.
                Some(_) = connections.join_next() => {}
            }
        }
    })))
}

/// Answers the requests of a connection over HTTP.
pub(super) async fn http<B, F>(stream: TcpStream, answer: impl Fn(Request<Incoming>) -> F)
where
    F: Future<Output = Response<B>>,
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>> + 'static,
    B::Data: Send,
{
    let service = service_fn(|request| answer(request).map(Ok::<_, Infallible>));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::warn!(%error, "a connection over HTTP failed");
    }
}
