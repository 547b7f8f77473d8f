//! `channels`, `pjsip-channels` and `sip-channels`: no more channels than allowed.

use super::{Check, Seen, component, counted};
use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// All channels.
pub(super) const KIND: Kind = Kind {
    names: &["channels", "channel_test_condition.ChannelTestCondition"],
    page: include_str!("channels.md"),
    build: |section| build(section, Channels::All),
};

/// The channels of PJSIP.
pub(super) const PJSIP: Kind = Kind {
    names: &["pjsip-channels", "pjsip_channel_test_condition.PJSipChannelTestCondition"],
    page: include_str!("pjsip_channels.md"),
    build: |section| build(section, Channels::Pjsip),
};

/// The channels of `chan_sip`.
pub(super) const SIP: Kind = Kind {
    names: &["sip-channels", "sip_channel_test_condition.SipChannelTestCondition"],
    page: include_str!("sip_channels.md"),
    build: |section| build(section, Channels::Sip),
};

fn build(section: &Section, channels: Channels) -> Result<Box<dyn Component>, ConfigError> {
    let allowed = section.count("allowedchannels")?.unwrap_or_default();
    Ok(component(section, Limit { channels, allowed }))
}

/// The channels that are counted.
#[derive(Clone, Copy)]
enum Channels {
    All,
    Pjsip,
    Sip,
}

struct Limit {
    channels: Channels,
    allowed: usize,
}

impl Limit {
    fn wrong(&self, seen: &Seen) -> Vec<String> {
        let number: usize = seen.values().sum();
        if number <= self.allowed {
            return Vec::new();
        }
        let names = seen.keys().cloned().collect::<Vec<_>>().join(", ");
        vec![format!("channels that are up: {number}, allowed: {}: {names}", self.allowed)]
    }
}

impl Check for Limit {
    fn name(&self) -> &'static str {
        match self.channels {
            Channels::All => "channels",
            Channels::Pjsip => "pjsip-channels",
            Channels::Sip => "sip-channels",
        }
    }

    fn command(&self) -> &'static str {
        match self.channels {
            Channels::All => "core show channels concise",
            Channels::Pjsip => "pjsip show channels",
            Channels::Sip => "sip show channels",
        }
    }

    fn missing(&self) -> &'static str {
        match self.channels {
            Channels::All => "it has no list of channels",
            Channels::Pjsip => "chan_pjsip is not loaded",
            Channels::Sip => "chan_sip is not loaded",
        }
    }

    fn read(&self, printed: &str) -> Seen {
        let lines = printed.lines();
        match self.channels {
            // `name!context!exten!…`
            Channels::All => {
                counted(lines.filter_map(|it| it.split_once('!')).map(|(name, _)| name.to_owned()))
            }
            // `Channel: PJSIP/name/application  state  seconds`, below a heading of that form.
            Channels::Pjsip => {
                let rows = lines.filter_map(|it| it.trim_start().strip_prefix("Channel:"));
                let names = rows.filter_map(|it| it.split_whitespace().next());
                counted(names.filter(|it| !it.starts_with('<')).map(str::to_owned))
            }
            // A row for each dialog between a heading and how many there are. In the third column
            // is the id of the call.
            Channels::Sip => {
                let rows =
                    lines.filter(|it| !it.starts_with("Peer ") && !it.contains("active SIP"));
                counted(rows.filter_map(|it| it.split_whitespace().nth(2)).map(str::to_owned))
            }
        }
    }

    fn before(&self, seen: &Seen) -> Vec<String> {
        self.wrong(seen)
    }

    fn after(&self, _: &Seen, after: &Seen) -> Vec<String> {
        self.wrong(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_counted_by_their_names() {
        let limit = |channels, allowed| Limit { channels, allowed };
        let all = "Local/a@b-00000001;1!b!a!1!Up!Echo!!!!!3!0!!12.3\nLocal/a@b-00000001;2!b!a!1!Up!Wait!9!!!!3!0!!12.4\n";
        let two = limit(Channels::All, 2);
        assert_eq!(two.wrong(&two.read(all)), [""; 0]);
        let told = limit(Channels::All, 1).before(&two.read(all));
        let names = "Local/a@b-00000001;1, Local/a@b-00000001;2";
        assert_eq!(told, [format!("channels that are up: 2, allowed: 1: {names}")]);
        assert!(two.read("").is_empty());

        let pjsip = "\n  Channel:  <ChannelId....>  <State.>  <Time.....>\n      Exten: <Dialed>  CLCID: <Connected>\n====\n\n  Channel: PJSIP/alice-00000000/Echo   Up   00:00:01\n      Exten: s   CLCID: \"\" <>\n\nObjects found: 1\n";
        let none = limit(Channels::Pjsip, 0);
        let told = none.after(&Seen::new(), &none.read(pjsip));
        assert_eq!(told, ["channels that are up: 1, allowed: 0: PJSIP/alice-00000000/Echo"]);
        assert!(none.read("No objects found.\n\n").is_empty());

        let sip = "Peer             User/ANR         Call ID          Format           Hold     Last Message    Expiry     Peer      \n127.0.0.1        alice            5c7d0f2e6        (ulaw)           No       Rx: ACK                    <guest>   \n1 active SIP channel\n";
        let none = limit(Channels::Sip, 0);
        assert_eq!(none.wrong(&none.read(sip)), ["channels that are up: 1, allowed: 0: 5c7d0f2e6"]);
    }
}
