//! Several servers at once, each by its name.

use fleet::Origin;

use super::contexts::Contexts;
use super::place::{self, Place};
use crate::exit::{Exit, Failure};
use crate::options::Options;

/// The use of several servers, for the help.
pub(crate) const HELP: &str = "\
Several servers, by --servers a,b or --servers all:
  Each is a context, NAME=CONTEXT or NAME=USER@HOST[:PORT]; its name has letters, digits, - and _.
  The commands are ping, tail, wait, do, cli COMMAND, call, calls to parked, record, doctor,
  serve metrics and bridge. Each line begins with the name of its server, tables have a column for
  it, and objects of --json a member \"server\".
  A server that fails is told on the error output, with --json also as an object
  {\"v\":1,\"server\":NAME,\"error\":TEXT,\"exit\":CODE}, and the others go on. The exit code is that of
  all, or 9 if they differ.
  The secret of a context goes before AMI_SECRET, and those that are missing are asked for in turn.";

/// The word for all contexts.
const ALL: &str = "all";

const EXPECTED: &str = "expected names of contexts, NAME=CONTEXT, NAME=USER@HOST[:PORT], or `all`";

/// Returns the options of each server that `--servers` names, with its name, in the order of the
/// command line. Empty without `--servers`.
///
/// # Errors
///
/// Returns an error if a text is no server, if there is no such context, if a name cannot be that
/// of a server among several, or if two servers have the same.
pub(crate) fn several(options: &Options) -> Result<Vec<Options>, Failure> {
    if options.servers.is_empty() {
        return Ok(Vec::new());
    }
    // The parser lets both pass if they stand on two sides of the command.
    if options.server.is_some() {
        return Err(Failure::usage("--server names one server, and --servers several: use one"));
    }
    let texts = match &*options.servers {
        [only] if only == ALL => contexts()?,
        texts => texts.to_vec(),
    };
    let mut servers: Vec<Options> = Vec::new();
    for text in &texts {
        let (origin, server) = parsed(text)?;
        let is_same = |it: &&Options| {
            let theirs = it.origin.as_ref().map(Origin::as_str);
            theirs.is_some_and(|theirs| theirs.eq_ignore_ascii_case(origin.as_str()))
        };
        if servers.iter().any(|it| is_same(&it)) {
            let text =
                format!("--servers: two servers are named {origin}, and case does not count");
            return Err(Failure::usage(text).hint("give one of them another name: NAME=CONTEXT"));
        }
        let options = Options {
            server: Some(server.to_owned()),
            servers: Vec::new(),
            origin: Some(origin),
            is_one_of_several: true,
            ..options.clone()
        };
        // What is wrong is told before anything is done on any of them.
        place::choose(&options)?;
        servers.push(options);
    }
    Ok(servers)
}

/// Returns the options of the server that `--server` or its like names, as one that has a name:
/// that of its context, or `asterisk`.
pub(crate) fn alone(options: &Options) -> Result<Options, Failure> {
    let name = match place::choose(options)?.place {
        Place::Context { name, .. } => name,
        _ => "asterisk".to_owned(),
    };
    let origin = Origin::new(name).map_err(|error| {
        let failure = Failure::new(Exit::Usage, error);
        failure.hint("give the context another name for this command: --servers NAME=CONTEXT")
    })?;
    Ok(Options { origin: Some(origin), ..options.clone() })
}

fn contexts() -> Result<Vec<String>, Failure> {
    let contexts = Contexts::load()?;
    let names = contexts.iter().flat_map(Contexts::names).map(str::to_owned).collect::<Vec<_>>();
    if names.is_empty() {
        let failure = Failure::usage("--servers all: there are no contexts");
        return Err(failure.hint("add one with `ami context add NAME user@host`"));
    }
    Ok(names)
}

/// Returns the name of a server, and the text that is its context or address.
fn parsed(text: &str) -> Result<(Origin, &str), Failure> {
    let (name, server) = match text.split_once('=') {
        // A user may have the sign in the name.
        Some((name, server)) if !name.contains('@') => (name, server),
        // An address has no name, and may have a secret, so it is not repeated.
        _ if text.contains('@') => {
            let failure = Failure::usage(format!("--servers: an address has no name: {EXPECTED}"));
            return Err(failure.hint("berlin=user@host names the server berlin"));
        }
        _ => (text, text),
    };
    if name.is_empty() || server.is_empty() {
        return Err(Failure::usage(format!("--servers: {EXPECTED}")));
    }
    let origin = Origin::new(name).map_err(|error| {
        let failure = Failure::new(Exit::Usage, anyhow::Error::new(error).context("--servers"));
        failure.hint("give the context another name for this command: NAME=CONTEXT")
    })?;
    Ok((origin, server))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_the_name_of_its_context_or_another() {
        for (text, name, server) in [
            ("berlin", "berlin", "berlin"),
            ("paris=pbx.paris", "paris", "pbx.paris"),
            ("rome=me@10.0.0.1:5039", "rome", "me@10.0.0.1:5039"),
            ("rome=m=e@10.0.0.1", "rome", "m=e@10.0.0.1"),
        ] {
            let (origin, found) = parsed(text).unwrap();
            assert_eq!((origin.as_str(), found), (name, server));
        }
    }

    #[test]
    fn a_name_that_cannot_be_used_is_refused() {
        for (text, part) in [
            ("pbx.paris", "cannot name a server"),
            ("", "expected names of contexts"),
            ("=a", "expected names of contexts"),
            ("a=", "expected names of contexts"),
            ("me:hidden@10.0.0.1", "an address has no name"),
        ] {
            let error = format!("{:#}", parsed(text).unwrap_err().error.unwrap());
            assert!(error.contains(part) && !error.contains("hidden"), "{text}: {error}");
        }
    }
}
