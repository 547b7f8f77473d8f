//! Simulates the streams of many PBXs, for `docs/scale.md`.
//!
//! `cargo run --release -p fleet --example scale [PBXS [OF_EACH_STREAM [EVENTS]]]` boots a real
//! nats-server, and writes into it what bridges of that many PBXs would: the events of real calls,
//! with the subjects and headers of bridges, each stream by one writer that appends behind its own
//! last message. Then it reads what a standby and consumers read. No Asterisk server takes part.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::error::Error;
use std::time::{Duration, Instant};

use async_nats::jetstream::stream::{Config, Stream};
use async_nats::jetstream::{self, Context, consumer::pull};
use async_nats::{Client, HeaderMap, Subscriber};
use bytes::Bytes;
use fleet::nats::escape;
use futures_util::{StreamExt, TryStreamExt};
use instance::nats;
use serde_json::Value;

type Failure = Box<dyn Error + Send + Sync>;

/// The events of a call of three minutes between two telephones, and how many there are of each.
const EVENTS: [(&str, &str, usize); 19] = [
    ("reporting", "RTCPSent", 72),
    ("reporting", "RTCPReceived", 72),
    ("dialplan", "VarSet", 47),
    ("dialplan", "Newexten", 6),
    ("call", "Newstate", 3),
    ("call", "Newchannel", 2),
    ("call", "Hangup", 2),
    ("call", "BridgeEnter", 2),
    ("call", "BridgeLeave", 2),
    ("call", "NewConnectedLine", 2),
    ("call", "BridgeCreate", 1),
    ("call", "BridgeDestroy", 1),
    ("call", "DialBegin", 1),
    ("call", "DialState", 1),
    ("call", "DialEnd", 1),
    ("call", "HangupRequest", 1),
    ("call", "SoftHangupRequest", 1),
    ("call", "NewCallerid", 1),
    ("system", "PeerStatus", 1),
];

/// The bytes of a body in JSON.
const BODY: usize = 900;
/// The number of messages of a writer that are not acknowledged, and of those for each
/// acknowledgement.
const WINDOW: usize = 4096;
const EACH: usize = 64;

/// The PBXs of one stream.
struct Part {
    stream: Stream,
    origins: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(|it| it.parse::<usize>());
    let pbxs = arguments.next().unwrap_or(Ok(10_000))?;
    let each = arguments.next().unwrap_or(Ok(250))?;
    let events = arguments.next().unwrap_or(Ok(1_000_000))?;
    let nats = nats::Builder::new(nats::Server::find().await?).boot().await?;
    let pid = nats.pid().ok_or("the server has ended")?;
    let mut context = jetstream::new(async_nats::connect(nats.url()).await?);
    context.set_timeout(Duration::from_secs(600));

    let begun = Instant::now();
    let parts = parts(&context, pbxs, each).await?;
    let (streams, lasted) = (parts.len(), begun.elapsed().as_secs_f64());
    println!("{pbxs} PBXs in {streams} streams, created in {lasted:.3} s");
    let empty = resident(pid)?;

    let (begun, busy) = (Instant::now(), cpu(pid)?);
    let written = parts.iter().map(|part| write(&nats, part, events / streams));
    futures_util::future::try_join_all(written).await?;
    let (lasted, busy) = (begun.elapsed().as_secs_f64(), cpu(pid)? - busy);
    let (mut bytes, mut messages, mut subjects) = (0, 0, 0);
    for part in &parts {
        let state = part.stream.get_info().await?.state;
        bytes += state.bytes;
        messages += state.messages;
        subjects += state.subjects_count;
    }
    let (rate, of_cpu) = (messages as f64 / lasted, messages as f64 / busy);
    println!(
        "{messages} events written: {rate:.0}/s, {of_cpu:.0} for a second of the server's CPU"
    );
    println!("{} bytes for an event in the stream, {subjects} subjects", bytes / messages);
    let (empty, full) = (empty >> 20, resident(pid)? >> 20);
    println!("memory of the server: {empty} MiB before, {full} MiB behind");

    let part = &parts[0];
    let lasted = last_of_each(part).await?;
    println!("the last message of each of {} PBXs: {lasted:.3} s", part.origins.len());
    let (count, lasted) = read(part, ">").await?;
    println!("a consumer of all of a stream: {:.0} events/s", count as f64 / lasted);
    let (count, lasted) = read(part, &format!("ami.ev.{}.>", part.origins[0])).await?;
    println!("a consumer of one PBX of a stream: {count} events in {lasted:.3} s");
    nats.stop().await?;
    Ok(())
}

