//! Classes of events, and masks of them, as the server reads them (`main/manager.c`: `perms`,
//! `strings_to_mask`, `get_perm`, `ast_instring`).

use std::fmt;
use std::str::FromStr;

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident $name:literal,)*) => {
        /// A class of events and actions: what a user's `read` and `write` in `manager.conf` list,
        /// and an event mask.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum EventClass {
            $($(#[$doc])* $class,)*
        }

        impl EventClass {
            /// All of them, in the server's order.
            pub const ALL: &[Self] = &[$(Self::$class),*];

            /// The name in `manager.conf`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$class => $name,)*
                }
            }
        }
    };
}

classes! {
    /// The server itself: boot, shutdown, modules, registrations, peers.
    System "system",
    /// Channels, bridges and calls.
    Call "call",
    /// Log messages.
    Log "log",
    /// Verbose messages.
    Verbose "verbose",
    /// CLI commands; there are no events of this class.
    Command "command",
    /// Queues and agents.
    Agent "agent",
    /// `UserEvent`.
    User "user",
    /// Configuration files; there are no events of this class.
    Config "config",
    /// DTMF.
    Dtmf "dtmf",
    /// RTCP, and what the server tells of itself.
    Reporting "reporting",
    /// Call detail records.
    Cdr "cdr",
    /// `Newexten` (from Asterisk 16 on) and `VarSet`.
    Dialplan "dialplan",
    /// Originating; there are no events of this class.
    Originate "originate",
    /// AGI.
    Agi "agi",
    /// Call completion.
    Cc "cc",
    /// Advice of charge.
    Aoc "aoc",
    /// `TestEvent` of servers that are built for tests.
    Test "test",
    /// Logins and refusals.
    Security "security",
    /// Messages that are no calls.
    Message "message",
}

impl fmt::Display for EventClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The classes of events that a server sends to a connection.
///
/// ```
/// use ami::{EventClass, EventMask};
///
/// let calls = EventMask::of([EventClass::Call, EventClass::User]);
/// assert_eq!("user, call".parse(), Ok(calls.clone()));
/// assert_eq!(calls.to_string(), "call,user");
/// assert_eq!("call,usr".parse::<EventMask>().unwrap_err().unknown, ["usr"]);
/// ```
///
/// As text it is names with commas between, or `on` for all events and `off` for none. The server
/// itself drops a name with a blank before it, or one that it does not know, without a word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventMask {
    all: bool,
    /// One bit for each class.
    classes: u32,
}

impl EventMask {
    /// All events, also those of classes that are not known here.
    pub const fn all() -> Self {
        Self { all: true, classes: 0 }
    }

    /// No events. Calls that wait for one, as `originate` does, are refused then.
    pub const fn none() -> Self {
        Self { all: false, classes: 0 }
    }

    /// Events of these classes.
    pub fn of(classes: impl IntoIterator<Item = EventClass>) -> Self {
        let classes = classes.into_iter().fold(0, |mask, class| mask | bit(class));
        Self { all: false, classes }
    }

    /// Whether events of a class are among them.
    pub fn admits(&self, class: EventClass) -> bool {
        self.all || self.classes & bit(class) != 0
    }

    /// Whether it is for no events at all.
    pub fn is_none(&self) -> bool {
        !self.all && self.classes == 0
    }
}

const fn bit(class: EventClass) -> u32 {
    1 << class as u32
}

impl From<EventClass> for EventMask {
    fn from(class: EventClass) -> Self {
        Self::of([class])
    }
}

/// Writes the mask as the server reads it.
impl fmt::Display for EventMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.all {
            return f.write_str("on");
        }
        if self.is_none() {
            return f.write_str("off");
        }
        let classes = EventClass::ALL.iter().filter(|class| self.admits(**class));
        for (at, class) in classes.enumerate() {
            write!(f, "{}{class}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for EventMask {
    type Err = EventMaskError;

    fn from_str(text: &str) -> Result<Self, EventMaskError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" | "all" => return Ok(Self::all()),
            "off" | "none" => return Ok(Self::none()),
            _ => {}
        }
        let (mut mask, mut unknown) = (Self::none(), Vec::new());
        for word in text.split(',').map(str::trim) {
            let known = |class: &&EventClass| class.name().eq_ignore_ascii_case(word);
            match EventClass::ALL.iter().find(known) {
                Some(class) => mask.classes |= bit(*class),
                None if word.eq_ignore_ascii_case("all") => mask.all = true,
                None => unknown.push(word.to_owned()),
            }
        }
        if !unknown.is_empty() {
            return Err(EventMaskError { unknown });
        }
        Ok(if mask.all { Self::all() } else { mask })
    }
}

/// Why a text is no event mask.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "no such class of events: {}; expected `on`, `off`, or names with commas between, of {}",
    .unknown.join(", "),
    EventClass::ALL.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ")
)]
#[non_exhaustive]
pub struct EventMaskError {
    /// The words that name no class.
    pub unknown: Vec<String>,
}

/// Whether a list of classes, as the server shows it of a user's `read`, has one. Every word but
/// the last stands for all classes that begin with it.
pub(crate) fn allows(list: &str, class: EventClass) -> bool {
    [class.name(), "all"].iter().any(|name| {
        let mut words = list.split(',');
        let last = words.next_back();
        words.any(|word| name.starts_with(word)) || last == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read_with_blanks_and_in_any_case_and_written_as_the_server_reads_them() {
        for (text, written, system, call) in [
            ("on", "on", true, true),
            ("All", "on", true, true),
            ("off", "off", false, false),
            ("call,user", "call,user", false, true),
            ("user, Call ", "call,user", false, true),
            ("user,all", "on", true, true),
            ("system", "system", true, false),
        ] {
            let mask: EventMask = text.parse().unwrap();
            assert_eq!(mask.to_string(), written, "{text}");
            assert_eq!(mask == EventMask::all(), written == "on", "{text}");
            let admits = (mask.admits(EventClass::System), mask.admits(EventClass::Call));
            assert_eq!(admits, (system, call), "{text}");
        }
        for (text, unknown) in [("", vec![""]), ("call,usr,x", vec!["usr", "x"]), ("1", vec!["1"])]
        {
            assert_eq!(text.parse::<EventMask>().unwrap_err().unknown, unknown, "{text}");
        }
    }

    #[test]
    fn the_rights_of_a_user_are_read_as_the_server_shows_them() {
        for (list, call) in [
            ("all", true),
            ("system,call,user", true),
            ("user,call", true),
            ("user,system", false),
            ("c,x", true),
            ("x,c", false),
            ("<none>", false),
        ] {
            assert_eq!(allows(list, EventClass::Call), call, "{list}");
        }
    }
}
