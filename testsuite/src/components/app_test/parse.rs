//! The section of the test object, as its author writes it.

use std::sync::Arc;

use super::actions::Names;
use super::channels::Channel;
use super::events::Trigger;
use super::scenario::Scenario;
use crate::files::{ConfigError, Section};

/// Reads all scenarios of a test.
pub(super) fn read(section: &Section) -> Result<Vec<Scenario>, ConfigError> {
    let apps = applications(section)?;
    let scenarios = list(section, "scenarios", "a scenario has")?;
    let of = scenarios.len();
    let read = |(at, it): (usize, &Section)| scenario(it, (at, of), &apps);
    scenarios.iter().enumerate().map(read).collect()
}

/// Reads the names of the applications that are tested.
fn applications(section: &Section) -> Result<Arc<[String]>, ConfigError> {
    let mut apps = Vec::new();
    apps.extend(section.text("app")?.map(str::to_owned));
    if let Some(more) = section.get("apps") {
        for app in more.expect_items("apps")? {
            apps.push(app.expect_text("an application")?.to_owned());
        }
    }
    if apps.is_empty() {
        return Err(section.error("expected `app:` with the name of an application, or `apps:`"));
    }
    Ok(apps.into())
}

fn scenario(
    section: &Section,
    at: (usize, usize),
    apps: &Arc<[String]>,
) -> Result<Scenario, ConfigError> {
    let sections = list(section, "channels", "a channel has")?;
    let channels = sections.iter().map(|it| Channel::read(it, apps));
    let channels = channels.collect::<Result<Vec<_>, _>>()?;
    let mut names = Names::default();
    for (at, channel) in channels.iter().enumerate() {
        if names.channels.insert(channel.id.clone(), at).is_some() {
            let what = format!("the scenario has two channels with id {}", channel.id);
            return Err(sections[at].error(what));
        }
    }
    let mut triggers = Vec::new();
    if let Some(events) = section.part("events", "events have") {
        triggers.extend(events_of(&events, None, &mut names)?);
    }
    for (at, channel) in sections.iter().enumerate() {
        channel.expect("events")?;
        if let Some(events) = channel.part("events", "events have") {
            triggers.extend(events_of(&events, Some(at), &mut names)?);
        }
    }
    if triggers.is_empty() {
        return Err(section.error("expected an event: a scenario without events has no end"));
    }
    Ok(Scenario::new(section.node().clone(), at, channels, triggers, names.results))
}

fn events_of(
    section: &Section,
    own: Option<usize>,
    names: &mut Names,
) -> Result<Vec<Trigger>, ConfigError> {
    section.node().expect_items("events")?;
    section.items("an event has").iter().map(|it| Trigger::read(it, own, names)).collect()
}

/// The items of a list that has some.
fn list(section: &Section, key: &str, called: &str) -> Result<Vec<Section>, ConfigError> {
    section.expect(key)?.expect_items(key)?;
    let items = section.part(key, called).map(|it| it.items(called)).unwrap_or_default();
    if items.is_empty() {
        return Err(section.error(format!("expected {key}, found none")));
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    #[test]
    fn scenarios_that_cannot_be_played_is_refused_with_its_place() {
        let refused = |yaml: &str| read(&section(yaml)).err().unwrap().to_string();
        let event = |event: &str| {
            let channel = "channel-id: A, channel-name: Local/a";
            refused(&format!(
                "app: A\nscenarios: [{{channels: [{{{channel}, events: [{event}]}}]}}]"
            ))
        };
        let on =
            |action: &str| format!("{{conditions: {{match: {{Event: A}}}}, actions: [{action}]}}");
        let action = |action: &str| event(&on(action));
        let of_none = |action: &str| {
            refused(&format!(
                "app: Read\nscenarios: [{{channels: [{{channel-id: A, channel-name: Local/a, events: []}}], events: [{}]}}]",
                on(action)
            ))
        };
        let channels = |channels: &str| refused(&format!("app: A\nscenarios: [{{{channels}}}]"));
        for (error, told) in [
            (refused("scenarios: []"), "expected `app:` with the name of an application"),
            (refused("app: Read"), "expected `scenarios:`"),
            (refused("app: Read\nscenarios: []"), "expected scenarios, found none"),
            (channels("events: []"), "expected `channels:`"),
            (channels("channels: [{channel-id: A, channel-name: Local/a}]"), "expected `events:`"),
            (channels("channels: [{channel-name: Local/a, events: []}]"), "expected `channel-id:`"),
            (
                channels("channels: [{channel-id: A, channel-name: PJSIP/a, events: []}]"),
                "channel-name is PJSIP/a, expected a Local channel",
            ),
            (
                channels(
                    "channels: [{channel-id: A, channel-name: Local/a, events: []}, {channel-id: A, channel-name: Local/b, events: []}]",
                ),
                "the scenario has two channels with id A",
            ),
            (
                channels("channels: [{channel-id: A, channel-name: Local/a, events: []}]"),
                "a scenario without events has no end",
            ),
            (action("{action-type: end-scenario}"), "2: there is no action-type end-scenario"),
            (
                action("{action-type: hangup, channel-id: B}"),
                "the scenario has no channel with id B",
            ),
            (action("{action-type: send-dtmf}"), "expected `dtmf:`"),
            (action("{action-type: set-expected-result}"), "expected `expected-result:`"),
            (action("{action-type: hangup, delay: soon}"), "delay is soon, not a number"),
            (action("{action-type: send-ami-message}"), "expected `fields:` with an `action:`"),
            (action("{action-type: send-ami-message, fields: {x: 1}}"), "expected `action:`"),
            (
                action("{action-type: send-ami-message, fields: {action: \"a\\nb\"}}"),
                "the action cannot be sent",
            ),
            (
                action(
                    "{action-type: send-ami-message, add-app-channel: True, channel-id: A, fields: {action: X}}",
                ),
                "expected one of `add-app-channel:`",
            ),
            (
                of_none("{action-type: hangup}"),
                "expected `channel-id:`, for the event belongs to no",
            ),
            (
                of_none("{action-type: stream-audio, sound-file: x}"),
                "expected an event of a channel",
            ),
            (event("{type: cel}"), "expected an event of type headermatch"),
            (event("{conditions: {}}"), "expected `match:` with the name of an `Event:`"),
        ] {
            assert!(error.contains(told), "{told}: {error}");
        }
    }
}
