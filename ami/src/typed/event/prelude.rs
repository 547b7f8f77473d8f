//! The fields that the server writes before those of every event (`main/manager.c`,
//! `__manager_event_sessions_va`).

use std::borrow::Cow;
use std::time::SystemTime;

use crate::typed::field::{Field, FieldError};
use crate::wire::{Event, EventClass};

/// The fields that any event can begin with.
impl Event {
    /// Returns the classes of the event, from the field `Privilege`, in the order of
    /// [`EventClass::ALL`]. A user has to have all of them in `read` to receive it.
    ///
    /// Words that are not names of classes are left out, such as the `all` at the end of the field.
    /// Events of lists have none, except for some, such as those of `Status`.
    pub fn classes(&self) -> impl Iterator<Item = EventClass> {
        let words = self.get("Privilege").unwrap_or_default();
        EventClass::ALL.iter().copied().filter(move |class| {
            let mut words = words.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
            words.any(|word| word.eq_ignore_ascii_case(class.name().as_bytes()))
        })
    }

    /// Returns the time at which the event was raised, from the field `Timestamp`, to the
    /// microsecond. `None` if there is none: the server writes it if `timestampevents` is set in
    /// `manager.conf`, and never in lists.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not parse.
    pub fn timestamp(&self) -> Result<Option<SystemTime>, FieldError> {
        Field::new(self, "", "Timestamp").epoch()
    }

    /// Returns the name of the server that raised the event, from the field `SystemName`. `None` if
    /// there is none: the server writes it if `systemname` is set in `asterisk.conf`, and never in
    /// lists.
    pub fn system_name(&self) -> Option<Cow<'_, str>> {
        Field::new(self, "", "SystemName").text()
    }

    /// Returns the number of the event, from the field `SequenceNumber`. `None` if there is none:
    /// the server counts its events and writes the number while `debug` is on in `manager.conf`.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not parse.
    pub fn sequence_number(&self) -> Result<Option<u64>, FieldError> {
        Field::new(self, "", "SequenceNumber").number()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_beginning_of_an_event_is_read() {
        let event = Event::parse(
            "Event: VoicemailPasswordChange\nPrivilege: user, System,new,all\n\
             Timestamp: 1700000000.000250\nSequenceNumber: 7\nFile: x.c\nLine: 1\nFunc: f\n\
             SystemName: pbx\nMailbox: 1",
        )
        .unwrap();
        let classes: Vec<_> = event.classes().collect();
        assert_eq!(classes, [EventClass::System, EventClass::User]);
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 250_000);
        assert_eq!(event.timestamp(), Ok(Some(time)));
        assert_eq!(event.sequence_number(), Ok(Some(7)));
        assert_eq!(event.system_name().unwrap(), "pbx");
    }

    #[test]
    fn the_beginning_may_be_short_or_odd() {
        let event = Event::parse("Event: X").unwrap();
        assert_eq!((event.classes().count(), event.system_name()), (0, None));
        assert_eq!((event.timestamp(), event.sequence_number()), (Ok(None), Ok(None)));
        let odd = "Event: X\nPrivilege: <none>\nTimestamp: now\nSequenceNumber: -1";
        let event = Event::parse(odd).unwrap();
        assert_eq!(event.classes().count(), 0);
        assert_eq!(event.timestamp().unwrap_err().value(), b"now");
        assert_eq!(event.sequence_number().unwrap_err().field(), "SequenceNumber");
        let list = Event::parse("Event: Status\nPrivilege: Call").unwrap();
        assert_eq!(list.classes().collect::<Vec<_>>(), [EventClass::Call]);
    }
}
