//! Names without the numbers of channels.

use std::collections::HashMap;

use live::{Change, Id, What};

/// Returns the person of a channel.
pub(crate) fn person(channel: &str) -> Option<&str> {
    channel.strip_prefix("PJSIP/")?.rsplit_once('-').map(|(person, _)| person)
}

/// Returns the name of a channel as it is written down.
pub(crate) fn short(channel: &str) -> String {
    if let Some(person) = person(channel) {
        return person.to_owned();
    }
    match channel.rsplit_once('-') {
        Some((name, number)) => {
            let half = number.split_once(';').map(|(_, half)| format!(";{half}"));
            format!("{name}{}", half.unwrap_or_default())
        }
        None => channel.to_owned(),
    }
}

/// The names of the channels and calls of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Names {
    channels: HashMap<Id, String>,
    calls: HashMap<Id, usize>,
}

impl Names {
    /// Names all that is in the changes. A person's second channel has `#2` behind the name.
    pub(crate) fn of(seen: &[Change]) -> Self {
        let mut full: HashMap<&Id, &str> = HashMap::new();
        let mut born = Vec::new();
        let mut names = Self::default();
        for change in seen {
            match &change.what {
                What::ChannelCreated { channel } => born.push(channel),
                What::ChannelEnded { channel, .. } => {
                    full.entry(&channel.id).or_insert(&channel.name);
                }
                What::CallStarted { call } => {
                    let number = names.calls.len() + 1;
                    names.calls.insert(Id::clone(call), number);
                }
                What::CallEnded(call) | What::CallMerged { from: call, .. } => {
                    full.extend(call.legs.iter().map(|leg| (&leg.channel, &*leg.name)));
                }
                _ => {}
            }
        }
        let mut times: HashMap<String, usize> = HashMap::new();
        for id in born {
            let name = full.get(id).map_or_else(|| id.to_string(), |name| short(name));
            let times = times.entry(name.clone()).or_default();
            *times += 1;
            let name = if *times > 1 { format!("{name}#{times}") } else { name };
            names.channels.insert(Id::clone(id), name);
        }
        names
    }

    pub(crate) fn channel(&self, id: &Id) -> &str {
        self.channels.get(id).map_or("?", |name| name)
    }

    pub(crate) fn maybe(&self, id: Option<&Id>) -> &str {
        id.map_or("nobody", |id| self.channel(id))
    }

    pub(crate) fn call(&self, id: &Id) -> usize {
        self.calls.get(id).copied().unwrap_or(0)
    }
}
