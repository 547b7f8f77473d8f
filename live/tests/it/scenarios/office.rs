//! A small PBX, and the telephones at it, each a real Asterisk server.

use ami::action::QueueAdd;
use instance::{Builder, Instance, Modules, Sandbox};

/// The people of the office. The place in the list, counted from 11, is the number of a person.
pub(crate) const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// The modules of both servers: SIP, and bridges of two.
const SIP: [&str; 19] = [
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
    "res_pjsip_rfc3326",
    "res_rtp_asterisk",
    "chan_pjsip",
    "codec_ulaw",
    "codec_gsm",
    "format_gsm",
    "bridge_simple",
    "app_dial",
    "res_timing_timerfd",
];

const PBX: [&str; 12] = [
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_refer",
    "bridge_softmix",
    "bridge_holding",
    "bridge_builtin_features",
    "app_queue",
    "app_confbridge",
    "app_chanspy",
    "app_directed_pickup",
    "res_musiconhold",
    "res_parking",
    "app_stack",
];

const PHONES: [&str; 4] =
    ["res_pjsip_endpoint_identifier_ip", "app_milliwatt", "app_senddtmf", "app_transfer"];

/// The dialplan of the PBX. Extensions of two digits are people: no number begins with another one,
/// so that the transfer features know the end of a number at once.
const DIALPLAN: &str = "\
[globals]
TRANSFER_CONTEXT = people
FORWARD_CONTEXT = people

[people]
exten => 11,1,Dial(PJSIP/alice,,tT)
 same => n,Hangup()
exten => 12,1,Dial(PJSIP/bob,,tT)
 same => n,Hangup()
exten => 13,1,Dial(PJSIP/carol,,tT)
 same => n,Hangup()
exten => 14,1,Dial(PJSIP/dave,,tT)
 same => n,Hangup()
exten => 17,1,Park()
exten => 18,1,Park(long)

[office]
exten => alice,1,Goto(people,11,1)
exten => bob,1,Goto(people,12,1)
exten => carol,1,Goto(people,13,1)
exten => dave,1,Goto(people,14,1)
exten => short,1,Dial(PJSIP/bob,1)
exten => short-carol,1,Dial(PJSIP/bob,1)
 same => n,Dial(PJSIP/carol)
exten => both,1,Dial(PJSIP/bob&PJSIP/carol)
exten => local,1,Dial(Local/12@people/n)
exten => slim,1,Dial(Local/12@people)
exten => deflect,1,Dial(Local/bob@office)
exten => pick-bob,1,Pickup(12@office)
exten => pick,1,Pickup()
exten => sales,1,Answer()
 same => n,Queue(sales,tT)
exten => hurry,1,Answer()
 same => n,Queue(sales,tT,,,1)
 same => n,Hangup()
exten => ringall,1,Answer()
 same => n,Queue(ringall,tT)
exten => park,1,Park()
exten => retrieve,1,ParkedCall(long,801)
exten => conf,1,Answer()
 same => n,ConfBridge(meeting,,quiet)
exten => wait,1,Answer()
 same => n,Wait(600)
exten => spy-bob,1,Answer()
 same => n,ChanSpy(PJSIP/bob,q)

[parked]
";

const FEATURES: &str = "\
[general]
pickupexten = *8
transferdigittimeout = 10
atxfernoanswertimeout = 15
atxferdropcall = yes
xferfailsound =
xfersound =

atxferabort = 0
atxfercomplete = 9
atxferthreeway = 6

[featuremap]
blindxfer => #
atxfer => *
";

const QUEUES: &str = "\
[general]
persistentmembers = no

[sales]
strategy = linear
timeout = 15
retry = 1
wrapuptime = 0
announce-frequency = 0
announce-position = no
ringinuse = no

[ringall]
strategy = ringall
timeout = 15
retry = 1
announce-position = no
ringinuse = no
";

/// The agents: queue, telephone, name, penalty.
const AGENTS: [(&str, &str, &str, i64); 4] = [
    ("sales", "PJSIP/bob", "Bob", 0),
    ("sales", "PJSIP/carol", "Carol", 1),
    ("ringall", "PJSIP/bob", "Bob", 0),
    ("ringall", "PJSIP/carol", "Carol", 0),
];

const PARKING: &str = "\
[general]

