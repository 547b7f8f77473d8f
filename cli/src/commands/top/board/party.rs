//! The names of parties.

use ami::value::ChannelName;
use live::{Channel, Leg, Party};

use crate::out::escape;

/// Returns the name of the party of a leg.
pub(super) fn of_leg(leg: &Leg) -> String {
    name(&leg.party, &leg.name)
}

/// Returns the name of the party at the other end of a channel.
pub(super) fn of_channel(channel: &Channel) -> String {
    name(&channel.caller, &channel.name)
}

/// Returns the number and name of a party, or the channel without its suffix if the server knows
/// neither.
fn name(party: &Party, channel: &str) -> String {
    let text = match (&*party.number, &*party.name) {
        ("", "") => device(channel),
        (number, name) if number == name || name.is_empty() => number.to_owned(),
        ("", name) => name.to_owned(),
        (number, name) => format!("{number} {name}"),
    };
    escape(text.as_bytes())
}

fn device(channel: &str) -> String {
    let name = ChannelName::from(channel);
    match (name.technology(), name.resource()) {
        (Some(technology), Some(resource)) => format!("{technology}/{resource}"),
        _ => channel.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_has_a_number_a_name_or_a_device() {
        let party = |number: &str, text: &str| {
            let mut party = Party::default();
            (party.number, party.name) = (number.into(), text.into());
            name(&party, "PJSIP/alice-00000001")
        };
        let shown = [("100", "Alice"), ("100", ""), ("", "Alice"), ("100", "100"), ("", "")];
        let shown = shown.map(|(number, text)| party(number, text));
        assert_eq!(shown, ["100 Alice", "100", "Alice", "100", "PJSIP/alice"]);
        assert_eq!(party("1", "\x1b[2J\n"), r"1 \u{1b}[2J\n");
        assert_eq!(device("Local/9@default-0001;2"), "Local/9@default");
        assert_eq!(device("Odd"), "Odd");
    }
}
