//! The extension bank: calls of three phones by their names, as callbacks name them. Each is a few
//! scenarios of the test's own, with ports that the suite's tests have in their configuration.
//!
//! A method is the names of its phones and what they do (`alice_and_bob_call`), or one of the two
//! that are transfers.

use std::time::Duration;

use super::Scenario;
use crate::files::{ConfigError, Node, suggest};

/// The phones, by their ports.
const PHONES: [Phone; 3] = [("alice", 5161), ("bob", 5162), ("charlie", 5163)];

/// The port of the party who is transferred.
const REFEREE: u16 = 5171;

/// The address where the two parties of a transfer meet.
const MEETING: &str = "127.0.0.1:5064";

/// The time from the start of the party who is transferred to that of the one who does it.
const BEFORE_REFERER: Duration = Duration::from_secs(1);

/// The words for what one phone does, for what several do, and the thing itself.
type Verb = (&'static str, &'static str, Does);

/// The things that phones do.
const VERBS: [Verb; 6] = [
    ("calls", "call", Does::Calls),
    ("registers", "register", Does::Registers),
    ("registers_and_waits", "register_and_wait", Does::RegistersAndWaits),
    ("registers_then_waits", "register_then_wait", Does::RegistersAndWaits),
    ("waits", "wait", Does::Waits),
    ("waits_twelve", "wait_twelve", Does::WaitsForTwelve),
];

/// The transfers, by their names, with the phones that wait meanwhile.
const TRANSFERS: [(&str, &[Phone]); 2] = [
    ("default_attended_transfer", &[]),
    ("bob_and_charlie_wait_while_alice_calls", &[PHONES[1], PHONES[2]]),
];

/// The scenario of a phone that waits for a call.
const WAITS: &str = "wait-for-a-call.xml";

/// The thing that a phone does.
#[derive(Clone, Copy)]
enum Does {
    Calls,
    Registers,
    RegistersAndWaits,
    Waits,
    WaitsForTwelve,
}

/// A phone: its name and its port.
type Phone = (&'static str, u16);

/// A scenario of a method.
pub(in crate::components) struct Start {
    /// The time from the start of the one before.
    pub(in crate::components) after: Duration,
    pub(in crate::components) scenario: Scenario,
}

/// Returns the scenarios of a method, in the order in which they start.
///
/// # Errors
///
/// Returns an error if there is no such method.
pub(in crate::components) fn scenarios(
    place: &Node,
    method: &str,
) -> Result<Vec<Start>, ConfigError> {
    let Some(lines) = lines(method) else {
        let names = names();
        let hint = suggest::hint(method, names.iter().map(String::as_str));
        return Err(place.error(format!("the extension bank has no method {method}{hint}")));
    };
    let start = |Line { after, file, key_args }| {
        let scenario = Scenario::of(place, &file, None, key_args, Vec::new())?;
        Ok(Start { after, scenario })
    };
    lines.into_iter().map(start).collect()
}

/// A scenario as its file and its arguments.
struct Line {
    after: Duration,
    file: String,
    key_args: Vec<(String, String)>,
}

impl Line {
    fn new(file: &str, port: u16, key_args: &[(&str, &str)]) -> Self {
        let more = key_args.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let port = ("-p".to_owned(), port.to_string());
        let key_args = std::iter::once(port).chain(more).collect();
        Self { after: Duration::ZERO, file: file.to_owned(), key_args }
    }

    /// The work of a phone.
    fn of_phone((name, port): Phone, does: Does) -> Self {
        let at_once = ("-sleep", "0");
        match does {
            Does::Calls => Self::new(&format!("{name}-calls.xml"), port, &[at_once]),
            Does::Registers => Self::new(&format!("{name}-registers.xml"), port, &[at_once]),
            Does::RegistersAndWaits => {
                let waits = ("-oocsf", WAITS);
                Self::new(&format!("{name}-registers.xml"), port, &[at_once, waits])
            }
            Does::Waits => Self::new(WAITS, port, &[at_once]),
            Does::WaitsForTwelve => Self::new(WAITS, port, &[at_once, ("-m", "12"), ("-l", "12")]),
        }
    }

    /// An attended transfer, whose parties tell each other how far they are.
    fn transfer() -> [Self; 2] {
        let pair = [("-3pcc", MEETING)];
        let referer = Self::new("referer.xml", PHONES[0].1, &pair);
        let referer = Self { after: BEFORE_REFERER, ..referer };
        [Self::new("referee.xml", REFEREE, &pair), referer]
    }
}

/// The scenarios of a method. `None` if there is no such method.
fn lines(method: &str) -> Option<Vec<Line>> {
    if let Some((_, waiting)) = TRANSFERS.iter().find(|(name, _)| *name == method) {
        let waiting = waiting.iter().map(|phone| Line::of_phone(*phone, Does::Waits));
        return Some(waiting.chain(Line::transfer()).collect());
    }
    let (phones, does) = calls(method)?;
    Some(phones.into_iter().map(|phone| Line::of_phone(phone, does)).collect())
}

/// The phones that a method names, and what they do.
fn calls(method: &str) -> Option<(Vec<Phone>, Does)> {
    let (mut phones, mut rest) = (Vec::new(), method);
    loop {
        let phone = PHONES.iter().find(|(name, _)| rest.starts_with(name))?;
        if phones.contains(phone) {
            return None;
        }
        phones.push(*phone);
        rest = rest.strip_prefix(phone.0)?.strip_prefix('_')?;
        match rest.strip_prefix("and_") {
            Some(more) => rest = more,
            None => break,
        }
    }
    let is_it = |verb: &Verb| rest == word(verb, phones.len());
    let does = VERBS.iter().find(|verb| is_it(verb)).map(|(.., does)| *does)?;
    Some((phones, does))
}

/// The word for what so many phones do.
fn word(verb: &Verb, phones: usize) -> &'static str {
    if phones == 1 { verb.0 } else { verb.1 }
}

