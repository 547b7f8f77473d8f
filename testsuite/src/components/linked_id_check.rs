//! `linkedid_check.LinkedIdCheck`: the channels of a bridge share one linked id, that of the first
//! channel.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;

use ami::Event;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::case::{Ast, Component, Happening, Life, Stage, TestCase};
use crate::components::Kind;
use crate::files::{ConfigError, Section};
use crate::job::Reason;
use crate::matching::Fields;

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["linkedid_check.LinkedIdCheck"],
    page: include_str!("linked_id_check.md"),
    build,
};

fn build(_: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Ok(Box::new(LinkedIdCheck::default()))
}

#[derive(Default)]
struct LinkedIdCheck {
    /// The entries by the number of the server.
    servers: BTreeMap<u32, Channels>,
}

/// The channels of a server.
#[derive(Default)]
struct Channels {
    /// The entries by unique id.
    known: HashMap<String, Known>,
    /// The members of bridges, by the bridge's unique id.
    bridges: HashMap<String, Vec<Member>>,
}

/// A channel that events told of.
struct Known {
    /// The place in the order in which channels were first told of, from 1.
    number: usize,
    linked_id: String,
}

/// A channel in a bridge.
#[derive(Clone, Debug, PartialEq)]
struct Member {
    id: String,
    name: String,
}

/// The linked id that a channel has to have now.
#[derive(Clone, Debug, PartialEq)]
struct Question {
    member: Member,
    expected: String,
    /// The members of its bridge, with what events told of their linked ids.
    bridge: Vec<String>,
}

/// An answer that the server has yet to give; `None` if it refused.
type Asking = Pin<Box<dyn Future<Output = (Ast, Question, Option<String>)> + Send>>;

impl Component for LinkedIdCheck {
    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            let mut pending = FuturesUnordered::<Asking>::new();
            loop {
                tokio::select! {
                    biased;
                    Some(answer) = pending.next() => self.answered(answer, &test),
                    what = stage.next() => match what {
                        Some(Happening::Event(ast, event)) => {
                            let channels = self.servers.entry(ast.number()).or_default();
                            let questions = channels.take(&event);
                            pending.extend(questions.into_iter().map(|it| ask(&ast, it)));
                        }
                        // The servers are up until it is dropped.
                        Some(Happening::Stopping(_hold)) => {
                            while let Some(answer) = pending.next().await {
                                self.answered(answer, &test);
                            }
                        }
                        Some(_) => {}
                        None => return Ok(()),
                    },
                }
            }
        })
    }
}

/// Asks a server for the linked id of a channel. A channel that has gone has none.
fn ask(ast: &Ast, question: Question) -> Asking {
    let ast = ast.clone();
    Box::pin(async move {
        let answer = ast.ami().variable(&question.member.name, "CHANNEL(linkedid)").await;
        (ast, question, answer.ok())
    })
}

impl LinkedIdCheck {
    fn answered(&self, answer: (Ast, Question, Option<String>), test: &TestCase) {
        let (ast, question, Some(found)) = answer else {
            return;
        };
        let channels = self.servers.get(&ast.number());
        if let Some(reason) = channels.and_then(|it| it.unmet(question, &found)) {
            let what = format!("Asterisk {}: {}", ast.number(), reason.what);
            test.fail_with(Reason { what, ..reason });
        }
    }
}

impl Channels {
    /// Takes note of an event. The result is what has to be asked for.
    fn take(&mut self, event: &Event) -> Vec<Question> {
        let text = |name| event.field(name).unwrap_or_default();
        let id = text("Uniqueid");
        match event.head() {
            b"Newchannel" | b"CEL" => self.know(id, text("Linkedid")),
            b"BridgeEnter" => {
                self.know(id.clone(), text("Linkedid"));
                let members = self.bridges.entry(text("BridgeUniqueid")).or_default();
                members.retain(|it| it.id != id);
                members.push(Member { id, name: text("Channel") });
                let members = members.clone();
                return self.questions(&members);
            }
            b"BridgeLeave" => {
                if let Some(members) = self.bridges.get_mut(&text("BridgeUniqueid")) {
                    members.retain(|it| it.id != id);
                }
            }
            b"BridgeDestroy" => drop(self.bridges.remove(&text("BridgeUniqueid"))),
            _ => {}
        }
        Vec::new()
    }

    /// Takes note of a channel, if it is the first time.
    fn know(&mut self, id: String, linked_id: String) {
        let number = self.known.len() + 1;
        self.known.entry(id).or_insert(Known { number, linked_id });
    }

