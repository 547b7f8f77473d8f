//! The shapes of replies that are neither one response nor a list with marked ends.
//!
//! Asterisk 13.2 and later mark a list with `EventList: start` and `EventList: Complete`. The table
//! has the exceptions, and the lists of earlier servers. Source: `main/manager.c` and the modules
//! that register the actions.

use crate::wire::Banner;

/// The shape of a list that the header `EventList` alone does not show.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct ListShape {
    action: &'static str,
    opens: Opens,
    /// The event that ends the list.
    pub(crate) end: &'static str,
    /// `true` if that event is an item, too.
    pub(crate) end_is_item: bool,
    /// The items that the server sends without an ActionID. It never omits that of the end, and a
    /// value could forge an end without one.
    pub(crate) without_id: Option<&'static str>,
    /// `true` if events that do not belong to the list can arrive within it.
    pub(crate) with_others: bool,
    /// `true` if the server omits the empty lines, so that the whole list is one message.
    pub(crate) is_glued: bool,
}

/// The responses that begin a list, apart from `EventList: start`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Opens {
    /// No other response.
    ByHeader,
    /// A success whose message ends in `follow`, on servers before 13.2.
    ByMessage,
    /// Any success.
    Always,
}

impl ListShape {
    /// Returns the shape of the list that an action returns, if it is in the table.
    pub(crate) fn of(action: &str) -> Option<&'static Self> {
        LISTS.iter().find(|shape| shape.action.eq_ignore_ascii_case(action))
    }

    /// Returns `true` if a success without `EventList` begins the list.
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

/// Returns `true` if the message of a success says that a list follows.
pub(crate) fn says_follow(message: &[u8]) -> bool {
    message.trim_ascii_end().to_ascii_lowercase().ends_with(b"follow")
}

/// Returns `true` if the server may answer an action without any response. With
/// `brokeneventsaction`, `Events` gets no answer; the other actions are answered with lines that
/// are not a response, or with an event. A call of one of them gets a fence, so that it does not
/// wait for its time-out. All other calls end with the answer to a later action, or with their
/// time-out.
pub(crate) fn may_stay_silent(action: &str) -> bool {
    const SILENT: [&str; 6] =
        ["IAXnetstats", "Queues", "Events", "DataGet", "SKINNYshowdevice", "SKINNYshowline"];
    SILENT.iter().any(|it| it.eq_ignore_ascii_case(action))
}

/// Returns `true` if `ListItems` of an action's list is exactly the number of its items. Asterisk
/// 16 reports 1 for every `DBGetTree`, even for an empty one. The lists of PJSIP count the items
/// that they looked at, and `EndpointDetailComplete` one more. The lists of SKINNY have no empty
/// lines between their items, which therefore arrive as one message.
pub(crate) fn counts_its_items(action: &str) -> bool {
    let starts =
        |with: &str| action.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with));
    !starts("PJSIP") && !starts("SKINNY") && !action.eq_ignore_ascii_case("DBGetTree")
}

/// Returns `true` if the server is older than Asterisk 13.2, whose protocol 2.7.0 marks all lists.
/// A server without a version counts as a new one: an unmarked list is then one response, and no
/// call waits for an end that never arrives.
pub(crate) fn is_old(banner: &Banner) -> bool {
    banner.numbers().is_some_and(|numbers| numbers < (2, 7))
}