/// The methods of one phone, of two, and the transfers.
fn names() -> Vec<String> {
    let mut names: Vec<_> = TRANSFERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (at, (phone, _)) in PHONES.iter().enumerate() {
        let others = PHONES[at + 1..].iter().map(|(other, _)| (format!("{phone}_and_{other}"), 2));
        for (who, count) in std::iter::once(((*phone).to_owned(), 1)).chain(others) {
            names.extend(VERBS.iter().map(|verb| format!("{who}_{}", word(verb, count))));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    fn told(method: &str) -> Vec<String> {
        let told = |it: Line| {
            let args = it.key_args.iter().map(|(key, value)| format!("{key} {value}"));
            let args = args.collect::<Vec<_>>().join(" ");
            format!("{} {} {args}", it.after.as_secs(), it.file)
        };
        lines(method).unwrap_or_else(|| panic!("{method}")).into_iter().map(told).collect()
    }

    #[test]
    fn methods_are_phones_and_what_they_do() {
        let transfer = [
            "0 referee.xml -p 5171 -3pcc 127.0.0.1:5064",
            "1 referer.xml -p 5161 -3pcc 127.0.0.1:5064",
        ];
        let waits = |port: u16| format!("0 wait-for-a-call.xml -p {port} -sleep 0");
        assert_eq!(told("bob_waits"), [waits(5162)]);
        assert_eq!(told("alice_waits_twelve"), [waits(5161) + " -m 12 -l 12"]);
        let both = ["0 alice-calls.xml -p 5161 -sleep 0", "0 bob-calls.xml -p 5162 -sleep 0"];
        assert_eq!(told("alice_and_bob_call"), both);
        assert_eq!(told("default_attended_transfer"), transfer);
        let meanwhile = told("bob_and_charlie_wait_while_alice_calls");
        assert_eq!(meanwhile[..2], [waits(5162), waits(5163)]);
        assert_eq!(meanwhile[2..], transfer);
        let registers = "0 charlie-registers.xml -p 5163 -sleep 0";
        assert_eq!(told("charlie_registers"), [registers]);
        for method in ["charlie_registers_and_waits", "charlie_registers_then_waits"] {
            assert_eq!(told(method), [format!("{registers} -oocsf wait-for-a-call.xml")]);
        }
        assert_eq!(told("charlie_and_alice_and_bob_wait").len(), 3);
    }

    #[test]
    fn a_method_that_is_not_there_is_named_with_the_one_that_was_meant() {
        for (method, like) in [
            ("bob_wait", "; is it bob_waits?"),
            ("alice_and_bob_calls", "; is it alice_and_bob_call?"),
            ("default_attended_transfers", "; is it default_attended_transfer?"),
            ("alice_and_alice_call", ""),
            ("alice", ""),
            ("alice_", ""),
            ("", ""),
            ("bob_and_", ""),
            ("hold_the_line_for_a_while_please", ""),
        ] {
            let why = scenarios(section("{}").node(), method).err().unwrap().to_string();
            let what = format!("the extension bank has no method {method}");
            assert!(why.contains(&what) && why.contains(like), "{method}: {why}");
        }
    }
}
