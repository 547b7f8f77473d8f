//! The actions that list something, as types, on servers that have something of everything.

use std::collections::BTreeSet;
use std::time::Duration;

use ami::action::{self, TypedAction};
use ami::event::{Typed, TypedEvent};
use ami::{Callable, Client, Error, FromEvent, List};

use crate::scenario::lists::{Filled, fill};
use crate::seen::{VERSIONS, boot, listen};

/// The lists that have nothing to tell of a server without hardware, and those of modules that the
/// packages do not have.
const EMPTY: [&str; 10] = [
    "DAHDIShowChannels",
    "DAHDIShowStatus",
    "MWIGet",
    "MeetmeList",
    "MeetmeListRooms",
    "PJSIPShowSubscriptionsOutbound",
    "PRIShowSpans",
    "SKINNYdevices",
    "SKINNYlines",
    "VoicemailBoxSummary",
];

/// The lists that one of the versions does not have.
const OF_22: [&str; 4] =
    ["CoreShowChannelMap", "PJSIPShowMaintenance", "VoicemailUserStatus", "VoicemailUsersList"];
const OF_16: [&str; 3] = ["SIPpeers", "SIPpeerstatus", "SIPshowregistry"];

/// Lists as types and as they are.
struct Lister {
    client: Client,
    listed: BTreeSet<&'static str>,
}

impl Lister {
    /// Compares the lists that an action yields as a type and as it is.
    async fn list<A, T>(&mut self, action: A, is_expected: impl Fn(&T) -> bool)
    where
        A: TypedAction + Callable<Reply = List<T>> + Clone,
        T: FromEvent + std::fmt::Debug,
    {
        let typed = self.client.call(action.clone()).collect().await.unwrap();
        let raw = self.client.list(action.into()).collect().await.unwrap();
        assert_eq!(typed.items.len(), raw.items.len(), "{}", A::NAME);
        assert!(!typed.items.is_empty(), "{} has nothing to list", A::NAME);
        let odd = typed.items.iter().find(|item| !is_expected(item));
        assert!(odd.is_none(), "{}: {odd:?}", A::NAME);
        self.listed.insert(A::NAME);
    }

    /// Asks for a list that is empty, that a module forgot or that the server refuses.
    async fn empty<A, T>(&mut self, action: A)
    where
        A: TypedAction + Callable<Reply = List<T>>,
        T: FromEvent + std::fmt::Debug,
    {
        match self.client.call(action).collect().await {
            Ok(list) => assert_eq!(list.items.len(), 0, "{}", A::NAME),
            Err(error) => {
                assert!(matches!(error.error, Error::Rejected(_)), "{}: {error:?}", A::NAME);
            }
        }
        self.listed.insert(A::NAME);
    }
}

/// An item of a list of one kind of events.
fn one<E: TypedEvent>(item: &E) -> bool {
    item.raw().is(E::NAME)
}

/// An item of a list of several kinds.
fn any(item: &Typed) -> bool {
    !matches!(item, Typed::Unknown(_))
}

#[tokio::test]
async fn every_list_yields_its_typed_events() {
    tokio::join!(lists_of(VERSIONS[0]), lists_of(VERSIONS[1]));
}

async fn lists_of(major: u32) {
    let instance = boot(major).await;
    let (client, _) = listen(&instance, "all").await;
    let host = instance.sandbox().address().to_string();
    let filled = fill(&client, &host, major).await.unwrap();
    let mut lister = Lister { client, listed: BTreeSet::new() };
    core(&mut lister, &filled).await;
    modules(&mut lister, &filled).await;
    pjsip(&mut lister).await;
    versions(&mut lister, &filled, major).await;
    empty(&mut lister).await;
    others(&mut lister).await;
    let foreign = if major < 22 { &OF_22[..] } else { &OF_16[..] };
    let missing = documented().filter(|name| !lister.listed.contains(name));
    assert_eq!(missing.collect::<Vec<_>>(), foreign, "{major}");
    instance.kill().await;
    instance.stop().await.unwrap();
}

/// The actions that answer with a list, by the table.
fn documented() -> impl Iterator<Item = &'static str> {
    let rows = include_str!("../../src/typed/action/table.md").lines();
    let rows = rows.filter(|row| row.split('|').nth(4).is_some_and(|it| it.contains("list of")));
    rows.map(|row| row.split('`').nth(1).unwrap())
}

async fn core(lister: &mut Lister, filled: &Filled) {
    lister.list(action::Agents::new(), one).await;
    lister.list(action::BridgeInfo::new(&filled.bridge), one).await;
    lister.list(action::BridgeList::new(), one).await;
    lister.list(action::BridgeTechnologyList::new(), one).await;
    lister.list(action::CoreShowChannels::new(), one).await;
    lister.list(action::DBGet::new("lists", "one"), one).await;
    lister.list(action::DBGetTree::new().family("lists"), one).await;
    lister.list(action::DeviceStateList::new(), one).await;
    lister.list(action::ExtensionStateList::new(), one).await;
    lister.list(action::PresenceStateList::new(), one).await;
    lister.list(action::ShowDialPlan::new().context("default"), one).await;
    lister.list(action::Status::new().variables("CHANNEL(state)"), one).await;
}

