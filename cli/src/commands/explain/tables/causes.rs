//! Hangup causes, the reasons of originated calls, and the response codes of SIP.

use ami::{Cause, Reason};

use crate::commands::explain::article::Article;
use crate::commands::explain::kind::Kind;

/// The hangup causes.
pub(super) fn causes() -> impl Iterator<Item = Article> {
    (0..=127).map(Cause::new).filter_map(cause)
}

/// The names of the causes.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    (0..=127).map(Cause::new).filter_map(Cause::name)
}

fn cause(cause: Cause) -> Option<Article> {
    let name = cause.name()?;
    let mut article = Article::new(Kind::Cause, name)
        .about(sentence(cause.text().unwrap_or_default()))
        .fact("number", cause.number().to_string())
        .fact("constant", format!("AST_CAUSE_{name}"))
        .fact("found in", "Cause of Hangup, HangupRequest and others; the variable HANGUPCAUSE");
    if let Some((_, code)) = SENT.iter().find(|(number, _)| *number == cause.number()) {
        article = article.fact("sent by PJSIP as", code.to_string());
    }
    let from = RECEIVED.iter().filter(|(_, number)| *number == cause.number());
    let codes: Vec<_> = from.map(|(code, _)| code.to_string()).collect();
    if !codes.is_empty() {
        article = article.fact("set by PJSIP for", codes.join(", "));
    }
    Some(article)
}

/// The codes that PJSIP refuses a call with, for a cause.
const SENT: [(u32, u16); 19] = [
    (1, 404),
    (2, 404),
    (3, 404),
    (17, 486),
    (18, 408),
    (19, 480),
    (20, 480),
    (21, 403),
    (22, 410),
    (27, 502),
    (28, 484),
    (29, 501),
    (31, 480),
    (34, 503),
    (38, 500),
    (42, 503),
    (58, 488),
    (66, 503),
    (127, 500),
];

/// The causes that PJSIP sets for a code it is answered.
const RECEIVED: [(u16, u32); 36] = [
    (401, 21),
    (403, 21),
    (404, 1),
    (405, 127),
    (407, 21),
    (408, 18),
    (409, 41),
    (410, 22),
    (411, 127),
    (413, 127),
    (414, 127),
    (415, 127),
    (420, 3),
    (480, 19),
    (481, 127),
    (482, 127),
    (483, 19),
    (484, 28),
    (485, 1),
    (486, 17),
    (487, 127),
    (488, 58),
    (491, 127),
    (493, 127),
    (500, 38),
    (501, 29),
    (502, 27),
    (503, 34),
    (504, 102),
    (505, 127),
    (600, 17),
    (603, 21),
    (604, 1),
    (606, 58),
    (400, 127),
    (406, 127),
];

/// The response codes of SIP that have a cause.
pub(super) fn sip() -> Vec<Article> {
    let mut codes: Vec<_> = RECEIVED.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    codes.into_iter().map(code).collect()
}

fn code(code: u16) -> Article {
    let mut article = Article::new(Kind::Sip, code.to_string());
    let received = RECEIVED.iter().find(|(own, _)| *own == code);
    let causes = received.map(|(_, cause)| Cause::new(*cause).to_string());
    article = article.about("A final response to a call.");
    if let Some(cause) = causes {
        article = article.fact("received by PJSIP", format!("hangup cause {cause}"));
    }
    let sent = SENT.iter().filter(|(_, own)| *own == code);
    let sent: Vec<_> = sent.map(|(cause, _)| Cause::new(*cause).to_string()).collect();
    if !sent.is_empty() {
        article = article.fact("sent by PJSIP for", sent.join(", "));
    }
    article
}

/// The reasons of `OriginateResponse`.
pub(super) fn reasons() -> impl Iterator<Item = Article> {
    [0, 1, 3, 4, 5, 8].into_iter().map(|number| {
        let reason = Reason::from(number);
        let article = Article::new(Kind::Reason, reason.name().unwrap_or("FAILURE"));
        let article = match reason {
            Reason::Failure => article.about(
                "The call failed, and the server does not say why: there may be no such \
                 extension or technology, or somebody hung up while it rang. The Hangup of the \
                 channel has the cause.",
            ),
            reason => article.about(sentence(&reason.to_string())),
        };
        let article = article.fact("number", number.to_string());
        let article = match reason.name() {
            Some(name) => article.fact("constant", format!("AST_CONTROL_{name}")),
            None => article,
        };
        article.fact("found in", "Reason of OriginateResponse").see(["OriginateResponse"])
    })
}

/// Returns the causes and reasons that a text stands for.
pub(super) fn meant(text: &str) -> Vec<(Kind, String)> {
    let text = text.replace([' ', '-'], "_");
    let cause = text.parse::<Cause>().ok().and_then(Cause::name);
    let cause = cause.map(|name| (Kind::Cause, name.to_owned()));
    let reason = text.parse::<Reason>().ok().filter(|it| !matches!(it, Reason::Other(_)));
    let name = |it: Reason| (Kind::Reason, it.name().unwrap_or("FAILURE").to_owned());
    cause.into_iter().chain(reason.map(name)).collect()
}

/// Returns the causes whose name and text have all words of a text, such as that of `Cause-txt`.
pub(super) fn by_words(text: &str) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|it: char| !it.is_ascii_alphanumeric());
        words.filter(|it| !it.is_empty()).map(str::to_ascii_lowercase).collect()
    };
    let wanted = words(text);
    let has_all = |name: &str, text: &str| {
        let own = words(&format!("{name} {text}"));
        !wanted.is_empty() && wanted.iter().all(|word| own.contains(word))
    };
    let causes = (0..=127).map(Cause::new);
    let found = causes
        .filter_map(|it| it.name().filter(|name| has_all(name, it.text().unwrap_or_default())));
    found.map(str::to_owned).collect()
}

/// Returns a text as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