[default]
parkext => 700
parkpos => 701-703
context => parked
parkingtime => 1
comebacktoorigin => yes

[long]
parkext => 800
parkpos => 801-803
context => parked
parkingtime => 600
";

const CONFBRIDGE: &str = "\
[general]

[quiet]
type = user
quiet = yes
startmuted = no
";

/// The dialplan of the telephones: a telephone that is called rings until somebody acts.
const TELEPHONES: &str = "\
[ring]
exten => _[a-z][a-z]!,1,Ringing()
 same => n,Wait(600)

[act]
exten => answer,1,Answer()
 same => n,Wait(600)
exten => speak,1,Milliwatt()
exten => _forward-X.,1,Transfer(PJSIP/sip:${EXTEN:8}@<<ast1.address>>)
";

const TRANSPORT: &str = "\
[udp]
type = transport
protocol = udp
bind = <<address>>

";

/// Boots the PBX and the telephones.
pub(crate) async fn open(version: u32) -> (Instance, Instance) {
    let server = instance::server(version).await.unwrap();
    let pbx = Builder::new(server.clone())
        .modules(Modules::list(SIP.into_iter().chain(PBX)))
        .dialplan(DIALPLAN)
        .file("features.conf", FEATURES)
        .file("queues.conf", QUEUES)
        .file("res_parking.conf", PARKING)
        .file("confbridge.conf", CONFBRIDGE)
        .file("musiconhold.conf", "")
        .file("pjproject.conf", "[startup]\nlog_level = 0\n")
        .file("pjsip.conf", pjsip_of_pbx());
    let phones = Builder::new(server)
        .modules(Modules::list(SIP.into_iter().chain(PHONES)))
        .dialplan(TELEPHONES)
        .file("pjproject.conf", "[startup]\nlog_level = 0\n")
        .file("pjsip.conf", pjsip_of_phones());
    let sandboxes = Builder::build_all([pbx, phones]).unwrap();
    let mut instances = Sandbox::boot_all(sandboxes).await.unwrap();
    let phones = instances.pop().unwrap();
    let pbx = instances.pop().unwrap();
    log_in_agents(&pbx).await;
    (pbx, phones)
}

/// Adds the agents to the queues of a PBX that has booted.
///
/// They cannot be members in `queues.conf`. While a server boots, `chan_pjsip` has the states of
/// its telephones found out in another thread. `app_queue` reads the states of members with its
/// configuration, and subscribes to changes only later: a change between the two is lost to it, and
/// the member keeps the state of before until the next change. A member that is added later is read
/// and added under the lock that the subscriber takes for each change, so it misses none.
pub(crate) async fn log_in_agents(pbx: &Instance) {
    for (queue, phone, name, penalty) in AGENTS {
        let add = QueueAdd::new(queue, phone).member_name(name).penalty(penalty);
        pbx.ami().call(add).await.unwrap();
    }
}

fn pjsip_of_pbx() -> String {
    let mut conf = TRANSPORT.to_owned();
    for (person, number) in PEOPLE.iter().zip(11..) {
        conf.push_str(&format!(
            "[{person}]\ntype = endpoint\ncontext = office\ndisallow = all\nallow = ulaw\n\
             aors = {person}\ncallerid = {person} <{number}>\nidentify_by = username\n\
             call_group = 1\npickup_group = 1\nmedia_address = <<address>>\n\
             bind_rtp_to_media_address = yes\n\n\
             [{person}]\ntype = aor\ncontact = sip:{person}@<<ast2.address>>\n\n",
        ));
    }
    conf
}

fn pjsip_of_phones() -> String {
    let mut conf = TRANSPORT.to_owned();
    conf.push_str(
        "[pbx]\ntype = endpoint\ncontext = ring\ndisallow = all\nallow = ulaw\n\
         media_address = <<address>>\nbind_rtp_to_media_address = yes\n\n\
         [pbx]\ntype = identify\nendpoint = pbx\nmatch = <<ast1.address>>\n\n",
    );
    for person in PEOPLE {
        conf.push_str(&format!(
            "[{person}]\ntype = endpoint\ncontext = ring\ndisallow = all\nallow = ulaw\n\
             from_user = {person}\nmedia_address = <<address>>\n\
             bind_rtp_to_media_address = yes\n\n",
        ));
    }
    conf
}
