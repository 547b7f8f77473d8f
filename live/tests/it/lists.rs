//! The server's lists of devices, extensions, presences, endpoints, contacts and
//! registrations, and what a state says of them, in the same words.

use std::time::{Duration, Instant};

use ami::event::PresenceStateChange;
use ami::value::DeviceState;
use ami::{Action, Client, Event, FromEvent};
use live::{Live, State, ami};
use tokio::time::timeout;

use crate::kit::PATIENCE;

/// A line for each entity, sorted.
type Lines = Vec<String>;

/// The time after which a list is asked for again.
const LAG: Duration = Duration::from_millis(100);

/// Compares what the state says with the lists of the server, each behind a [`Fence`].
///
/// Even behind a fence a list can be ahead of the events by one publication, for the server answers
/// it from a cache that another thread fills. So a difference counts if it is still there behind a
/// second fence.
pub(crate) async fn compare(live: &Live, client: &Client, lists: impl IntoIterator<Item = List>) {
    for list in lists {
        let (known, told) = behind_a_fence(&list, live, client).await;
        if known.as_ref() != Some(&told) {
            let (known, told) = behind_a_fence(&list, live, client).await;
            assert_eq!(known.as_ref(), Some(&told), "{:?}", list.action);
        }
    }
}

/// Returns what the state knows behind a fence, and what the server tells there.
async fn behind_a_fence(list: &List, live: &Live, client: &Client) -> (Option<Lines>, Lines) {
    let mark = list.fence.as_ref().expect("a fence").change(client).await;
    let is_behind = |lines: &Lines| lines.iter().any(|it| it.starts_with(mark));
    until(live, |state| (list.known)(state).as_ref().is_some_and(is_behind)).await;
    let begun = Instant::now();
    loop {
        let told = list.told(client).await;
        if is_behind(&told) {
            return ((list.known)(&live.state()).map(sorted), told);
        }
        assert!(begun.elapsed() < PATIENCE, "{:?}: no {mark:?} in {told:#?}", list.action);
    }
}

/// Waits until the state says what the lists of the server say. Endpoints, contacts and
/// registrations have nothing that a test could change at once as a fence, and their lists are
/// behind the events for a moment, so they are asked for again until both agree.
pub(crate) async fn agree(live: &Live, client: &Client, lists: impl IntoIterator<Item = List>) {
    for list in lists {
        let begun = Instant::now();
        loop {
            let told = list.told(client).await;
            let mut known = None;
            let agreed = live.until(|state| {
                known = (list.known)(state).map(sorted);
                known.as_ref() == Some(&told)
            });
            if timeout(LAG, agreed).await.is_ok_and(|state| state.is_ok()) {
                break;
            }
            let action = &list.action;
            assert!(begun.elapsed() < PATIENCE, "{action:?}: {known:#?}, expected {told:#?}");
        }
    }
}

/// Waits until the state meets a condition.
pub(crate) async fn until(live: &Live, condition: impl FnMut(&State) -> bool) {
    match timeout(PATIENCE, live.until(condition)).await {
        Ok(state) => drop(state.unwrap()),
        Err(_) => panic!("the state is {:#?}", live.state()),
    }
}

/// Returns the lines of a state. `None` if the part is not known.
type Known = Box<dyn Fn(&State) -> Option<Lines>>;

/// A list of the server, and the part of a state that has the same.
pub(crate) struct List {
    action: Action,
    /// The lines of an item.
    lines: fn(&Event) -> Lines,
    known: Known,
    fence: Option<Fence>,
}

/// A value that is changed, and comes behind all changes before it: by events to the state, and to
/// the list, which the server keeps in a cache.
struct Fence {
    function: &'static str,
    /// The two values, and how the line begins that has them.
    values: [(&'static str, &'static str); 2],
}

impl Fence {
    /// Changes the value. Returns how the line begins that has the new one.
    async fn change(&self, client: &Client) -> &'static str {
        let function = Action::new("Getvar").field("Variable", self.function);
        let former = client.call(function).await.unwrap().text("Value").unwrap().into_owned();
        let [one, two] = self.values;
        let (value, mark) = if former.eq_ignore_ascii_case(one.0) { two } else { one };
        // A presence is read by field, and written as a whole.
        let function = self.function.replace(",value", "");
        let function = Action::new("Setvar").field("Variable", function);
        client.call(function.field("Value", value)).await.unwrap();
        mark
    }
}

impl List {
    fn new(
        action: Action,
        lines: fn(&Event) -> Lines,
        known: impl Fn(&State) -> Option<Lines> + 'static,
    ) -> Self {
        Self { action, lines, known: Box::new(known), fence: None }
    }

    fn fenced(self, function: &'static str, values: [(&'static str, &'static str); 2]) -> Self {
        Self { fence: Some(Fence { function, values }), ..self }
    }

    async fn told(&self, client: &Client) -> Lines {
        let items = match client.list(self.action.clone()).await {
            Ok(list) => list.items,
            // An empty list.
            Err(error) if matches!(error.error, ami::Error::Rejected(_)) => Vec::new(),
            Err(error) => panic!("{error}"),
        };
        sorted(items.iter().flat_map(self.lines).collect())
    }
}

pub(crate) fn devices() -> List {
    List::new(
        Action::new("DeviceStateList"),
        |item| vec![fields(item, ["Device", "State"])],
        |state| {
            // The list has no devices of Local channels.
            let all = state.devices().ok()?.iter().filter(|it| !it.name.starts_with("Local/"));
            Some(all.map(|it| format!("{} {}", it.name, it.state.name().unwrap())).collect())
        },
    )
    .fenced(
        "DEVICE_STATE(Custom:fence)",
        [("INUSE", "Custom:fence INUSE"), ("NOT_INUSE", "Custom:fence NOT_INUSE")],
    )
}

