//! A relay between a bridge and NATS, which loses messages or holds them back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The losses of the relay.
#[derive(Debug)]
pub(super) struct Deeds {
    /// Loses one of this many messages of the bridge; 0 for none.
    pub(super) lose: u64,
    /// Loses one of this many acknowledgements; 0 for none.
    pub(super) lose_acks: u64,
    pub(super) lost: AtomicU64,
    pub(super) lost_acks: AtomicU64,
    /// The messages of the bridge that came, also those that are held back.
    pub(super) came: AtomicU64,
    pub(super) ended: AtomicBool,
}

#[derive(Debug)]
pub(super) struct Relay {
    pub(super) url: String,
    pub(super) deeds: Arc<Deeds>,
    holds: watch::Sender<bool>,
}

impl Relay {
    pub(super) async fn start(nats: SocketAddr, lose: u64, lose_acks: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let deeds = Arc::new(Deeds {
            lose,
            lose_acks,
            lost: AtomicU64::new(0),
            lost_acks: AtomicU64::new(0),
            came: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let (holds, held) = watch::channel(false);
        let shared = Arc::clone(&deeds);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(nats).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(pass(near_in, far_out, Arc::clone(&shared), held.clone(), 3));
                let free = watch::channel(false).1;
                tokio::spawn(pass(far_in, near_out, Arc::clone(&shared), free, 7));
            }
        });
        Self { url, deeds, holds }
    }

    /// Holds back the messages of the bridge, or lets them go on.
    pub(super) fn hold(&self, holds: bool) {
        self.holds.send_replace(holds);
    }
}

async fn pass(
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    deeds: Arc<Deeds>,
    mut held: watch::Receiver<bool>,
    seed: u64,
) {
    let (mut from, mut to) = (BufReader::new(from), BufWriter::new(to));
    let mut random = seed;
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
            break;
        }
        let words: Vec<_> = line.split(|byte| byte.is_ascii_whitespace()).collect();
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let verb = words.first().copied().unwrap_or_default();
        let subject = words.get(1).copied().unwrap_or_default();
        let ours = verb == b"HPUB" && (subject.starts_with(b"ami."));
        let size = match verb {
            b"PUB" | b"HPUB" | b"MSG" | b"HMSG" => {
                words.last().and_then(|it| str::from_utf8(it).ok()?.parse::<usize>().ok())
            }
            _ => None,
        };
        let mut body = vec![0; size.map_or(0, |size| size + 2)];
        if from.read_exact(&mut body).await.is_err() {
            break;
        }
        let ack = verb == b"MSG" && body.starts_with(b"{\"stream\":");
        if ours {
            deeds.came.fetch_add(1, Ordering::SeqCst);
            if held.wait_for(|holds| !holds).await.is_err() {
                break;
            }
        }
        let (of, count) = match (ours, ack) {
            (true, _) => (deeds.lose, &deeds.lost),
            (_, true) => (deeds.lose_acks, &deeds.lost_acks),
            _ => (0, &deeds.lost),
        };
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if of > 0 && (random >> 33).is_multiple_of(of) {
            count.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        if to.write_all(&line).await.is_err() || to.write_all(&body).await.is_err() {
            break;
        }
        if from.buffer().is_empty() && to.flush().await.is_err() {
            break;
        }
    }
    deeds.ended.store(true, Ordering::SeqCst);
}
