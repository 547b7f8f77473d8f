//! `ami.AMIEventModule`: events that have to come, so many times, with headers as described.

use std::ops::RangeInclusive;

use ami::Event;
use instance::Stopped;

use super::Refusal;
use crate::case::Module;
use crate::case::{Ast, TestCase};
use crate::files::{ConfigError, Node};
use crate::job::Reason;
use crate::matching::{Matcher, Nearest};

/// What names Python, or means what we do not know.
const NOT_NATIVE: [&str; 5] =
    ["callback", "callbackModule", "callbackMethod", "start", "escape-pattern"];

pub(super) fn build(section: &Node) -> Result<Box<dyn Module>, Refusal> {
    let items = section.items();
    if items.is_empty() {
        return Err(section
            .error(format!("expected a list of events, found {}", section.kind()))
            .into());
    }
    let events = items.iter().map(Expected::read).collect::<Result<_, _>>()?;
    Ok(Box::new(AmiEventModule { events }))
}

struct AmiEventModule {
    events: Vec<Expected>,
}

/// An event that is expected.
struct Expected {
    place: Node,
    matcher: Matcher,
    requirements: Requirements,
    /// The connections that it is looked for on, from 0. The first of them that is up is the one.
    ids: Vec<String>,
    connection: Option<u32>,
    count: RangeInclusive<usize>,
    stops: bool,
    seen: usize,
    nearest: Nearest,
    unmet: Vec<Reason>,
}

/// What an event that is counted has to have besides.
enum Requirements {
    /// Each the same.
    Same(Matcher),
    /// The first one this, the second one that.
    Ordered(Vec<Matcher>),
}

impl Expected {
    fn read(node: &Node) -> Result<Self, Refusal> {
        let kind = node.get("type").and_then(Node::text).unwrap_or("headermatch");
        if !matches!(kind, "headermatch" | "orderedheadermatch") {
            return Err(Refusal::NotNative(format!(
                "events of type {kind} do not run natively yet"
            )));
        }
        if let Some(key) = NOT_NATIVE.iter().find(|key| node.get(key).is_some()) {
            let what = format!("the key {key} of an event does not run natively yet");
            return Err(Refusal::NotNative(what));
        }
        let conditions = node.get("conditions").filter(|it| it.is_map());
        let Some(conditions) = conditions else {
            return Err(node.error("expected `conditions:` with `match:`").into());
        };
        let event = conditions.get("match").and_then(|it| it.get("Event"));
        let Some(event) = event else {
            return Err(conditions.error("expected `match:` with the name of an `Event:`").into());
        };
        let name = event.expect_text("Event")?;
        let ids = node.get("id").map_or("0", |it| it.text().unwrap_or_default());
        Ok(Self {
            place: node.clone(),
            matcher: matcher(name, conditions)?,
            requirements: requirements(name, node.get("requirements"), kind)?,
            ids: ids.split(',').map(|id| id.trim().to_owned()).collect(),
            connection: None,
            count: count(node.get("count"))?,
            stops: node.get("action").and_then(Node::text) == Some("stop"),
            seen: 0,
            nearest: Nearest::default(),
            unmet: Vec::new(),
        })
    }

    fn take(&mut self, event: &Event, test: &TestCase) {
        if !self.matcher.is_about(event) {
            return;
        }
        if !self.matcher.matches(event) {
            self.nearest.note(event, &self.matcher);
            return;
        }
        self.seen += 1;
        let required = match &self.requirements {
            Requirements::Same(matcher) => Some(matcher),
            // More than are described are not looked at.
            Requirements::Ordered(matchers) => matchers.get(self.seen - 1),
        };
        let unmet: Vec<_> =
            required.into_iter().flat_map(|matcher| matcher.mismatches(event)).collect();
        if !unmet.is_empty() {
            let what = self.told(&format!("{} does not meet the requirements", self.matcher));
            let details = unmet.into_iter().chain([self.matcher.summary(event)]).collect();
            self.unmet.push(Reason { what, details });
        }
        if self.stops && self.seen == *self.count.start() {
            test.stop();
        }
    }