pub(crate) fn extensions() -> List {
    List::new(
        Action::new("ExtensionStateList"),
        |item| vec![fields(item, ["Exten", "Context", "Hint", "Status", "StatusText"])],
        |state| {
            let all = state.extensions().ok()?.iter().map(|it| {
                let number = it.state.number();
                format!("{} {} {} {number} {}", it.exten, it.context, it.hint, it.status_text)
            });
            Some(all.collect())
        },
    )
    .fenced(
        "DEVICE_STATE(Custom:fence)",
        [("INUSE", "199 default Custom:fence 1"), ("NOT_INUSE", "199 default Custom:fence 0")],
    )
}

pub(crate) fn presences() -> List {
    List::new(
        Action::new("PresenceStateList"),
        |item| {
            let it = PresenceStateChange::from_event(item.clone());
            let state = it.status().unwrap().unwrap();
            let [name, subtype, message] =
                [it.presentity(), it.subtype(), it.message()].map(Option::unwrap);
            vec![format!("{name} {state} {subtype} {message}")]
        },
        |state| {
            let all = state.presences().ok()?.iter();
            let line = |it: &std::sync::Arc<live::Presence>| {
                format!("{} {} {} {}", it.name, it.state, it.subtype, it.message)
            };
            Some(all.map(line).collect())
        },
    )
    .fenced(
        "PRESENCE_STATE(CustomPresence:fence,value)",
        [("away", "CustomPresence:fence 3 "), ("available", "CustomPresence:fence 2 ")],
    )
}

pub(crate) fn endpoints() -> List {
    List::new(
        Action::new("PJSIPShowEndpoints"),
        |item| {
            let state = fields(item, ["DeviceState"]).parse::<DeviceState>().unwrap();
            let names = ["ObjectName", "Transport", "Aor", "Auths", "OutboundAuths"];
            vec![format!("{} {state}", fields(item, names))]
        },
        |state| {
            let all = state.endpoints().ok()?.iter().map(|it| {
                let (aors, auths) = (it.aors.join(","), it.auths.join(","));
                let outbound = it.outbound_auths.join(",");
                format!("{} {} {aors} {auths} {outbound} {}", it.name, it.transport, it.state)
            });
            Some(all.collect())
        },
    )
}

/// The names of all contacts.
pub(crate) fn contacts() -> List {
    List::new(
        Action::new("PJSIPShowEndpoints"),
        |item| {
            let names = item.get_all("Contacts").map(String::from_utf8_lossy);
            let split = |it: std::borrow::Cow<'_, str>| -> Lines {
                it.split_terminator(',').map(str::to_owned).collect()
            };
            names.flat_map(split).collect()
        },
        |state| Some(state.contacts().ok()?.iter().map(|it| it.id.to_string()).collect()),
    )
}

/// The status of each contact of the AOR that has the name of the endpoint. Nobody tells that of a
/// contact that is configured and not asked whether it is reachable.
pub(crate) fn statuses(endpoint: &'static str) -> List {
    List::new(
        Action::new("PJSIPShowEndpoint").field("Endpoint", endpoint),
        |item| {
            let is_one =
                item.is("ContactStatusDetail") && item.get("AOR") == item.get("EndpointName");
            let line = || fields(item, ["AOR", "URI", "EndpointName", "Status"]);
            is_one.then(line).into_iter().collect()
        },
        move |state| {
            let all = state.contacts().ok()?.iter().filter(|it| &*it.aor == endpoint);
            let line = |it: &std::sync::Arc<live::Contact>| {
                let status = it.status.as_ref().map_or("?", |it| it.as_str());
                format!("{} {} {} {status}", it.aor, it.uri, it.endpoint)
            };
            Some(all.map(line).collect())
        },
    )
}

/// Fields of registered contacts that lists alone tell.
pub(crate) fn details() -> List {
    List::new(
        Action::new("PJSIPShowContacts"),
        |item| vec![fields(item, ["Uri", "Endpoint", "UserAgent", "ExpirationTime", "Status"])],
        |state| {
            let registered = state.contacts().ok()?.iter().filter_map(|it| {
                let expires = it.expires?.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
                let status = it.status.as_ref()?.as_str();
                Some(format!("{} {} {} {expires} {status}", it.uri, it.endpoint, it.user_agent))
            });
            Some(registered.collect())
        },
    )
}

pub(crate) fn registrations() -> List {
    List::new(
        Action::new("PJSIPShowRegistrationsOutbound"),
        |item| {
            let is_one = item.is("OutboundRegistrationDetail");
            let line = || fields(item, ["ObjectName", "ClientUri", "ServerUri", "Status"]);
            is_one.then(line).into_iter().collect()
        },
        |state| {
            let all = state.registrations().ok()?.iter().map(|it| {
                format!("{} {} {} {}", it.name, it.client_uri, it.server_uri, it.status.as_str())
            });
            Some(all.collect())
        },
    )
}

/// Returns fields of an item, with spaces between.
fn fields<const N: usize>(item: &Event, names: [&str; N]) -> String {
    let text = |name| item.get(name).map(String::from_utf8_lossy).unwrap_or_default();
    names.map(text).join(" ")
}

fn sorted(mut lines: Lines) -> Lines {
    lines.sort_unstable();
    lines
}
