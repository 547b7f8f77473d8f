//! The arguments of a server's command line that the code adds.

use std::ffi::OsString;

use crate::sandbox::error::BuildError;

/// The options without a value that a server may get (`getopt_settings` in `main/asterisk.c`).
const FLAGS: &str = "BdfgmnpqTtvWX";

/// The options with a value.
const WITH_VALUE: &str = "eLM";

/// The options that are refused, and why.
const REFUSED: [(&str, &str); 8] = [
    ("C", "the sandbox has its own configuration"),
    ("GU", "the server runs as the user of the test"),
    ("s", "the sandbox has its own control socket"),
    ("c", "nobody is at the console of the server"),
    ("rRx", "a remote console is no server"),
    ("F", "a server in the background is not the process that was started"),
    ("hV", "the server would end at once"),
    ("i", "nobody is there to type the pass code of a key"),
];

/// Checks that the arguments are options that a server in a sandbox may get. They are read as
/// `getopt(3)` does.
pub(super) fn check(arguments: &[OsString]) -> Result<(), BuildError> {
    let refused = |argument: &OsString, why: &'static str| {
        let argument = argument.to_string_lossy().into_owned();
        Err(BuildError::Argument { argument, why })
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let letters = argument.to_str().and_then(|it| it.strip_prefix('-'));
        let Some(letters) = letters.filter(|it| !it.is_empty() && !it.starts_with('-')) else {
            return refused(argument, "it is no option, and no value of one");
        };
        for (at, letter) in letters.char_indices() {
            if let Some((_, why)) = REFUSED.iter().find(|(letters, _)| letters.contains(letter)) {
                return refused(argument, why);
            }
            if WITH_VALUE.contains(letter) {
                let value = &letters[at + letter.len_utf8()..];
                let is_number = |value: &str| {
                    !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit() || it == b'.')
                };
                let value = match value.is_empty() {
                    true => arguments.next().and_then(|it| it.to_str()).unwrap_or_default(),
                    false => value,
                };
                if !is_number(value) {
                    return refused(argument, "its value is a number");
                }
                break;
            }
            if !FLAGS.contains(letter) {
                return refused(argument, "the server has no such option");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(arguments: &[&str]) -> Result<(), String> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        check(&arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn options_that_leave_the_sandbox_as_it_is_are_taken() {
        for arguments in
            [&[][..], &["-d"], &["-vvvd", "-T"], &["-L", "0.5", "-M5"], &["-dL2", "-v"]]
        {
            assert_eq!(checked(arguments), Ok(()), "{arguments:?}");
        }
    }

    #[test]
    fn options_that_break_the_sandbox_are_refused_wherever_they_stand() {
        for (arguments, bad) in [
            (&["-C", "/etc/asterisk/asterisk.conf"][..], "-C"),
            (&["-vC/etc/asterisk/asterisk.conf"], "-vC/etc/asterisk/asterisk.conf"),
            (&["-d", "-c"], "-c"),
            (&["-vvvr"], "-vvvr"),
            (&["-R"], "-R"),
            (&["-xcore stop now"], "-xcore stop now"),
            (&["-F"], "-F"),
            (&["-U", "root"], "-U"),
            (&["-G", "root"], "-G"),
            (&["-s", "/run/x"], "-s"),
            (&["-V"], "-V"),
            (&["-h"], "-h"),
            (&["-i"], "-i"),
            (&["-z"], "-z"),
            (&["--"], "--"),
            (&["-"], "-"),
            (&["core"], "core"),
            (&["-M", "-c"], "-M"),
            (&["-L"], "-L"),
        ] {
            let error = checked(arguments).unwrap_err();
            assert!(error.starts_with(&format!("argument {bad:?}: ")), "{error}");
        }
    }
}
