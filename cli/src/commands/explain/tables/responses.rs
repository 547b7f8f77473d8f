//! Responses to actions, and the messages that many actions share.

use crate::commands::explain::article::Article;
use crate::commands::explain::kind::Kind;

/// The values of `Response`, and messages.
pub(super) fn all() -> impl Iterator<Item = Article> {
    RESPONSES.iter().map(|(name, about)| Article::new(Kind::Response, *name).about(*about))
}

const RESPONSES: [(&str, &str); 19] = [
    ("Success", "The action was accepted. Whether it is done by then depends on the action."),
    ("Error", "The action was refused, and Message says why."),
    ("Goodbye", "The answer to Logoff; the server ends the connection."),
    (
        "Follows",
        "The answer to Command of Asterisk 13 and older: the output of the command follows as \
         bare lines.",
    ),
    ("Authentication accepted", "The login succeeded."),
    (
        "Authentication failed",
        "The user is unknown, the secret is wrong, or the address is not permitted: the text is \
         the same for each, and the server ends the connection after a second.",
    ),
    ("Already authenticated", "A second login on one connection."),
    (
        "Login Already In Use",
        "The user is logged in, and allowmultiplelogin = no in manager.conf permits no second \
         connection.",
    ),
    ("Must specify AuthType", "Challenge without AuthType: MD5."),
    (
        "Permission denied",
        "The user has none of the classes of the action in write of manager.conf, or has not \
         logged in. If the connection ends as well, the module of the action is not running.",
    ),
    (
        "Missing action in request",
        "The message had no Action, which is also so of an empty line that nobody meant to send. \
         The answer has no ActionID.",
    ),
    (
        "Invalid/unknown command",
        "The server has no action of that name: its module may not be loaded. ListCommands lists \
         the actions.",
    ),
    (
        "Asterisk is shutting down",
        "The server refuses every action, Logoff among them, until it has ended.",
    ),
    ("Command output follows", "The answer to Command: the output is in the fields Output."),
    ("Command blacklisted", "Command refuses this command of the CLI to everybody."),
    ("No such command", "The output of Command for a command that the CLI does not have."),
    (
        "Originate failed",
        "The answer to Originate without Async: the call was not answered. Async: true tells the \
         reason, in the event OriginateResponse.",
    ),
    (
        "File requires escalated privileges",
        "GetConfig, UpdateConfig and CreateConfig refuse files outside of the configuration \
         directory.",
    ),
    (
        "Failed to parse message: line too long",
        "A line of the action has more than 1022 bytes; nothing of the action was done.",
    ),
];
