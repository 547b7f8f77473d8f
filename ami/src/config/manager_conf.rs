//! The login in a `manager.conf` (`__init_manager` in `main/manager.c`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::config::conf::{self, Section};
use crate::config::{ManagerConfProblem as Problem, ServerError};

/// The default port.
const PORT: u16 = 5038;

/// The part of a `manager.conf` that a login needs.
pub(super) struct Account {
    pub(super) user: String,
    pub(super) secret: String,
    pub(super) address: String,
}

pub(super) fn read(path: &Path, user: Option<&str>) -> Result<Account, ServerError> {
    let sections = conf::read(path)?;
    let failed = |problem| ServerError::ManagerConf { path: path.to_owned(), line: None, problem };
    let address = address(&sections).map_err(failed)?;
    let (user, secret) = account(&sections, user).map_err(failed)?;
    Ok(Account { user, secret, address })
}

/// Returns the address that a client on the same machine connects to.
fn address(sections: &[Section]) -> Result<String, Problem> {
    // The server reads the first of several sections of this name.
    let general = sections.iter().find(|section| section.is("general"));
    // The last value of a key counts. The values of these keys are not secret.
    let last = |key: &str| {
        let mut keys = general?.keys.iter().rev();
        keys.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    };
    if !last("enabled").is_some_and(is_true) {
        return Err(Problem::NotEnabled);
    }
    let port = match last("port") {
        None => PORT,
        Some(port) => {
            let port = port.parse().ok().filter(|port| *port >= 1024);
            port.ok_or(Problem::General { key: "port", expected: "a number from 1024 to 65535" })?
        }
    };
    let host = match last("bindaddr") {
        // The server listens on all addresses of both families.
        None => Ipv4Addr::LOCALHOST.to_string(),
        Some(bound) => host(bound)
            .ok_or(Problem::General { key: "bindaddr", expected: "an address or a host" })?,
    };
    Ok(format!("{host}:{port}"))
}

/// `ast_true`: returns `true` if the server takes the value for true.
fn is_true(value: &str) -> bool {
    ["yes", "true", "y", "t", "1", "on"].iter().any(|it| value.eq_ignore_ascii_case(it))
}

/// Returns the host to connect to, in the form that stands before a port. The server ignores a port
/// in `bindaddr`, too.
fn host(bound: &str) -> Option<String> {
    let bare = match bound.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => match bound.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            _ => bound,
        },
    };
    let is_host = |host: &str| {
        !host.is_empty() && host.chars().all(|it| it.is_alphanumeric() || "-._".contains(it))
    };
    Some(match bare.parse() {
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        Err(_) if is_host(bare) => bare.to_owned(),
        Err(_) => return None,
    })
}

