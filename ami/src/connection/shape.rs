//! What the reply to an action looks like, where that is not one response or a list that says where
//! it begins and ends.
//!
//! Asterisk 13.2 and later mark a list by `EventList: start` and `EventList: Complete`. The
//! exceptions, and what servers before did, stand in a table here. From `main/manager.c` and the
//! modules that register the actions.

use crate::wire::Banner;

/// A list that the header `EventList` alone does not show.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct ListShape {
    action: &'static str,
    opens: Opens,
    /// The event that ends the list.
    pub(crate) end: &'static str,
    /// Whether that event is an item, too.
    pub(crate) end_is_item: bool,
    /// The items whose ActionID the server forgets. It never forgets that of an end, and a value
    /// could forge one.
    pub(crate) without_id: Option<&'static str>,
    /// Whether events that are not of the list come inside of it.
    pub(crate) with_others: bool,
    /// Whether the server forgets the empty lines, so that all of the list is one message.
    pub(crate) is_glued: bool,
}

/// What begins a list, beside `EventList: start`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Opens {
    /// Nothing.
    ByHeader,
    /// On servers before 13.2, a success whose message ends in `follow`.
    ByMessage,
    /// Any success.
    Always,
}

impl ListShape {
    /// The shape of the list that an action gives, if it is in the table.
    pub(crate) fn of(action: &str) -> Option<&'static Self> {
        LISTS.iter().find(|shape| shape.action.eq_ignore_ascii_case(action))
    }

    /// Whether a success without `EventList` begins the list.
    pub(crate) fn opens(&self, message: &[u8], server_is_old: bool) -> bool {
        match self.opens {
            Opens::ByHeader => false,
            Opens::ByMessage => server_is_old && says_follow(message),
            Opens::Always => true,
        }
    }
}

const fn legacy(action: &'static str, end: &'static str) -> ListShape {
    let opens = Opens::ByMessage;
    ListShape {
        action,
        opens,
        end,
        end_is_item: false,
        without_id: None,
        with_others: false,
        is_glued: false,
    }
}

const fn one_event(action: &'static str) -> ListShape {
    let opens = Opens::Always;
    ListShape { end_is_item: true, opens, ..legacy(action, action) }
}

static LISTS: [ListShape; 18] = [
    legacy("Agents", "AgentsComplete"),
    legacy("DAHDIShowChannels", "DAHDIShowChannelsComplete"),
    legacy("DBGet", "DBGetComplete"),
    legacy("IAXpeerlist", "PeerlistComplete"),
    legacy("ParkedCalls", "ParkedCallsComplete"),
    legacy("Parkinglots", "ParkinglotsComplete"),
    legacy("PRIShowSpans", "PRIShowSpansComplete"),
    legacy("QueueStatus", "QueueStatusComplete"),
    legacy("QueueSummary", "QueueSummaryComplete"),
    legacy("SIPpeerstatus", "SIPpeerstatusComplete"),
    legacy("Status", "StatusComplete"),
    legacy("VoicemailUsersList", "VoicemailUserEntryComplete"),
    ListShape {
        opens: Opens::ByHeader,
        without_id: Some("PeerEntry"),
        ..legacy("IAXpeers", "PeerlistComplete")
    },
    ListShape {
        opens: Opens::Always,
        with_others: true,
        ..legacy("WaitEvent", "WaitEventComplete")
    },
    ListShape {
        opens: Opens::ByHeader,
        is_glued: true,
        ..legacy("SKINNYdevices", "DevicelistComplete")
    },
    ListShape {
        opens: Opens::ByHeader,
        is_glued: true,
        ..legacy("SKINNYlines", "LinelistComplete")
    },
    one_event("FAXSession"),
    one_event("FAXStats"),
];

/// Whether the message of a success says that a list follows.
pub(crate) fn says_follow(message: &[u8]) -> bool {
    message.trim_ascii_end().to_ascii_lowercase().ends_with(b"follow")
}

/// Whether the server may answer an action with no response at all: `Events` with
/// `brokeneventsaction`; the others answer with lines that are no response, or with an event. A
/// call of one of them gets a fence, so that it need not wait for its time-out. All others end with
/// their time-out at the latest, or with the answer to a later action.
pub(crate) fn may_stay_silent(action: &str) -> bool {
    ["IAXnetstats", "Queues", "Events", "DataGet"].iter().any(|it| it.eq_ignore_ascii_case(action))
}

/// Whether `ListItems` of an action's list is the number of its items, and not more. 16 says 1 for
/// every `DBGetTree`, also for one that is empty; the lists of PJSIP count what they looked at, and
/// `EndpointDetailComplete` one more; those of SKINNY have no empty line between their items, which
/// so come as one message.
pub(crate) fn counts_its_items(action: &str) -> bool {
    let starts =
        |with: &str| action.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with));
    !starts("PJSIP") && !starts("SKINNY") && !action.eq_ignore_ascii_case("DBGetTree")
}

/// Whether a server is from before 13.2, whose protocol is 2.7.0 and marks all lists. One that
/// names no version is taken for a new one: a list then is one response, and nothing waits for an
/// end that does not come.
pub(crate) fn is_old(banner: &Banner) -> bool {
    let mut numbers = banner.version().unwrap_or_default().split('.').map(str::parse::<u32>);
    let mut number = || numbers.next().and_then(Result::ok);
    match (number(), number()) {
        (Some(major), minor) => (major, minor.unwrap_or_default()) < (2, 7),
        (None, _) => false,
    }
}
