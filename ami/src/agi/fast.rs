//! The listener of FastAGI.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::env::Env;
use super::request::Request;
use super::session::Session;
use super::socket::Socket;

/// The session of one channel that runs `AGI(agi://…)`: the same commands as those of AsyncAGI.
pub type FastSession = Session<Socket>;

impl FastSession {
    /// Returns the request: the URL that the dialplan has called, with its script, query and
    /// arguments.
    pub fn request(&self) -> &Request {
        self.link().request()
    }

    /// Returns the address of the server's end of the connection.
    pub fn peer(&self) -> SocketAddr {
        self.link().peer()
    }
}

/// The largest list of values that a connection may begin with, in bytes.
const MAX_ENV: usize = 64 * 1024;

/// The number of connections that may be at their beginning at the same time.
const MAX_FRESH: usize = 256;

/// A listener for FastAGI: the channels of all servers that run `AGI(agi://host/script)` and reach
/// it.
///
/// ```no_run
/// use std::time::Duration;
///
/// use ami::agi::{AgiError, FastAgi, FastSession};
///
/// async fn greet(session: FastSession) -> Result<(), AgiError> {
///     let name = session.request().query("name").unwrap_or("nobody").to_owned();
///     session.set_variable("GREETED", &name).await?;
///     session.end().await
/// }
///
/// # async fn example() -> std::io::Result<()> {
/// let mut requests = FastAgi::bind(("0.0.0.0", FastAgi::PORT)).await?;
/// loop {
///     match requests.next().await {
///         Ok(session) => drop(tokio::spawn(greet(session.timeout(Duration::from_secs(60))))),
///         Err(error) => eprintln!("{error:#}"),
///     }
/// }
/// # }
/// ```
///
/// Everybody who reaches the address is taken for a server; FastAGI knows no login and no
/// encryption. `agi://` alone is served: Asterisk has no other form over TCP but `hagi://`, which
/// looks the address up in DNS and connects in the same way.
///
/// Dropping a listener closes it. Sessions that were returned are not affected.
pub struct FastAgi {
    listener: TcpListener,
    address: SocketAddr,
    limit: Duration,
    fresh: JoinSet<Result<FastSession, FastAgiError>>,
}

impl FastAgi {
    /// The port that the dialplan's `agi://host/script` means without one.
    pub const PORT: u16 = 4573;

    /// Listens on an address. Port 0 is a free one.
    ///
    /// # Errors
    ///
    /// Returns the error of the system if the address cannot be used.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let limit = Duration::from_secs(10);
        Ok(Self { listener, address, limit, fresh: JoinSet::new() })
    }

    /// Sets the time within which a connection has to tell its request; 10 s unless set.
    #[must_use]
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the address, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next request. Requests are returned in the order in which they are complete: a
    /// connection that says nothing keeps no other one waiting, unless there are 256 of them.
    ///
    /// Cancel safe: no request is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// Returns [`FastAgiError::Request`] for a connection whose request cannot be read, which is
    /// closed, and [`FastAgiError::Accept`] if the system does not give out a connection. The next
    /// call continues.
    pub async fn next(&mut self) -> Result<FastSession, FastAgiError> {
        loop {
            tokio::select! {
                Some(done) = self.fresh.join_next() => match done {
                    Ok(request) => return request,
                    Err(error) => tracing::error!(%error, "the reader of a FastAGI request failed"),
                },
                accepted = self.listener.accept(), if self.fresh.len() < MAX_FRESH => {
                    let (io, peer) = accepted.map_err(FastAgiError::Accept)?;
                    self.fresh.spawn(request(io, peer, self.limit));
                }
            }
        }
    }
}

/// Reads the request of a connection.
async fn request(
    io: TcpStream,
    peer: SocketAddr,
    limit: Duration,
) -> Result<FastSession, FastAgiError> {
    let begun = timeout(limit, begin(io)).await.unwrap_or(Err(RequestProblem::Timeout(limit)));
    let (io, input, env) = begun.map_err(|problem| FastAgiError::Request { peer, problem })?;
    let Some(request) = Request::of(&env) else {
        let problem = RequestProblem::NoRequest;
        return Err(FastAgiError::Request { peer, problem });
    };
    Ok(Session::new(Socket::new(io, peer, input, env, request)))
}

/// Reads the values that a connection begins with, up to the empty line.
async fn begin(mut io: TcpStream) -> Result<(TcpStream, BytesMut, Env), RequestProblem> {
    const NAME: &[u8] = b"agi_";
    // Commands are short, and each waits for its reply.
    io.set_nodelay(true)?;
    let mut input = BytesMut::with_capacity(1024);
    loop {
        if let Some(end) = memchr::memmem::find(&input, b"\n\n") {
            let lines = input.split_to(end + 2);
            return Ok((io, input, Env::parse(&lines)));
        }
        if input.len() >= MAX_ENV {
            return Err(RequestProblem::TooLong(MAX_ENV));
        }
        if io.read_buf(&mut input).await? == 0 {
            return Err(RequestProblem::Closed);
        }
        let begin = &input[..input.len().min(NAME.len())];
        if !NAME.starts_with(begin) {
            let line = input[..].split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
            return Err(RequestProblem::NotAgi(line));
        }
    }
}

impl fmt::Debug for FastAgi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FastAgi").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The error of a [listener](FastAgi) for FastAGI.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FastAgiError {
    /// The system does not give out a connection, for example because the process has too many open
    /// files. Until that changes, the next call can fail at once, too.
    #[error("no connection can be accepted: {0}")]
    Accept(io::Error),
    /// The request of a connection cannot be read. The connection is closed.
    #[error("the connection from {peer} is no FastAGI request: {problem}")]
    Request {
        /// The address of the other end.
        peer: SocketAddr,
        /// The reason.
        problem: RequestProblem,
    },
}

/// The reason why a connection is no request of FastAGI.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestProblem {
    /// The other end has closed the connection before the empty line behind the values.
    #[error("it was closed before the empty line behind the values")]
    Closed,
    /// The values did not come in time.
    #[error("no empty line behind the values within {0:?}")]
    Timeout(Duration),
    /// More values than a server sends. The number is that of the bytes that are read.
    #[error("no empty line behind the values within {0} bytes")]
    TooLong(usize),
    /// The first line is no value. At most 80 bytes of it are kept.
    #[error("expected a line such as `agi_network: yes`, got {0:?}")]
    NotAgi(String),
    /// The value `agi_request` is missing.
    #[error("there is no agi_request among the values")]
    NoRequest,
    /// The connection failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}
