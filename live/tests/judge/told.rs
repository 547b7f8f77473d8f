//! Answers of the server to the judge's questions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::ami::value::{DeviceState, PresenceState, UniqueId};
use live::ami::{Action, Client, Error, Event};

use super::judge::FENCE;
use super::view::{Value, View};

/// Asks for all lists.
pub(crate) async fn lists(client: &Client) -> Result<View, Error> {
    let mut view = View::default();
    channels(client, &mut view).await?;
    bridges(client, &mut view).await?;
    queues(client, &mut view).await?;
    parking(client, &mut view).await?;
    conferences(client, &mut view).await?;
    devices(client, &mut view).await?;
    Ok(view)
}

async fn ask(client: &Client, action: Action) -> Result<Vec<Event>, Error> {
    Ok(client.list(action).await?.items)
}

/// Returns a field, and an empty text for what the server writes instead of one.
pub(crate) fn get(event: &Event, name: &str) -> String {
    let value = event.text(name).unwrap_or_default();
    if matches!(&*value, "<unknown>" | "(null)" | "<null>") {
        return String::new();
    }
    value.into_owned()
}

async fn channels(client: &Client, view: &mut View) -> Result<(), Error> {
    for item in ask(client, Action::new("CoreShowChannels")).await? {
        let mut channel = view.entity("channel", get(&item, "Uniqueid"));
        channel
            .text("name", get(&item, "Channel"))
            .text("call", get(&item, "Linkedid"))
            .text("state", get(&item, "ChannelState"))
            .text("caller number", get(&item, "CallerIDNum"))
            .text("caller name", get(&item, "CallerIDName"))
            .text("connected number", get(&item, "ConnectedLineNum"))
            .text("connected name", get(&item, "ConnectedLineName"))
            .text("language", get(&item, "Language"))
            .text("account code", get(&item, "AccountCode"))
            .text("bridge", get(&item, "BridgeId"));
        // No event tells that a channel executes no application any more, and where in the dialplan
        // it is then: the server leaves out the Newexten of an empty application.
        let application = get(&item, "Application");
        if !application.is_empty() {
            channel
                .text("context", get(&item, "Context"))
                .text("exten", get(&item, "Exten"))
                .text("priority", get(&item, "Priority"));
            channel.text("application", application);
            channel.text("application data", get(&item, "ApplicationData"));
        }
        // A masquerade gives a channel the time of another one, and no event tells it. The
        // identifier has the time of the channel itself.
        let born = UniqueId::from(get(&item, "Uniqueid")).time();
        if let (Some(since), Some(born)) = (ago(&get(&item, "Duration")), born)
            && Value::Time(since) == Value::Time(born)
        {
            channel.time("since", since);
        }
        // A bridge that is being dissolved is listed no more, though channels are still in it.
        let bridge = get(&item, "BridgeId");
        if !bridge.is_empty() {
            view.entity("bridge", bridge);
        }
    }
    Ok(())
}

/// Returns the time so long ago, for a duration of hours, minutes and seconds.
fn ago(duration: &str) -> Option<SystemTime> {
    let mut seconds = 0;
    for part in duration.split(':') {
        seconds = seconds * 60 + part.parse::<u64>().ok()?;
    }
    SystemTime::now().checked_sub(Duration::from_secs(seconds))
}

/// Returns a time that is written in seconds since 1970.
fn time(seconds: &str) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.parse().unwrap())
}

async fn bridges(client: &Client, view: &mut View) -> Result<(), Error> {
    for item in ask(client, Action::new("BridgeList")).await? {
        let id = get(&item, "BridgeUniqueid");
        let info = Action::new("BridgeInfo").field("BridgeUniqueid", &id);
        let mut bridge = view.entity("bridge", id);
        bridge
            .text("kind", get(&item, "BridgeType"))
            .text("technology", get(&item, "BridgeTechnology"))
            .text("creator", get(&item, "BridgeCreator"))
            .text("name", get(&item, "BridgeName"));
        // The bridge may have ended meanwhile.
        let Ok(collected) = client.list(info).await else { continue };
        let mut members: Vec<_> = collected.items.iter().map(|it| get(it, "Uniqueid")).collect();
        members.sort_unstable();
        bridge.text("members", members.join(" "));
    }
    Ok(())
}

