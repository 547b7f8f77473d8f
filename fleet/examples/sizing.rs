//! Counts the events of real calls, and their bytes, for `docs/operating.md`.
//!
//! `cargo run -p fleet --example sizing [calls]` boots two real servers of each version: a PBX, and
//! another one in place of its telephones, which speak through it over SIP and RTP. The calls are
//! placed at once, first short ones and then long ones, so that what a call costs and what a second
//! of it costs can be told apart.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use fleet::Fleet;
use fleet::ami::{self, Action, Client, Filter, Item, Originate, Subscription};
use fleet::nats::{Bridge, Config, Format};
use instance::{Builder, Instance, Modules, Sandbox, nats};

type Failure = Box<dyn Error + Send + Sync>;

const MODULES: [&str; 24] = [
    "pbx_config",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_pubsub",
    "res_pjsip_session",
    "res_pjsip_sdp_rtp",
    "res_pjsip_caller_id",
    "res_pjsip_endpoint_identifier_ip",
    "res_rtp_asterisk",
    "chan_pjsip",
    "codec_ulaw",
    "codec_gsm",
    "format_gsm",
    "bridge_simple",
    "bridge_holding",
    "app_dial",
    "app_queue",
    "app_milliwatt",
    "app_userevent",
    "res_musiconhold",
    "res_timing_timerfd",
];

/// The calls: a telephone dials another one, or a queue with agents. Both set some variables, as
/// dialplans do.
const PBX: &str = "\
[office]
exten => dial,1,Set(CDR(accountcode)=sales)
 same => n,Set(TIMEOUT(absolute)=7200)
 same => n,Set(TARGET=PJSIP/phones)
 same => n,Dial(${TARGET},30)
 same => n,Hangup()
exten => queue,1,Answer()
 same => n,Set(CALLERID(name)=Sales)
 same => n,Queue(sales,,,,60)
 same => n,Hangup()
";

const PHONES: &str = "\
[ring]
exten => _.,1,Ringing()
 same => n,Wait(2)
 same => n,Answer()
 same => n,Milliwatt()
";

const QUEUES: &str = "\
[general]
[sales]
strategy = rrmemory
timeout = 15
announce-frequency = 0
autofill = yes
";

const TRANSPORT: &str = "\
[udp]
type = transport
protocol = udp
bind = <<address>>

";

/// The counts of what a client has received.
#[derive(Default)]
struct Tally {
    events: u64,
    raw: u64,
    json: u64,
    by_class: BTreeMap<String, u64>,
    by_name: BTreeMap<String, u64>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let calls = std::env::args().nth(1).map_or(Ok(20), |it| it.parse())?;
    let nats = nats::Builder::new(nats::Server::find().await?).boot().await?;
    for version in [22, 16] {
        let (pbx, phones) = boot(version, calls).await?;
        let bridges = [Format::Json, Format::Raw].map(|format| bridge(&pbx, &nats, format));
        for kind in ["dial", "queue"] {
            let short = measure(&pbx, &phones, kind, calls, Duration::from_secs(11)).await?;
            let long = measure(&pbx, &phones, kind, calls, Duration::from_secs(31)).await?;
            report(version, kind, calls, &short, &long);
        }
        for bridge in bridges {
            in_stream(&nats, bridge?).await?;
        }
        for instance in [phones, pbx] {
            instance.kill().await;
            instance.stop().await?;
        }
    }
    nats.stop().await?;
    Ok(())
}

/// Starts a bridge in this format, into a stream of its own.
fn bridge(
    pbx: &Instance,
    nats: &nats::Instance,
    format: Format,
) -> Result<(Fleet, Bridge, String), Failure> {
    let stream = format!("{format:?}{}", pbx.sandbox().number());
    let fleet = Fleet::new();
    let login = ami::Config::new("user", "mysecret");
    fleet.add("berlin", &ami::Server::new(pbx.ami_address(), login))?;
    let config = Config::new(nats.url()).stream(&stream).prefix(&stream).format(format);
    let bridge = Bridge::start(&fleet, config)?;
    Ok((fleet, bridge, stream))
}

/// Tells what the events of a bridge take in its stream.
async fn in_stream(
    nats: &nats::Instance,
    (fleet, bridge, stream): (Fleet, Bridge, String),
) -> Result<(), Failure> {
    let left = bridge.stop(Duration::from_secs(30)).await;
    drop(fleet);
    let jetstream = async_nats::jetstream::new(async_nats::connect(nats.url()).await?);
    let state = jetstream.get_stream(&stream).await?.get_info().await?.state;
    let each = state.bytes / state.messages.max(1);
    println!("  stream {stream}: {} messages of {each} bytes, {left} left", state.messages);
    Ok(())
}

/// Returns the queue with as many agents as there are calls.
fn queues(calls: u64) -> String {
    let agent = |at: u64| {
        format!("member => PJSIP/phones/sip:agent{at}@<<ast2.address>>,0,Agent {at},PJSIP/phones\n")
    };
    QUEUES.to_owned() + &(0..calls).map(agent).collect::<String>()
}

