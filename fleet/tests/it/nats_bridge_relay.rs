//! A relay between a client and a server, which is slow or holds everything on command.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// The treatment of bytes that were read. The relay always reads on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mode {
    Pass,
    /// Passes the bytes on after this time.
    Delay(Duration),
    /// Keeps the bytes until the mode changes.
    Hold,
    /// Closes the connections, also new ones.
    Cut,
}

pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    mode: watch::Sender<Mode>,
    _tasks: JoinSet<()>,
}

impl Relay {
    pub(crate) async fn start(target: String, mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, mode) = watch::channel(mode);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                if *mode.borrow() == Mode::Cut {
                    continue;
                }
                // A server that is down closes the connection of the client, too.
                let Ok(far) = TcpStream::connect(&target).await else { continue };
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                connections
                    .spawn(until_cut(pump(near_read, far_write, mode.clone()), mode.clone()));
                connections
                    .spawn(until_cut(pump(far_read, near_write, mode.clone()), mode.clone()));
            }
        });
        Self { address, mode: sender, _tasks: tasks }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn until_cut(pump: impl Future<Output = ()>, mut mode: watch::Receiver<Mode>) {
    tokio::select! {
        () = pump => {}
        _ = mode.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

/// Reads at once whatever comes, so that no side sees a full socket, and writes it when its time
/// has come.
async fn pump(
    mut from: impl AsyncReadExt + Unpin + Send + 'static,
    mut to: impl AsyncWriteExt + Unpin,
    mut mode: watch::Receiver<Mode>,
) {
    let (sender, mut chunks) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let mut reader = JoinSet::new();
    reader.spawn(async move {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if sender.send((Instant::now(), buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    while let Some((read, bytes)) = chunks.recv().await {
        if mode.wait_for(|mode| *mode != Mode::Hold).await.is_err() {
            return;
        }
        let delay = match *mode.borrow() {
            Mode::Delay(delay) => delay,
            _ => Duration::ZERO,
        };
        sleep_until(read + delay).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
