//! The four channels of a call between two parties: each party's own, and its channel on the server
//! under test.

use ami::Event;

use crate::components::bridge_test_case::Party;
use crate::matching::Fields;

/// The channels of a run, and what is known of them.
#[derive(Debug, Default)]
pub(super) struct Channels {
    alice: Sides,
    bob: Sides,
    /// The bridge on the server under test.
    bridge: Option<String>,
    /// Both are in it.
    bridged: bool,
}

/// The two channels of a party.
#[derive(Debug, Default)]
struct Sides {
    /// The channel on the party's own server.
    own: Leg,
    /// The channel on the server under test.
    unit: Leg,
}

/// A channel.
#[derive(Debug, Default)]
enum Leg {
    #[default]
    Unknown,
    Up(String),
    HungUp(String),
}

impl Leg {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Unknown => None,
            Self::Up(name) | Self::HungUp(name) => Some(name),
        }
    }

    fn hang_up(&mut self, channel: &str) {
        if let Self::Up(name) = self
            && name == channel
        {
            *self = Self::HungUp(std::mem::take(name));
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Unknown => "unknown".to_owned(),
            Self::Up(name) => format!("{name}, up"),
            Self::HungUp(name) => format!("{name}, hung up"),
        }
    }
}

impl Channels {
    fn sides(&self, party: Party) -> &Sides {
        match party {
            Party::Alice => &self.alice,
            Party::Bob => &self.bob,
        }
    }

    fn sides_mut(&mut self, party: Party) -> &mut Sides {
        match party {
            Party::Alice => &mut self.alice,
            Party::Bob => &mut self.bob,
        }
    }

    /// The channel on the party's own server.
    pub(super) fn own(&self, party: Party) -> Option<&str> {
        self.sides(party).own.name()
    }

    /// The channels of Alice and of Bob on the server under test, once all four are known.
    pub(super) fn units(&self) -> Option<[String; 2]> {
        let sides = [&self.alice, &self.bob];
        if sides.iter().any(|sides| sides.own.name().is_none()) {
            return None;
        }
        Some([self.alice.unit.name()?.to_owned(), self.bob.unit.name()?.to_owned()])
    }

    /// Returns whether both parties are in the bridge.
    pub(super) fn are_bridged(&self) -> bool {
        self.bridged
    }

    /// Returns whether all four were known and have hung up.
    pub(super) fn are_over(&self) -> bool {
        let legs = [&self.alice.own, &self.alice.unit, &self.bob.own, &self.bob.unit];
        legs.iter().all(|leg| matches!(leg, Leg::HungUp(_)))
    }

    /// Takes note of the channel of a party that says that the call is up.
    pub(super) fn connected(&mut self, party: Party, event: &Event) {
        if let Some(channel) = event.field("Channel") {
            self.sides_mut(party).own = Leg::Up(channel);
        }
    }

    /// Takes note of a hangup on a party's own server.
    pub(super) fn own_hangup(&mut self, party: Party, event: &Event) {
        let channel = event.field("Channel").unwrap_or_default();
        self.sides_mut(party).own.hang_up(&channel);
    }

    /// Takes note of an event of the server under test. Returns whether Bob has entered the bridge
    /// by it.
    pub(super) fn unit_event(&mut self, event: &Event) -> bool {
        let text = |name: &str| event.field(name).unwrap_or_default();
        if event.is("BridgeCreate") {
            self.bridge = Some(text("BridgeUniqueid"));
        } else if event.is("BridgeLeave") {
            self.bridged = false;
        } else if event.is("Hangup") {
            let channel = text("Channel");
            self.alice.unit.hang_up(&channel);
            self.bob.unit.hang_up(&channel);
        } else if event.is("BridgeEnter") && self.bridge == event.field("BridgeUniqueid") {
            return self.entered(text("Channel"));
        }
        false
    }

    /// The first channel that has the name of a party in its own is that party's.
    fn entered(&mut self, channel: String) -> bool {
        let is_new = |leg: &Leg, name: &str| {
            leg.name().map_or_else(|| channel.contains(name), |known| known == channel)
        };
        if is_new(&self.bob.unit, "bob") {
            self.bob.unit = Leg::Up(channel);
            self.bridged = true;
            return true;
        }
        if is_new(&self.alice.unit, "alice") {
            self.alice.unit = Leg::Up(channel);
        }
        false
    }

    /// Tells what is known of the four, one to a line.
    pub(super) fn told(&self) -> Vec<String> {
        let line = |party: Party| {
            let Sides { own, unit } = self.sides(party);
            let name = party.name();
            [
                format!("{name}'s own channel: {}", own.told()),
                format!("{name}'s channel on the server under test: {}", unit.told()),
            ]
        };
        [line(Party::Alice), line(Party::Bob)].concat()
    }
}