/// Returns the requested user, or the only one, and the secret.
fn account(sections: &[Section], asked: Option<&str>) -> Result<(String, String), Problem> {
    // Sections of one name describe one user, and the last secret counts.
    let mut users: Vec<(&str, &str)> = Vec::new();
    for section in sections.iter().filter(|section| !section.is("general")) {
        let at = users.iter().position(|(name, _)| section.is(name)).unwrap_or_else(|| {
            users.push((&section.name, ""));
            users.len() - 1
        });
        for (_, value) in section.keys.iter().filter(|(key, _)| key.eq_ignore_ascii_case("secret"))
        {
            users[at].1 = value;
        }
    }
    let with_secrets = users.iter().filter(|(_, secret)| !secret.is_empty());
    let names = || with_secrets.clone().map(|(name, _)| (*name).to_owned()).collect();
    let found = match asked {
        Some(asked) => {
            let found = users.iter().find(|(name, _)| name.eq_ignore_ascii_case(asked));
            found.ok_or_else(|| Problem::UnknownUser { user: asked.to_owned(), users: names() })?
        }
        None => {
            let mut candidates = with_secrets.clone();
            let first = candidates.next().ok_or(Problem::NoUsers)?;
            if candidates.next().is_some() {
                return Err(Problem::SeveralUsers { users: names() });
            }
            first
        }
    };
    match *found {
        (user, "") => Err(Problem::NoSecret { user: user.to_owned() }),
        (user, secret) => Ok((user.to_owned(), secret.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// A folder that is removed when this value is dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("manager-conf-[{}]", uuid::Uuid::new_v4().simple());
            let folder = Self(std::env::temp_dir().join(name));
            fs::create_dir_all(&folder.0).unwrap();
            folder
        }

        fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
            fs::write(self.0.join(name), text).unwrap();
            self.0.join(name)
        }

        fn read(&self, text: impl AsRef<[u8]>, user: Option<&str>) -> Result<Account, String> {
            let path = self.write("manager.conf", text);
            let place = format!("{}/", self.0.display());
            read(&path, user).map_err(|error| {
                let shown = format!("{error:#}");
                assert!(!format!("{shown}{error:?}").contains("hidden"), "{shown}");
                shown.replace(&place, "")
            })
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn the_address_is_one_where_the_server_listens() {
        let folder = Folder::new();
        for (lines, expected) in [
            ("", "127.0.0.1:5038"),
            ("port = 1024\nbindaddr = 0.0.0.0", "127.0.0.1:1024"),
            ("bindaddr = ::", "[::1]:5038"),
            ("bindaddr = [::]:99", "[::1]:5038"),
            ("bindaddr = 2001:db8::1", "[2001:db8::1]:5038"),
            ("bindaddr = 192.0.2.1:99\nport = 5000", "192.0.2.1:5000"),
            ("bindaddr = a\nbindaddr = pbx.example.org", "pbx.example.org:5038"),
        ] {
            let text = format!("[general]\nenabled = yes\n{lines}\n[u]\nsecret = s\n");
            let account = folder.read(text, None).unwrap();
            assert_eq!(account.address, expected, "{lines}");
        }
        for (lines, expected) in [
            ("enabled = no", "the manager is not enabled: expected `enabled = yes` in [general]"),
            ("port = 1023", "port in [general]: expected a number from 1024 to 65535"),
            ("port = 65536", "port in [general]: expected a number from 1024 to 65535"),
            ("bindaddr = a b", "bindaddr in [general]: expected an address or a host"),
            ("bindaddr =", "bindaddr in [general]: expected an address or a host"),
        ] {
            let text = format!("[general]\nenabled = yes\n{lines}\n[u]\nsecret = hidden\n");
            let error = folder.read(text, None).err().unwrap();
            assert_eq!(error, format!("manager.conf: {expected}"));
        }
        assert!(folder.read("[u]\nsecret = hidden\n", None).err().unwrap().contains("not enabled"));
    }

    #[test]
    fn the_user_is_the_only_one_or_one_that_is_named() {
        let folder = Folder::new();
        let general = "[general]\nenabled = yes\nsecret = hidden\n[none]\nread = all\n";
        let one = format!("{general}[one]\nsecret = first\n");
        let two = format!("{one}[two]\nsecret = hidden\n");
        for (text, user) in [(&one, None), (&one, Some("One")), (&two, Some("one"))] {
            let account = folder.read(text, user).unwrap();
            assert_eq!((&*account.user, &*account.secret), ("one", "first"));
        }
        for (text, user, expected) in [
            (general, None, "there is no user with a secret"),
            (&two, None, "there are several users, expected the name of one: one, two"),
            (&two, Some("x"), "there is no user \"x\"; users are: one, two"),
            (&two, Some("general"), "there is no user \"general\"; users are: one, two"),
            (&two, Some("none"), "the user \"none\" has no secret"),
        ] {
            let error = folder.read(text, user).err().unwrap();
            assert_eq!(error, format!("manager.conf: {expected}"));
        }
    }

    #[test]
    fn what_the_server_would_skip_is_an_error() {
        let folder = Folder::new();
        folder.write("back.conf", "\n#tryinclude manager.conf\n");
        for number in 1..=11 {
            folder.write(&format!("{number}.conf"), format!("#include {}.conf\n", number + 1));
        }
        folder.write("12.conf", "");
        let long = format!("[a]\nsecret = {}\n", "hidden".repeat(2_000));
        for (text, expected) in [
            ("#exec /bin/hidden\n", "manager.conf:1: #exec is not run, and what"),
            ("\n#tryinclude ma*.conf\n", "manager.conf:2: manager.conf includes itself"),
            ("#include back.conf\n", "back.conf:2: manager.conf includes itself"),
            ("#include 1.conf\n", "10.conf:1: includes go deeper than ten files"),
            ("#include [\n", "manager.conf:1: expected a valid pattern"),
            ("[a]\nb = c--;hidden\n", "manager.conf:2: expected `;--` before `--;`"),
            ("[a](+TEMPLATES=x)\n", "manager.conf:1: expected `+` without a filter"),
            (&long, "manager.conf:2: expected a line of at most 8,190 bytes"),
        ] {
            let error = folder.read(text, None).err().unwrap();
            assert!(error.starts_with(expected), "{error}");
        }
        let error = folder.read(b"[a]\nsecret = hidden\xe9\n", None).err().unwrap();
        assert_eq!(error, "manager.conf:2: expected text in UTF-8");
        let missing = read(&folder.0.join("missing.conf"), None).err().unwrap();
        assert!(missing.to_string().ends_with("/missing.conf: cannot be read"), "{missing}");
        assert!(std::error::Error::source(&missing).is_some());
        // The server follows includes ten levels deep.
        let text = "\u{feff}#include 3.conf\n[general]\r\nenabled=1\r\n[u]\r\nsecret = s\r\n";
        assert_eq!(folder.read(text, None).unwrap().secret, "s");
    }

    #[test]
    fn what_has_no_end_is_not_read() {
        let folder = Folder::new();
        let pipe = folder.0.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, &folder.0, Path::new("/dev/zero")] {
            let error = read(path, None).err().unwrap().to_string();
            assert_eq!(error, format!("{}: not a regular file", path.display()));
        }
        let huge = folder.write("huge.conf", "[u]\nsecret = s\n");
        fs::File::options().write(true).open(&huge).unwrap().set_len(1 << 40).unwrap();
        let twice = (0..40).map(|n| format!("[a{}](a{n},a{n})\n", n + 1)).collect::<String>();
        for (text, at) in [
            ("#include huge.conf\n", "huge.conf"),
            (&*format!("[a0](!)\nsecret = hidden\n{twice}"), "manager.conf:2"),
        ] {
            let error = folder.read(text, None).err().unwrap();
            assert!(error.starts_with(at) && error.contains("more than 64 MiB"), "{error}");
        }
    }
}
