//! Makes the recorded streams in `ami/fixtures` again, from servers that it starts itself.
//!
//! `cargo run --release -p ami --example fixtures` boots Asterisk 22 and 16 with all modules and a
//! dialplan of its own, places calls with every event class on, asks for every list, sets odd names
//! and values, and has actions refused. `fixtures/asterisk-<version>.ami` holds the server's bytes.
//!
//! `fixtures/kinds-<version>.ami` holds the first messages of each kind that the scenario of the
//! test `typed` makes a server send: events of over a hundred names, and the items of lists.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ami::{Action, Client, Codec, Config, Filter, Frame, Originate, Recording};
use bytes::BytesMut;
use instance::{Builder, Server, Want};
use tokio::net::TcpStream;
use tokio_util::codec::Decoder;

#[path = "../tests/typed/scenario/mod.rs"]
mod scenario;

use scenario::lists::Filled;

const CONFIGS: [(&str, &str); 10] = [
    ("agents.conf", "[general]\n[1001]\nfullname = First Agent\n[1002]\n"),
    ("confbridge.conf", "[general]\n"),
    (
        "manager.users.conf.inc",
        "[recorder]\nsecret = recorder\nread = all\nwrite = all\nwritetimeout = 5000\n",
    ),
    ("manager.general.conf.inc", "channelvars = FLAVOUR,ODD\n"),
    (
        "queues.conf",
        "[general]\n[support]\nstrategy = ringall\nmember => Local/agent1@default,1,Agent One\n\
         member => Local/agent2@default,2,Agent Two\n[sales]\n[rules]\n",
    ),
    ("queuerules.conf", "[slowly]\npenaltychange => 30,+1\npenaltychange => 60,+2,1\n"),
    (
        "voicemail.conf",
        "[general]\nformat = gsm\n[default]\n100 => 1,First Box,a@example.invalid\n200 => 2,Second Box\n",
    ),
    (
        "iax.conf",
        "[general]\nbindaddr = <<address>>\n[peer1]\ntype = peer\nhost = <<address>>\n\
         [peer2]\ntype = friend\nhost = dynamic\n",
    ),
    (
        "pjsip.conf",
        "[t]\ntype = transport\nprotocol = udp\nbind = <<address>>\n\
         [alice]\ntype = endpoint\ncontext = default\nallow = ulaw\naors = alice\n\
         [alice]\ntype = aor\nmax_contacts = 2\ncontact = sip:alice@<<address>>:5090\n\
         [bob]\ntype = endpoint\ncontext = default\nallow = ulaw\naors = bob\n[bob]\ntype = aor\n",
    ),
    (
        "res_parking.conf",
        "[general]\n[default]\nparkext => 700\nparkpos => 701-720\ncontext => parked\n",
    ),
];

