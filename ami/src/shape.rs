//! What the reply to an action looks like, where that is not one response or a list that says where it begins and ends.
//!
//! Asterisk 13.2 and later mark a list by `EventList: start` and `EventList: Complete`. The exceptions, and what servers
//! before did, stand in a table here. From `main/manager.c` and the modules that register the actions.

use crate::codec::Banner;

/// A list that the header `EventList` alone does not show.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct ListShape {
    action: &'static str,
    opens: Opens,
    /// The event that ends the list.
    pub(crate) end: &'static str,
    /// Whether that event is an item, too.
    pub(crate) end_is_item: bool,
    /// The items whose ActionID the server forgets.
    pub(crate) without_id: Option<&'static str>,
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
            Opens::ByMessage => {
                server_is_old && message.trim_ascii_end().to_ascii_lowercase().ends_with(b"follow")
            }
            Opens::Always => true,
        }
    }
}

const fn legacy(action: &'static str, end: &'static str) -> ListShape {
    let opens = Opens::ByMessage;
    ListShape { action, opens, end, end_is_item: false, without_id: None }
}

const fn one_event(action: &'static str) -> ListShape {
    let opens = Opens::Always;
    ListShape { action, opens, end: action, end_is_item: true, without_id: None }
}

static LISTS: [ListShape; 16] = [
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
    ListShape { opens: Opens::Always, ..legacy("WaitEvent", "WaitEventComplete") },
    one_event("FAXSession"),
    one_event("FAXStats"),
];

/// Whether the server may answer an action with no response at all: `Events` with `brokeneventsaction`, and the others
/// always.
pub(crate) fn may_stay_silent(action: &str) -> bool {
    answers_bare(action)
        || ["Events", "DataGet"].iter().any(|name| name.eq_ignore_ascii_case(action))
}

/// Whether the server answers an action with lines that are no response.
pub(crate) fn answers_bare(action: &str) -> bool {
    ["IAXnetstats", "Queues"].iter().any(|name| name.eq_ignore_ascii_case(action))
}

/// Whether a server is from before 13.2, whose protocol is 2.7.0 and marks all lists. One that names no version is taken
/// for a new one: a list then is one response, and nothing waits for an end that does not come.
pub(crate) fn is_old(banner: &Banner) -> bool {
    let mut numbers = banner.version().unwrap_or_default().split('.').map(str::parse::<u32>);
    let mut number = || numbers.next().and_then(Result::ok);
    match (number(), number()) {
        (Some(major), minor) => (major, minor.unwrap_or_default()) < (2, 7),
        (None, _) => false,
    }
}
