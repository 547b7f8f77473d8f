//! The actions that a client calls, and the kind of reply that follows from each.

use std::fmt;
use std::sync::Arc;

use super::{Call, Command, Exchange, List, Originate, Originating};
use crate::events::FromEvent;
use crate::state::Handle;
use crate::typed::action::TypedAction;
use crate::typed::action::reply::{Items, Output, Plain, Whole};
use crate::wire::Action;

/// The access to a client that only this crate can use.
pub struct Caller(Arc<Handle>);

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

impl Caller {
    pub(crate) fn new(handle: &Arc<Handle>) -> Self {
        Self(Arc::clone(handle))
    }
}

/// An action that [`Client::call`](crate::Client::call) sends, and the reply that follows from it.
///
/// | action | [`Reply`](Self::Reply) | result |
/// |---|---|---|
/// | [`Action`](crate::Action) | [`Call`] | the response |
/// | typed, with the reply [`Plain`] | [`Call`] | the response |
/// | typed, with the reply [`Items<T>`](Items) | [`List<T>`](List) | the items, as views |
/// | typed, with the reply [`Output`] | [`Command`] | the output of the CLI command |
/// | typed, with the reply [`Whole`] | [`Exchange`] | all messages of the reply |
/// | [`Originate`](crate::Originate) | [`Originating`] | the outcome of the call |
///
/// A program can implement [`TypedAction`](crate::action::TypedAction) for an action of its own,
/// and call it:
///
/// ```no_run
/// use ami::action::TypedAction;
/// use ami::action::reply::Items;
/// use ami::event::Typed;
/// use ami::{Action, EventClass};
///
/// struct Trunks;
///
/// impl TypedAction for Trunks {
///     const NAME: &'static str = "AcmeTrunks";
///     const CLASSES: &'static [EventClass] = &[EventClass::System];
///     type Reply = Items<Typed>;
/// }
///
/// impl From<Trunks> for Action {
///     fn from(_: Trunks) -> Self {
///         Self::new(Trunks::NAME)
///     }
/// }
///
/// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
/// for trunk in client.call(Trunks).await?.items {
///     println!("{:?}", trunk.raw());
/// }
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an action that a client can call",
    note = "actions are `ami::Action`, `ami::Originate` and types that implement `TypedAction`"
)]
pub trait Callable {
    /// The future or list of the reply.
    type Reply;

    #[doc(hidden)]
    fn call(self, caller: Caller) -> Self::Reply;
}

/// A kind of reply. See [`Callable`].
pub trait ReplyKind {
    /// The future or list of the reply.
    type Reply;

    #[doc(hidden)]
    fn call(action: Action, caller: Caller) -> Self::Reply;
}

impl Callable for Action {
    type Reply = Call;

    #[inline]
    fn call(self, Caller(handle): Caller) -> Call {
        Call::new(handle, self)
    }
}

impl Callable for Originate {
    type Reply = Originating;

    fn call(self, Caller(handle): Caller) -> Originating {
        Originating::new(handle, self)
    }
}

impl<A: TypedAction<Reply: ReplyKind>> Callable for A {
    type Reply = <A::Reply as ReplyKind>::Reply;

    #[inline]
    fn call(self, caller: Caller) -> Self::Reply {
        A::Reply::call(self.into(), caller)
    }
}

impl ReplyKind for Plain {
    type Reply = Call;

    #[inline]
    fn call(action: Action, Caller(handle): Caller) -> Call {
        Call::new(handle, action)
    }
}

impl<T: FromEvent> ReplyKind for Items<T> {
    type Reply = List<T>;

    fn call(action: Action, Caller(handle): Caller) -> List<T> {
        List::new(handle, action)
    }
}

impl ReplyKind for Output {
    type Reply = Command;

    fn call(action: Action, Caller(handle): Caller) -> Command {
        Command::of(handle, action)
    }
}

impl ReplyKind for Whole {
    type Reply = Exchange;

    fn call(action: Action, Caller(handle): Caller) -> Exchange {
        Exchange::new(handle, action)
    }
}
