use instance::ami::{Action, Client, Event, Originate};
use instance::{Builder, Instance, Modules};
use live::{Changes, Conference, Live, State, What};
use tokio::time::timeout;

use crate::kit::{self, PATIENCE};

const DIALPLAN: &str = "[default]
exten => user,1,Answer()
 same => n,ConfBridge(room,bridge,user)
exten => admin,1,Answer()
 same => n,ConfBridge(room,bridge,admin)
exten => waits,1,Answer()
 same => n,ConfBridge(room,bridge,waits)
exten => ends,1,Answer()
 same => n,ConfBridge(room,bridge,ends)
exten => marked,1,Answer()
 same => n,ConfBridge(room,bridge,marked)
exten => silence,1,Answer()
 same => n,Wait(600)
exten => tone,1,Answer()
 same => n,Milliwatt()
";

const CONFBRIDGE: &str = "[bridge]
type=bridge
[user]
type=user
quiet=yes
[admin]
type=user
quiet=yes
admin=yes
talk_detection_events=yes
[waits]
type=user
quiet=yes
wait_marked=yes
[ends]
type=user
quiet=yes
end_marked=yes
[marked]
type=user
marked=yes
";

const MODULES: &[&str] = &[
    "app_confbridge",
    "app_milliwatt",
    "app_mixmonitor",
    "bridge_softmix",
    "chan_bridge_media",
    "codec_gsm",
    "codec_ulaw",
    "format_gsm",
    "format_wav",
];

async fn boot(major: u32) -> Instance {
    let server = instance::server(major).await.unwrap();
    let builder = Builder::new(server).dialplan(DIALPLAN).file("confbridge.conf", CONFBRIDGE);
    builder.modules(Modules::list(MODULES.iter().copied())).boot().await.unwrap()
}

/// Calls an extension from one that says something or not.
async fn call(ami: &Client, from: &str, to: &str) {
    let call = Originate::to_extension(&format!("Local/{from}@default"), "default", to, 1);
    ami.originate(call).await.unwrap();
}

async fn act(ami: &Client, action: &str, channel: Option<&str>) {
    let mut action = Action::new(action).field("Conference", "room");
    if let Some(channel) = channel {
        action = action.field("Channel", channel);
    }
    ami.send(action).await.unwrap();
}

async fn until(live: &Live, condition: impl Fn(&Conference) -> bool) -> State {
    let mut last = None;
    let met = live.until(|state| {
        let room = state.conferences().ok().and_then(|it| it.get("room").cloned());
        let met = room.as_deref().is_some_and(&condition);
        last = room;
        met
    });
    match timeout(PATIENCE, met).await {
        Ok(state) => state.unwrap(),
        Err(_) => panic!("the conference stays {last:#?}"),
    }
}

fn yes_no(value: Option<bool>) -> &'static str {
    value.map_or("?", |it| if it { "Yes" } else { "No" })
}

/// Returns what a list says of a member.
fn listed(item: &Event) -> String {
    let names = ["Admin", "MarkedUser", "WaitMarked", "EndMarked", "Waiting", "Muted", "Talking"];
    let fields = ["Uniqueid", "CallerIDNum", "CallerIDName"].into_iter().chain(names);
    fields
        .map(|name| item.text(name).unwrap_or_default().replace("<unknown>", ""))
        .collect::<Vec<_>>()
        .join(",")
}

/// Returns what the state says of the members, in the words of the list.
fn known(room: &Conference) -> Vec<String> {
    let members = room.members.iter().map(|it| {
        let flags = [
            Some(it.admin),
            it.marked,
            it.wait_marked,
            it.end_marked,
            it.waiting,
            Some(it.muted),
            Some(it.talking),
        ];
        let texts = [&*it.channel, &*it.caller.number, &*it.caller.name];
        texts.into_iter().chain(flags.map(yes_no)).collect::<Vec<_>>().join(",")
    });
    let mut members: Vec<_> = members.collect();
    members.sort();
    members
}

/// Waits until the state says of the members what the server's list says, which may be ahead.
async fn agrees(live: &Live, ami: &Client) {
    let list = Action::new("ConfbridgeList").field("Conference", "room");
    let list = ami.list(list).collect().await.unwrap();
    let mut listed: Vec<_> = list.items.iter().map(listed).collect();
    listed.sort();
    until(live, |room| known(room) == listed).await;
}

/// Compares with a state that begins now, but for what only events tell.
async fn begins_equal(live: &Live, ami: &Client) -> Live {
    let other = Live::start(ami);
    let state = other.current().await.unwrap();
    let state = if state.conferences().is_ok() {
        state
    } else {
        other.until(|state| state.conferences().is_ok()).await.unwrap()
    };
    let room = state.conferences().unwrap().get("room").unwrap();
    assert_eq!(room.recording, None);
    let (bridge, members) = (room.bridge.clone(), known(room));
    until(live, |room| room.bridge == bridge && known(room) == members).await;
    other
}

/// Returns the changes of conferences up to the end of one, in short.
async fn told(changes: &mut Changes) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let change = changes.next().await.unwrap().unwrap();
        assert!(!change.resync, "{change:?}");
        match change.what {
            What::ConferenceStarted { .. } => told.push("started".to_owned()),
            What::ConferenceJoined { .. } => told.push("joined".to_owned()),
            What::ConferenceLeft { member, .. } => told.push(format!("left {}", member.admin)),
            What::ConferenceMuted { muted, .. } => told.push(format!("muted {muted}")),
            What::ConferenceRecording { recording, .. } => {
                told.push(format!("recording {recording}"))
            }
            What::ConferenceWaiting { waiting, .. } => told.push(format!("waiting {waiting}")),
            What::ConferenceEnded { conference } => {
                assert!(conference.members.is_empty(), "{conference:?}");
                return told;
            }
            _ => {}
        }
    }
}

