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
