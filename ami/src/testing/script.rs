//! The script of a peer: the answers that it gives by itself.

use std::collections::HashMap;
use std::fmt;

use md5::{Digest, Md5};

use super::reply::Reply;
use crate::typed::action;
use crate::wire::{Action, EventClass, EventMask};

/// The challenge of every peer.
pub(super) const CHALLENGE: &str = "840415273";

type Answer = Box<dyn FnMut(&Action) -> Reply + Send>;

/// A script for a peer: its banner, the logins that it accepts, and a reply for each name of an
/// action.
///
/// The default is [`Script::new`].
///
/// ```
/// use ami::testing::{Reply, Script};
///
/// let mut calls = 0;
/// let script = Script::new()
///     .user("monitor", "secret")
///     .answer("QueueStatus", Reply::list(["Event: QueueParams\nQueue: sales\nCalls: 3"]))
///     .answer("Hangup", Reply::error("No such channel"))
///     .command("core show uptime", "System uptime: 2 weeks")
///     .answer_with("Getvar", move |action| {
///         calls += 1;
///         let name = action.text("Variable").unwrap_or_default().into_owned();
///         Reply::success().field("Variable", name).field("Value", calls.to_string())
///     });
/// ```
pub struct Script {
    pub(super) banner: String,
    user: Option<(String, String)>,
    refusal: Option<String>,
    booted: bool,
    basics: bool,
    /// The classes of the user.
    read: EventMask,
    write: EventMask,
    /// The answers, by the name of the action in lower case.
    answers: HashMap<String, Answer>,
    /// The output of commands.
    commands: HashMap<String, String>,
    otherwise: Option<Answer>,
}

impl Script {
    /// Creates the script of a server that has booted and accepts every login. It answers the
    /// actions that a client sends on its own: `Ping`, `Logoff`, `Events`, `Filter`,
    /// `CoreSettings`, `ListCommands` and the command that shows the permissions of a user (all,
    /// unless [`read`](Self::read) and [`write`](Self::write) say otherwise), and the command that
    /// waits until the server has booted.
    pub fn new() -> Self {
        Self { basics: true, ..Self::empty() }
    }

    /// Creates the script of a server that has booted, accepts every login, and answers no other
    /// action.
    pub fn empty() -> Self {
        Self {
            banner: "Asterisk Call Manager/11.0.0".to_owned(),
            user: None,
            refusal: None,
            booted: true,
            basics: false,
            read: EventMask::all(),
            write: EventMask::all(),
            answers: HashMap::new(),
            commands: HashMap::new(),
            otherwise: None,
        }
    }

    /// Sets the banner. For a protocol version of 2 or less, such as `Asterisk Call Manager/1.3`, a
    /// client assumes a server before Asterisk 14.
    #[must_use]
    pub fn banner(mut self, line: &str) -> Self {
        line.clone_into(&mut self.banner);
        self
    }

    /// Accepts only this user, by challenge or by plain secret.
    #[must_use]
    pub fn user(mut self, name: &str, secret: &str) -> Self {
        self.user = Some((name.to_owned(), secret.to_owned()));
        self
    }

    /// Refuses every login with this message. `Authentication failed` is final for a client; it
    /// retries after `Asterisk is shutting down`.
    #[must_use]
    pub fn refuse_login(mut self, message: &str) -> Self {
        self.refusal = Some(message.to_owned());
        self
    }

    /// Leaves out the event `FullyBooted` after the login, as a server does while it boots. The
    /// calls of a client that has reconnected wait for that event. Without this setting the server
    /// reports that it has been up for a day, so that no gap looks like a restart.
    #[must_use]
    pub fn booting(mut self) -> Self {
        self.booted = false;
        self
    }

    /// Sets the classes that the user may read; all by default. The client learns them from the
    /// command `manager show user`. The peer still sends all events that a test sends.
    #[must_use]
    pub fn read(mut self, classes: impl Into<EventMask>) -> Self {
        self.read = classes.into();
        self
    }

    /// Sets the write classes of the user; all by default. The client learns them from
    /// `ListCommands`, and does not send actions that the user may not send.
    #[must_use]
    pub fn write(mut self, classes: impl Into<EventMask>) -> Self {
        self.write = classes.into();
        self
    }

    /// Answers every action of that name with this reply. Names are compared without regard to
    /// ASCII case.
    #[must_use]
    pub fn answer(self, name: &str, reply: impl Into<Reply>) -> Self {
        let reply = reply.into();
        self.answer_with(name, move |_| reply.clone())
    }

    /// Answers actions of that name with the result of the closure, which receives the whole action
    /// and can keep state. A panic in the closure reaches the test at the call that serves the
    /// peer.
    #[must_use]
    pub fn answer_with<R: Into<Reply>>(
        mut self,
        name: &str,
        mut reply: impl FnMut(&Action) -> R + Send + 'static,
    ) -> Self {
        let answer: Answer = Box::new(move |action| reply(action).into());
        self.answers.insert(name.to_ascii_lowercase(), answer);
        self
    }

    /// Answers actions that nothing else in the script answers, with the result of the closure.
    #[must_use]
    pub fn otherwise<R: Into<Reply>>(
        mut self,
        mut reply: impl FnMut(&Action) -> R + Send + 'static,
    ) -> Self {
        self.otherwise = Some(Box::new(move |action| reply(action).into()));
        self
    }

    /// Sets the output of a CLI command.
    #[must_use]
    pub fn command(mut self, command: &str, output: &str) -> Self {
        self.commands.insert(command.to_owned(), output.to_owned());
        self
    }

