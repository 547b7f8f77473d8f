//! `Originate`: the action that places a call, and its outcome.

use std::time::Duration;

use crate::wire::{Action, ActionProblem, Event};

/// The fields that have a method of their own.
const OWN: [&str; 12] = [
    "Application",
    "Async",
    "CallerID",
    "Channel",
    "ChannelId",
    "Codecs",
    "Context",
    "Data",
    "Exten",
    "Priority",
    "Timeout",
    "Variable",
];

/// A call to place: a channel, and what it is connected to once it is answered.
///
/// Pass it to [`Client::originate`](crate::Client::originate) or
/// [`Client::place`](crate::Client::place).
///
/// ```
/// use std::time::Duration;
/// use ami::Originate;
///
/// let call = Originate::to_application("Local/100@phones", "Playback", "tt-monkeys")
///     .caller_id("Alice <100>")
///     .variable("GREETING", "hello, world")
///     .timeout(Duration::from_secs(10));
/// ```
///
/// The action is always sent with `Async: true`. Without it, the server does nothing else for the
/// connection until the channel is answered, and every other call of the client has to wait. That
/// form is available as a raw [`Action`] only.
///
/// The methods do not fail. A value that cannot be sent is reported as
/// [`Error::Action`](crate::Error::Action) when the call is placed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "nothing is placed until a client is given it"]
pub struct Originate {
    action: Action,
    timeout: Option<Duration>,
    caller_id: Option<String>,
    channel_id: Option<String>,
    other_id: Option<String>,
}

impl Originate {
    /// The time that the server waits for an answer by default (`main/manager.c`,
    /// `action_originate`).
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// Calls `channel` (`technology/resource`) and runs an application on it. `data` holds the
    /// arguments of the application, separated by commas.
    pub fn to_application(channel: &str, application: &str, data: &str) -> Self {
        let mut call = Self::new(channel).set("Application", application);
        if !data.is_empty() {
            call = call.set("Data", data);
        }
        call
    }

    /// Calls `channel` and sends it to an extension of the dialplan, at a priority or a label.
    pub fn to_extension(
        channel: &str,
        context: &str,
        extension: &str,
        priority: impl ToString,
    ) -> Self {
        Self::new(channel)
            .set("Context", context)
            .set("Exten", extension)
            .set("Priority", priority.to_string())
    }

    fn new(channel: &str) -> Self {
        let action = Action::new("Originate").field("Channel", channel).field("Async", "true");
        Self { action, timeout: None, caller_id: None, channel_id: None, other_id: None }
    }

    /// Sets the time that the server waits for an answer; 30 s unless set. The server counts whole
    /// milliseconds. A value outside of 1 ms to 2,147,483,647 ms (24 days) is set to the nearer
    /// limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the caller id, as `Name <number>` or a number.
    pub fn caller_id(mut self, caller_id: &str) -> Self {
        self.caller_id = Some(caller_id.to_owned());
        self
    }

    /// Sets a channel variable, or a dialplan function such as `CHANNEL(accountcode)`.
    ///
    /// The value arrives as given: characters that the server's argument splitter would remove are
    /// quoted. The value cannot hold a line break. A name in which the server would find a second
    /// variable is [refused](crate::ActionProblem::Variable).
    pub fn variable(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        if !is_variable(name) {
            let action = self.action.refuse("Variable", ActionProblem::Variable);
            return Self { action, ..self };
        }
        let value = value.as_ref();
        let mut line = Vec::with_capacity(name.len() + 1 + value.len());
        line.extend_from_slice(name.as_bytes());
        line.push(b'=');
        for &byte in value {
            // The splitter in `app.c` interprets and removes these characters.
            if br#"\",()[]"#.contains(&byte) {
                line.push(b'\\');
            }
            line.push(byte);
        }
        self.set("Variable", line)
    }

    /// Sets the codecs that the channel may use, in order of preference, such as `alaw`, `ulaw` or
    /// `g722`. Unless set, the server chooses signed linear.
    pub fn codecs<'a>(self, codecs: impl IntoIterator<Item = &'a str>) -> Self {
        let codecs: Vec<_> = codecs.into_iter().collect();
        self.set("Codecs", codecs.join(","))
    }

    /// Sets the unique id of the channel; the server generates one unless set.
    ///
    /// With a known id the events of the channel can be recognised from the first one on, and the
    /// channel can be hung up while it rings (`Hangup` with this id as `Channel`). The other half
    /// of a `Local` channel has `;2` appended.
    pub fn channel_id(mut self, id: &str) -> Self {
        self.channel_id = Some(id.to_owned());
        self
    }

    /// Sets any other field of the action, such as `Account`, `EarlyMedia`, `OtherChannelId` or
    /// `PreDialGoSub`.
    ///
    /// The server takes the first of several fields with the same name. Fields that have a method
    /// of their own [are refused](crate::ActionProblem::Reserved).
    pub fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let own = OWN.iter().any(|own| name.eq_ignore_ascii_case(own));
        if own {
            let action = self.action.refuse(name, ActionProblem::Reserved);
            return Self { action, ..self };
        }
        let other = name.eq_ignore_ascii_case("OtherChannelId");
        let id = other.then(|| String::from_utf8_lossy(value.as_ref()).into_owned());
        let other_id = self.other_id.clone().or(id);
        Self { other_id, ..self.set(name, value) }
    }

    /// Returns the unique ids of the channel and of its other half, as far as they are set.
    pub(crate) fn ids(&self) -> (Option<&str>, Option<&str>) {
        (self.channel_id.as_deref(), self.other_id.as_deref())
    }

    fn set(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self { action: self.action.field(name, value), ..self }
    }

    pub(crate) fn into_action(self) -> (Action, Duration) {
        // The server reads an `int`, and replaces 0 by its default.
        let limits =
            [Duration::from_millis(1), Duration::from_millis(i32::MAX.unsigned_abs().into())];
        let timeout = self.timeout.map(|timeout| timeout.clamp(limits[0], limits[1]));
        let millis = timeout.map(|timeout| timeout.as_millis().to_string());
        let action = millis.iter().fold(self.action, |action, ms| action.field("Timeout", ms));
        let action = self.caller_id.iter().fold(action, |action, id| action.field("CallerID", id));
        let action =
            self.channel_id.iter().fold(action, |action, id| action.field("ChannelId", id));
        (action, timeout.unwrap_or(Self::TIMEOUT))
    }
}

