//! The facts of an instance that has booted, for programs and for people.

use std::path::Path;
use std::time::Duration;

use instance::{Instance, Sandbox};
use serde_json::{Value, json};

use crate::login::Login;
use crate::sip;

/// Returns the facts that a test has to know of an instance. One that is missing is null.
pub(crate) fn facts(instance: &Instance, login: &Login) -> Value {
    let sandbox = instance.sandbox();
    let path = |path: &Path| path.display().to_string();
    let ari = Ari::of(sandbox);
    let (ari_url, ari_user) = ari.as_ref().map(|it| (&it.url, &it.user)).unzip();
    json!({
        "number": sandbox.number(),
        "version": sandbox.server().version().as_str(),
        "address": sandbox.address().to_string(),
        "ami": sandbox.ami_address(),
        "user": login.user,
        "secret": login.shown_secret(),
        "secret_from": login.source(),
        "http": http_address(sandbox),
        "ari_url": ari_url,
        "ari_user": ari_user,
        "ari_password": ari.as_ref().and_then(|it| it.password.as_ref()),
        "sip": sip::listening(instance).map(|it| it.to_string()),
        "pid": instance.pid(),
        "folder": path(sandbox.folder()),
        "etc": path(&sandbox.etc()),
        "logs": path(&sandbox.logs()),
        "spool": path(&sandbox.spool()),
        "control_socket": path(&sandbox.control_socket()),
        "boot_milliseconds": milliseconds(instance.boot_time()),
    })
}

/// Returns the facts for people: a line for each, in which a secret that is not shown says where it
/// comes from.
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

/// Returns the `host:port` that HTTP listens on, if `http.conf` enables it (`__ast_http_load` in
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

/// The way into ARI.
pub(crate) struct Ari {
    /// The URL that the paths of ARI's documentation begin at.
    pub(crate) url: String,
    /// The first user.
    pub(crate) user: String,
    /// The password, unless it is encrypted.
    pub(crate) password: Option<String>,
}

impl Ari {
    /// Returns the way into the ARI of a sandbox, unless `http.conf` or `ari.conf` disables it or
    /// there is no user (`res/ari/config.c`).
    pub(crate) fn of(sandbox: &Sandbox) -> Option<Self> {
        let http = http_address(sandbox)?;
        let general = sandbox.section("ari.conf", "general");
        if general.and_then(|it| it.is_true("enabled")) == Some(false) {
            return None;
        }
        let sections = sandbox.sections("ari.conf");
        let user = sections.iter().find(|section| section.get("type") == Some("user"))?;
        let format = user.get("password_format");
        let is_plain = format.is_none_or(|it| it.eq_ignore_ascii_case("plain"));
        let password = user.get("password").filter(|_| is_plain).map(str::to_owned);
        let general = sandbox.section("http.conf", "general");
        let prefix = general.as_ref().and_then(|it| it.get("prefix")).unwrap_or_default();
        let prefix = prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        let url = format!("http://{http}{slash}{prefix}/ari");
        Some(Self { url, user: user.name().to_owned(), password })
    }
}
