//! Which events somebody wants: built in code, or parsed from text.
//!
//! Names and exact fields are apart from the other conditions, for the index finds subscriptions by
//! them.

mod condition;
mod glob;
mod parse;
mod show;
#[cfg(test)]
mod tests;

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;

use self::condition::{Condition, Pattern};
pub use self::parse::FilterError;
use crate::wire::Event;

/// Which events a subscription is for.
///
/// ```
/// use ami::Filter;
///
/// let hangups = Filter::named(["Hangup", "SoftHangupRequest"]);
/// let busy = Filter::named(["Hangup"]).field("Cause", "17");
/// let ours = Filter::user_event("TestResult").field("result", "pass");
/// let long = Filter::named(["VarSet"]).when(|event| event.raw().len() > 1000);
/// let queues = Filter::parse("Queue* Queue=support, Hangup Cause!=16")?;
/// # Ok::<(), ami::FilterError>(())
/// ```
#[derive(Clone)]
pub struct Filter {
    pub(crate) names: Names,
    /// Exact values that all have to be there.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// What has to hold beside names and fields.
    conditions: Vec<Condition>,
    /// If there are any, all conditions of one of them have to hold.
    alternatives: Vec<Vec<Condition>>,
    predicates: Vec<Arc<Predicate>>,
    pub(crate) strays: bool,
}

type Predicate = dyn Fn(&Event) -> bool + Send + Sync;

/// The names of the events.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Names {
    All,
    /// In lower case, sorted, each once.
    These(Box<[Box<[u8]>]>),
}

impl Filter {
    /// Every event.
    pub fn all() -> Self {
        Self {
            names: Names::All,
            fields: Vec::new(),
            conditions: Vec::new(),
            alternatives: Vec::new(),
            predicates: Vec::new(),
            strays: false,
        }
    }

    /// No event. With [`with_strays`](Self::with_strays) it is for what is no event alone.
    pub fn none() -> Self {
        Self::of_names(Vec::new())
    }

    /// Events of these names, without regard to ASCII case. This costs least: the others are not
    /// even looked at.
    pub fn named(names: impl IntoIterator<Item: AsRef<str>>) -> Self {
        Self::of_names(names.into_iter().map(|name| name.as_ref().as_bytes().to_vec()).collect())
    }

    fn of_names(mut names: Vec<Vec<u8>>) -> Self {
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
        names.sort_unstable();
        names.dedup();
        let names = names.into_iter().map(Vec::into_boxed_slice).collect();
        Self { names: Names::These(names), ..Self::all() }
    }

    /// Events that the application or the action `UserEvent` raised under that name.
    pub fn user_event(name: &str) -> Self {
        Self::named(["UserEvent"]).field("UserEvent", name)
    }

    /// Only those that have a field with that name and value: the name without regard to ASCII case
    /// and to blanks around it, the value byte by byte, as sent. A repeated field has it if one
    /// of its values is this.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Only those for which a predicate holds. The reader of the connection calls it, and waits for
    /// it, so it has to be quick. If it panics, the event does not match. If it holds a
    /// [`Client`](crate::Client), that one's connection stays open as long as the subscription
    /// does.
    #[must_use]
    pub fn when(mut self, predicate: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.predicates.push(Arc::new(predicate));
        self
    }

    /// Also what is no event: see [`Stray`](crate::Stray). The names, fields and predicates do not
    /// decide on that; `Filter::none().with_strays()` is for that alone.
    #[must_use]
    pub fn with_strays(mut self) -> Self {
        self.strays = true;
        self
    }

    /// Whether an event passes, as for a subscription. Strays are no events, and items of lists are
    /// events here, also those of a list that its caller alone is given.
    pub fn matches(&self, event: &Event) -> bool {
        let named = match &self.names {
            Names::All => true,
            Names::These(names) => names.iter().any(|name| event.head().eq_ignore_ascii_case(name)),
        };
        named && self.admits(event, 0)
    }

    /// Whether an event with one of the names, and with the first `known` of the fields, is for
    /// this subscription.
    #[inline]
    pub(crate) fn admits(&self, event: &Event, known: usize) -> bool {
        let asks_more = self.fields.len() > known
            || !self.conditions.is_empty()
            || !self.alternatives.is_empty()
            || !self.predicates.is_empty();
        !asks_more || self.admits_further(event, known)
    }

    fn admits_further(&self, event: &Event, known: usize) -> bool {
        let has = |(name, value): &(String, Vec<u8>)| event.get_all(name).any(|it| it == value);
        let holds = |predicate: &Arc<Predicate>| {
            catch_unwind(AssertUnwindSafe(|| predicate(event))).unwrap_or_else(|_| {
                tracing::error!("a subscription's predicate panicked");
                false
            })
        };
        self.fields.iter().skip(known).all(has)
            && self.meets(|condition| condition.holds(event))
            && self.predicates.iter().all(holds)
    }