/// Checks that the server reads a text as the name of one variable. The server splits at commas
/// outside of brackets, and at the first `=` (`main/manager.c`, `man_do_variable_value`).
fn is_variable(name: &str) -> bool {
    let mut open = Vec::new();
    for char in name.chars() {
        let fits = match char {
            '=' | '"' | '\\' => false,
            ',' => !open.is_empty(),
            '(' | '[' => {
                open.push(char);
                true
            }
            ')' => open.pop() == Some('('),
            ']' => open.pop() == Some('['),
            _ => true,
        };
        if !fits {
            return false;
        }
    }
    !name.trim().is_empty() && open.is_empty()
}

/// An answered call. See [`Client::originate`](crate::Client::originate).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Originated {
    event: Event,
    unique_id: String,
    channel: String,
}

impl Originated {
    pub(crate) fn new(event: Event) -> Self {
        let text = |name| event.text(name).unwrap_or_default().into_owned();
        Self { unique_id: text("Uniqueid"), channel: text("Channel"), event }
    }

    /// Returns the unique id of the answered channel.
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }

    /// Returns the name of the answered channel, with U+FFFD in place of bytes that are not UTF-8.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns the `OriginateResponse` event with all its fields.
    pub fn event(&self) -> &Event {
        &self.event
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    #[test]
    fn what_has_a_method_is_sent_once() {
        let call = Originate::to_application("Local/s@x", "Echo", "");
        for name in ["timeout", "Async", "CALLERID", "Priority", "codecs", "Variable"] {
            assert!(call.clone().with(name, "1").into_action().0.check().is_err(), "{name}");
        }
        let call = call.timeout(Duration::from_secs(60)).timeout(Duration::from_secs(5));
        let (action, timeout) = call.caller_id("1").caller_id("2").into_action();
        assert_eq!(timeout, Duration::from_secs(5));
        let shown = format!("{action:?}");
        assert!(shown.ends_with(r#"Timeout: "5000", CallerID: "2")"#), "{shown}");
        for (timeout, sent) in [(Duration::MAX, "2147483647"), (Duration::ZERO, "1")] {
            let call = Originate::to_application("Local/s@x", "Echo", "").timeout(timeout);
            let shown = format!("{:?}", call.into_action().0);
            assert!(shown.ends_with(&format!(r#"Timeout: "{sent}")"#)), "{shown}");
        }
    }

    #[test]
    fn a_name_that_sets_two_variables_is_refused() {
        for (name, fits) in [
            ("A", true),
            ("__A", true),
            ("CDR(userfield)", true),
            ("HASH(a,b[1])", true),
            ("", false),
            (" ", false),
            ("A=1,CDR(x)", false),
            ("A,B", false),
            ("HASH(a,b", false),
            ("a)b,c(d", false),
            ("A\\", false),
            ("\"A", false),
        ] {
            let call = Originate::to_application("Local/s@x", "Echo", "").variable(name, "y");
            assert_eq!(call.into_action().0.check().is_ok(), fits, "{name}");
        }
    }

    #[test]
    fn variables_are_quoted_for_the_argument_splitter() {
        let (action, _) = Originate::to_extension("Local/s@x", "default", "s", 1)
            .variable("K", r#"a,b"c\d(e)[f]"#)
            .into_action();
        let mut out = BytesMut::new();
        action.encode(None, &mut out).unwrap();
        let text = String::from_utf8(out.to_vec()).unwrap();
        assert!(text.contains("\r\nVariable: K=a\\,b\\\"c\\\\d\\(e\\)\\[f\\]\r\n"), "{text}");
    }
}
