//! The request of a FastAGI session: the URL that the dialplan has called.

use super::env::Env;
use crate::wire::percent_decode;

/// The request of a FastAGI session, as `agi://host/script?name=value` of the dialplan's
/// `AGI(agi://host/script?name=value,first,second)`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Request {
    url: String,
    script: String,
    query: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl Request {
    /// Reads the request from the values that a session begins with. `None` if there is none.
    pub(super) fn of(env: &Env) -> Option<Self> {
        let url = env.get("agi_request")?.to_owned();
        let path = url.split_once("://").and_then(|(_, rest)| Some(rest.split_once('/')?.1));
        let (script, query) = match path.unwrap_or_default().split_once('?') {
            Some((script, query)) => (decode(script), pairs(query)),
            None => (decode(path.unwrap_or_default()), Vec::new()),
        };
        let arguments = env.arguments().map(str::to_owned).collect();
        Some(Self { url, script, query, arguments })
    }

    /// Returns the URL as the dialplan wrote it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the path of the URL, without the slash at its beginning and without
    /// percent-encoding: `greet/caller` of `agi://host/greet/caller?lang=en`. A URL without a path
    /// has an empty one.
    pub fn script(&self) -> &str {
        &self.script
    }

    /// Returns the first value of that name in the query of the URL, without percent-encoding. A
    /// name without `=` has an empty value. `+` stands for itself, as in numbers; the dialplan's
    /// `URIENCODE` writes a blank as `%20`.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.queries().find_map(|(own, value)| (own == name).then_some(value))
    }

    /// Returns the names and values of the query in order.
    pub fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the arguments of the application behind the URL. The dialplan splits at commas, also
    /// at one in the URL.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    String::from_utf8_lossy(&percent_decode(text.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Request {
        let env = format!("agi_network: yes\nagi_request: {url}\nagi_arg_1: a b\nagi_arg_2: \n\n");
        Request::of(&Env::parse(env.as_bytes())).unwrap()
    }

    #[test]
    fn a_url_has_a_script_and_a_query() {
        let full = request("agi://127.0.0.1:4573/greet/%C3%A9?n=%2B49+1&flag&n=2&=x&a=b=c&&d=%zz");
        assert_eq!((full.script(), full.query("n")), ("greet/é", Some("+49+1")));
        assert_eq!((full.query("flag"), full.query("x")), (Some(""), None));
        assert_eq!((full.query(""), full.query("a")), (Some("x"), Some("b=c")));
        assert_eq!((full.query("d"), full.queries().count()), (Some("%zz"), 6));
        assert_eq!(full.arguments(), ["a b", ""]);
        for (url, script) in [
            ("agi://host", ""),
            ("agi://host/", ""),
            ("agi://[::1]:4573/a", "a"),
            ("agi://host/?x=1", ""),
            ("agi://host/a/b/", "a/b/"),
            ("async", ""),
        ] {
            assert_eq!((request(url).script(), request(url).url()), (script, url));
        }
        assert_eq!(request("agi://host/?x=a/b?c").query("x"), Some("a/b?c"));
        assert_eq!(Request::of(&Env::parse(b"agi_network: yes\n\n")), None);
    }
}
