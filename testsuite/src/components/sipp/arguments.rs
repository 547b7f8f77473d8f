//! The arguments of a run of SIPp.

use std::net::{IpAddr, Ipv4Addr};

use crate::files::{ConfigError, Node, Section, Value};

/// The options of every run, unless a section has others.
const DEFAULTS: [(&str, &str); 4] =
    [("-p", "5061"), ("-m", "1"), ("-i", "127.0.0.1"), ("-timeout", "20s")];

/// The options that name a file of the test's `sipp` folder.
const FILES: [&str; 7] =
    ["-inf", "-oocsf", "-slave_cfg", "-tls_cert", "-tls_key", "-tls_ca", "-tls_crl"];

/// The options of [`FILES`] whose files a run cannot do without.
const NEEDED_FILES: [&str; 2] = ["-inf", "-oocsf"];

/// The option for the first port of media.
const MEDIA: &str = "-mp";

/// The same in the versions that have no [`MEDIA`].
const OTHER_MEDIA: &str = "-min_rtp_port";

/// The argument that has SIPp repeat messages without an answer. SIPp itself has none such.
const RETRANSMITS: &str = "-enable-retrans";

/// The arguments of a run.
#[derive(Clone, Debug)]
pub(super) struct Arguments {
    target: String,
    /// Options with a value each: the defaults, then others in their order.
    options: Vec<(String, String)>,
    ordered: Vec<String>,
    retransmits: bool,
}

impl Arguments {
    pub(super) fn new(
        target: Option<&str>,
        key_args: impl IntoIterator<Item = (String, String)>,
        mut ordered: Vec<String>,
    ) -> Self {
        let defaults = DEFAULTS.map(|(option, value)| (option.to_owned(), value.to_owned()));
        let mut options = Vec::from(defaults);
        for (option, value) in key_args {
            match options.iter_mut().find(|(it, _)| *it == option) {
                Some((_, old)) => *old = value,
                None => options.push((option, value)),
            }
        }
        let given = ordered.len();
        ordered.retain(|it| it != RETRANSMITS);
        let retransmits = ordered.len() < given;
        let target = target.unwrap_or("127.0.0.1").to_owned();
        Self { target, options, ordered, retransmits }
    }

    /// Reads `target`, `ordered-args` and what `key-args` have besides the scenario.
    pub(super) fn read(section: &Section, key_args: &Section) -> Result<Self, ConfigError> {
        let mut options = Vec::new();
        for (option, value) in key_args.entries() {
            let option = option.expect_text("an option")?;
            if value.is_null() {
                let what = format!("{option} has no value; such an option is one of ordered-args");
                return Err(value.error(what));
            }
            if option != "scenario" {
                options.push((option.to_owned(), value.expect_text(option)?.to_owned()));
            }
        }
        let ordered = section.get("ordered-args").map_or(Ok(Vec::new()), ordered)?;
        Ok(Self::new(section.text("target")?, options, ordered))
    }

    /// Adds an option, with its value.
    pub(super) fn push(&mut self, option: &str, value: String) {
        self.options.push((option.to_owned(), value));
    }

    /// The value that an option has at last.
    pub(super) fn value(&self, option: &str) -> Option<&str> {
        let at = self.ordered.iter().rposition(|it| it == option);
        let value = at.and_then(|at| self.ordered.get(at + 1)).map(String::as_str);
        let keyed = || self.options.iter().find(|(it, _)| it == option).map(|(_, value)| &**value);
        value.or_else(keyed)
    }

    /// Returns whether there is an option whose name begins so.
    pub(super) fn has(&self, start: &str) -> bool {
        self.options.iter().any(|(option, _)| option.starts_with(start))
            || self.ordered.iter().any(|it| it.starts_with(start))
    }

    /// Returns whether something names an address of IPv6.
    pub(super) fn names_ipv6(&self) -> bool {
        let values = self.options.iter().map(|(_, value)| value);
        let mut all = values.chain(&self.ordered).chain([&self.target]);
        all.any(|it| it.contains("[::1]") || it == "::1")
    }

