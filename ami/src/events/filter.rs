//! Which events somebody wants.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

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
/// ```
#[derive(Clone)]
pub struct Filter {
    pub(crate) names: Names,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    predicates: Vec<Arc<Predicate>>,
    pub(crate) strays: bool,
}

type Predicate = dyn Fn(&Event) -> bool + Send + Sync;

/// The names of the events.
#[derive(Clone, Debug)]
pub(crate) enum Names {
    All,
    /// In lower case.
    These(Box<[Box<[u8]>]>),
}

impl Filter {
    /// Every event.
    pub fn all() -> Self {
        Self { names: Names::All, fields: Vec::new(), predicates: Vec::new(), strays: false }
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

    /// Whether an event with one of the names, and with the first `known` of the fields, is for
    /// this subscription.
    pub(crate) fn admits(&self, event: &Event, known: usize) -> bool {
        let has = |(name, value): &(String, Vec<u8>)| event.get_all(name).any(|it| it == value);
        let holds = |predicate: &Arc<Predicate>| {
            catch_unwind(AssertUnwindSafe(|| predicate(event))).unwrap_or_else(|_| {
                tracing::error!("a subscription's predicate panicked");
                false
            })
        };
        self.fields.iter().skip(known).all(has) && self.predicates.iter().all(holds)
    }
}

impl Filter {
    /// Whether an event with one of the names, of which only the beginning is there, may be for
    /// this subscription: what is not there may have any value, and a predicate has nothing to
    /// judge.
    pub(crate) fn may_admit(&self, beginning: &Event) -> bool {
        self.fields.iter().all(|(name, value)| {
            let mut values = beginning.get_all(name).peekable();
            values.peek().is_none() || values.any(|it| it == value)
        })
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("names", &self.names)
            .field("fields", &self.fields.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("predicates", &self.predicates.len())
            .field("strays", &self.strays)
            .finish()
    }
}