async fn parts(context: &Context, pbxs: usize, each: usize) -> Result<Vec<Part>, Failure> {
    let origins: Vec<_> = (0..pbxs).map(|pbx| format!("pbx-{pbx:05}")).collect();
    let mut parts = Vec::new();
    for (number, origins) in origins.chunks(each).enumerate() {
        let roots = |origin: &String| [format!("ami.ev.{origin}.>"), format!("ami.ctl.{origin}.>")];
        let config = Config {
            name: format!("AMI-{number}"),
            subjects: origins.iter().flat_map(roots).collect(),
            allow_direct: true,
            ..Config::default()
        };
        let stream = context.create_stream(config).await?;
        parts.push(Part { stream, origins: origins.to_vec() });
    }
    Ok(parts)
}

/// Writes events as a bridge does: each says which message has to be before it.
async fn write(nats: &nats::Instance, part: &Part, events: usize) -> Result<(), Failure> {
    let client: Client = async_nats::connect(nats.url()).await?;
    let inbox = client.new_inbox();
    let mut acks = client.subscribe(format!("{inbox}.*")).await?;
    let names: Vec<_> =
        EVENTS.iter().flat_map(|&(class, name, times)| vec![(class, name); times]).collect();
    let body: Bytes = vec![b'x'; BODY].into();
    let (mut proven, mut pbx) = (0, 0);
    for number in 0..events {
        pbx = (pbx + 7919) % part.origins.len();
        let (class, name) = names[(number * 31) % names.len()];
        let origin = &part.origins[pbx];
        let subject = format!("ami.ev.{origin}.{class}.{}", escape(name));
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("{origin}.1732678923.123456.{number:016x}"));
        headers.insert("Nats-Expected-Last-Sequence", number.to_string());
        if (number + 1) % EACH == 0 || number + 1 == events {
            let reply = format!("{inbox}.{}", number + 1);
            client.publish_with_reply_and_headers(subject, reply, headers, body.clone()).await?;
        } else {
            client.publish_with_headers(subject, headers, body.clone()).await?;
        }
        while number + 1 - proven >= WINDOW || number + 1 == events && proven < events {
            proven = acknowledged(&mut acks).await?;
        }
    }
    Ok(())
}

async fn acknowledged(acks: &mut Subscriber) -> Result<usize, Failure> {
    let ack = acks.next().await.ok_or("the connection has ended")?;
    let answer: Value = serde_json::from_slice(&ack.payload)?;
    if let Some(error) = answer.get("error") {
        return Err(error.to_string().into());
    }
    Ok(ack.subject.rsplit('.').next().unwrap_or_default().parse()?)
}

/// Asks for the last message of each PBX, as each standby does once a second, and a bridge that
/// takes over.
async fn last_of_each(part: &Part) -> Result<f64, Failure> {
    let begun = Instant::now();
    let asked = part.origins.iter().map(|origin| async move {
        part.stream.direct_get_last_for_subject(format!("ami.ev.{origin}.>")).await.map(drop)
    });
    futures_util::stream::iter(asked).buffer_unordered(64).try_collect::<()>().await?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Reads all messages of a subject, and returns their number and the seconds.
async fn read(part: &Part, subject: &str) -> Result<(u64, f64), Failure> {
    let config = pull::Config {
        filter_subject: subject.to_owned(),
        ack_policy: jetstream::consumer::AckPolicy::All,
        ..Default::default()
    };
    let begun = Instant::now();
    let mut consumer = part.stream.create_consumer(config).await?;
    let expected = consumer.info().await?.num_pending;
    let batch = consumer.stream().max_messages_per_batch(1000).expires(Duration::from_secs(30));
    let mut messages = batch.messages().await?;
    let mut count = 0;
    while count < expected {
        let message = messages.next().await.ok_or("the consumer has ended")??;
        count += 1;
        if count % 1000 == 0 {
            message.ack().await?;
        }
    }
    Ok((count, begun.elapsed().as_secs_f64()))
}

/// Returns the seconds of CPU that a process has used.
fn cpu(pid: u32) -> Result<f64, Failure> {
    /// The ticks in a second, the same on all Linux systems.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("no fields")?;
    let fields: Vec<_> = fields.split(' ').collect();
    let [user, system] = [fields[11], fields[12]].map(str::parse::<f64>);
    Ok((user? + system?) / TICKS)
}

/// Returns the bytes of memory that a process uses.
fn resident(pid: u32) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}