    /// Returns the script's reply to an action, if it has one.
    pub(super) fn reply(&mut self, action: &Action) -> Option<Reply> {
        if let Some(answer) = self.answers.get_mut(&action.name().to_ascii_lowercase()) {
            return Some(answer(action));
        }
        let printed = action.text("Command").filter(|_| action.is("Command"));
        let printed = printed.and_then(|command| self.commands.get(&*command));
        if let Some(output) = printed {
            return Some(Reply::output(output));
        }
        let basic = if self.basics { self.basic(action) } else { None };
        basic.or_else(|| self.otherwise.as_mut().map(|answer| answer(action)))
    }

    /// Returns the answer to an action that a client sends on its own.
    fn basic(&self, action: &Action) -> Option<Reply> {
        if action.is("ListCommands") {
            return Some(list_commands(&self.write));
        }
        let command = action.text("Command").filter(|_| action.is("Command"));
        if command.is_some_and(|command| command.starts_with("manager show user ")) {
            let [read, write] = [&self.read, &self.write].map(permissions);
            let output = format!("       read perm: {read}\n      write perm: {write}");
            return Some(Reply::output(&output));
        }
        basic(action)
    }

    /// Checks whether the script accepts a login.
    ///
    /// # Errors
    ///
    /// Returns the message to refuse the login with.
    pub(super) fn admits(&self, login: &Action) -> Result<(), String> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let Some((user, secret)) = &self.user else { return Ok(()) };
        let right = match login.get("Key") {
            Some(key) => key == key_of(secret).as_bytes(),
            None => login.get("Secret") == Some(secret.as_bytes()),
        };
        let right = right && login.get("Username") == Some(user.as_bytes());
        if right { Ok(()) } else { Err("Authentication failed".to_owned()) }
    }

    /// Returns `true` if the event `FullyBooted` follows this login directly. A server sends it to
    /// users who receive events of class `system`.
    pub(super) fn tells_booted(&self, login: &Action) -> bool {
        let mask = login.text("Events").and_then(|mask| mask.parse::<EventMask>().ok());
        self.booted && mask.is_none_or(|mask| mask.admits(EventClass::System))
    }

    /// Returns the reply to an accepted login.
    pub(super) fn welcome(&self, login: &Action) -> Reply {
        let reply = Reply::success().field("Message", "Authentication accepted");
        if !self.tells_booted(login) {
            return reply;
        }
        // The server has been up for a day, so a client that reconnects can tell that it was not
        // restarted.
        reply.raw(
            "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 86400\r\nLastReload: 86400\r\n\
             Status: Fully Booted\r\n\r\n",
        )
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the names of actions and commands that have an answer, without the secret.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("banner", &self.banner)
            .field("answers", &self.answers.keys())
            .finish_non_exhaustive()
    }
}

/// Returns the answer to `ListCommands`: the actions that a user with these write classes may send
/// to a server that has all modules (`main/manager.c`, `action_listcommands`).
fn list_commands(write: &EventMask) -> Reply {
    let may = |classes: &[EventClass]| {
        classes.is_empty() || classes.iter().any(|class| write.admits(*class))
    };
    let all = action::all().iter().filter(|action| may(action.classes));
    all.fold(Reply::success(), |reply, action| {
        let mut names: Vec<_> = action.classes.iter().map(|class| class.name()).collect();
        names.push(if names.is_empty() { "<none>" } else { "all" });
        reply.field(action.name, format!("An action.  (Priv: {})", names.join(",")))
    })
}

/// Returns a list of classes as a server shows it.
fn permissions(classes: &EventMask) -> String {
    match classes {
        all if *all == EventMask::all() => "all".to_owned(),
        none if none.is_none() => "<none>".to_owned(),
        some => some.to_string(),
    }
}

/// Returns the answer to an action that every client sends on its own.
fn basic(action: &Action) -> Option<Reply> {
    let success = Reply::success;
    Some(match &*action.name().to_ascii_lowercase() {
        "ping" => success().field("Ping", "Pong").field("Timestamp", "0.000000"),
        "events" => {
            let off = matches!(action.get("EventMask"), Some(b"off"));
            success().field("Events", if off { "Off" } else { "On" })
        }
        "filter" => success().field("Message", "Success"),
        "coresettings" => {
            success().field("AMIversion", "11.0.0").field("AsteriskVersion", "22.0.0")
        }
        "logoff" => {
            let goodbye = Reply::response("Goodbye");
            goodbye.field("Message", "Thanks for all the fish.").then_close()
        }
        "command" => match &*action.text("Command").unwrap_or_default() {
            "core waitfullybooted" => Reply::output("Asterisk has fully booted."),
            _ => return None,
        },
        _ => return None,
    })
}

/// Returns the answer of a server to an action that it does not know (`main/manager.c`,
/// `process_message`; `main/cli.c`).
pub(super) fn unknown(action: &Action) -> Reply {
    let (name, command) = (action.name(), action.text("Command").unwrap_or_default());
    if action.is("Command") {
        // Servers repeat more words if a command begins with these.
        let words: Vec<_> = command.split_whitespace().take(2).collect();
        let output = format!(
            "No such command '{command}' (type 'core show help {}' for other possible commands)",
            words.join(" ")
        );
        return Reply::error("Command output follows").field("Output", output);
    }
    Reply::error(&format!(
        "Invalid/unknown command: {name}. Use Action: ListCommands to show available commands."
    ))
}

/// Returns the key that answers the challenge for a secret.
fn key_of(secret: &str) -> String {
    let digest = Md5::new().chain_update(CHALLENGE).chain_update(secret).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
