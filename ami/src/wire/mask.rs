//! Classes of events, and masks of classes, as the server reads them (`main/manager.c`: `perms`,
//! `strings_to_mask`, `get_perm`, `ast_instring`).

use std::fmt;
use std::str::FromStr;

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident $name:literal,)*) => {
        /// A class of events and actions, as listed in a user's `read` and `write` in
        /// `manager.conf` and in an event mask.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum EventClass {
            $($(#[$doc])* $class,)*
        }

        impl EventClass {
            /// All classes, in the server's order.
            pub const ALL: &[Self] = &[$(Self::$class),*];

            /// Returns the name of the class in `manager.conf`.
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
    /// CLI commands. The server sends no events of this class.
    Command "command",
    /// Queues and agents.
    Agent "agent",
    /// `UserEvent`, from the dialplan or an action.
    User "user",
    /// Configuration files. The server sends no events of this class.
    Config "config",
    /// DTMF.
    Dtmf "dtmf",
    /// RTCP, and reports of the server about itself.
    Reporting "reporting",
    /// Call detail records.
    Cdr "cdr",
    /// `Newexten` (from Asterisk 16 on) and `VarSet`.
    Dialplan "dialplan",
    /// Originating. The server sends no events of this class.
    Originate "originate",
    /// AGI, including AsyncAGI.
    Agi "agi",
    /// Call completion.
    Cc "cc",
    /// Advice of charge.
    Aoc "aoc",
    /// `TestEvent` of servers that are built for tests.
    Test "test",
    /// Logins and refusals.
    Security "security",
    /// Messages outside of calls.
    Message "message",
}

impl fmt::Display for EventClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The classes of events that a server sends to a connection.
///
/// The text form is a list of names separated by commas, or `on` for all events and `off` for none.
/// Parsing ignores case and blanks around names, accepts `all` for `on` and `none` for `off`, and
/// refuses unknown names. The server itself silently drops a name that it does not know or that has
/// a blank before it.
///
/// ```
/// use ami::{EventClass, EventMask};
///
/// let calls = EventMask::of([EventClass::Call, EventClass::User]);
/// assert_eq!("user, call".parse(), Ok(calls.clone()));
/// assert_eq!(calls.to_string(), "call,user");
/// assert_eq!("call,usr".parse::<EventMask>().unwrap_err().unknown, ["usr"]);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EventMask {
    all: bool,
    /// One bit for each class.
    classes: u32,
}

impl EventMask {
    /// Returns the mask of all events, including those of classes that this crate does not know.
    pub const fn all() -> Self {
        Self { all: true, classes: 0 }
    }

    /// Returns the mask of no events. Calls that wait for an event, such as `originate`, are
    /// refused under this mask.
    pub const fn none() -> Self {
        Self { all: false, classes: 0 }
    }

    /// Returns the mask of the given classes.
    pub fn of(classes: impl IntoIterator<Item = EventClass>) -> Self {
        let classes = classes.into_iter().fold(0, |mask, class| mask | bit(class));
        Self { all: false, classes }
    }

    /// Returns `true` if the mask includes a class.
    pub fn admits(&self, class: EventClass) -> bool {
        self.all || self.classes & bit(class) != 0
    }

    /// Returns `true` if the mask includes no class.
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

/// Writes the mask as the server reads it, such as `call,user`, `on` or `off`.
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

/// The error of a text that is not an event mask.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "no such class of events: {}; expected `on`, `off`, or names with commas between, of {}",
    .unknown.join(", "),
    EventClass::ALL.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ")
)]
#[non_exhaustive]
pub struct EventMaskError {
    /// The words that are not names of classes.
    pub unknown: Vec<String>,
}

/// Returns `true` if a list of classes, as the server shows a user's `read`, includes a class.
/// Every word but the last stands for all classes that begin with it.
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
