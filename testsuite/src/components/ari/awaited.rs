//! Events of ARI that have to come so many times: the same in `ari.WebSocketEventModule` and in
//! `ari-events`.

use std::fmt;

use ami::Nearest;
use serde_json::Value;

use crate::ari::AriEvent;
use crate::case::TestCase;
use crate::files::{ConfigError, Node, Section};
use crate::job::Reason;
use crate::matching::{Count, Pattern, Told, times};

/// The parts that tell one event from another of its type.
const TELLING: [&str; 8] = [
    "channel.id",
    "peer.id",
    "bridge.id",
    "playback.id",
    "recording.name",
    "endpoint.resource",
    "args",
    "application",
];

/// The parts of events that are objects, in whatever event they are.
const OBJECTS: [&str; 8] =
    ["bridge", "caller", "channel", "device_state", "endpoint", "peer", "playback", "recording"];

/// An event of ARI that a section describes, and the number of times that it came.
pub(in crate::components) struct Awaited {
    place: Node,
    /// `None` for whatever comes.
    pattern: Option<Pattern>,
    /// The part of the pattern for the type of events, with the text that it is written in.
    kind: Option<(Pattern, String)>,
    not: Option<Pattern>,
    count: Count,
    seen: usize,
    nearest: Nearest,
    /// The first event that was one too many.
    excess: Option<String>,
}

impl Awaited {
    /// Reads `match` and `nomatch` of conditions, and `count` of a section, which may be the same.
    pub(in crate::components) fn read(
        section: &Section,
        conditions: &Section,
        count: Count,
    ) -> Result<Self, ConfigError> {
        let pattern = pattern_of(conditions, "match")?;
        let kind = pattern.as_ref().and_then(|it| it.part("type"));
        let text = |kind: &Pattern| match conditions.node().get("match")?.get("type")?.text()? {
            text if text.chars().all(char::is_alphanumeric) => Some(text.to_owned()),
            _ => Some(format!("event of the type {kind}")),
        };
        Ok(Self {
            place: section.node().clone(),
            kind: kind.and_then(|it| text(&it).map(|text| (it, text))),
            pattern,
            not: pattern_of(conditions, "nomatch")?,
            count: Count::of_ami_or(section.get("count"), count)?,
            seen: 0,
            nearest: Nearest::default(),
            excess: None,
        })
    }

    /// The place of the section.
    pub(in crate::components) fn place(&self) -> &Node {
        &self.place
    }

    /// Returns whether this is the event, and counts it.
    pub(in crate::components) fn takes(&mut self, event: &AriEvent) -> bool {
        let wrong = self.mismatches(event.json());
        if !wrong.is_empty() {
            if self.is_about(event) {
                let line = || format!("{}: {}", summary(event), wrong.join("; "));
                self.nearest.note_other(wrong.len(), line);
            }
            return false;
        }
        self.seen += 1;
        if self.count.is_exceeded_by(self.seen) {
            self.excess.get_or_insert_with(|| format!("one too many: {}", summary(event)));
        }
        true
    }

    /// Returns what of an event is not as described.
    fn mismatches(&self, event: &Value) -> Vec<String> {
        let wrong = self.pattern.iter().flat_map(|it| it.mismatches(event));
        let excluded = self.not.as_ref().filter(|it| it.matches(event));
        let excluded = excluded.map(|it| format!("{} is excluded", it.parts_but("")));
        wrong.map(|it| it.to_string()).chain(excluded).collect()
    }

    /// Returns whether an event is of the type that is looked for.
    fn is_about(&self, event: &AriEvent) -> bool {
        let kind = self.kind.as_ref();
        kind.is_none_or(|(kind, _)| kind.matches(&event.kind().into()))
    }

    /// Fails the test if the event did not come as often as it has to. Returns whether it did.
    pub(in crate::components) fn judge(&self, test: &TestCase) -> bool {
        if self.count.has(self.seen) {
            return true;
        }
        let (seen, count) = (times(self.seen), self.count);
        let what = self.place.error(format!("{self} came {seen}, expected {count}")).to_string();
        let details = match &self.excess {
            Some(excess) => vec![excess.clone()],
            None => self.nearest.lines(self.name()),
        };
        test.fail_with(Reason { what, details });
        false
    }

    fn name(&self) -> &str {
        self.kind.as_ref().map_or("event", |(_, text)| text)
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let parts = self.pattern.as_ref().map(|it| it.parts_but("type")).unwrap_or_default();
        if !parts.is_empty() {
            write!(f, " with {parts}")?;
        }
        match &self.not {
            Some(not) => write!(f, ", but not {}", not.parts_but("")),
            None => Ok(()),
        }
    }
}

/// Reads a description of events. `None` if there is none.
fn pattern_of(conditions: &Section, key: &str) -> Result<Option<Pattern>, ConfigError> {
    let Some(node) = conditions.get(key) else { return Ok(None) };
    if !node.is_map() {
        let what = format!("{key} is {}, expected the keys of an event", node.kind());
        return Err(node.error(what));
    }
    for (key, value) in node.entries() {
        let key = key.text().unwrap_or_default();
        if value.text().is_some() && !value.is_null() && OBJECTS.contains(&key) {
            let what =
                format!("{key} is an object in every event that has it: a value matches none");
            conditions.warn(value, what);
        }
    }
    Pattern::of_ari(node, conditions).map(Some)
}

/// Returns an event in a line: its type, and what tells it from others of that type.
fn summary(event: &AriEvent) -> String {
    let mut line = event.kind().to_owned();
    for path in TELLING {
        let value = path.split('.').try_fold(event.json(), |value, key| value.get(key));
        match value {
            Some(Value::String(text)) => line.push_str(&format!(" {path}={text}")),
            Some(value) => line.push_str(&format!(" {path}={}", Told(value))),
            None => {}
        }
    }
    line
}
