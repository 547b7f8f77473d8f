//! Waits for calls and channels, which come once and have an end.

use std::fmt;
use std::sync::Arc;

use ami::Cause;
use tokio::sync::watch;

use super::entity::TableOf;
use super::{Live, WaitError};
use crate::shared::{ChannelEnd, Tracked};
use crate::state::{Call, Channel, State, Unknown};
use crate::text::Id;

/// One call, from the moment at which the handle was made until its end.
///
/// The handle learns of the end of the call whenever it comes, also while nobody waits. If the call
/// becomes a part of another one, the handle goes on with that one.
///
/// ```no_run
/// # async fn example(live: live::Live, id: live::Id) -> Result<(), live::WaitError> {
/// let call = live.call(id).ended().await?;
/// println!("{:?}", call.ended);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CallHandle {
    watched: Watched<Arc<Call>>,
}

/// One channel, from the moment at which the handle was made until its end.
///
/// The handle learns of the end of the channel whenever it comes, also while nobody waits.
#[derive(Clone)]
pub struct ChannelHandle {
    watched: Watched<ChannelEnd>,
}

/// A call or a channel that is watched.
struct Watched<T> {
    live: Live,
    /// `None` only while the handle is dropped.
    tracked: Option<watch::Receiver<Tracked<T>>>,
    id: Id,
}

/// The knowledge of a call or a channel at one moment.
enum Look<T, U> {
    Up(T),
    Ended(U),
    None(Id),
    Unknown(Unknown),
}

impl Live {
    /// Returns a handle to the call of that `Linkedid`.
    pub fn call(&self, id: impl Into<Id>) -> CallHandle {
        let id = id.into();
        let tracked = Some(self.shared.track_call(&id));
        CallHandle { watched: Watched { live: self.clone(), tracked, id } }
    }

    /// Returns a handle to the channel of that `Uniqueid`.
    pub fn channel(&self, id: impl Into<Id>) -> ChannelHandle {
        let id = id.into();
        let tracked = Some(self.shared.track_channel(&id));
        ChannelHandle { watched: Watched { live: self.clone(), tracked, id } }
    }
}

impl CallHandle {
    /// Returns the identifier: that of the call that this one has become a part of, if any.
    pub fn id(&self) -> Id {
        self.watched.id()
    }

    /// Returns the call as it is now, or as it ended. `None` if there is no such call.
    ///
    /// # Errors
    ///
    /// Returns an error if calls are not known.
    pub fn get(&self) -> Result<Option<Arc<Call>>, Unknown> {
        match self.look() {
            Look::Ended(call) | Look::Up(call) => Ok(Some(call)),
            Look::None(_) => Ok(None),
            Look::Unknown(unknown) => Err(unknown),
        }
    }

    /// Waits until the call meets a condition, and returns it.
    ///
    /// The condition sees the latest state of the call, not each one in between, and at last the
    /// call as it ended. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::CallEnded`] with the call if it ends without having met the condition,
    /// and an error if there is no such call, if calls are not known, or if the state is no longer
    /// kept.
    pub async fn until(
        &self,
        mut condition: impl FnMut(&Call) -> bool,
    ) -> Result<Arc<Call>, WaitError> {
        let found = self.watched.live.look(|| match self.look() {
            Look::Up(call) => condition(&call).then_some(Ok(call)),
            Look::Ended(call) if condition(&call) => Some(Ok(call)),
            Look::Ended(call) => Some(Err(WaitError::CallEnded(call))),
            Look::None(id) => Some(Err(WaitError::NoSuchCall(id))),
            Look::Unknown(Unknown::Loading(_)) => None,
            Look::Unknown(unknown) => Some(Err(unknown.into())),
        });
        found.await?
    }

    /// Waits until a party that was called has answered ([`Call::answered`]), and returns the call.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`until`](Self::until).
    pub async fn answered(&self) -> Result<Arc<Call>, WaitError> {
        self.until(|call| call.answered.is_some()).await
    }

    /// Waits until the call has ended, and returns it as it ended.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such call, if calls are not known, or if the state is no
    /// longer kept.
    pub async fn ended(&self) -> Result<Arc<Call>, WaitError> {
        self.watched.ended(|| self.look(), WaitError::NoSuchCall).await
    }

    fn look(&self) -> Look<Arc<Call>, Arc<Call>> {
        self.watched.look(State::calls)
    }
}

impl ChannelHandle {
    /// Returns the identifier.
    pub fn id(&self) -> Id {
        self.watched.id()
    }

