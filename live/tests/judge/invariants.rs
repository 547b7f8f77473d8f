//! Invariants of every state by itself.

use live::State;

/// A part of the state that does not agree with another: the kind and the identifier of an entity,
/// and what is wrong.
pub(crate) type Broken = (&'static str, String, String);

/// Returns what does not agree.
pub(crate) fn broken(state: &State) -> Vec<Broken> {
    let mut broken = Vec::new();
    let (channels, bridges) = (state.channels().unwrap(), state.bridges().unwrap());
    for bridge in bridges.iter() {
        for member in &bridge.members {
            if channels.get(member).and_then(|it| it.bridge.as_ref()) != Some(&bridge.id) {
                let what = format!("{member} is a member, and is not in the bridge");
                broken.push(("bridge", bridge.id.to_string(), what));
            }
        }
    }
    for channel in channels.iter() {
        if let Some(bridge) = &channel.bridge
            && !bridges.get(bridge).is_some_and(|it| it.members.contains(&channel.id))
        {
            let what = format!("it is in bridge {bridge}, which does not have it");
            broken.push(("channel", channel.id.to_string(), what));
        }
    }
    calls(state, &mut broken);
    broken
}

/// The legs of a call that are up are the channels of its identifier.
fn calls(state: &State, broken: &mut Vec<Broken>) {
    let (channels, calls) = (state.channels().unwrap(), state.calls().unwrap());
    for call in calls.iter() {
        let up: Vec<_> = call.legs.iter().filter(|it| it.is_up()).collect();
        for leg in &up {
            if channels.get(&leg.channel).is_none_or(|it| it.call != call.id) {
                let what = format!("its leg {} is up, and is not one of its channels", leg.channel);
                broken.push(("call", call.id.to_string(), what));
            }
        }
        if up.is_empty() || call.ended.is_some() {
            broken.push(("call", call.id.to_string(), "no leg of it is up".to_owned()));
        }
    }
    for channel in channels.iter() {
        if let Some(call) = calls.get(&channel.call)
            && !call.leg(&channel.id).is_some_and(live::Leg::is_up)
        {
            let what = format!("call {} does not have it as a leg that is up", channel.call);
            broken.push(("channel", channel.id.to_string(), what));
        }
    }
}
