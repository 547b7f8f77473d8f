//! The text that tells a user of the server.

use std::io;

use serde_json::{Value, json};

use super::pbx::Pbx;
use crate::out::{Out, Style};

/// Commands to begin with, and what they show.
const COMMANDS: [(&str, &str); 6] = [
    ("ami tail Hangup,DialEnd", "events as they come"),
    ("ami top", "calls and queues on one screen"),
    ("ami trace --next", "the ladder of the next call"),
    ("ami calls", "the calls that are up"),
    ("ami call PJSIP/bob --to 103@people", "place a call, and see what becomes of it"),
    ("ami --help", "all the rest"),
];

/// Prints what to do in the shell.
pub(super) fn shell(pbx: &Pbx, quiet: bool, out: &mut Out) -> io::Result<()> {
    let calls = if quiet { "makes no calls by itself" } else { "has calls that come and go" };
    out.line(&format!("This is a shell in which `ami` talks to a small PBX, which {calls}."))?;
    out.line("")?;
    for (command, what) in COMMANDS {
        let command = out.styled(Style::Strong, &format!("{command:36}"));
        out.line(&format!("  {command}{what}"))?;
    }
    out.line("")?;
    out.line("People 101 to 109, queue 200, parking 700, conference 800, outside +….")?;
    out.line(&format!("In another terminal: . {}", pbx.env().display()))?;
    out.line("`exit` ends the server.")
}

/// Returns what programs have to know.
pub(super) fn facts(pbx: &Pbx) -> Value {
    json!({
        "v": 1,
        "version": pbx.version(),
        "server": pbx.server(),
        "secret": pbx.secret(),
    })
}