    fn judge(&mut self, test: &TestCase) {
        if !self.count.contains(&self.seen) {
            let what = format!(
                "{} came {}, expected {}",
                self.matcher,
                times(self.seen),
                range(&self.count)
            );
            let details = if self.seen < *self.count.start() {
                self.nearest.lines(self.matcher.name())
            } else {
                Vec::new()
            };
            test.fail_with(Reason { what: self.told(&what), details });
        } else if self.unmet.is_empty() {
            test.set_passed(true);
        }
        for reason in self.unmet.drain(..) {
            test.fail_with(reason);
        }
    }

    fn told(&self, what: &str) -> String {
        self.place.error(what).to_string()
    }
}

impl Module for AmiEventModule {
    fn connected(&mut self, ast: &Ast, _: &TestCase) {
        let id = (ast.number() - 1).to_string();
        for expected in self.events.iter_mut().filter(|it| it.ids.contains(&id)) {
            expected.connection.get_or_insert_with(|| ast.number());
        }
    }

    fn event(&mut self, event: &Event, ast: &Ast, test: &TestCase) {
        for expected in &mut self.events {
            if expected.connection == Some(ast.number()) {
                expected.take(event, test);
            }
        }
    }

    fn stopped(&mut self, _: &[Stopped], test: &TestCase) {
        self.events.iter_mut().for_each(|expected| expected.judge(test));
    }
}

/// The headers of `match` and `nomatch`.
fn matcher(event: &str, node: &Node) -> Result<Matcher, Refusal> {
    let mut matcher = Matcher::event(event);
    for (key, not) in [("match", false), ("nomatch", true)] {
        let Some(headers) = node.get(key).filter(|it| !it.is_null()) else {
            continue;
        };
        if !headers.is_map() {
            return Err(headers
                .error(format!("expected headers, found {}", headers.kind()))
                .into());
        }
        for (name, value) in headers.entries() {
            let (name, pattern) =
                (name.expect_text("a header")?, value.expect_text("the value of a header")?);
            let with = if not {
                matcher.not_matching(name, pattern)
            } else {
                matcher.matching(name, pattern)
            };
            matcher = with.map_err(|error| Refusal::expression(value, error))?;
        }
    }
    Ok(matcher)
}

fn requirements(event: &str, node: Option<&Node>, kind: &str) -> Result<Requirements, Refusal> {
    if kind == "headermatch" {
        let same = node.map_or_else(|| Ok(Matcher::event(event)), |node| matcher(event, node))?;
        return Ok(Requirements::Same(same));
    }
    let items = node.map_or(Ok(&[][..]), |node| node.expect_items("requirements"))?.iter();
    Ok(Requirements::Ordered(items.map(|item| matcher(event, item)).collect::<Result<_, _>>()?))
}

/// `3`, `>3` for at least three, `<3` for at most three; absent for any number.
fn count(node: Option<&Node>) -> Result<RangeInclusive<usize>, ConfigError> {
    let Some(node) = node else {
        return Ok(0..=usize::MAX);
    };
    let text = node.expect_text("count")?;
    let (rest, low, high) = match (text.strip_prefix('>'), text.strip_prefix('<')) {
        (Some(rest), _) => (rest, true, false),
        (_, Some(rest)) => (rest, false, true),
        _ => (text, true, true),
    };
    let Ok(number) = rest.trim().parse() else {
        let what = format!(
            "count is {text:?}; expected a number, `>` and a number for at least, or `<` for at most"
        );
        return Err(node.error(what));
    };
    Ok(if low { number } else { 0 }..=if high { number } else { usize::MAX })
}

fn range(count: &RangeInclusive<usize>) -> String {
    match (count.start(), count.end()) {
        (low, &usize::MAX) => format!("at least {low}"),
        (0, high) if *high > 0 => format!("at most {high}"),
        (low, _) => low.to_string(),
    }
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}
