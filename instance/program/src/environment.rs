//! The variables that tell a command about the instances that were booted for it.

use std::ffi::{OsStr, OsString};

use instance::Instance;

use crate::facts::Ari;
use crate::login::Login;
use crate::sip;

/// The beginning of each name.
const PREFIX: &str = "ASTERISK_";

/// The variable with the number of instances.
const COUNT: &str = "ASTERISK_COUNT";

/// The names of the variables of an instance, without the beginning.
const NAMES: [&str; 18] = [
    "VERSION",
    "ADDRESS",
    "PID",
    "FOLDER",
    "ETC",
    "LOGS",
    "SPOOL",
    "CONTROL_SOCKET",
    "AMI_HOST",
    "AMI_PORT",
    "AMI_USER",
    "AMI_SECRET",
    "ARI_URL",
    "ARI_USER",
    "ARI_PASSWORD",
    "SIP_HOST",
    "SIP_PORT",
    "SIP_TRANSPORT",
];

/// Returns the variables of all instances, each with the number of its instance in its name
/// (`ASTERISK_2_PID`), those of the first one also without.
pub(crate) fn variables(instances: &[Instance], logins: &[Login]) -> Vec<(String, OsString)> {
    let mut variables = vec![(COUNT.to_owned(), instances.len().to_string().into())];
    for (at, (instance, login)) in instances.iter().zip(logins).enumerate() {
        let number = instance.sandbox().number();
        for (name, value) in NAMES.into_iter().zip(values(instance, login)) {
            let Some(value) = value else { continue };
            if at == 0 {
                variables.push((format!("{PREFIX}{name}"), value.clone()));
            }
            variables.push((format!("{PREFIX}{number}_{name}"), value));
        }
    }
    variables
}

/// Returns the values of an instance in the order of their names; `None` is that of a variable that
/// is not set.
fn values(instance: &Instance, login: &Login) -> [Option<OsString>; NAMES.len()] {
    let sandbox = instance.sandbox();
    let ami = sandbox.ami_address();
    let (ami_host, ami_port) = ami.rsplit_once(':').unzip();
    let ari = Ari::of(sandbox);
    let sip = sip::listening(instance);
    let text = |text: &str| Some(OsString::from(text));
    [
        text(sandbox.server().version().as_str()),
        text(&sandbox.address().to_string()),
        instance.pid().map(|pid| pid.to_string().into()),
        Some(sandbox.folder().into()),
        Some(sandbox.etc().into()),
        Some(sandbox.logs().into()),
        Some(sandbox.spool().into()),
        Some(sandbox.control_socket().into()),
        ami_host.and_then(text),
        ami_port.and_then(text),
        text(&login.user),
        text(login.secret()),
        ari.as_ref().and_then(|it| text(&it.url)),
        ari.as_ref().and_then(|it| text(&it.user)),
        ari.as_ref().and_then(|it| text(it.password.as_deref()?)),
        sip.and_then(|it| text(&it.address.ip().to_string())),
        sip.and_then(|it| text(&it.address.port().to_string())),
        sip.and_then(|it| text(it.transport)),
    ]
}

/// Returns `true` for a variable that tells about an instance, maybe of a run around this one.
pub(crate) fn is_ours(name: &OsStr) -> bool {
    let Some(name) = name.to_str().and_then(|it| it.strip_prefix(PREFIX)) else {
        return false;
    };
    let of_number = name.split_once('_').filter(|(number, _)| number.parse::<u32>().is_ok());
    let name = of_number.map_or(name, |(_, name)| name);
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_a_run_around_this_one_is_known_and_an_input_is_none() {
        for name in ["ASTERISK_PID", "ASTERISK_2_AMI_HOST", "ASTERISK_10_SIP_PORT"] {
            assert!(is_ours(OsStr::new(name)), "{name}");
        }
        for name in ["ASTERISK", "ASTERISK_SECRET", "ASTERISK_KEEP", "ASTERISK_X_PID", "PID"] {
            assert!(!is_ours(OsStr::new(name)), "{name}");
        }
    }
}
