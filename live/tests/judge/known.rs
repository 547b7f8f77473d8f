//! Views of the state for comparison.

use std::time::UNIX_EPOCH;

use live::{Membership, Queue, State, Unknown};

use super::judge::FENCE;
use super::view::View;

/// Returns all that can be compared.
pub(crate) fn view(state: &State) -> Result<View, Unknown> {
    let mut view = View::default();
    channels(state, &mut view)?;
    for queue in state.queues()?.iter() {
        queue_view(queue, &mut view);
    }
    parking(state, &mut view)?;
    conferences(state, &mut view)?;
    devices(state, &mut view)?;
    Ok(view)
}

fn channels(state: &State, view: &mut View) -> Result<(), Unknown> {
    for channel in state.channels()?.iter() {
        view.entity("channel", &*channel.id)
            .text("name", &channel.name)
            .text("call", &channel.call)
            .text("state", channel.state.number())
            .text("caller number", &channel.caller.number)
            .text("caller name", &channel.caller.name)
            .text("connected number", &channel.connected.number)
            .text("connected name", &channel.connected.name)
            .text("language", &channel.language)
            .text("account code", &channel.account_code)
            .text("context", &channel.context)
            .text("exten", &channel.exten)
            .text("priority", channel.priority)
            .text("application", &channel.application)
            .text("application data", &channel.application_data)
            .text("bridge", channel.bridge.as_deref().unwrap_or_default())
            .time("since", channel.since.time());
    }
    for bridge in state.bridges()?.iter() {
        let mut members: Vec<_> = bridge.members.iter().map(|it| &**it).collect();
        members.sort_unstable();
        view.entity("bridge", &*bridge.id)
            .text("kind", &bridge.kind)
            .text("technology", &bridge.technology)
            .text("creator", &bridge.creator)
            .text("name", &bridge.name)
            .text("members", members.join(" "));
    }
    Ok(())
}

fn queue_view(queue: &Queue, view: &mut View) {
    view.entity("queue", &*queue.name)
        .text("strategy", &queue.strategy)
        .text("max", queue.max)
        .text("weight", queue.weight)
        .text("service level", queue.service_level.as_secs())
        .text("callers", queue.callers.len())
        .text("completed", queue.figures.completed)
        .text("abandoned", queue.figures.abandoned);
    for member in queue.members.iter() {
        let membership = match member.membership {
            Membership::Static => "static",
            Membership::Dynamic => "dynamic",
            Membership::Realtime => "realtime",
            _ => "other",
        };
        let reason = member.pause.as_ref().map_or("", |it| &*it.reason);
        view.entity("queue member", format!("{} {}", queue.name, member.interface))
            .text("name", &member.name)
            .text("state interface", &member.state_interface)
            .text("membership", membership)
            .text("penalty", member.penalty)
            .text("status", member.status.number())
            .text("paused", u8::from(member.pause.is_some()))
            .text("pause reason", reason)
            .text("in call", u8::from(member.in_call))
            .text("calls taken", member.calls_taken)
            .time("last call", member.last_call.unwrap_or(UNIX_EPOCH))
            .time("last pause", member.last_pause.unwrap_or(UNIX_EPOCH))
            .time("login time", member.login_time.unwrap_or(UNIX_EPOCH))
            .text("wrap up", member.wrap_up.as_secs());
    }
    for caller in &queue.callers {
        let mut entity = view.entity("queue caller", format!("{} {}", queue.name, caller.channel));
        entity
            .text("position", caller.position)
            .text("number", &caller.number)
            .text("name", &caller.name)
            .time("since", caller.since.time());
        // No event tells the priority.
        if let Some(priority) = caller.priority {
            entity.text("priority", priority);
        }
    }
}

fn parking(state: &State, view: &mut View) -> Result<(), Unknown> {
    for lot in state.parking_lots()?.iter() {
        let mut entity = view.entity("parking lot", &*lot.name);
        if let Some(spaces) = lot.spaces {
            entity
                .text("first", spaces.first)
                .text("last", spaces.last)
                .text("timeout", spaces.timeout.map_or(0, |it| it.as_secs()));
        }
        for call in &lot.calls {
            view.entity("parked call", format!("{} {}", lot.name, call.channel))
                .text("space", call.space)
                .text("number", &call.caller.number)
                .text("name", &call.caller.name)
                .text("parker", &call.parker)
                .time("since", call.since.time());
        }
    }
    Ok(())
}

fn conferences(state: &State, view: &mut View) -> Result<(), Unknown> {
    let yes = |it: bool| if it { "Yes" } else { "No" };
    for conference in state.conferences()?.iter() {
        view.entity("conference", &*conference.name);
        for member in &conference.members {
            let id = format!("{} {}", conference.name, member.channel);
            let mut entity = view.entity("conference member", id);
            entity
                .text("number", &member.caller.number)
                .text("name", &member.caller.name)
                .text("admin", yes(member.admin))
                .text("muted", yes(member.muted))
                .text("talking", yes(member.talking));
            for (field, value) in [
                ("marked", member.marked),
                ("wait marked", member.wait_marked),
                ("end marked", member.end_marked),
                ("waiting", member.waiting),
            ] {
                if let Some(value) = value {
                    entity.text(field, yes(value));
                }
            }
        }
    }
    Ok(())
}

fn devices(state: &State, view: &mut View) -> Result<(), Unknown> {
    for device in state.devices()?.iter().filter(|it| &*it.name != FENCE) {
        view.entity("device", &*device.name).text("state", device.state.number());
    }
    for extension in state.extensions()?.iter() {
        view.entity("extension", &*extension.id)
            .text("hint", &extension.hint)
            .text("state", extension.state.number())
            .text("status text", &extension.status_text);
    }
    for presence in state.presences()?.iter() {
        view.entity("presence", &*presence.name)
            .text("state", presence.state.number())
            .text("subtype", &presence.subtype)
            .text("message", &presence.message);
    }
    Ok(())
}
