//! The facts of an instance that has booted, for programs and for people.

use std::path::Path;
use std::time::Duration;

use instance::{Instance, Sandbox};
use serde_json::{Value, json};

use crate::login::Login;

/// The facts that a test has to know of an instance. One that there is not is null.
pub(crate) fn facts(instance: &Instance, login: &Login) -> Value {
    let sandbox = instance.sandbox();
    let path = |path: &Path| path.display().to_string();
    let http = http_address(sandbox);
    let ari = http.as_ref().and_then(|_| ari_user(sandbox));
    let (ari_user, ari_password) = ari.unzip();
    json!({
        "number": sandbox.number(),
        "version": sandbox.server().version().as_str(),
        "address": sandbox.address().to_string(),
        "ami": sandbox.ami_address(),
        "user": login.user,
        "secret": login.shown_secret(),
        "secret_from": login.source(),
        "http": http,
        "ari_user": ari_user,
        "ari_password": ari_password.flatten(),
        "pid": instance.pid(),
        "folder": path(sandbox.folder()),
        "etc": path(&sandbox.etc()),
        "logs": path(&sandbox.logs()),
        "spool": path(&sandbox.spool()),
        "control_socket": path(&sandbox.control_socket()),
        "boot_milliseconds": milliseconds(instance.boot_time()),
    })
}

/// The facts for people: a line for each, in which a secret that is not shown says where it comes
/// from.
pub(crate) fn lines(instance: &Instance, login: &Login) -> String {
    let facts = facts(instance, login);
    let line = |name: &str, value: &Value| {
        let value = match value {
            Value::Null if name == "secret" => login.origin(),
            Value::Null => return String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{name:17} {value}\n")
    };
    let facts = facts.as_object().into_iter().flatten();
    let facts = facts.filter(|(name, _)| *name != "secret_from");
    facts.map(|(name, value)| line(name, value)).collect()
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The `host:port` that HTTP listens on, if `http.conf` enables it (`__ast_http_load` in
/// `main/http.c`).
fn http_address(sandbox: &Sandbox) -> Option<String> {
    let general = sandbox.section("http.conf", "general")?;
    if general.is_true("enabled") != Some(true) {
        return None;
    }
    let port = general.get("bindport").unwrap_or("8088");
    Some(match general.get("bindaddr") {
        // All addresses are also ours.
        None | Some("" | "0.0.0.0" | "::" | "[::]") => format!("{}:{port}", sandbox.address()),
        Some(address) if address.contains(':') && !address.starts_with('[') => {
            format!("[{address}]:{port}")
        }
        Some(address) => format!("{address}:{port}"),
    })
}

/// The first user of ARI, and the password where it is not encrypted, if `ari.conf` does not
/// disable ARI (`res/ari/config.c`).
fn ari_user(sandbox: &Sandbox) -> Option<(String, Option<String>)> {
    let general = sandbox.section("ari.conf", "general");
    if general.and_then(|it| it.is_true("enabled")) == Some(false) {
        return None;
    }
    let sections = sandbox.sections("ari.conf");
    let user = sections.iter().find(|section| section.get("type") == Some("user"))?;
    let is_plain = user.get("password_format").is_none_or(|it| it.eq_ignore_ascii_case("plain"));
    let password = user.get("password").filter(|_| is_plain);
    Some((user.name().to_owned(), password.map(str::to_owned)))
}