async fn a_conference(major: u32) {
    let instance = boot(major).await;
    let ami = instance.ami();
    let live = Live::start(ami);
    let state = live.current().await.unwrap();
    assert!(state.conferences().unwrap().is_empty());
    let mut changes = live.changes();

    call(ami, "silence", "user").await;
    let state =
        until(&live, |room| room.members.len() == 1 && room.members[0].marked.is_some()).await;
    let room = state.conferences().unwrap().get("room").unwrap();
    // Channels and bridges can be told behind the conference.
    let (bridge, channel) = (room.bridge.clone().unwrap(), &room.members[0].channel);
    live.until(|it| it.bridges().unwrap().contains(&bridge)).await.unwrap();
    live.until(|it| it.channels().unwrap().contains(channel)).await.unwrap();
    assert_eq!(room.recording, Some(false));
    agrees(&live, ami).await;
    call(ami, "tone", "admin").await;
    until(&live, |room| room.members.iter().any(|it| it.admin && it.talking)).await;
    agrees(&live, ami).await;

    act(ami, "ConfbridgeMute", Some("all")).await;
    until(&live, |room| room.members.iter().all(|it| it.muted && !it.talking)).await;
    agrees(&live, ami).await;
    act(ami, "ConfbridgeUnmute", Some("all")).await;
    until(&live, |room| room.members.iter().any(|it| it.talking && !it.muted)).await;
    agrees(&live, ami).await;
    act(ami, "ConfbridgeMute", Some("participants")).await;
    until(&live, |room| room.members.iter().all(|it| it.muted != it.admin)).await;
    act(ami, "ConfbridgeStartRecord", None).await;
    until(&live, |room| room.recording == Some(true)).await;
    act(ami, "ConfbridgeLock", None).await;
    let other = begins_equal(&live, ami).await;
    until(&other, |room| room.locked).await;
    act(ami, "ConfbridgeStopRecord", None).await;
    until(&live, |room| room.recording == Some(false)).await;
    until(&other, |room| room.recording == Some(false)).await;

    act(ami, "ConfbridgeKick", Some("participants")).await;
    until(&live, |room| room.members.len() == 1 && room.members[0].admin).await;
    // The server lists a user who has left until the channel goes on.
    live.until(|state| state.channels().unwrap().len() == 2).await.unwrap();
    agrees(&live, ami).await;
    act(ami, "ConfbridgeKick", Some("all")).await;
    let told = told(&mut changes).await;
    let begin = ["started", "joined", "joined", "muted true", "muted true", "muted false"];
    let end = ["muted false", "muted true", "recording true", "recording false"];
    let left = ["left false", "left true"];
    assert_eq!(told, [&begin[..], &end[..], &left[..]].concat());
    other.until(|state| state.conferences().unwrap().is_empty()).await.unwrap();
    kit::end(instance).await;
}

#[tokio::test]
async fn a_conference_of_asterisk_22() {
    a_conference(22).await;
}

#[tokio::test]
async fn a_conference_of_asterisk_16() {
    a_conference(16).await;
}

/// A marked user is kicked, who hears so for two seconds: so long the server lists the user, and
/// the others do not wait. One of the others waits again then, and the other one has to leave. Had
/// that one waited, too, the server could list it as waiting until it has left.
async fn marked_users(major: u32) {
    let instance = boot(major).await;
    let ami = instance.ami();
    let live = Live::start(ami);
    live.current().await.unwrap();
    let mut changes = live.changes();
    call(ami, "silence", "waits").await;
    call(ami, "silence", "ends").await;
    until(&live, |room| {
        let waiting: Vec<_> =
            room.members.iter().filter_map(|it| Some((it.waiting?, it.end_marked?))).collect();
        waiting.len() == 2 && waiting.contains(&(true, false)) && waiting.contains(&(false, true))
    })
    .await;
    agrees(&live, ami).await;
    call(ami, "silence", "marked").await;
    let state = until(&live, |room| {
        room.members.len() == 3 && room.members.iter().all(|it| it.waiting == Some(false))
    })
    .await;
    agrees(&live, ami).await;
    let room = state.conferences().unwrap().get("room").unwrap();
    let marked = room.members.iter().find(|it| it.marked == Some(true)).unwrap();
    let state = live.until(|it| it.channels().unwrap().contains(&marked.channel)).await.unwrap();
    let name = state.channels().unwrap().get(&marked.channel).unwrap().name.clone();
    act(ami, "ConfbridgeKick", Some(&name)).await;
    until(&live, |room| room.member(&marked.channel).is_none()).await;
    // The user is still listed.
    let other = Live::start(ami);
    let waits_alone =
        |room: &Conference| room.members.len() == 1 && room.members[0].waiting == Some(true);
    until(&live, waits_alone).await;
    until(&other, waits_alone).await;
    agrees(&live, ami).await;
    agrees(&other, ami).await;
    act(ami, "ConfbridgeKick", Some("all")).await;
    let told = told(&mut changes).await;
    assert_eq!(told.iter().filter(|it| *it == "joined").count(), 3, "{told:?}");
    assert_eq!(told.iter().filter(|it| *it == "left false").count(), 3, "{told:?}");
    let waiting: Vec<_> = told.iter().filter(|it| it.starts_with("waiting")).collect();
    assert_eq!(waiting, ["waiting true", "waiting false", "waiting true"]);
    kit::end(instance).await;
}

#[tokio::test]
async fn marked_users_of_asterisk_22() {
    marked_users(22).await;
}

#[tokio::test]
async fn marked_users_of_asterisk_16() {
    marked_users(16).await;
}