    /// Returns what the members of a bridge have to answer, and takes note of the linked id that
    /// they have now.
    fn questions(&mut self, members: &[Member]) -> Vec<Question> {
        let linked = members.iter().filter_map(|it| self.known.get(&it.id));
        // A linked id is the unique id of the first channel that was linked. One of a channel that
        // no event told of counts as its holder.
        let rank = |it: &Known| self.known.get(&it.linked_id).unwrap_or(it).number;
        let numbered = linked.map(|it| (rank(it), &it.linked_id));
        let Some((_, expected)) = numbered.min() else {
            return Vec::new();
        };
        if members.len() < 2 {
            return Vec::new();
        }
        let expected = expected.clone();
        let told = |it: &Member| {
            let known = self.known.get(&it.id);
            let linked_id = known.map_or("unknown", |it| &it.linked_id);
            format!("in the bridge: {}, linked id {linked_id} before", it.name)
        };
        let bridge: Vec<_> = members.iter().map(told).collect();
        for member in members {
            if let Some(known) = self.known.get_mut(&member.id) {
                known.linked_id.clone_from(&expected);
            }
        }
        let question = |member: &Member| Question {
            member: member.clone(),
            expected: expected.clone(),
            bridge: bridge.clone(),
        };
        members.iter().map(question).collect()
    }

    /// Returns the reason for which an answer is not right, if it is not. The channel may have
    /// entered another bridge before it was given.
    fn unmet(&self, question: Question, found: &str) -> Option<Reason> {
        let Question { member, expected, bridge } = question;
        let now = self.known.get(&member.id).map(|it| &*it.linked_id);
        if found == expected || now == Some(found) {
            return None;
        }
        let what = format!("{} has the linked id {found:?}, expected {expected:?}", member.name);
        Some(Reason { what, details: bridge })
    }
}

#[cfg(test)]
mod tests {
    use ami::Message;

    use super::*;

    fn event(text: &str) -> Event {
        Event::from_message(Message::parse(text).unwrap()).unwrap()
    }

    fn new(id: &str, linked: &str) -> Event {
        event(&format!("Event: Newchannel\nChannel: C/{id}\nUniqueid: {id}\nLinkedid: {linked}"))
    }

    fn bridge(what: &str, bridge: &str, id: &str) -> Event {
        event(&format!("Event: {what}\nBridgeUniqueid: {bridge}\nChannel: C/{id}\nUniqueid: {id}"))
    }

    /// The names and expected linked ids of those that are asked.
    fn asked(channels: &mut Channels, event: &Event) -> Vec<(String, String)> {
        let questions = channels.take(event).into_iter();
        questions.map(|it| (it.member.name, it.expected)).collect()
    }

    fn expected(names: &[&str], linked: &str) -> Vec<(String, String)> {
        names.iter().map(|it| ((*it).to_owned(), linked.to_owned())).collect()
    }

    #[test]
    fn all_members_have_the_linked_id_of_the_first_channel() {
        let mut channels = Channels::default();
        // By number, and not by the text of ids.
        for id in ["9", "5", "7", "1"] {
            channels.take(&new(id, id));
        }
        assert_eq!(asked(&mut channels, &bridge("BridgeEnter", "B", "5")), []);
        let both = expected(&["C/5", "C/7"], "5");
        assert_eq!(asked(&mut channels, &bridge("BridgeEnter", "B", "7")), both);
        // In another bridge, 1 gets the linked id of the very first.
        channels.take(&bridge("BridgeEnter", "A", "9"));
        assert_eq!(
            asked(&mut channels, &bridge("BridgeEnter", "A", "1")),
            expected(&["C/9", "C/1"], "9")
        );
        // And takes it along: of the linked ids that of the lower channel counts, though its
        // holder is a higher one.
        channels.take(&bridge("BridgeLeave", "A", "1"));
        channels.take(&bridge("BridgeLeave", "B", "5"));
        let both = expected(&["C/7", "C/1"], "9");
        assert_eq!(asked(&mut channels, &bridge("BridgeEnter", "B", "1")), both);
    }

    #[test]
    fn the_first_event_of_a_channel_gives_its_linked_id_and_cel_is_one() {
        let mut channels = Channels::default();
        channels.take(&event("Event: CEL\nUniqueID: 2\nLinkedID: 2\nEventName: CHAN_START"));
        channels.take(&new("1", "1"));
        channels.take(&new("2", "1"));
        channels.take(&bridge("BridgeEnter", "B", "1"));
        let both = expected(&["C/1", "C/2"], "2");
        assert_eq!(asked(&mut channels, &bridge("BridgeEnter", "B", "2")), both);
    }

    #[test]
    fn another_linked_id_is_a_failure_with_the_members() {
        let mut channels = Channels::default();
        for id in ["1", "2", "3"] {
            channels.take(&new(id, id));
        }
        channels.take(&bridge("BridgeEnter", "B", "3"));
        let asked = channels.take(&bridge("BridgeEnter", "B", "2"));
        let [of_3, of_2] = <[Question; 2]>::try_from(asked).unwrap();
        let reason = channels.unmet(of_3, "3").unwrap();
        assert_eq!(reason.what, "C/3 has the linked id \"3\", expected \"2\"");
        let bridge_told =
            ["in the bridge: C/3, linked id 3 before", "in the bridge: C/2, linked id 2 before"];
        assert_eq!(reason.details, bridge_told);
        // What was right when it was asked, and what is right now.
        channels.take(&bridge("BridgeEnter", "B", "1"));
        for found in ["2", "1"] {
            assert!(channels.unmet(of_2.clone(), found).is_none(), "{found}");
        }
    }
}
