//! Conversations: who is talking to whom.

use std::collections::{HashSet, VecDeque};

use super::{Bridge, Channel, State};
use crate::text::Id;

impl State {
    /// Returns the groups of parties that are connected with each other now, each with at least two
    /// parties, at least one of them of this call, by the identifiers of their channels.
    ///
    /// Follows bridges, and Local channels from one half to the other, so parties are found to be
    /// connected also where the server has put channels of its own between them. A group can
    /// have parties of other calls, such as a conference. Parties that wait in a bridge for
    /// holding, such as those that are parked, are connected with nobody. Empty if channels or
    /// bridges are not known, or there is no such call.
    pub fn talking(&self, call: &str) -> Vec<Vec<Id>> {
        let mut seen = HashSet::new();
        let mut groups = Vec::new();
        let legs = self.calls.get(call).map(|call| &*call.legs).unwrap_or_default();
        for leg in legs.iter().filter(|leg| leg.is_up() && !leg.helper) {
            if !seen.contains(&leg.channel) {
                let group = self.group(&leg.channel, &mut seen);
                if group.len() > 1 {
                    groups.push(group);
                }
            }
        }
        groups
    }

    /// Returns the parties that a channel is connected with now, by the identifiers of their
    /// channels, without itself. See [`talking`](Self::talking).
    pub fn peers(&self, channel: &str) -> Vec<Id> {
        let Some(channel) = self.channels.get(channel) else { return Vec::new() };
        let mut group = self.group(&channel.id, &mut HashSet::new());
        group.retain(|id| *id != channel.id);
        group
    }

    /// Returns the parties that are connected with a channel, itself included if it is one.
    fn group(&self, from: &Id, seen: &mut HashSet<Id>) -> Vec<Id> {
        let mut parties = Vec::new();
        let mut next = VecDeque::from([Id::clone(from)]);
        seen.insert(Id::clone(from));
        while let Some(id) = next.pop_front() {
            let Some(channel) = self.channels.get(&id) else { continue };
            if self.is_party(channel) {
                parties.push(Id::clone(&channel.id));
            }
            let bridge = channel.bridge.as_ref().and_then(|id| self.bridges.get(id));
            let members = bridge.filter(|it| !it.is_holding()).map(|it| &*it.members);
            for id in members.unwrap_or_default().iter().chain(&channel.other_half) {
                if seen.insert(Id::clone(id)) {
                    next.push_back(Id::clone(id));
                }
            }
        }
        parties
    }

    fn is_party(&self, channel: &Channel) -> bool {
        let call = self.calls.get(&channel.call);
        call.and_then(|call| call.leg(&channel.id)).is_some_and(|leg| !leg.helper)
    }
}

impl Bridge {
    /// Returns `true` if the channels in the bridge do not hear each other: they are parked, or
    /// wait.
    pub fn is_holding(&self) -> bool {
        &*self.technology == "holding_bridge"
    }
}
