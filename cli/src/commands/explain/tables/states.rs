//! The states of channels, devices, extensions and users.

use std::ops::RangeInclusive;
use std::str::FromStr;

use ami::value::{ChannelState, DeviceState, ExtensionState, PresenceState};

use super::causes::sentence;
use crate::commands::explain::article::Article;
use crate::commands::explain::kind::Kind;

/// A state: number, name of the constant, text.
type State = (i32, &'static str, &'static str);

/// A kind of state.
struct States {
    kind: Kind,
    prefix: &'static str,
    found_in: &'static str,
    of: fn(i32) -> Option<State>,
    parse: fn(&str) -> Option<i32>,
}

fn number<T: FromStr + Into<i32>>(text: &str) -> Option<i32> {
    text.parse::<T>().ok().map(Into::into)
}

/// The numbers of all states. The largest is a sum of bits.
const NUMBERS: RangeInclusive<i32> = -2..=31;

const ALL: [States; 4] = [
    States {
        kind: Kind::ChannelState,
        prefix: "AST_STATE_",
        found_in: "ChannelState and ChannelStateDesc of events about a channel",
        of: |number| {
            let state = ChannelState::from(number);
            Some((number, state.name()?, state.text()?))
        },
        parse: number::<ChannelState>,
    },
    States {
        kind: Kind::DeviceState,
        prefix: "AST_DEVICE_",
        found_in: "Status of QueueMember and QueueMemberStatus, State of DeviceStateChange",
        of: |number| {
            let state = DeviceState::from(number);
            Some((number, state.name()?, state.text()?))
        },
        parse: number::<DeviceState>,
    },
    States {
        kind: Kind::ExtensionState,
        prefix: "AST_EXTENSION_",
        found_in: "Status and StatusText of ExtensionStatus, Status of the reply to ExtensionState",
        of: |number| {
            let state = ExtensionState::from(number);
            Some((number, state.name()?, state.text()?))
        },
        parse: number::<ExtensionState>,
    },
    States {
        kind: Kind::Presence,
        prefix: "AST_PRESENCE_",
        found_in: "Status of PresenceStateChange and PresenceStatus",
        of: |number| {
            let state = PresenceState::from(number);
            Some((number, state.name()?, state.text()?))
        },
        parse: number::<PresenceState>,
    },
];

/// The states of all kinds.
pub(super) fn all() -> impl Iterator<Item = Article> {
    ALL.iter().flat_map(|states| NUMBERS.filter_map(states.of).map(|state| article(states, state)))
}

/// The names of the states.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let states = ALL.iter().flat_map(|states| NUMBERS.filter_map(states.of));
    states.map(|(_, name, _)| name)
}

fn article(states: &States, (number, name, text): State) -> Article {
    Article::new(states.kind, name)
        .about(sentence(text))
        .fact("number", number.to_string())
        .fact("constant", format!("{}{name}", states.prefix))
        .fact("found in", states.found_in)
}

/// Returns the states that a text stands for.
pub(super) fn meant(text: &str) -> Vec<(Kind, String)> {
    let meant = |states: &States| {
        let (_, name, _) = (states.of)((states.parse)(text)?)?;
        Some((states.kind, name.to_owned()))
    };
    ALL.iter().filter_map(meant).collect()
}

/// Returns the article of a number that the server has no name for, because several states of the
/// devices of an extension come together.
pub(super) fn combined(text: &str) -> Option<Article> {
    let state: ExtensionState = text.parse().ok()?;
    if state.name().is_some() || !(1..=31).contains(&state.number()) {
        return None;
    }
    let parts = [
        (state.is_in_use(), "a call is up"),
        (state.is_busy(), "all devices are busy"),
        (state.is_unavailable(), "no device is reachable"),
        (state.is_ringing(), "a device rings"),
        (state.is_on_hold(), "a call is on hold"),
    ];
    let parts: Vec<_> = parts.iter().filter(|(holds, _)| *holds).map(|(_, it)| *it).collect();
    let article = Article::new(Kind::ExtensionState, state.number().to_string());
    let article = article.about(sentence(&parts.join(", and ")));
    Some(article.fact("found in", "Status of ExtensionStatus"))
}
