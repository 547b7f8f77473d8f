//! Membership of channels in bridges.

use super::base::Model;
use crate::change::What;
use crate::text::Id;

/// Puts a channel into a bridge, or takes it out of the one that it is in.
pub(super) fn place(model: &mut Model, channel: &Id, bridge: Option<&[u8]>) {
    let Some(entity) = model.state.channels.get(channel) else { return };
    if entity.bridge.as_deref().map(str::as_bytes) == bridge {
        // A list of channels can name a bridge that is told later.
        let bridge = entity.bridge.as_ref().and_then(|it| model.state.bridges.get_mut(it));
        if let Some(bridge) = bridge.filter(|it| !it.members.contains(channel)) {
            bridge.members.push(Id::clone(channel));
        }
        return;
    }
    leave(model, channel);
    let Some(bridge) = bridge.map(String::from_utf8_lossy) else { return };
    let bridge = match model.state.bridges.get_mut(&bridge) {
        Some(it) => {
            it.members.push(Id::clone(channel));
            Id::clone(&it.id)
        }
        None => Id::from(&*bridge),
    };
    if let Some(entity) = model.state.channels.get_mut(channel) {
        entity.bridge = Some(Id::clone(&bridge));
    }
    model.tell(What::BridgeEntered { bridge, channel: Id::clone(channel) });
}

/// Takes a channel out of the bridge that it is in.
pub(super) fn leave(model: &mut Model, channel: &Id) {
    let Some(entity) = model.state.channels.get(channel).filter(|it| it.bridge.is_some()) else {
        return;
    };
    let channel = Id::clone(&entity.id);
    let Some(entity) = model.state.channels.get_mut(&channel) else { return };
    let Some(bridge) = entity.bridge.take() else { return };
    if let Some(it) = model.state.bridges.get_mut(&bridge) {
        it.members.retain(|member| *member != channel);
    }
    model.tell(What::BridgeLeft { bridge, channel });
}
