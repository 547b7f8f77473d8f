//! The packets on the loopback network of a test, as a file that Wireshark reads.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType};

/// IPv4 and IPv6: a socket for one of them sees what arrives, and so each packet once. One for all
/// would see it leave as well.
const PROTOCOLS: [u16; 2] = [0x0800, 0x86dd];

/// The longest packet: as long as loopback's can be.
const LONGEST: usize = 65_550;

/// A capture that goes on. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Capture {
    stop: UnixStream,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Capture {
    /// Begins. It takes the right to see all packets, which a test has in a network of its own.
    pub(crate) fn start(path: &Path) -> anyhow::Result<Self> {
        let [four, six] = PROTOCOLS.map(|it| socket(it).context("no socket for all packets"));
        let sockets = [four?, six?];
        let file = File::create(path).and_then(|file| {
            let mut file = BufWriter::new(file);
            file.write_all(&header()).map(|()| file)
        });
        let place = path.display().to_string();
        let mut file = file.with_context(|| format!("{place} cannot be written"))?;
        let (stop, stopped) = UnixStream::pair().context("no socket to end it by")?;
        let thread = thread::spawn(move || {
            capture(&sockets, &stopped, &mut file).with_context(|| format!("writing {place}"))
        });
        Ok(Self { stop, thread })
    }

    /// Ends, with all that has come. That takes a moment.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        drop(self.stop);
        self.thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("its thread panicked")))
    }
}

/// Writes what comes, until the other end of `stopped` is gone.
fn capture(sockets: &[OwnedFd; 2], stopped: &UnixStream, file: &mut impl Write) -> io::Result<()> {
    loop {
        let [four, six] = sockets.each_ref().map(|socket| PollFd::new(socket, PollFlags::IN));
        let mut watched = [four, six, PollFd::new(stopped, PollFlags::IN)];
        retry_on_intr(|| poll(&mut watched, None))?;
        let over = !watched[2].revents().is_empty();
        for socket in sockets {
            drain(socket, file)?;
        }
        file.flush()?;
        if over {
            return Ok(());
        }
    }
}

fn socket(protocol: u16) -> io::Result<OwnedFd> {
    let protocol = NonZero::new(u32::from(protocol.to_be())).map(Protocol::from_raw);
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(rustix::net::socket_with(AddressFamily::PACKET, SocketType::RAW, flags, protocol)?)
}

/// Writes what has come.
fn drain(socket: &OwnedFd, file: &mut impl Write) -> io::Result<()> {
    let mut packet = vec![0; LONGEST];
    loop {
        match retry_on_intr(|| rustix::net::recv(socket, &mut packet[..], RecvFlags::empty())) {
            Ok((length, _)) => file.write_all(&record(&packet[..length]))?,
            Err(rustix::io::Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The beginning of a pcap file: version 2.4, Ethernet.
fn header() -> [u8; 24] {
    let mut header = [0; 24];
    header[0..4].copy_from_slice(&0xa1b2_c3d4_u32.to_ne_bytes());
    header[4..6].copy_from_slice(&2_u16.to_ne_bytes());
    header[6..8].copy_from_slice(&4_u16.to_ne_bytes());
    header[16..20].copy_from_slice(&65_550_u32.to_ne_bytes());
    header[20..24].copy_from_slice(&1_u32.to_ne_bytes());
    header
}

/// A packet with its time and its length.
fn record(packet: &[u8]) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
    let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
    let fields = [seconds, now.subsec_micros(), length, length];
    fields.iter().flat_map(|it| it.to_ne_bytes()).chain(packet.iter().copied()).collect()
}