    /// Whether an event with one of the names, of which only the beginning is there, may be for
    /// this subscription: what is not there may have any value, and a predicate has nothing to
    /// judge.
    pub(crate) fn may_admit(&self, beginning: &Event) -> bool {
        let may_have = |(name, value): &(String, Vec<u8>)| {
            let mut values = beginning.get_all(name).peekable();
            values.peek().is_none() || values.any(|it| it == value)
        };
        self.fields.iter().all(may_have) && self.meets(|condition| condition.may_hold(beginning))
    }

    /// Whether the conditions and one of the alternatives hold.
    fn meets(&self, holds: impl Fn(&Condition) -> bool) -> bool {
        self.conditions.iter().all(&holds)
            && (self.alternatives.is_empty()
                || self.alternatives.iter().any(|all| all.iter().all(&holds)))
    }
}

/// The filter language.
impl Filter {
    /// Reads a filter that is written as text, for a command line or a configuration file.
    ///
    /// | text | events |
    /// |---|---|
    /// | `Hangup` | named so, without regard to ASCII case |
    /// | `Queue*` | whose name begins so |
    /// | `*` | all |
    /// | `Hangup,Newchannel` | of either name: a comma is *or* |
    /// | `Hangup Cause=17` | of the name and with the value: a blank is *and*, and binds tighter |
    /// | `Hangup Cause!=16` | without that value |
    /// | `Channel~PJSIP/1*` | with a value that begins so |
    /// | `Channel!~Local/*` | without a value that begins so |
    /// | `Cause~*` | that have the field, whatever its value |
    /// | `Cause!~*` | that do not have the field |
    /// | `class:agent` | of a class |
    /// | `Event!=VarSet Event!~RTCP*` | all but those of some names |
    /// | `CallerIDName="Ann \"A.\" Lee"` | with a value that has blanks or quotes in it |
    /// | `Exten~"*98"?` | `*98` and one character more |
    /// | `AccountCode=""` | with an empty value |
    ///
    /// A name of an event or of a field compares without regard to ASCII case, a value byte by
    /// byte, as sent. Of a field that is repeated, one value has to match for `=` and `~`. `!=` and
    /// `!~` are their exact opposites: no value may match, so an event that does not have the field
    /// passes. `Cause~* Cause!=16` is for those that have it.
    ///
    /// In a name alone and behind `~` or `!~`, `*` stands for any number of characters and `?` for
    /// one, or for one byte where a value is not UTF-8. Behind `=` and `!=` both stand for
    /// themselves.
    ///
    /// The server writes the classes of an event into its header `Privilege`; an event can have
    /// several. The word `all` in it is no class. An event without that header, as items of most
    /// lists are, has none.
    ///
    /// The grammar, in EBNF, where a `character` is any that is not named otherwise in its line:
    ///
    /// ```text
    /// filter      = alternative , { "," , alternative } ;
    /// alternative = [ blanks ] , term , { blanks , term } , [ blanks ] ;
    /// term        = class | comparison | name ;
    /// class       = "class:" , value ;      (* a name of `EventClass`; any ASCII case *)
    /// comparison  = field , ( "=" | "!=" | "~" | "!~" ) , value ;
    /// field       = name ;                  (* no "*" or "?" outside of quotes, no ":" *)
    /// name        = piece , { piece } ;     (* no "=", "~", "!" or ":" outside of quotes,
    ///                                          no "(" or ")" at the beginning *)
    /// value       = piece , { piece } ;     (* no "=", "~" or "!" at the beginning *)
    /// piece       = character | "*" | "?" | escape | quoted ;  (* no blank, "," or '"' *)
    /// quoted      = '"' , { character | escape } , '"' ;       (* "*" and "?" are characters *)
    /// escape      = "\" , ( " " | ASCII punctuation ) | "\x" , hex digit , hex digit ;
    /// blanks      = blank , { blank } ;     (* space, tab, line feed, form feed, return *)
    /// ```
    ///
    /// `\x` and two digits are one byte, so that values that are not UTF-8 can be written. The
    /// character `'` has no meaning: it is for the shell, as in `ami tail 'Queue*'`. Two names that
    /// no event can have at once, as in `Hangup Newchannel`, are an error: a comma is missing.
    ///
    /// A subscription is found by the names and `=` fields of a filter without a comma, as it is by
    /// those of [`named`](Self::named) and [`field`](Self::field); the other conditions are asked
    /// of the events that are left. A filter with commas is asked of events of its names if every
    /// alternative has one that is written out, and of all events otherwise.
    ///
    /// ```
    /// use ami::{Codec, Event, Filter, Frame};
    /// use tokio_util::codec::Decoder;
    ///
    /// fn event(fields: &str) -> Event {
    ///     let text = format!("Event: {}\r\n\r\n", fields.replace(", ", "\r\n"));
    ///     match Codec::without_banner().decode(&mut text.as_bytes().into()) {
    ///         Ok(Some(Frame::Event(event))) => event,
    ///         other => panic!("{other:?}"),
    ///     }
    /// }
    ///
    /// for (filter, passes, does_not) in [
    ///     ("Hangup", "hangup", "HangupRequest"),
    ///     ("Queue*", "QueueMemberPause", "AgentCalled"),
    ///     ("*", "Anything", ""),
    ///     ("Hangup,Newchannel", "Newchannel", "Newstate"),
    ///     ("Hangup Cause=17", "Hangup, Cause: 17", "Hangup, Cause: 16"),
    ///     ("Hangup Cause!=16", "Hangup, Cause: 17", "Hangup, Cause: 16"),
    ///     ("Hangup Cause!=16", "Hangup", "Newchannel, Cause: 17"),
    ///     ("Cause~* Cause!=16", "Hangup, Cause: 17", "Hangup"),
    ///     ("Channel~PJSIP/1*", "Hangup, Channel: PJSIP/100-01", "Hangup, Channel: PJSIP/200-01"),
    ///     ("Channel!~Local/*", "Hangup, Channel: PJSIP/1-01", "Hangup, Channel: Local/1-01;1"),
    ///     ("Cause~*", "Hangup, Cause: ", "Hangup"),
    ///     ("Cause!~*", "Hangup", "Hangup, Cause: "),
    ///     ("class:agent", "AgentCalled, Privilege: agent,all", "AgentCalled"),
    ///     ("Event!=VarSet Event!~RTCP*", "Hangup", "RTCPSent"),
    ///     (r#"CallerIDName="Ann \"A.\" Lee""#, r#"X, CallerIDName: Ann "A." Lee"#, "X"),
    ///     (r#"Exten~"*98"?"#, "Newexten, Exten: *981", "Newexten, Exten: 1981"),
    ///     (r#"AccountCode="""#, "Newchannel, AccountCode: ", "Newchannel, AccountCode: 1"),
    /// ] {
    ///     let filter = Filter::parse(filter)?;
    ///     assert!(filter.matches(&event(passes)), "{filter}");
    ///     assert!(does_not.is_empty() || !filter.matches(&event(does_not)), "{filter}");
    /// }
    /// for wrong in ["", "Hangup,,Newstate", "Hangup,", "Cause = 16", "Cause:16", "class:agents"] {
    ///     println!("{}", Filter::parse(wrong).unwrap_err());
    /// }
    /// # Ok::<(), ami::FilterError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text does not follow the grammar, names a class that does not exist, or asks for two
    /// names at once. The error says where, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self::of_alternatives(parse::alternatives(text)?))
    }

    /// Puts names and exact fields where the index looks for them.
    fn of_alternatives(mut alternatives: Vec<Vec<Condition>>) -> Self {
        for conditions in &mut alternatives {
            conditions.retain(|condition| !is_any_name(condition));
        }
        let names: Option<Vec<_>> =
            alternatives.iter().map(|all| all.iter().find_map(name_of)).collect();
        let mut filter = names.map_or_else(Self::all, Self::of_names);
        if let [conditions] = &mut *alternatives {
            for condition in mem::take(conditions) {
                match condition {
                    Condition::Name(Pattern::Exact(_)) => {}
                    Condition::Field { name, not: false, value: Pattern::Exact(value) } => {
                        filter.fields.push((name, value));
                    }
                    other => filter.conditions.push(other),
                }
            }
        } else if !alternatives
            .iter()
            .all(|all| matches!(&**all, [only] if name_of(only).is_some()))
        {
            filter.alternatives = alternatives;
        }
        filter
    }
}

/// Whether a condition is a lone `*`, which every event meets.
fn is_any_name(condition: &Condition) -> bool {
    matches!(condition, Condition::Name(Pattern::Glob(glob)) if glob.is_all())
}

/// The name that a condition asks for, if it is written out.
fn name_of(condition: &Condition) -> Option<Vec<u8>> {
    match condition {
        Condition::Name(Pattern::Exact(name)) => Some(name.clone()),
        _ => None,
    }
}

/// Reads a filter as [`Filter::parse`] does.
impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}
