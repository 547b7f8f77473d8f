//! Messages of a server, in the forms for people and for programs.

use std::io;

use ami::{Kind, Line as Part, Message};
use serde_json::{Map, Value, json};

use super::line::Line;
use super::{Out, Style, escape, time_of};

/// The fields that tell most of an event, in the order in which they are shown.
const TELLING: [&str; 34] = [
    "UserEvent",
    "Channel",
    "Channel1",
    "Channel2",
    "DestChannel",
    "TransfererChannel",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "Exten",
    "Context",
    "Application",
    "AppData",
    "ChannelStateDesc",
    "DialStatus",
    "Cause",
    "Cause-txt",
    "BridgeUniqueid",
    "BridgeNumChannels",
    "Conference",
    "Queue",
    "Interface",
    "MemberName",
    "Position",
    "Peer",
    "PeerStatus",
    "EndpointName",
    "ObjectName",
    "Device",
    "State",
    "StatusText",
    "Status",
    "Variable",
    "Value",
];

/// The column at which the fields begin.
const FIELDS: usize = 36;

/// The fields that a user asks for.
#[derive(Clone, Debug)]
pub(crate) struct Selection(Vec<String>);

impl Selection {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.trim().to_owned()).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(name.trim()))
    }
}

/// Returns a message as an object: the version of the form, and the lines in their order with
/// repeats, a pair of name and value each. With a selection, these are the first line and the
/// fields that are selected.
pub(crate) fn object_of(message: &Message, only: Option<&Selection>) -> io::Result<Value> {
    let mut object = Map::from_iter([("v".to_owned(), json!(1))]);
    if let Value::Object(parts) = serde_json::to_value(message)? {
        object.extend(parts);
    }
    if let (Some(only), Some(Value::Array(lines))) = (only, object.get_mut("lines")) {
        let mut first = true;
        lines.retain(|line| {
            let name = line.get(0).and_then(Value::as_str).unwrap_or_default();
            std::mem::take(&mut first) || only.has(name)
        });
    }
    Ok(Value::Object(object))
}

/// Returns a text of a server as a value: bytes that are not UTF-8 are a list of numbers, as in
/// messages.
pub(crate) fn value_of(text: &[u8]) -> Value {
    std::str::from_utf8(text).map_or_else(|_| json!(text), |text| json!(text))
}

impl Out {
    /// Prints an event in a line: the time, the name, the fields that tell most, and the others
    /// dimmed. A terminal gets as much of it as fits, unless it is to be whole.
    pub(crate) fn event(
        &mut self,
        event: &Message,
        time: Option<&str>,
        only: Option<&Selection>,
        whole: bool,
    ) -> io::Result<()> {
        let mut line = Line::default();
        let time = time_of(event).or_else(|| time.map(str::to_owned));
        if let Some(time) = &time {
            line.add(Style::Dim, format!("{time}  "));
        }
        let begin = time.map_or(0, |time| time.len() + 2);
        line.add(Style::Strong, escape(event.head()));
        line.pad(begin + FIELDS - 14);
        match only {
            Some(only) => only.0.iter().for_each(|name| selected(&mut line, event, name)),
            None => all(&mut line, event),
        }
        let limit = self.width().filter(|_| !whole);
        let text = line.show(self, limit);
        self.line(text.trim_end())
    }
}

/// Adds the fields of one name.
fn selected(line: &mut Line, event: &Message, name: &str) {
    let mut values = event.get_all(name).peekable();
    if values.peek().is_none() {
        line.add(Style::Dim, format!("  {}=-", escape(name.as_bytes())));
    }
    values.for_each(|value| field(line, None, name.as_bytes(), value));
}

/// Adds all fields.
fn all(line: &mut Line, event: &Message) {
    let telling = |name: &[u8]| {
        let name = name.trim_ascii();
        TELLING.iter().any(|it| it.as_bytes().eq_ignore_ascii_case(name))
    };
    for name in TELLING {
        for value in event.get_all(name).filter(|value| !value.is_empty()) {
            field(line, None, name.as_bytes(), value);
        }
    }
    for part in event.lines().skip(usize::from(event.kind() != Kind::Other)) {
        match part {
            Part::Field(name, value) if telling(name) && !value.is_empty() => {}
            Part::Field(b"Privilege" | b"Timestamp", _) => {}
            Part::Field(name, value) => field(line, Style::Dim.into(), name, value),
            Part::Bare(text) => line.add(Style::Dim, format!("  {}", escape(text))),
        }
    }
}

fn field(line: &mut Line, style: Option<Style>, name: &[u8], value: &[u8]) {
    let mut value = escape(value);
    if value.is_empty() || value.contains(' ') {
        value = format!("\"{value}\"");
    }
    line.add(Style::Dim, format!("  {}=", escape(name.trim_ascii())));
    line.add(style, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_back_as_the_same_message() {
        let text = b"Event: X\r\nA: 1\r\nbare\r\nA: 2\r\nB: \xff\x1b[2J\r\n\r\n";
        let event = ami::Event::parse(text).unwrap();
        let text = object_of(&event, None).unwrap().to_string();
        assert!(text.starts_with(r#"{"v":1,"lines":[["Event","X"],["A","1"],["bare"]"#), "{text}");
        let back: Message = serde_json::from_str(&text).unwrap();
        assert!(back.lines().eq(event.lines()), "{text}");
    }

    #[test]
    fn a_selection_keeps_the_name_order_and_repeats() {
        let event = ami::Event::parse("Event: X\nA: 1\nB: 2\nA: 3").unwrap();
        let only = Selection::new(&["a".to_owned()]);
        let object = object_of(&event, Some(&only)).unwrap();
        assert_eq!(object, json!({ "v": 1, "lines": [["Event", "X"], ["A", "1"], ["A", "3"]] }));
    }
}
