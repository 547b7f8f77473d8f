//! What a peer answers by itself.

use std::collections::HashMap;
use std::fmt;

use md5::{Digest, Md5};

use super::reply::Reply;
use crate::wire::{Action, EventClass, EventMask};

/// What every peer challenges with.
pub(super) const CHALLENGE: &str = "840415273";

type Answer = Box<dyn FnMut(&Action) -> Reply + Send>;

/// What a peer answers by itself: how it greets and whom it lets in, and a reply for each name of
/// an action behind the login.
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
    /// By the name of the action, in lower case.
    answers: HashMap<String, Answer>,
    /// What the commands print.
    commands: HashMap<String, String>,
    otherwise: Option<Answer>,
}

impl Script {
    /// A server that has booted, lets everybody in, and answers what a client asks by itself:
    /// `Ping`, `Logoff`, `Events`, `Filter`, `CoreSettings`, and the commands that tell the rights
    /// of a user (all) and whether the server has booted.
    pub fn new() -> Self {
        Self { basics: true, ..Self::empty() }
    }

    /// A server that has booted, lets everybody in, and answers no other action.
    pub fn empty() -> Self {
        Self {
            banner: "Asterisk Call Manager/11.0.0".to_owned(),
            user: None,
            refusal: None,
            booted: true,
            basics: false,
            answers: HashMap::new(),
            commands: HashMap::new(),
            otherwise: None,
        }
    }

    /// Sets the line to greet with. A client takes one of version 2 or less for a server before
    /// Asterisk 14: `Asterisk Call Manager/1.3`.
    #[must_use]
    pub fn banner(mut self, line: &str) -> Self {
        line.clone_into(&mut self.banner);
        self
    }

    /// Lets in this user alone, by challenge or by plain secret.
    #[must_use]
    pub fn user(mut self, name: &str, secret: &str) -> Self {
        self.user = Some((name.to_owned(), secret.to_owned()));
        self
    }

    /// Refuses every login with these words. `Authentication failed` is final for a client; it
    /// tries again after `Asterisk is shutting down`.
    #[must_use]
    pub fn refuse_login(mut self, message: &str) -> Self {
        self.refusal = Some(message.to_owned());
        self
    }

    /// Leaves out the event `FullyBooted` behind the login, as a server does that still boots.
    /// Calls of a client that has connected again wait for it. Without this the server has been up
    /// for a day, so that no gap looks like a restart.
    #[must_use]
    pub fn booting(mut self) -> Self {
        self.booted = false;
        self
    }

    /// Answers every action of that name with this reply. The case of the name does not count.
    #[must_use]
    pub fn answer(self, name: &str, reply: impl Into<Reply>) -> Self {
        let reply = reply.into();
        self.answer_with(name, move |_| reply.clone())
    }

    /// Answers actions of that name as the closure says. It sees all of the action, and can keep
    /// count. A panic in it is one of the test, where the peer serves.
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

    /// Answers actions that nothing else in the script answers.
    #[must_use]
    pub fn otherwise<R: Into<Reply>>(
        mut self,
        mut reply: impl FnMut(&Action) -> R + Send + 'static,
    ) -> Self {
        self.otherwise = Some(Box::new(move |action| reply(action).into()));
        self
    }

    /// Prints this text for a CLI command.
    #[must_use]
    pub fn command(mut self, command: &str, output: &str) -> Self {
        self.commands.insert(command.to_owned(), output.to_owned());
        self
    }

    /// What the script says to an action, if it has an answer.
    pub(super) fn reply(&mut self, action: &Action) -> Option<Reply> {
        if let Some(answer) = self.answers.get_mut(&action.name().to_ascii_lowercase()) {
            return Some(answer(action));
        }
        let printed = action.text("Command").filter(|_| action.is("Command"));
        let printed = printed.and_then(|command| self.commands.get(&*command));
        if let Some(output) = printed {
            return Some(Reply::output(output));
        }
        let basic = if self.basics { basic(action) } else { None };
        basic.or_else(|| self.otherwise.as_mut().map(|answer| answer(action)))
    }

    /// Whether a login is let in.
    ///
    /// # Errors
    ///
    /// The words to refuse it with.
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

    /// Whether the event `FullyBooted` comes behind this login: a server says so at once, to those
    /// who see events of class `system`.
    pub(super) fn tells_booted(&self, login: &Action) -> bool {
        let mask = login.text("Events").and_then(|mask| mask.parse::<EventMask>().ok());
        self.booted && mask.is_none_or(|mask| mask.admits(EventClass::System))
    }

    /// What is said to an accepted login.
    pub(super) fn welcome(&self, login: &Action) -> Reply {
        let reply = Reply::success().field("Message", "Authentication accepted");
        if !self.tells_booted(login) {
            return reply;
        }
        // It has been up for a day: a client that comes again can tell that it is the same one.
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

/// Shows the names of what has an answer; a secret is not shown.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("banner", &self.banner)
            .field("answers", &self.answers.keys())
            .finish_non_exhaustive()
    }
}

/// The answer to what a client asks by itself.
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
            it if it.starts_with("manager show user ") => Reply::output("       read perm: all"),
            "core waitfullybooted" => Reply::output("Asterisk has fully booted."),
            _ => return None,
        },
        _ => return None,
    })
}

/// What a server says to an action that it does not know (`main/manager.c`, `process_message`;
/// `main/cli.c`).
pub(super) fn unknown(action: &Action) -> Reply {
    let (name, command) = (action.name(), action.text("Command").unwrap_or_default());
    if action.is("Command") {
        // Servers name more words if some command begins with these.
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

/// The key that answers the challenge for a secret.
fn key_of(secret: &str) -> String {
    let digest = Md5::new().chain_update(CHALLENGE).chain_update(secret).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
