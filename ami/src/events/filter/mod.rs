//! Filters for events, built in code or parsed from text.
//!
//! Names and exact fields are kept apart from the other conditions, because the index finds
//! subscriptions by them.

mod condition;
mod glob;
mod needs;
mod parse;
mod show;
#[cfg(test)]
mod tests;

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;

use self::condition::{Condition, Pattern, may_have};
pub use self::parse::FilterError;
use crate::typed::event::TypedEvent;
use crate::wire::{Classes, Event};

/// A filter that decides which events a subscription receives.
///
/// A filter is built with methods, whose conditions all have to hold, or [parsed](Self::parse) from
/// text. Names and exact fields are the cheapest conditions, because subscriptions are indexed by
/// them.
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
    /// The exact values that all have to be present.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// The rest, apart: most filters have none, and each subscription holds a filter.
    terms: Option<Box<Terms>>,
    pub(crate) strays: bool,
    pub(crate) connections: bool,
    /// The classes of a typed event that the table may not have.
    classes: Classes,
}

/// The conditions of a filter beside names and fields.
#[derive(Clone)]
struct Terms {
    /// The conditions that all have to hold.
    conditions: Vec<Condition>,
    /// The alternatives: all conditions of one of them have to hold, if there are any.
    alternatives: Vec<Vec<Condition>>,
    predicates: Vec<Arc<Predicate>>,
}

impl Terms {
    const NONE: Self =
        Self { conditions: Vec::new(), alternatives: Vec::new(), predicates: Vec::new() };
}

static NO_TERMS: Terms = Terms::NONE;

type Predicate = dyn Fn(&Event) -> bool + Send + Sync;

/// The names of the events.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Names {
    All,
    /// The names in lower case, sorted, without duplicates.
    These(Box<[Box<[u8]>]>),
}

impl Filter {
    /// Creates a filter that admits every event.
    pub fn all() -> Self {
        Self {
            names: Names::All,
            fields: Vec::new(),
            terms: None,
            strays: false,
            connections: false,
            classes: Classes::NONE,
        }
    }

    /// Creates a filter that admits no event. With [`with_strays`](Self::with_strays) it admits
    /// strays only.
    pub fn none() -> Self {
        Self::of_names(Vec::new())
    }

    /// Creates a filter that admits events of these names, without regard to ASCII case. This is
    /// the cheapest filter: other events are not examined.
    pub fn named(names: impl IntoIterator<Item: AsRef<str>>) -> Self {
        Self::of_names(names.into_iter().map(|name| name.as_ref().as_bytes().to_vec()).collect())
    }

    /// Creates a filter that admits events of the name of a typed event. Conditions can be added
    /// before it is passed to [`Client::subscribe`](crate::Client::subscribe):
    ///
    /// ```no_run
    /// # fn example(client: ami::Client) {
    /// use ami::Filter;
    /// use ami::event::Hangup;
    ///
    /// let busy = Filter::of::<Hangup>().field("Cause", "17");
    /// let mut busy = client.subscribe(busy).typed::<Hangup>();
    /// # }
    /// ```
    pub fn of<E: TypedEvent>() -> Self {
        Self { classes: E::CLASSES.into(), ..Self::named([E::NAME]) }
    }

    fn of_names(mut names: Vec<Vec<u8>>) -> Self {
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
        names.sort_unstable();
        names.dedup();
        let names = names.into_iter().map(Vec::into_boxed_slice).collect();
        Self { names: Names::These(names), ..Self::all() }
    }

    /// Creates a filter that admits the events that the application or the action `UserEvent`
    /// raised under that name.
    pub fn user_event(name: &str) -> Self {
        Self::named(["UserEvent"]).field("UserEvent", name)
    }

    /// Creates a filter that admits the event `VarSet` of this variable, of any channel and global.
    /// Names of variables are compared byte by byte. The events are of class `dialplan`.
    ///
    /// The server escapes the value, so it is read with [`unescaped`](crate::Message::unescaped). A
    /// global variable has `none` as `Channel` and `Uniqueid`. Writing a function such as
    /// `CALLERID(num)` is not reported. Asterisk 16 does not report a value that is not UTF-8.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Lost> {
    /// use ami::Filter;
    ///
    /// let mut set = client.subscribe(Filter::variable("DIALSTATUS"));
    /// let event = set.next_event().await?;
    /// let value = event.unescaped("Value").unwrap_or_default();
    /// # Ok(())
    /// # }
    /// ```
    pub fn variable(name: &str) -> Self {
        Self::named(["VarSet"]).field("Variable", name)
    }

    /// Restricts the filter to events that have a field with that name and value. The name is
    /// compared without regard to ASCII case and to blanks around it, the value byte by byte, as
    /// sent. For a repeated field, one matching value is enough.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Restricts the filter to events for which a predicate returns `true`.
    ///
    /// The reader of the connection calls the predicate and waits for it, so it has to be fast and
    /// must not block. If it panics, the event does not match. A predicate that holds a
    /// [`Client`](crate::Client) keeps that client's connection open as long as the subscription
    /// exists.
    #[must_use]
    pub fn when(mut self, predicate: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.terms_mut().predicates.push(Arc::new(predicate));
        self
    }