async fn queues(client: &Client, view: &mut View) -> Result<(), Error> {
    for item in ask(client, Action::new("QueueStatus")).await? {
        let queue = get(&item, "Queue");
        match &*item.name() {
            // The averages and percentages are told by no event.
            "QueueParams" => {
                view.entity("queue", queue)
                    .text("strategy", get(&item, "Strategy"))
                    .text("max", get(&item, "Max"))
                    .text("weight", get(&item, "Weight"))
                    .text("service level", get(&item, "ServiceLevel"))
                    .text("callers", get(&item, "Calls"))
                    .text("completed", get(&item, "Completed"))
                    .text("abandoned", get(&item, "Abandoned"));
            }
            "QueueMember" => {
                let interface = get(&item, "Location");
                let mut member = view.entity("queue member", format!("{queue} {interface}"));
                member
                    .text("name", get(&item, "Name"))
                    .text("state interface", get(&item, "StateInterface"))
                    .text("membership", get(&item, "Membership"))
                    .text("penalty", get(&item, "Penalty"))
                    .text("status", get(&item, "Status"))
                    .text("paused", get(&item, "Paused"))
                    .text("pause reason", get(&item, "PausedReason"))
                    .text("in call", get(&item, "InCall"))
                    .text("calls taken", get(&item, "CallsTaken"))
                    .time("last call", time(&get(&item, "LastCall")))
                    .time("last pause", time(&get(&item, "LastPause")))
                    .time("login time", time(&get(&item, "LoginTime")))
                    .text("wrap up", get(&item, "Wrapuptime"));
            }
            "QueueEntry" => {
                let waited = ago(&get(&item, "Wait")).unwrap();
                // The word of this list for none.
                let known = |name| Some(get(&item, name)).filter(|it| it != "unknown");
                let known = |name| known(name).unwrap_or_default();
                view.entity("queue caller", format!("{queue} {}", get(&item, "Uniqueid")))
                    .text("position", get(&item, "Position"))
                    .text("priority", get(&item, "Priority"))
                    .text("number", known("CallerIDNum"))
                    .text("name", known("CallerIDName"))
                    .time("since", waited);
            }
            other => panic!("{other}"),
        }
    }
    Ok(())
}

async fn parking(client: &Client, view: &mut View) -> Result<(), Error> {
    for item in ask(client, Action::new("Parkinglots")).await? {
        view.entity("parking lot", get(&item, "Name"))
            .text("first", get(&item, "StartSpace"))
            .text("last", get(&item, "StopSpace"))
            .text("timeout", get(&item, "Timeout"));
    }
    for item in ask(client, Action::new("ParkedCalls")).await? {
        let place = format!("{} {}", get(&item, "Parkinglot"), get(&item, "ParkeeUniqueid"));
        view.entity("parked call", place)
            .text("space", get(&item, "ParkingSpace"))
            .text("number", get(&item, "ParkeeCallerIDNum"))
            .text("name", get(&item, "ParkeeCallerIDName"))
            .text("parker", get(&item, "ParkerDialString"))
            .time("since", ago(&get(&item, "ParkingDuration")).unwrap());
    }
    Ok(())
}

async fn conferences(client: &Client, view: &mut View) -> Result<(), Error> {
    // The server refuses the list if there is no conference.
    let Ok(rooms) = ask(client, Action::new("ConfbridgeListRooms")).await else { return Ok(()) };
    for room in rooms {
        let name = get(&room, "Conference");
        // The lock and the mute of a conference as a whole are told by no event.
        view.entity("conference", &name);
        let members = Action::new("ConfbridgeList").field("Conference", &name);
        // The conference may have ended meanwhile.
        let Ok(members) = ask(client, members).await else { continue };
        for item in members {
            view.entity("conference member", format!("{name} {}", get(&item, "Uniqueid")))
                .text("number", get(&item, "CallerIDNum"))
                .text("name", get(&item, "CallerIDName"))
                .text("admin", get(&item, "Admin"))
                .text("marked", get(&item, "MarkedUser"))
                .text("wait marked", get(&item, "WaitMarked"))
                .text("end marked", get(&item, "EndMarked"))
                .text("waiting", get(&item, "Waiting"))
                .text("muted", get(&item, "Muted"))
                .text("talking", get(&item, "Talking"));
        }
    }
    Ok(())
}

async fn devices(client: &Client, view: &mut View) -> Result<(), Error> {
    for item in ask(client, Action::new("DeviceStateList")).await? {
        let state: DeviceState = get(&item, "State").parse().unwrap();
        if get(&item, "Device") == FENCE {
            continue;
        }
        view.entity("device", get(&item, "Device")).text("state", state.number());
    }
    for item in ask(client, Action::new("ExtensionStateList")).await? {
        view.entity("extension", format!("{}@{}", get(&item, "Exten"), get(&item, "Context")))
            .text("hint", get(&item, "Hint"))
            .text("state", get(&item, "Status"))
            .text("status text", get(&item, "StatusText"));
    }
    for item in ask(client, Action::new("PresenceStateList")).await? {
        let state: PresenceState = get(&item, "Status").parse().unwrap();
        view.entity("presence", get(&item, "Presentity"))
            .text("state", state.number())
            .text("subtype", get(&item, "Subtype"))
            .text("message", get(&item, "Message"));
    }
    Ok(())
}
