//! The cells of a view: values that are shown to people, and by which a view is sorted.

use std::cmp::Ordering;
use std::time::{Duration, SystemTime};

use live::ami::value::ChannelName;
use live::{Party, Since};

use crate::out::{Style, escape};

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    value: Value,
    pub(super) style: Option<Style>,
    /// `true` if a caller chose the text, which can be as long as the caller likes.
    pub(super) is_of_a_caller: bool,
}

#[derive(Clone, Debug)]
enum Value {
    /// A text without what a terminal would act on.
    Text(String),
    Number(i64),
    Percent(f64),
    Elapsed(Since),
    /// The time that is left until then.
    Left(SystemTime),
    /// A value that the server did not let the client see.
    Unknown,
}

impl Cell {
    /// Creates a cell of a text that a server said.
    pub(super) fn text(text: &str) -> Self {
        Self::plain(escape(text.as_bytes()))
    }

    /// Creates a cell of a text in which what a server said is escaped.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::of(Value::Text(text.into()))
    }

    /// Creates a cell of the names and numbers of callers, which are escaped.
    pub(super) fn callers(text: impl Into<String>) -> Self {
        Self { is_of_a_caller: true, ..Self::plain(text) }
    }

    pub(super) fn number(number: impl Into<i64>) -> Self {
        Self::of(Value::Number(number.into()))
    }

    pub(super) fn count(count: usize) -> Self {
        Self::number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(super) fn percent(percent: f32) -> Self {
        Self::of(Value::Percent(percent.into()))
    }

    /// Creates a cell of the time that has passed.
    pub(super) fn elapsed(since: Since) -> Self {
        Self::of(Value::Elapsed(since))
    }

    /// Creates a cell of the time that is left.
    pub(super) fn left(until: Option<SystemTime>) -> Self {
        until.map_or_else(Self::empty, |until| Self::of(Value::Left(until)))
    }

    pub(super) fn empty() -> Self {
        Self::plain("")
    }

    /// Creates a cell of a value that the server did not let the client see.
    pub(super) fn unknown() -> Self {
        Self::of(Value::Unknown)
    }

    pub(super) fn styled(mut self, style: impl Into<Option<Style>>) -> Self {
        self.style = style.into();
        self
    }

    fn of(value: Value) -> Self {
        Self { value, style: None, is_of_a_caller: false }
    }

    /// Returns the text of the cell at a moment.
    pub(super) fn shown(&self, now: SystemTime) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Percent(percent) => format!("{percent:.1}%"),
            Value::Elapsed(Since::At(time)) => length(between(*time, now)),
            Value::Elapsed(Since::Before(time)) => format!(">{}", length(between(*time, now))),
            Value::Left(until) => length(between(now, *until)),
            Value::Unknown => "?".to_owned(),
        }
    }

    /// Compares two cells of a column. What is not known, or not there, comes last.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (&self.value, &other.value) {
            (Value::Text(one), Value::Text(other)) => {
                let key = |text: &str| (text.is_empty(), text.to_lowercase());
                key(one).cmp(&key(other))
            }
            (Value::Number(one), Value::Number(other)) => one.cmp(other),
            (Value::Percent(one), Value::Percent(other)) => one.total_cmp(other),
            // What began later has not lasted as long.
            (Value::Elapsed(one), Value::Elapsed(other)) => other.time().cmp(&one.time()),
            (Value::Left(one), Value::Left(other)) => one.cmp(other),
            (one, other) => one.has_none().cmp(&other.has_none()),
        }
    }
}

impl Value {
    fn has_none(&self) -> bool {
        matches!(self, Self::Unknown | Self::Text(_))
    }
}

fn between(begin: SystemTime, end: SystemTime) -> Duration {
    end.duration_since(begin).unwrap_or_default()
}

/// Returns a time as `0:07`, `1:02:03` or `2d 01:02:03`.
pub(super) fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours / 24, hours % 24) {
        (0, 0) => format!("{minutes}:{seconds:02}"),
        (0, hours) => format!("{hours}:{minutes:02}:{seconds:02}"),
        (days, hours) => format!("{days}d {hours:02}:{minutes:02}:{seconds:02}"),
    }
}

/// Returns a name and number for people, escaped: `Alice <100>`, or one of both. Empty if the
/// server knows neither.
pub(super) fn person(number: &str, name: &str) -> String {
    let (number, name) = (escape(number.as_bytes()), escape(name.as_bytes()));
    match (number.is_empty(), name.is_empty()) {
        (false, false) => format!("{name} <{number}>"),
        (false, true) => number,
        (true, _) => name,
    }
}

/// Returns the party of a channel for people, or what the name of the channel says of it, such as
/// `PJSIP/alice`. Escaped.
pub(super) fn who(party: &Party, channel: &str) -> String {
    let person = person(&party.number, &party.name);
    if !person.is_empty() {
        return person;
    }
    let name = ChannelName::from(channel);
    match (name.technology(), name.resource()) {
        (Some(technology), Some(resource)) => escape(format!("{technology}/{resource}").as_bytes()),
        _ => escape(channel.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_short_as_it_can_be() {
        let shown = [7, 67, 3_723, 176_523].map(|it| length(Duration::from_secs(it)));
        assert_eq!(shown, ["0:07", "1:07", "1:02:03", "2d 01:02:03"]);
    }

    #[test]
    fn a_party_without_a_name_is_shown_by_what_is_known() {
        let party =
            |number: &str, name: &str| who(&party_of(number, name), "PJSIP/a\x1bb-00000001");
        assert_eq!(party("100", "Al\x1bice"), r"Al\u{1b}ice <100>");
        assert_eq!(party("100", ""), "100");
        assert_eq!(party("", "Alice"), "Alice");
        assert_eq!(party("", ""), r"PJSIP/a\u{1b}b");
    }

    fn party_of(number: &str, name: &str) -> Party {
        let mut party = Party::default();
        (party.number, party.name) = (number.into(), name.into());
        party
    }

    #[test]
    fn what_is_not_there_comes_last() {
        let now = SystemTime::now();
        let mut cells = [
            Cell::unknown(),
            Cell::elapsed(Since::At(now - Duration::from_secs(9))),
            Cell::elapsed(Since::Before(now)),
        ];
        cells.sort_by(Cell::compare);
        assert_eq!(cells.map(|it| it.shown(now)), [">0:00", "0:09", "?"]);
        let mut texts = ["b", "", "A"].map(Cell::plain);
        texts.sort_by(Cell::compare);
        assert_eq!(texts.map(|it| it.shown(now)), ["A", "b", ""]);
    }
}
