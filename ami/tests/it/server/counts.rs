//! Every action that may be answered with a list, on servers that have something of everything.

use std::collections::BTreeSet;

use ami::{Action, Client, Error, Event, Filter};
use instance::Builder;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::lists::builder_all;
use super::{AGES, VERSIONS, connect, end, next, quick};

/// The actions that end the connection, answer when something happens, reload everything, or
/// answer with lines that are no response or with more than one.
const LEFT_OUT: [&str; 6] = ["Logoff", "Login", "WaitEvent", "Reload", "IAXnetstats", "ModuleLoad"];

/// A server that has something of everything to list.
async fn builder_of_everything(major: u32) -> Builder {
    builder_all(major)
        .await
        .file("extensions.conf", DIALPLAN)
        .file("pjsip.conf", PJSIP)
        .file("pjsip_notify.conf", "[general]\n")
        .file("sip.conf", SIP)
        .file("skinny.conf", "[general]\nbindaddr = <<address>>\n")
        .file("queues.conf", "[general]\n\n[support]\nmember => Local/ringing@default\n\n[empty]\n")
        .file("iax.conf", IAX)
        .file(
            "confbridge.conf",
            "[general]\n\n[user]\ntype = user\nquiet = yes\n\n[bridge]\ntype = bridge\n",
        )
        .file(
            "voicemail.conf",
            "[general]\nformat = gsm\n\n[default]\n100 => 1234,Alice\n101 => 1234,Bob\n",
        )
        // One of its kind that cannot be loaded would take its actions along.
        .file("modules.conf.inc", "noload => app_voicemail_odbc.so\n")
        .file("musiconhold.conf", "[general]\n")
}

const DIALPLAN: &str = "
[default]
exten => answer,1,Answer()
exten => answer,hint,Custom:lamp,CustomPresence:alice
exten => conference,1,ConfBridge(room,bridge,user)
exten => queue,1,Queue(support)
exten => park,1,Park(default)
exten => ringing,1,Ringing()
same => n,Wait(600)
exten => agent,1,AgentLogin(1000,s)

[ignoring]
ignorepat => 9
exten => 1,1,NoOp()
";

const PJSIP: &str = "
[transport]
type = transport
protocol = udp
bind = <<address>>

[alice]
type = endpoint
context = default
aors = alice
auth = alice
outbound_auth = alice
mailboxes = 100@default

[alice]
type = aor
max_contacts = 2
contact = sip:alice@<<address>>:5999
contact = sip:alice@<<address>>:5998

[alice]
type = auth
auth_type = userpass
username = alice
password = x

[alice]
type = identify
endpoint = alice
match = 127.0.0.99

[bob]
type = endpoint
context = default
aors = bob

[bob]
type = aor
contact = sip:bob@<<address>>:5997

[carol]
type = endpoint
context = default
aors = carol

[carol]
type = aor
max_contacts = 1

[trunk]
type = registration
server_uri = sip:<<address>>:5996
client_uri = sip:trunk@<<address>>
outbound_auth = alice

[friends]
type = resource_list
event = presence
list_item = answer
list_item = alice
";

const SIP: &str = "
[general]
bindaddr = <<address>>
bindport = 5070
register => trunk:x@<<address>>:5995

[carol]
type = friend
host = dynamic
secret = x
context = default

[dave]
type = peer
host = 127.0.0.1
context = default
";

const IAX: &str = "
[general]
bindaddr = <<address>>
register => trunk:x@<<address>>:5994

[peer]
type = friend
host = 127.0.0.1

[other]
type = friend
host = dynamic
";