    /// Adds [strays](crate::Stray), which are not events. Names, fields and predicates do not apply
    /// to them. `Filter::none().with_strays()` admits strays only.
    #[must_use]
    pub fn with_strays(mut self) -> Self {
        self.strays = true;
        self
    }

    /// Adds the begin of each connection, which a [follow](crate::Client::follow) then yields as
    /// [`Followed::Connected`](crate::Followed::Connected). Subscriptions do not yield it.
    #[must_use]
    pub fn with_connections(mut self) -> Self {
        self.connections = true;
        self
    }

    /// Returns `true` if the filter admits every event.
    pub fn is_all(&self) -> bool {
        self.names == Names::All && self.fields.is_empty() && self.terms.is_none()
    }

    /// Returns `true` if a subscription with this filter would receive the event. Items of lists
    /// count as events here, even those of a list that only its caller receives.
    pub fn matches(&self, event: &Event) -> bool {
        let named = match &self.names {
            Names::All => true,
            Names::These(names) => names.iter().any(|name| event.head().eq_ignore_ascii_case(name)),
        };
        named && self.admits(event, 0)
    }

    /// Returns `true` if the filter admits an event that has one of the names and the first `known`
    /// of the fields.
    #[inline]
    pub(crate) fn admits(&self, event: &Event, known: usize) -> bool {
        let asks_more = self.fields.len() > known || self.terms.is_some();
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
            && self.terms().predicates.iter().all(holds)
    }

    /// Returns `true` if the filter may admit an event that has one of the names and of which only
    /// the beginning is there. Missing fields may have any value, and predicates are not asked.
    pub(crate) fn may_admit(&self, beginning: &Event) -> bool {
        let may_have =
            |(name, value): &(String, Vec<u8>)| may_have(beginning, name, |it| it == value);
        self.fields.iter().all(may_have) && self.meets(|condition| condition.may_hold(beginning))
    }

    fn terms(&self) -> &Terms {
        self.terms.as_deref().unwrap_or(&NO_TERMS)
    }

    fn terms_mut(&mut self) -> &mut Terms {
        self.terms.get_or_insert_with(|| Box::new(Terms::NONE))
    }

    /// Returns `true` if the conditions and one of the alternatives hold.
    fn meets(&self, holds: impl Fn(&Condition) -> bool) -> bool {
        let Terms { conditions, alternatives, .. } = self.terms();
        conditions.iter().all(&holds)
            && (alternatives.is_empty() || alternatives.iter().any(|all| all.iter().all(&holds)))
    }
}

/// The filter language.
impl Filter {
    /// Parses a filter from text, for a command line or a configuration file.
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
    /// Names of events and fields are compared without regard to ASCII case, values byte by byte,
    /// as sent. For a repeated field, one value has to match for `=` and `~`. `!=` and `!~` are the
    /// exact opposites: no value may match, so an event without the field passes. Use
    /// `Cause~* Cause!=16` for events that have the field.
    ///
    /// In a name that stands alone, and after `~` or `!~`, `*` stands for any number of characters
    /// and `?` for one character, or for one byte of a value that is not UTF-8. After `=` and `!=`
    /// both stand for themselves.
    ///
    /// The server writes the classes of an event into its header `Privilege`. An event can have
    /// several. The word `all` in the header is not a class. Events without the header, such as the
    /// items of most lists, have no class.
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
    /// `\x` and two digits are one byte, for values that are not UTF-8. The character `'` has no
    /// meaning, so that a filter can be quoted in a shell, as in `ami tail 'Queue*'`. Two names
    /// that no event can have at once, as in `Hangup Newchannel`, are an error, because a comma is
    /// missing.
    ///
    /// A subscription is indexed by the names and `=` fields of a filter without a comma, as it is
    /// by those of [`named`](Self::named) and [`field`](Self::field). The other conditions are
    /// checked for the remaining events. A filter with commas is checked for events of its names if
    /// every alternative has a name without wildcards, and for all events otherwise.
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
    /// Returns an error if the text does not follow the grammar, names a class that does not exist,
    /// or requires two names at once. The error contains the column and what was expected there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self::of_alternatives(parse::alternatives(text)?))
    }

    /// Moves names and exact fields to where the index looks for them.
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
                    other => filter.terms_mut().conditions.push(other),
                }
            }
        } else if !alternatives
            .iter()
            .all(|all| matches!(&**all, [only] if name_of(only).is_some()))
        {
            filter.terms_mut().alternatives = alternatives;
        }
        filter
    }
}

/// Returns `true` if a condition is a lone `*`, which every event meets.
fn is_any_name(condition: &Condition) -> bool {
    matches!(condition, Condition::Name(Pattern::Glob(glob)) if glob.is_all())
}

/// Returns the name that a condition requires, if it has no wildcards.
fn name_of(condition: &Condition) -> Option<Vec<u8>> {
    match condition {
        Condition::Name(Pattern::Exact(name)) => Some(name.clone()),
        _ => None,
    }
}

/// Parses a filter as [`Filter::parse`] does.
impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}