async fn modules(lister: &mut Lister, filled: &Filled) {
    lister.list(action::FAXSession::new(filled.fax.parse::<u32>().unwrap()), one).await;
    lister.list(action::FAXStats::new(), one).await;
    lister.list(action::ConfbridgeList::new("meeting"), one).await;
    lister.list(action::ConfbridgeListRooms::new(), one).await;
    lister.list(action::FAXSessions::new(), one).await;
    lister.list(action::IAXpeerlist::new(), one).await;
    lister.list(action::IAXpeers::new(), one).await;
    lister.list(action::IAXregistry::new(), one).await;
    lister.list(action::ParkedCalls::new(), one).await;
    lister.list(action::Parkinglots::new(), one).await;
    lister.list(action::QueueStatus::new(), any).await;
    lister.list(action::QueueSummary::new(), one).await;
}

async fn pjsip(lister: &mut Lister) {
    lister.list(action::PJSIPShowAors::new(), one).await;
    lister.list(action::PJSIPShowAuths::new(), one).await;
    lister.list(action::PJSIPShowContacts::new(), one).await;
    lister.list(action::PJSIPShowEndpoint::new("alice"), any).await;
    let alice = lister.client.call(action::PJSIPShowEndpoint::new("alice"));
    let alice = alice.collect().await.unwrap().items;
    let transport = alice.iter().find_map(|item| match item {
        Typed::TransportDetail(transport) => Some(transport),
        _ => None,
    });
    let operations = transport.unwrap().async_operations();
    assert_eq!(operations.as_deref(), Some("1"), "{transport:?}");
    lister.list(action::PJSIPShowEndpoints::new(), one).await;
    lister.list(action::PJSIPShowRegistrationInboundContactStatuses::new(), one).await;
    lister.list(action::PJSIPShowRegistrationsInbound::new(), any).await;
    lister.list(action::PJSIPShowRegistrationsOutbound::new(), any).await;
    lister.list(action::PJSIPShowResourceLists::new(), one).await;
    lister.list(action::PJSIPShowSubscriptionsInbound::new(), one).await;
}

async fn versions(lister: &mut Lister, filled: &Filled, major: u32) {
    if major >= 22 {
        lister.client.call(action::PJSIPSetMaintenance::new("idle", "on")).await.unwrap();
        lister.list(action::PJSIPShowMaintenance::new(), one).await;
        lister.list(action::CoreShowChannelMap::new(&filled.channel), one).await;
        lister.list(action::VoicemailUsersList::new(), one).await;
        lister.list(action::VoicemailUserStatus::new("default", "100"), one).await;
    } else {
        lister.list(action::SIPpeers::new(), one).await;
        // The server says nothing at all of a phone that it does not know.
        let device = lister.client.call(action::SKINNYshowdevice::new("nobody")).await;
        assert!(device.unwrap().is_empty());
        let line = lister.client.call(action::SKINNYshowline::new("nobody")).await;
        assert!(line.unwrap().is_empty());
        lister.list(action::SIPpeerstatus::new(), one).await;
        lister.list(action::SIPshowregistry::new(), one).await;
    }
}

async fn empty(lister: &mut Lister) {
    lister.empty(action::DAHDIShowChannels::new()).await;
    lister.empty(action::DAHDIShowStatus::new()).await;
    lister.empty(action::MWIGet::new("100@default")).await;
    lister.empty(action::MeetmeList::new()).await;
    lister.empty(action::MeetmeListRooms::new()).await;
    lister.empty(action::PJSIPShowSubscriptionsOutbound::new()).await;
    lister.empty(action::PRIShowSpans::new()).await;
    lister.empty(action::SKINNYdevices::new()).await;
    lister.empty(action::SKINNYlines::new()).await;
    lister.empty(action::VoicemailBoxSummary::new("default", "100")).await;
    assert!(EMPTY.iter().all(|name| lister.listed.contains(name)));
}

/// The actions that answer with something else.
async fn others(lister: &mut Lister) {
    let client = &lister.client;
    // The events since the last action, which may be none.
    let events = client.call(action::WaitEvent::new(Duration::ZERO)).await.unwrap();
    assert!(events.items.iter().all(any), "{events:?}");
    lister.listed.insert(action::WaitEvent::NAME);
    let rules = client.call(action::QueueRule::new()).await.unwrap();
    assert!(rules.get_all("RuleList").count() > 0, "{rules:?}");
    assert!(client.call(action::IAXnetstats::new()).await.is_ok());
}