const DIALPLAN: &str = "
[default]
exten => short,1,Answer()
same => n,Set(FLAVOUR=plain)
same => n,UserEvent(Step,number:${CALLERID(num)},who:somebody with blanks )
same => n,Hangup()
exten => odd,1,Answer()
same => n,Set(ODD=a\\\\b\"c'd?e,f;g${CHAR})
same => n,Set(CALLERID(name)=Bjoern \"the\" \\\\ Odd)
same => n,Set(DB(odd/key)=value: with a colon)
same => n,UserEvent(Odd,colon: a:b,empty:,2Channel: x,Cause-txt: y)
same => n,Hangup(17)
exten => busy,1,Busy(1)
exten => both,1,Dial(Local/leg@default,5)
exten => leg,1,Answer()
same => n,Wait(0.1)
exten => stay,1,Answer()
same => n,Wait(600)
exten => agent1,1,Wait(600)
exten => agent2,1,Wait(600)
exten => watched,hint,Local/stay@default

[parked]
exten => x,1,NoOp()

[long]
exten => _X.,1,NoOp()
";

/// Every action that answers with a list, with what it needs.
const LISTS: [(&str, &[(&str, &str)]); 37] = [
    ("Agents", &[]),
    ("BridgeList", &[]),
    ("BridgeTechnologyList", &[]),
    ("ConfbridgeListRooms", &[]),
    ("ConfbridgeList", &[("Conference", "none")]),
    ("CoreShowChannels", &[]),
    ("DAHDIShowChannels", &[]),
    ("DBGet", &[("Family", "odd"), ("Key", "key")]),
    ("DBGetTree", &[("Family", "odd")]),
    ("DeviceStateList", &[]),
    ("ExtensionStateList", &[]),
    ("PresenceStateList", &[]),
    ("FAXSessions", &[]),
    ("Hangup", &[("Channel", "/^Nothing/")]),
    ("IAXpeers", &[]),
    ("IAXpeerlist", &[]),
    ("IAXregistry", &[]),
    ("IAXnetstats", &[]),
    ("MeetmeListRooms", &[]),
    ("MWIGet", &[("Mailbox", "/.*/")]),
    ("ParkedCalls", &[]),
    ("Parkinglots", &[]),
    ("PJSIPShowEndpoints", &[]),
    ("PJSIPShowEndpoint", &[("Endpoint", "alice")]),
    ("PJSIPShowAors", &[]),
    ("PJSIPShowAuths", &[]),
    ("PJSIPShowContacts", &[]),
    ("PJSIPShowRegistrationsOutbound", &[]),
    ("PJSIPShowSubscriptionsInbound", &[]),
    ("PJSIPShowResourceLists", &[]),
    ("QueueStatus", &[]),
    ("QueueSummary", &[]),
    ("QueueRule", &[]),
    ("ShowDialPlan", &[("Context", "default")]),
    ("ShowDialPlan", &[("Context", "default"), ("Extension", "nowhere")]),
    ("Status", &[("Variables", "FLAVOUR,ODD,CHANNEL(state)")]),
    ("VoicemailUsersList", &[]),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for major in [22, 16] {
        kinds(major).await.map_err(|error| -> Box<dyn Error> { error })?;
        let file = fixture(&format!("asterisk-{major}.ami"));
        let said = |progress| eprintln!("{progress}");
        let server = Server::find_or_fetch(&Want::Major(major), said).await?;
        let long: String =
            (2..400).map(|n| format!("same => n,NoOp(step {n}: ${{FLAVOUR}})\n")).collect();
        let builder =
            CONFIGS.iter().fold(Builder::new(server), |it, (name, text)| it.file(*name, *text));
        let instance =
            builder.file("extensions.conf", format!("{DIALPLAN}{long}")).build()?.boot().await?;
        let recording = Recording::create(&file)?;
        let io = recording.tee(TcpStream::connect(instance.ami_address()).await?);
        let client =
            Config::new("recorder", "recorder").ask_permissions(false).handshake(io).await?;
        talk(&client).await?;
        client.close().await?;
        drop(client);
        let bytes = recording.finish().await?;
        // The times are of no use here.
        std::fs::remove_file(file.with_extension("ami.times"))?;
        instance.stop().await?;
        eprintln!("{}: {bytes} bytes", file.display());
    }
    Ok(())
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The number of messages of a kind that are kept of the scenario.
const OF_A_KIND: usize = 10;

/// Records the scenario and the lists of a filled server, and keeps the first messages of each
/// kind.
async fn kinds(major: u32) -> scenario::Result {
    let file = fixture(&format!("kinds-{major}.ami"));
    let instance = scenario::builder(major, scenario::USERS).await?.build()?.boot().await?;
    let recording = Recording::create(&file)?;
    let config = Config::new("all", "mysecret").reconnect(None).ask_permissions(false);
    let config = config.record(&recording);
    let client = config.connect(instance.ami_address()).await?;
    let host = instance.sandbox().address().to_string();
    scenario::run(&client, &host, major).await?;
    let filled = scenario::lists::fill(&client, &host, major).await?;
    for action in lists(&filled, major) {
        client.list(action).collect().await?;
    }
    client.close().await?;
    drop(client);
    recording.finish().await?;
    std::fs::remove_file(file.with_extension("ami.times"))?;
    let kept = first_of_each_kind(&std::fs::read(&file)?)?;
    let folders = [instance.sandbox().folder().to_owned(), std::env::current_dir()?];
    instance.stop().await?;
    let private = folders.iter().filter_map(|it| it.to_str()).chain(["mysecret"]);
    for text in private {
        if kept.windows(text.len()).any(|it| it == text.as_bytes()) {
            return Err(format!("the recording has {text:?} in it").into());
        }
    }
    eprintln!("{}: {} bytes", file.display(), kept.len());
    std::fs::write(&file, kept)?;
    Ok(())
}

/// The actions that list something on a filled server.
fn lists(filled: &Filled, major: u32) -> Vec<Action> {
    let (channel, bridge) = (&*filled.channel, &*filled.bridge);
    let mut lists = vec![
        scenario::with("Agents", &[]),
        scenario::with("BridgeInfo", &[("BridgeUniqueid", bridge)]),
        scenario::with("BridgeList", &[]),
        scenario::with("BridgeTechnologyList", &[]),
        scenario::with("ConfbridgeList", &[("Conference", "meeting")]),
        scenario::with("ConfbridgeListRooms", &[]),
        scenario::with("CoreShowChannels", &[]),
        scenario::with("DBGet", &[("Family", "lists"), ("Key", "one")]),
        scenario::with("DBGetTree", &[("Family", "lists")]),
        scenario::with("DeviceStateList", &[]),
        scenario::with("ExtensionStateList", &[]),
        scenario::with("FAXSession", &[("SessionNumber", &filled.fax)]),
        scenario::with("FAXSessions", &[]),
        scenario::with("FAXStats", &[]),
        scenario::with("IAXpeerlist", &[]),
        scenario::with("IAXpeers", &[]),
        scenario::with("IAXregistry", &[]),
        scenario::with("ParkedCalls", &[]),
        scenario::with("Parkinglots", &[]),
        scenario::with("PJSIPShowAors", &[]),
        scenario::with("PJSIPShowAuths", &[]),
        scenario::with("PJSIPShowContacts", &[]),
        scenario::with("PJSIPShowEndpoint", &[("Endpoint", "alice")]),
        scenario::with("PJSIPShowEndpoints", &[]),
        scenario::with("PJSIPShowRegistrationInboundContactStatuses", &[]),
        scenario::with("PJSIPShowRegistrationsInbound", &[]),
        scenario::with("PJSIPShowRegistrationsOutbound", &[]),
        scenario::with("PJSIPShowResourceLists", &[]),
        scenario::with("PJSIPShowSubscriptionsInbound", &[]),
        scenario::with("PresenceStateList", &[]),
        scenario::with("QueueStatus", &[]),
        scenario::with("QueueSummary", &[]),
        scenario::with("ShowDialPlan", &[("Context", "default")]),
        scenario::with("Status", &[("Variables", "CHANNEL(state)")]),
    ];
    lists.extend(match major {
        22 => vec![
            scenario::with("CoreShowChannelMap", &[("Channel", channel)]),
            scenario::with("VoicemailUsersList", &[]),
            scenario::with("VoicemailUserStatus", &[("Context", "default"), ("Mailbox", "100")]),
        ],
        _ => ["SIPpeers", "SIPpeerstatus", "SIPshowregistry"].map(Action::new).to_vec(),
    });
    lists
}

/// Keeps the banner and the first messages of each kind, byte by byte.
fn first_of_each_kind(stream: &[u8]) -> scenario::Result<Vec<u8>> {
    let (mut codec, mut bytes) = (Codec::new(), BytesMut::from(stream));
    let mut counts = HashMap::<Vec<u8>, usize>::new();
    let banner = stream.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut kept = banner.to_vec();
    while let Some(frame) = codec.decode_eof(&mut bytes)? {
        let message = match &frame {
            Frame::Banner(_) => continue,
            Frame::Event(event) => &**event,
            Frame::Response(response) => &**response,
            other => return Err(format!("unexpected in a recording: {other:?}").into()),
        };
        let count = counts.entry(message.head().to_vec()).or_default();
        *count += 1;
        if *count <= OF_A_KIND {
            kept.extend_from_slice(message.raw());
        }
    }
    Ok(kept)
}

async fn talk(client: &Client) -> Result<(), Box<dyn Error>> {
    calls(client, 85).await?;
    let stay = Originate::to_application("Local/stay@default", "Wait", "600");
    let stays = stay.variable("ODD", "caf\u{e9} \\ \"quoted\" (b) [c], d");
    let up = [client.originate(stays.clone()).await?, client.originate(stays).await?];
    for (name, fields) in LISTS {
        let action =
            fields.iter().fold(Action::new(name), |it, (name, value)| it.field(name, value));
        // Refusals are part of the recording, and so are those that never answer.
        let _ = client.call(action).timeout(Duration::from_millis(300)).await;
    }
    odd(client).await;
    client.command("dialplan show long").await?;
    for call in up {
        let _ = client.call(Action::new("Hangup").field("Channel", call.channel())).await;
    }
    calls(client, 85).await?;
    Ok(())
}

/// Places calls of several kinds, a few at a time, and waits until their channels are gone.
async fn calls(client: &Client, count: usize) -> Result<(), Box<dyn Error>> {
    let mut hangups = client.subscribe(Filter::named(["Hangup"]));
    // Mostly those that make few events: the file is to stay small.
    let kinds =
        ["short", "busy", "nowhere", "odd", "busy", "nowhere", "both", "busy", "nowhere", "busy"];
    for number in 0..count {
        let kind = kinds[number % kinds.len()];
        let call = Originate::to_application(&format!("Local/{kind}@default"), "Wait", "5")
            .caller_id(&format!("Caller {number} <{}>", 1000 + number))
            .variable("FLAVOUR", format!("taste {number}"));
        // Busy is one of the outcomes.
        let _ = client.originate(call).await;
        let channels = match kind {
            "nowhere" => 0,
            "both" => 4,
            _ => 2,
        };
        for _ in 0..channels {
            tokio::time::timeout(Duration::from_secs(10), hangups.next()).await?;
        }
    }
    Ok(())
}

/// Odd names, odd values and refusals.
async fn odd(client: &Client) {
    let actions = [
        Action::new("NoSuchAction"),
        Action::new("Originate").field("Channel", "nonsense"),
        Action::new("ModuleLoad"),
        Action::new("DBGet").field("Family", "none").field("Key", "none"),
        Action::new("Command").field("Command", "no such command"),
        Action::new("Command").field("Command", "module load nothing.so"),
        Action::new("Setvar").field("Variable", "GLOBAL(ODD)").field("Value", "a\tb \x07 \u{e9}"),
        Action::new("Getvar").field("Variable", "GLOBAL(ODD)"),
        Action::new("GetConfig").field("Filename", "queues.conf"),
        Action::new("GetConfigJSON").field("Filename", "queues.conf"),
        Action::new("ListCategories").field("Filename", "queues.conf"),
        Action::new("PresenceState").field("Provider", "CustomPresence:x"),
        Action::new("CoreStatus"),
        Action::new("MailboxCount").field("Mailbox", "100@default"),
        Action::new("ExtensionState").field("Exten", "watched").field("Context", "default"),
        Action::new("UserEvent")
            .field("UserEvent", "Odd")
            .field("Event", "Spoof")
            .field("Response", "Success")
            .field("2Channel", "x")
            .field("Twice", "1")
            .field("Twice", "2")
            .field("Latin", b"caf\xe9"),
        Action::new("Ping"),
    ];
    for action in actions {
        let _ = client.call(action).timeout(Duration::from_secs(2)).await;
    }
}
