//! The lines that a bridge prints.

use std::io;

use fleet::nats::{Role, Stats};
use fleet::{Gap, Origin};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::commands::events::of_gap;
use crate::out::{Form, Out, Style, escape, local};

/// The lines that a bridge prints, each with the time.
pub(super) struct Log<'a> {
    out: &'a mut Out,
}

impl<'a> Log<'a> {
    pub(super) fn new(out: &'a mut Out) -> Self {
        Self { out }
    }

    /// Tells the part that the bridge plays now.
    pub(super) fn role(&mut self, role: Role) -> io::Result<()> {
        let (word, text, style) = match role {
            Role::Connecting => ("connecting", "not connected to NATS", Style::Bad),
            Role::Standby => ("standby", "standby: another one publishes", Style::Dim),
            Role::Leader => ("leader", "leader: this one publishes", Style::Good),
            Role::Ended => ("ended", "ended", Style::Dim),
            _ => ("other", "in another role", Style::Dim),
        };
        self.print(Some(style), text, json!({ "role": word }))
    }

    /// Tells the state of a server.
    pub(super) fn server(
        &mut self,
        origin: &Origin,
        state: &str,
        why: Option<String>,
    ) -> io::Result<()> {
        let reason = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let style = if state == "up" { Style::Good } else { Style::Bad };
        let object = json!({ "server": origin.as_str(), "state": state, "why": why });
        self.print(Some(style), &format!("{origin} is {state}{reason}"), object)
    }

    /// Tells a time without a connection to a server.
    pub(super) fn gap(&mut self, origin: &Origin, gap: &Gap) -> io::Result<()> {
        let (text, mut object) = of_gap(gap);
        object["server"] = origin.as_str().into();
        let text = text.trim_start_matches("--- ");
        self.print(Some(Style::Bad), &format!("{origin}: {text}"), object)
    }

    /// Tells the counts since the start.
    pub(super) fn counts(&mut self, stats: &Stats) -> io::Result<()> {
        let style = (stats.missed > 0).then_some(Style::Bad);
        let text = format!(
            "{} published, {} waiting, {} missed, {} commands",
            stats.published, stats.spooled, stats.missed, stats.commands
        );
        self.print(style, &text, json!({ "counts": counts(stats) }))
    }

    /// Tells that what is left is being published.
    pub(super) fn ending(&mut self) -> io::Result<()> {
        let text = "ending: what is left is published; a second signal ends at once";
        self.print(Some(Style::Dim), text, json!({ "role": "ending" }))
    }

    /// Tells the end, and how many messages may not be in the stream.
    pub(super) fn ended(&mut self, stats: &Stats, left: u64) -> io::Result<()> {
        let (style, text) = match left {
            0 => (Style::Dim, "ended: all is in the stream".to_owned()),
            left => (Style::Bad, format!("ended: {left} messages may not be in the stream")),
        };
        let object = json!({ "role": "ended", "left": left, "counts": counts(stats) });
        self.print(Some(style), &text, object)
    }

    fn print(&mut self, style: Option<Style>, text: &str, object: Value) -> io::Result<()> {
        let now = Timestamp::now();
        if self.out.form == Form::Json {
            let begin = [("v".to_owned(), json!(1)), ("at".to_owned(), json!(now.to_string()))];
            let Value::Object(members) = object else { return Ok(()) };
            let members = members.into_iter().filter(|(name, _)| name != "v");
            return self
                .out
                .object(&begin.into_iter().chain(members).collect::<Map<_, _>>().into());
        }
        let time = self.out.styled(Style::Dim, &local(now));
        let text = escape(text.as_bytes());
        let text = match style {
            Some(style) => self.out.styled(style, &text),
            None => text,
        };
        self.out.line(&format!("{time}  {text}"))
    }
}

fn counts(stats: &Stats) -> Value {
    json!({
        "published": stats.published,
        "spooled": stats.spooled,
        "memory": stats.memory,
        "disk": stats.disk,
        "missed": stats.missed,
        "duplicates": stats.duplicates,
        "refused": stats.refused,
        "commands": stats.commands,
    })
}