/// Fills a server: calls of all kinds, states, a database. The result is how a channel came into a
/// bridge.
async fn fill(client: &Client) -> Event {
    for key in ["one", "two"] {
        let put = Action::new("DBPut").field("Family", "f").field("Key", key).field("Val", "v");
        client.call(put).await.unwrap();
    }
    for (variable, value) in [
        ("DEVICE_STATE(Custom:lamp)", "INUSE"),
        ("DEVICE_STATE(Custom:other)", "RINGING"),
        ("PRESENCE_STATE(CustomPresence:alice)", "away,lunch,back soon"),
    ] {
        let set = Action::new("Setvar").field("Variable", variable).field("Value", value);
        client.call(set).await.unwrap();
    }
    // The numbers, and the events that say that their applications are at work.
    let names = ["BridgeEnter", "QueueCallerJoin", "ParkedCall", "AgentLogin"];
    let in_conference = |event: &Event| {
        let caller = event.get("Channel").is_some_and(|it| it.starts_with(b"Local/"));
        caller && event.get("BridgeCreator") == Some(&b"ConfBridge"[..])
    };
    let wanted = move |event: &Event| !event.is("BridgeEnter") || in_conference(event);
    let mut events = client.subscribe(Filter::named(names).when(wanted));
    let numbers = ["conference", "conference", "queue", "park", "agent"];
    for number in numbers {
        let call = Action::new("Originate").field("Channel", format!("Local/{number}@default"));
        client.call(call.field("Application", "Echo").field("Async", "true")).await.unwrap();
    }
    let mut enter = None;
    for _ in numbers {
        let event = next(&mut events).await;
        enter = if event.is("BridgeEnter") { Some(event) } else { enter };
    }
    enter.unwrap()
}

