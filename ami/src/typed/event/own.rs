//! The methods that `UserEvent`, `VarSet` and `Status` have beside those of their fields.

use super::generated::{Status, UserEvent, VarSet};
use crate::typed::event::TypedEvent;
use crate::wire::Variable;

/// The user's own fields.
impl UserEvent {
    /// Returns the fields that the user gave, as (name, value), in order and as sent: those after
    /// the name of the event. An ActionID, which the server repeats from an action `UserEvent`, is
    /// left out.
    ///
    /// From the dialplan, a repeated name arrives once, with its last value.
    ///
    /// ```
    /// use ami::Event;
    /// use ami::event::UserEvent;
    ///
    /// let text = "Event: UserEvent\nChannel: X/1\nUserEvent: Order\nChannel: web\nId: 7";
    /// let event = Event::parse(text)?;
    /// let order = event.view::<UserEvent>().ok_or("another event")?;
    /// assert_eq!(order.fields().next(), Some((&b"Channel"[..], &b"web"[..])));
    /// assert_eq!(order.own("id"), Some(&b"7"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let is = |name: &[u8], other: &[u8]| name.trim_ascii().eq_ignore_ascii_case(other);
        let fields = self.raw().fields().skip_while(move |(name, _)| !is(name, b"UserEvent"));
        fields.skip(1).filter(move |(name, _)| !is(name, b"ActionID"))
    }

    /// Returns the value of the first of the user's own fields of that name, as sent. Names are
    /// compared without regard to ASCII case and to blanks around them. `None` if the name stands
    /// in the channel's snapshot alone.
    pub fn own(&self, name: &str) -> Option<&[u8]> {
        let name = name.trim().as_bytes();
        let mut fields = self.fields();
        fields.find(|(own, _)| own.trim_ascii().eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl VarSet {
    /// Returns `true` if the variable is a global one, which belongs to no channel: the server
    /// writes `none` for the channel.
    pub fn is_global(&self) -> bool {
        self.raw().get("Channel").is_none_or(|channel| channel == b"none")
    }
}

impl Status {
    /// Returns the channel variables that the action asked for by `Variables`, in order. A variable
    /// that is not set has the value `(null)`.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        self.raw().get_all("Variable").filter_map(|value| {
            let at = value.iter().position(|&byte| byte == b'=')?;
            let (name, value) = (&value[..at], &value[at + 1..]);
            Some(Variable { of: b"", name, value, escaped: false })
        })
    }
}
