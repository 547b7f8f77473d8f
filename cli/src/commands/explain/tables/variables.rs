//! Variables that say how an application ended.

use crate::commands::explain::article::{Article, Block, Item};
use crate::commands::explain::kind::Kind;

/// A variable: its name, the application that sets it, what it says, and its values.
type Variable = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const VARIABLES: [Variable; 3] = [
    (
        "DIALSTATUS",
        "Dial",
        "How a call of Dial ended. The field DialStatus of DialEnd has most of the values.",
        &[
            ("ANSWER", "The call was answered."),
            ("BUSY", "The other side was busy."),
            ("NOANSWER", "Nobody answered in time."),
            ("CANCEL", "The caller hung up before an answer."),
            ("CONGESTION", "The call could not be routed, or the other side refused it."),
            ("CHANUNAVAIL", "The device is not reachable, or does not exist."),
            ("DONTCALL", "The called party sent the caller away (privacy and screening)."),
            ("TORTURE", "The called party chose the script for nuisances (privacy and screening)."),
            ("INVALIDARGS", "The arguments of Dial were wrong."),
        ],
    ),
    (
        "QUEUESTATUS",
        "Queue",
        "Why a caller left a queue without a member.",
        &[
            ("TIMEOUT", "The time of the caller was up."),
            ("FULL", "The queue had as many callers as it may have (maxlen)."),
            ("JOINEMPTY", "Nobody was there to serve the queue when the caller came (joinempty)."),
            ("LEAVEEMPTY", "Nobody was left to serve the queue (leavewhenempty)."),
            ("JOINUNAVAIL", "The members were unavailable when the caller came (joinempty)."),
            ("LEAVEUNAVAIL", "The members became unavailable (leavewhenempty)."),
            ("CONTINUE", "No member answered, and the queue was told to go on in the dialplan."),
            ("WITHDRAW", "The caller was withdrawn, by the action QueueWithdrawCaller or the CLI."),
        ],
    ),
    (
        "HANGUPCAUSE",
        "Dial",
        "The number of the hangup cause of the last channel that was dialed. `ami explain 17` \
         explains a number.",
        &[],
    ),
];

/// The names of the variables.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    VARIABLES.iter().map(|(name, ..)| *name)
}

/// The variables, and their values.
pub(super) fn all() -> Vec<Article> {
    let mut all = Vec::new();
    for (name, application, about, values) in VARIABLES {
        let mut variable = Article::new(Kind::Variable, name).about(about);
        variable.of = Some(application.to_owned());
        let item = |(name, text): &(&str, &str)| Item {
            name: (*name).to_owned(),
            text: vec![Block::plain(*text)],
            ..Item::default()
        };
        variable.items = values.iter().map(item).collect();
        all.push(variable);
        for (value, about) in values {
            let mut value = Article::new(Kind::Value, *value).about(*about);
            value.of = Some(format!("{name} of {application}"));
            all.push(value);
        }
    }
    all
}
