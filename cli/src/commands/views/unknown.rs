//! Parts of the state that are not known.

use std::io;

use live::ami::Error;
use live::{Part, Unknown};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::out::{Form, Out};

/// Returns why a part is not known.
pub(super) fn text(unknown: &Unknown) -> String {
    match unknown {
        Unknown::Failed { error, .. } => format!("{unknown}: {error:#}"),
        _ => unknown.to_string(),
    }
}

/// Returns the failure of a view whose main part is not known. In JSON it is an object, too.
pub(super) fn failure(unknown: &Unknown, out: &mut Out) -> Failure {
    if out.form == Form::Json
        && let Err(error) = out.object(&object(unknown))
    {
        return error.into();
    }
    let exit = match unknown {
        // The server was too slow, or has gone.
        Unknown::Failed { error, .. } if !is_refusal(error) => Exit::NoConnection,
        _ => Exit::Refused,
    };
    let failure = Failure::new(exit, anyhow::Error::msg(text(unknown)));
    match hint(unknown) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Rejected(_) | Error::Forbidden(_))
}

/// Prints that a part is not known.
pub(super) fn tell(unknown: &Unknown, out: &mut Out) -> io::Result<()> {
    out.loss(&text(unknown), &object(unknown))
}

fn object(unknown: &Unknown) -> Value {
    let classes: Vec<_> = match unknown {
        Unknown::Withheld { classes, .. } => classes.iter().map(|it| it.name()).collect(),
        _ => Vec::new(),
    };
    let part = unknown.part().to_string();
    json!({ "v": 1, "unknown": part, "classes": classes, "why": text(unknown) })
}

/// Returns what to do about it, if that is known.
fn hint(unknown: &Unknown) -> Option<String> {
    match unknown {
        Unknown::Withheld { classes, .. } => {
            let classes: Vec<_> = classes.iter().map(|it| it.name()).collect();
            let classes = classes.join(",");
            Some(format!("the user needs `read = …,{classes}` in manager.conf"))
        }
        Unknown::Failed { part, error, .. } if matches!(**error, Error::Rejected(_)) => {
            let module = match part {
                Part::Queues => "app_queue",
                Part::Conferences => "app_confbridge",
                Part::ParkingLots => "res_parking",
                Part::Endpoints | Part::Contacts => "chan_pjsip",
                _ => return None,
            };
            Some(format!("the module {module} may not be loaded"))
        }
        _ => None,
    }
}