async fn boot(version: u32, calls: u64) -> Result<(Instance, Instance), Failure> {
    let server = instance::server(version).await?;
    let peer = |name: &str, other: &str, context: &str| {
        format!(
            "{TRANSPORT}[{name}]\ntype = endpoint\ncontext = {context}\ndisallow = all\n\
             allow = ulaw\naors = {name}\nmedia_address = <<address>>\n\
             bind_rtp_to_media_address = yes\ndirect_media = no\n\n\
             [{name}]\ntype = aor\ncontact = sip:call@<<{other}.address>>\n\n\
             [{name}]\ntype = identify\nendpoint = {name}\nmatch = <<{other}.address>>\n",
        )
    };
    let sandbox = |dialplan: &str, pjsip: String| {
        Builder::new(server.clone())
            .modules(Modules::list(MODULES))
            .section("manager.conf", "general", [("timestampevents", "yes"), ("debug", "on")])
            .dialplan(dialplan)
            .file("queues.conf", queues(calls))
            .file("musiconhold.conf", "")
            .file("pjproject.conf", "[startup]\nlog_level = 0\n")
            .file("pjsip.conf", pjsip)
    };
    let pbx = sandbox(PBX, peer("phones", "ast2", "office"));
    let phones = sandbox(PHONES, peer("pbx", "ast1", "ring"));
    let mut instances = Sandbox::boot_all(Builder::build_all([pbx, phones])?).await?;
    let phones = instances.pop().ok_or("two instances")?;
    let pbx = instances.pop().ok_or("two instances")?;
    Ok((pbx, phones))
}

/// Places calls, hangs them up behind their time, and counts the events of the PBX until all are
/// gone.
async fn measure(
    pbx: &Instance,
    phones: &Instance,
    kind: &str,
    calls: u64,
    talk: Duration,
) -> Result<Tally, Failure> {
    let mut events = pbx.ami().subscribe(Filter::all());
    let mut talks = pbx.ami().subscribe(Filter::named(["AgentConnect", "DialEnd"]));
    let address = pbx.ami_address();
    let address = address.rsplit_once(':').map_or(&*address, |(host, _)| host);
    let target = format!("PJSIP/pbx/sip:{kind}@{}", address);
    let placed = (0..calls).map(|at| {
        let call = Originate::to_application(&target, "Milliwatt", "")
            .caller_id(&format!("Caller <{}>", 100 + at))
            .timeout(Duration::from_secs(60));
        phones.ami().originate(call)
    });
    let answered = futures_util::future::join_all(placed).await;
    let failed = answered.iter().filter(|it| it.is_err()).count();
    if failed > 0 {
        return Err(format!("{failed} calls were not answered").into());
    }
    let begun = if kind == "queue" { "AgentConnect" } else { "DialEnd" };
    let mut talking = 0;
    while talking < calls {
        talking += u64::from(talks.next_event().await?.is(begun));
    }
    tokio::time::sleep(talk).await;
    for call in answered.iter().flatten() {
        let hangup = Action::new("Hangup").field("Channel", call.channel());
        // A telephone may have hung up by itself.
        phones.ami().call(hangup).await.ok();
    }
    until_idle(pbx.ami()).await?;
    tally(pbx.ami(), &mut events).await
}

async fn until_idle(client: &Client) -> Result<(), Failure> {
    loop {
        if client.list(Action::new("CoreShowChannels")).await?.items.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Counts the events up to one of our own.
async fn tally(client: &Client, events: &mut Subscription) -> Result<Tally, Failure> {
    client.call(Action::user_event("End")).await?;
    let mut tally = Tally::default();
    loop {
        let event = match events.next().await {
            Some(Item::Event(event)) => event,
            other => return Err(format!("no event but {other:?}").into()),
        };
        if event.is("UserEvent") {
            return Ok(tally);
        }
        // Debian's builds are made for tests.
        if event.is("TestEvent") {
            continue;
        }
        let class = event.text("Privilege").unwrap_or_default();
        let class = class.split(',').next().unwrap_or_default().to_owned();
        *tally.by_class.entry(class).or_default() += 1;
        *tally.by_name.entry(event.name().into_owned()).or_default() += 1;
        tally.events += 1;
        tally.raw += event.raw().len() as u64;
        tally.json += serde_json::to_vec(&event)?.len() as u64;
    }
}

fn report(version: u32, kind: &str, calls: u64, short: &Tally, long: &Tally) {
    let each = |sum: u64| sum as f64 / calls as f64;
    let second = each(long.events.saturating_sub(short.events)) / 20.0;
    println!("Asterisk {version}, {kind}, {calls} calls at once");
    println!(
        "  a call of 11 s: {:.1} events, {:.0} bytes raw, {:.0} as JSON without its envelope",
        each(short.events),
        each(short.raw),
        each(short.json),
    );
    println!(
        "  a second more: {second:.2} events, {:.0} bytes raw, {:.0} as JSON",
        each(long.raw.saturating_sub(short.raw)) / 20.0,
        each(long.json.saturating_sub(short.json)) / 20.0,
    );
    for (label, counts) in [("class", &long.by_class), ("event", &long.by_name)] {
        let counts: Vec<_> =
            counts.iter().map(|(name, count)| format!("{name} {:.1}", each(*count))).collect();
        println!("  a call of 31 s by {label}: {}", counts.join(", "));
    }
}