/// A request of a phone that the server knows, and its answer.
async fn phone(address: &str, method: &str, fields: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect((address, 5060)).await.unwrap();
    let own = socket.local_addr().unwrap();
    let request = format!(
        "{method} sip:answer@{address} SIP/2.0\r\n\
         Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK{method}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:carol@{address}>;tag=1\r\nTo: <sip:carol@{address}>\r\n\
         Call-ID: {method}\r\nCSeq: 1 {method}\r\nContact: <sip:carol@{own}>\r\nExpires: 600\r\n\
         {fields}Content-Length: 0\r\n\r\n"
    );
    socket.send(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = timeout(AGES, socket.recv(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// An action with fields.
fn with(name: &str, fields: &[(&str, &str)]) -> Action {
    fields.iter().fold(Action::new(name), |action, (name, value)| action.field(name, value))
}

/// The lists that have items on a server that has something of everything.
const FILLED: [&str; 32] = [
    "Agents",
    "BridgeInfo",
    "BridgeList",
    "BridgeTechnologyList",
    "ConfbridgeList",
    "ConfbridgeListRooms",
    "CoreShowChannels",
    "DBGet",
    "DBGetTree",
    "DeviceStateList",
    "ExtensionStateList",
    "FAXStats",
    "Hangup",
    "IAXpeerlist",
    "IAXpeers",
    "IAXregistry",
    "ParkedCalls",
    "Parkinglots",
    "PJSIPShowAors",
    "PJSIPShowAuths",
    "PJSIPShowContacts",
    "PJSIPShowEndpoint",
    "PJSIPShowEndpoints",
    "PJSIPShowRegistrationInboundContactStatuses",
    "PJSIPShowRegistrationsInbound",
    "PJSIPShowRegistrationsOutbound",
    "PJSIPShowResourceLists",
    "PJSIPShowSubscriptionsInbound",
    "PresenceStateList",
    "QueueStatus",
    "QueueSummary",
    "ShowDialPlan",
];

/// The entries that one of the two has.
const FILLED_22: [&str; 3] = ["CoreShowChannelMap", "VoicemailUsersList", "VoicemailUserStatus"];
const FILLED_16: [&str; 3] = ["SIPpeers", "SIPpeerstatus", "SIPshowregistry"];

#[tokio::test]
async fn no_list_is_taken_for_short_or_broken_that_is_not() {
    for (major, more) in VERSIONS.into_iter().zip([FILLED_22, FILLED_16]) {
        let sandbox = builder_of_everything(major).await.build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        let client = connect(&instance, quick()).await.unwrap();
        let enter = fill(&client).await;
        let address = instance.sandbox().address().to_string();
        phone(&address, "REGISTER", "").await;
        phone(&address, "SUBSCRIBE", "Event: presence\r\nAccept: application/pidf+xml\r\n").await;
        let mut strays = client.subscribe(Filter::none().with_strays());
        let of_it = |name| enter.text(name).unwrap();
        let (channel, bridge) = (&*of_it("Channel"), &*of_it("BridgeUniqueid"));

        // Every action there is, as it is, and those with something to choose with a choice.
        let known = client.call(Action::new("ListCommands")).await.unwrap();
        let names = known.fields().skip(2).map(|(name, _)| str::from_utf8(name).unwrap());
        let plain = names.filter(|name| !LEFT_OUT.contains(name)).map(Action::new);
        let chosen = [
            with("BridgeInfo", &[("BridgeUniqueid", bridge)]),
            with("ConfbridgeList", &[("Conference", "room")]),
            with("CoreShowChannelMap", &[("Channel", channel)]),
            with("DBGet", &[("Family", "f"), ("Key", "one")]),
            with("DBGetTree", &[("Family", "f")]),
            with("DBGetTree", &[("Family", "nothing")]),
            with("FAXSession", &[("SessionNumber", "1")]),
            with("ParkedCalls", &[("ParkingLot", "default")]),
            with("PJSIPShowEndpoint", &[("Endpoint", "alice")]),
            with("PJSIPShowEndpoint", &[("Endpoint", "bob")]),
            with("QueueStatus", &[("Queue", "support")]),
            with("QueueStatus", &[("Queue", "nowhere")]),
            with("QueueStatus", &[("Member", "Local/ringing@default")]),
            with("QueueSummary", &[("Queue", "support")]),
            with("ShowDialPlan", &[("Context", "default")]),
            with("ShowDialPlan", &[("Context", "default"), ("Extension", "answer")]),
            with("Status", &[("Channel", channel)]),
            with("Status", &[("AllVariables", "true")]),
            with("VoicemailBoxSummary", &[("Context", "default"), ("Mailbox", "100")]),
            with("VoicemailUserStatus", &[("Context", "default"), ("Mailbox", "100")]),
            with("Hangup", &[("Channel", "/^Nothing/")]),
            with("Hangup", &[("Channel", "/^Local/")]),
        ];
        let (mut filled, mut wrong) = (BTreeSet::new(), Vec::new());
        for action in plain.chain(chosen) {
            let (name, shown) = (action.name().to_owned(), format!("{action:?}"));
            match client.list(action).collect().await {
                Ok(list) => {
                    let came = list.items.len();
                    let exact = name != "DBGetTree" && !name.starts_with("PJSIP");
                    let said = list.list_items().filter(|_| exact);
                    if said.is_some_and(|said| said != came as u64) {
                        wrong.push(format!("{shown}: {said:?} {came}"));
                    }
                    if came > 0 {
                        filled.insert(name);
                    }
                }
                Err(error) if matches!(error.error, Error::Rejected(_)) => {}
                Err(error) => wrong.push(format!("{shown}: {error:#?}")),
            }
        }
        assert!(wrong.is_empty(), "{major}: {}", wrong.join("\n"));
        let missing = FILLED.iter().chain(&more).filter(|name| !filled.contains(**name));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&&str>::new(), "{major}: nothing to list");
        client.call(Action::new("Ping")).await.unwrap();
        if strays.queued() > 0 {
            panic!("{major}: {:?}", strays.next().await);
        }
        let stats = client.stats();
        assert_eq!((stats.other, stats.unmatched, stats.malformed), (0, 0, 0), "{major}");
        end(instance).await;
    }
}

const SKINNY: &str = "
[general]
bindaddr = <<address>>

[lines]
[line-1]
context = default
[line-2]
context = default

[devices]
[phone-1]
device = SEP001122334455
line = line-1
[phone-2]
device = SEP001122334466
line = line-2
";

/// The driver forgets the empty lines between the items, and before the end: all of them are one
/// message. Newer servers do not have it.
#[tokio::test]
async fn a_list_whose_items_the_server_runs_together_is_no_error() {
    let sandbox = builder_all(16).await.file("skinny.conf", SKINNY).build().unwrap();
    let instance = sandbox.boot().await.unwrap();
    let client = connect(&instance, quick()).await.unwrap();
    for (action, names) in
        [("SKINNYdevices", ["phone-1", "phone-2"]), ("SKINNYlines", ["line-1", "line-2"])]
    {
        let list = match client.list(Action::new(action)).collect().await {
            Ok(list) => list,
            Err(error) => panic!("{:?}", error.partial.complete.unwrap().raw()),
        };
        let all = list.items.iter().chain(&list.complete);
        let all = all.flat_map(|it| it.get_all("ObjectName")).map(String::from_utf8_lossy);
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        assert_eq!(all, names, "{list:?}");
    }
    end(instance).await;
}