    /// Returns the channel as it is now, or as it ended. `None` if there is no such channel.
    ///
    /// # Errors
    ///
    /// Returns an error if channels are not known.
    pub fn get(&self) -> Result<Option<Arc<Channel>>, Unknown> {
        match self.look() {
            Look::Ended((channel, _)) | Look::Up(channel) => Ok(Some(channel)),
            Look::None(_) => Ok(None),
            Look::Unknown(unknown) => Err(unknown),
        }
    }

    /// Waits until the channel meets a condition, and returns it.
    ///
    /// The condition sees the latest state of the channel, not each one in between, and at last the
    /// channel as it ended. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::ChannelEnded`] with the channel if it ends without having met the
    /// condition, and an error if there is no such channel, if channels are not known, or if the
    /// state is no longer kept.
    pub async fn until(
        &self,
        mut condition: impl FnMut(&Channel) -> bool,
    ) -> Result<Arc<Channel>, WaitError> {
        let found = self.watched.live.look(|| match self.look() {
            Look::Up(channel) => condition(&channel).then_some(Ok(channel)),
            Look::Ended((channel, _)) if condition(&channel) => Some(Ok(channel)),
            Look::Ended((channel, _)) => Some(Err(WaitError::ChannelEnded(channel))),
            Look::None(id) => Some(Err(WaitError::NoSuchChannel(id))),
            Look::Unknown(Unknown::Loading(_)) => None,
            Look::Unknown(unknown) => Some(Err(unknown.into())),
        });
        found.await?
    }

    /// Waits until the channel has ended. Returns it as it ended, and the cause, which is `None` if
    /// nobody saw the end.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such channel, if channels are not known, or if the state is
    /// no longer kept.
    pub async fn ended(&self) -> Result<(Arc<Channel>, Option<Cause>), WaitError> {
        self.watched.ended(|| self.look(), WaitError::NoSuchChannel).await
    }

    fn look(&self) -> Look<Arc<Channel>, ChannelEnd> {
        self.watched.look(State::channels)
    }
}

impl<E: Clone> Watched<E> {
    fn id(&self) -> Id {
        let tracked = self.tracked.as_ref();
        tracked.map_or_else(|| Id::clone(&self.id), |tracked| Id::clone(&tracked.borrow().id))
    }

    fn look<T>(&self, table: TableOf<T>) -> Look<Arc<T>, E> {
        // What is tracked changes under the same lock as the state.
        self.live.shared.with(|state| {
            let (id, end) = match &self.tracked {
                Some(tracked) => {
                    let tracked = tracked.borrow();
                    (Id::clone(&tracked.id), tracked.end.clone())
                }
                None => (Id::clone(&self.id), None),
            };
            match (end, table(state)) {
                (Some(end), _) => Look::Ended(end),
                (None, Err(unknown)) => Look::Unknown(unknown),
                (None, Ok(entities)) => entities.get(&id).cloned().map_or(Look::None(id), Look::Up),
            }
        })
    }

    /// Waits for the end, without a look at each change of the state.
    async fn ended<T>(
        &self,
        look: impl Fn() -> Look<T, E>,
        none: fn(Id) -> WaitError,
    ) -> Result<E, WaitError> {
        let mut tracked = self.tracked.clone();
        let mut knowledge = self.live.shared.knowledge();
        loop {
            knowledge.borrow_and_update();
            if let Some(tracked) = &mut tracked {
                tracked.borrow_and_update();
            }
            let stopped = self.live.shared.ended();
            match look() {
                Look::Ended(end) => return Ok(end),
                Look::None(id) => return Err(none(id)),
                Look::Up(_) | Look::Unknown(Unknown::Loading(_)) => {}
                Look::Unknown(unknown) => return Err(unknown.into()),
            }
            if let Some(stopped) = stopped {
                return Err(stopped.into());
            }
            tokio::select! {
                _ = knowledge.changed() => {}
                () = changed(&mut tracked) => {}
            }
        }
    }
}

/// Waits for a change of what is tracked; for ever if none can come.
async fn changed<T>(tracked: &mut Option<watch::Receiver<T>>) {
    if let Some(receiver) = tracked
        && receiver.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

impl<E> Clone for Watched<E> {
    fn clone(&self) -> Self {
        Self { live: self.live.clone(), tracked: self.tracked.clone(), id: Id::clone(&self.id) }
    }
}

impl<E> Drop for Watched<E> {
    fn drop(&mut self) {
        // The receiver goes first, so that it is seen to be gone.
        if let Some(tracked) = self.tracked.take() {
            let id = Id::clone(&tracked.borrow().id);
            drop(tracked);
            self.live.shared.untrack(&id);
        }
    }
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallHandle").field(&self.id()).finish()
    }
}

impl fmt::Debug for ChannelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChannelHandle").field(&self.id()).finish()
    }
}