    /// The files of the test's `sipp` folder that have to be there.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let files = self.options.iter().filter(|(it, _)| NEEDED_FILES.contains(&&**it));
        files.map(|(_, file)| &**file)
    }

    /// The local port of SIP.
    pub(super) fn port(&self) -> Option<u16> {
        self.value("-p").and_then(|port| port.parse().ok())
    }

    /// The local address of media, as far as it is one: SIPp also takes a name.
    pub(super) fn media_address(&self) -> IpAddr {
        let address =
            self.value("-mi").or_else(|| self.value("-i")).map(|it| it.trim_matches(['[', ']']));
        address.and_then(|it| it.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// Returns whether the ports of media are given.
    pub(super) fn has_media_port(&self) -> bool {
        [MEDIA, OTHER_MEDIA].iter().any(|option| self.value(option).is_some())
    }

    /// The arguments in their order. `folder` is the test's `sipp` folder, and `media` the first
    /// port of media, unless one is given. `has_mp` says whether the version has `-mp`.
    pub(super) fn line(
        &self,
        scenario: &str,
        folder: &str,
        media: Option<u16>,
        has_mp: bool,
    ) -> Vec<String> {
        let mut line = vec![self.target.clone(), "-sf".to_owned(), format!("{folder}/{scenario}")];
        line.extend(["-nostdin".to_owned(), "-skip_rlimit".to_owned()]);
        for (option, value) in &self.options {
            let is_file = FILES.contains(&&**option);
            let value = if is_file { format!("{folder}/{value}") } else { value.clone() };
            line.extend([option.clone(), value]);
        }
        if let Some(media) = media {
            line.extend([MEDIA.to_owned(), media.to_string()]);
        }
        if !self.retransmits {
            line.push("-nr".to_owned());
        }
        line.extend(self.ordered.iter().cloned());
        if !has_mp {
            let media = line.iter_mut().filter(|it| *it == MEDIA);
            media.for_each(|it| OTHER_MEDIA.clone_into(it));
        }
        line
    }
}

/// Reads arguments in their order: a list, or the keys of a set.
pub(super) fn ordered(node: &Node) -> Result<Vec<String>, ConfigError> {
    let text = |it: &Node| {
        if it.is_null() {
            return Err(it.error("an argument is nothing; an empty one is ''"));
        }
        Ok(it.expect_text("an argument")?.to_owned())
    };
    match &node.value {
        Value::Map(_) => {
            let one = |(key, value): (&Node, &Node)| {
                if value.is_null() {
                    return text(key);
                }
                Err(key.error("ordered-args: expected a list, found a mapping with values"))
            };
            node.entries().map(one).collect()
        }
        _ => node.expect_items("ordered-args")?.iter().map(text).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    fn read(yaml: &str) -> Result<Arguments, ConfigError> {
        let section = section(yaml);
        Arguments::read(&section, &section.part("key-args", "key-args have").unwrap())
    }

    fn line(yaml: &str) -> String {
        read(yaml).unwrap().line("a.xml", "tests/t/sipp", Some(61_000), true).join(" ")
    }

    #[test]
    fn options_take_the_places_of_defaults_or_come_behind_them() {
        for (yaml, expected) in [
            (
                "key-args: {scenario: a.xml}",
                "127.0.0.1 -sf tests/t/sipp/a.xml -nostdin -skip_rlimit -p 5061 -m 1 -i 127.0.0.1 -timeout 20s -mp 61000 -nr",
            ),
            (
                "{key-args: {-s: bob, scenario: a.xml, -m: 3, -inf: b.csv}, target: '[::1]', ordered-args: [-key, k, '7']}",
                "[::1] -sf tests/t/sipp/a.xml -nostdin -skip_rlimit -p 5061 -m 3 -i 127.0.0.1 -timeout 20s -s bob -inf tests/t/sipp/b.csv -mp 61000 -nr -key k 7",
            ),
            (
                "{key-args: {scenario: a.xml}, ordered-args: {-s, bob, -enable-retrans}}",
                "127.0.0.1 -sf tests/t/sipp/a.xml -nostdin -skip_rlimit -p 5061 -m 1 -i 127.0.0.1 -timeout 20s -mp 61000 -s bob",
            ),
        ] {
            assert_eq!(line(yaml), expected, "{yaml}");
        }
    }

    #[test]
    fn versions_without_mp_have_another_name_for_it() {
        let given = read("key-args: {scenario: a.xml, -mp: 7000}").unwrap();
        assert!(given.has_media_port());
        let line = given.line("a.xml", "s", None, false).join(" ");
        assert!(line.ends_with("-timeout 20s -min_rtp_port 7000 -nr"), "{line}");
        let chosen = read("key-args: {scenario: a.xml}").unwrap();
        assert!(!chosen.has_media_port());
        let line = chosen.line("a.xml", "s", Some(61_004), false).join(" ");
        assert!(line.ends_with("-min_rtp_port 61004 -nr"), "{line}");
    }

    #[test]
    fn the_last_value_of_an_option_counts() {
        let it = read(
            "{key-args: {scenario: a.xml, -p: 5070, -i: '[::1]'}, ordered-args: [-p, '5080', -aa]}",
        )
        .unwrap();
        assert_eq!((it.port(), it.value("-aa"), it.value("-s")), (Some(5_080), None, None));
        assert_eq!(it.media_address(), "::1".parse::<IpAddr>().unwrap());
        assert!(it.names_ipv6() && it.has("-aa") && !it.has("-tls_"));
        let plain = read("key-args: {scenario: a.xml, -i: localhost}").unwrap();
        assert!(plain.media_address().is_unspecified() && !plain.names_ipv6());
    }

    #[test]
    fn what_is_no_argument_is_refused() {
        for (yaml, told) in [
            ("key-args: {scenario: a.xml, -aa: }", "-aa has no value; such an option is one of"),
            ("key-args: {scenario: a.xml, -s: [a]}", "-s is a list, not a text"),
            ("{key-args: {scenario: a.xml}, ordered-args: {-s: bob}}", "expected a list, found a"),
            ("{key-args: {scenario: a.xml}, ordered-args: [-s, ~]}", "an argument is nothing"),
            ("{key-args: {scenario: a.xml}, ordered-args: -s}", "expected a list, found a value"),
        ] {
            let error = read(yaml).unwrap_err().to_string();
            assert!(error.starts_with("test-config.yaml:1: ") && error.contains(told), "{error}");
        }
    }
}
