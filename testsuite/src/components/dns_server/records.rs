//! Records as they are sent, of records as they are written.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::str::FromStr;

use simple_dns::rdata::{A, AAAA, CNAME, MX, NAPTR, NS, PTR, RData, SOA, SRV, TXT};
use simple_dns::{CharacterString, Name};

use super::zone_file::{Argument, Value, Written};
use crate::files::ConfigError;

/// A record of a zone.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) name: Name<'static>,
    /// The time to live in seconds, if the record has one of its own.
    pub(super) ttl: Option<u32>,
    pub(super) data: RData<'static>,
}

/// The types of records with the names of their arguments behind the record's own name. Each can
/// have a `ttl` behind them, but `TXT` only by its name.
const TYPES: [(&str, &[&str]); 10] = [
    ("A", &["address"]),
    ("AAAA", &["address"]),
    ("CNAME", &["target"]),
    ("MX", &["preference", "target"]),
    ("NAPTR", &["order", "preference", "flags", "service", "regexp", "replacement"]),
    ("NS", &["target"]),
    ("PTR", &["target"]),
    ("SOA", &["mname", "rname", "serial", "refresh", "retry", "expire", "minimum"]),
    ("SRV", &["priority", "weight", "port", "target"]),
    ("TXT", &[]),
];

/// Units of time with their seconds.
const UNITS: [(char, u64); 6] =
    [('S', 1), ('M', 60), ('H', 3600), ('D', 86_400), ('W', 604_800), ('Y', 31_536_000)];

/// Reads a record.
///
/// # Errors
///
/// Returns an error with the line if the type is unknown, or an argument is wrong.
pub(super) fn read(file: &Path, written: &Written) -> Result<Record, ConfigError> {
    let given = Given::new(file, written)?;
    let name = given.name("name")?;
    let data = match &*written.kind {
        "A" => RData::A(A::from(given.address::<Ipv4Addr>("an IPv4 address")?)),
        "AAAA" => RData::AAAA(AAAA::from(given.address::<Ipv6Addr>("an IPv6 address")?)),
        "CNAME" => RData::CNAME(CNAME(given.name("target")?)),
        "MX" => RData::MX(MX {
            preference: given.short("preference")?,
            exchange: given.name("target")?,
        }),
        "NAPTR" => RData::NAPTR(NAPTR {
            order: given.short("order")?,
            preference: given.short("preference")?,
            flags: given.text("flags")?,
            services: given.text("service")?,
            regexp: given.text("regexp")?,
            replacement: given.name("replacement")?,
        }),
        "NS" => RData::NS(NS(given.name("target")?)),
        "PTR" => RData::PTR(PTR(given.name("target")?)),
        "SOA" => RData::SOA(SOA {
            mname: given.name("mname")?,
            rname: given.name("rname")?,
            serial: given.number("serial", "a number up to 4294967295")?,
            refresh: given.seconds("refresh")?.cast_signed(),
            retry: given.seconds("retry")?.cast_signed(),
            expire: given.seconds("expire")?.cast_signed(),
            minimum: given.seconds("minimum")?,
        }),
        "SRV" => RData::SRV(SRV {
            priority: given.short("priority")?,
            weight: given.short("weight")?,
            port: given.short("port")?,
            target: given.name("target")?,
        }),
        _ => RData::TXT(given.texts()?),
    };
    let ttl = given.find("ttl").map(|_| given.seconds("ttl")).transpose()?;
    Ok(Record { line: written.line, name, ttl, data })
}

/// Returns what a record says, as a failure tells it.
pub(super) fn told(data: &RData<'_>) -> String {
    match data {
        RData::A(it) => Ipv4Addr::from(it.address).to_string(),
        RData::AAAA(it) => Ipv6Addr::from(it.address).to_string(),
        RData::CNAME(CNAME(name)) | RData::NS(NS(name)) | RData::PTR(PTR(name)) => name.to_string(),
        RData::MX(it) => format!("{} {}", it.preference, it.exchange),
        RData::NAPTR(it) => format!(
            "{} {} {:?} {:?} {:?} {}",
            it.order,
            it.preference,
            it.flags.to_string(),
            it.services.to_string(),
            it.regexp.to_string(),
            it.replacement
        ),
        RData::SRV(it) => format!("{} {} {} {}", it.priority, it.weight, it.port, it.target),
        RData::SOA(it) => format!("{} {}", it.mname, it.serial),
        _ => "a text".to_owned(),
    }
}

/// The arguments of a record by their names.
struct Given<'a> {
    file: &'a Path,
    written: &'a Written,
    named: Vec<(&'a str, &'a Argument)>,
    /// The texts of a `TXT`.
    rest: Vec<&'a Argument>,
}

impl<'a> Given<'a> {
    fn new(file: &'a Path, written: &'a Written) -> Result<Self, ConfigError> {
        let Written { line, kind, arguments } = written;
        let error = |line, what: String| ConfigError::new(file, Some(line), what);
        let Some((_, own)) = TYPES.iter().find(|(it, _)| it == kind) else {
            let known = TYPES.map(|(it, _)| it).join(", ");
            let what = format!("{kind} needs Python, expected one of {known}");
            return Err(error(*line, what).unsupported());
        };
        let names: Vec<_> = ["name"].iter().chain(*own).chain(&["ttl"]).copied().collect();
        let in_order = if kind == "TXT" { 1 } else { names.len() };
        let (mut named, mut rest) = (Vec::<(&str, &Argument)>::new(), Vec::new());
        for (at, argument) in arguments.iter().enumerate() {
            let name = match &argument.name {
                None if at < in_order => names[at],
                None if kind == "TXT" => {
                    rest.push(argument);
                    continue;
                }
                None => {
                    let what = format!("{kind} has more than its {in_order} arguments");
                    return Err(error(argument.line, what));
                }
                Some(name) => names.iter().find(|it| *it == name).ok_or_else(|| {
                    let what = format!("{kind} has no {name}, expected {}", names.join(", "));
                    error(argument.line, what)
                })?,
            };
            if named.iter().any(|(it, _)| *it == name) {
                return Err(error(argument.line, format!("{kind} has its {name} twice")));
            }
            named.push((name, argument));
        }
        Ok(Self { file, written, named, rest })
    }

    fn find(&self, name: &str) -> Option<&'a Argument> {
        self.named.iter().find(|(it, _)| *it == name).map(|(_, argument)| *argument)
    }

    fn expect(&self, name: &str) -> Result<&'a Argument, ConfigError> {
        self.find(name).ok_or_else(|| {
            let what = format!("{} has no {name}", self.written.kind);
            ConfigError::new(self.file, Some(self.written.line), what)
        })
    }

    /// Says what the value of an argument has to be.
    fn wrong(&self, name: &str, argument: &Argument, expected: &str) -> ConfigError {
        let found = match &argument.value {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
        };
        let what = format!("{name} of {} is {found}, expected {expected}", self.written.kind);
        ConfigError::new(self.file, Some(argument.line), what)
    }

    fn name(&self, name: &str) -> Result<Name<'static>, ConfigError> {
        let argument = self.expect(name)?;
        let Value::Text(text) = &argument.value else {
            return Err(self.wrong(name, argument, "a name in quotes"));
        };
        domain(text).ok_or_else(|| self.wrong(name, argument, "a domain name"))
    }

    fn text(&self, name: &str) -> Result<CharacterString<'static>, ConfigError> {
        self.character_string(name, self.expect(name)?)
    }

    fn character_string(
        &self,
        name: &str,
        argument: &Argument,
    ) -> Result<CharacterString<'static>, ConfigError> {
        let text = match &argument.value {
            Value::Text(text) => CharacterString::new(text).ok(),
            Value::Number(_) => None,
        };
        let text = text.ok_or_else(|| self.wrong(name, argument, "a text of 255 bytes at most"))?;
        Ok(text.into_owned())
    }

    /// Returns the texts of a `TXT`.
    fn texts(&self) -> Result<TXT<'static>, ConfigError> {
        if self.rest.is_empty() {
            return Err(ConfigError::new(self.file, Some(self.written.line), "TXT has no text"));
        }
        self.rest.iter().try_fold(TXT::new(), |texts, argument| {
            Ok(texts.with_char_string(self.character_string("a text", argument)?))
        })
    }

    fn number<T: TryFrom<u64>>(&self, name: &str, expected: &str) -> Result<T, ConfigError> {
        let argument = self.expect(name)?;
        let number = match &argument.value {
            Value::Number(number) => T::try_from(*number).ok(),
            Value::Text(_) => None,
        };
        number.ok_or_else(|| self.wrong(name, argument, expected))
    }

    fn short(&self, name: &str) -> Result<u16, ConfigError> {
        self.number(name, "a number up to 65535")
    }

    fn address<T: FromStr>(&self, expected: &str) -> Result<T, ConfigError> {
        let argument = self.expect("address")?;
        let address = match &argument.value {
            Value::Text(text) => str::from_utf8(text).ok().and_then(|it| it.parse().ok()),
            Value::Number(_) => None,
        };
        address.ok_or_else(|| self.wrong("address", argument, expected))
    }

    /// Returns a time: seconds, or a text of a number and a unit.
    fn seconds(&self, name: &str) -> Result<u32, ConfigError> {
        let argument = self.expect(name)?;
        let seconds = match &argument.value {
            Value::Number(seconds) => Some(*seconds),
            Value::Text(text) => str::from_utf8(text).ok().and_then(seconds),
        };
        // Signed numbers of 32 bits are what is sent.
        let seconds = seconds.filter(|it| i32::try_from(*it).is_ok());
        let seconds = seconds.and_then(|it| u32::try_from(it).ok());
        seconds.ok_or_else(|| self.wrong(name, argument, "seconds, or a text such as \"1H\""))
    }
}

fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = |&(unit, seconds): &(char, u64)| {
        let number = text.strip_suffix([unit, unit.to_ascii_lowercase()])?;
        Some((number, seconds))
    };
    let (number, unit) = UNITS.iter().find_map(unit).unwrap_or((text, 1));
    number.trim().parse::<u64>().ok()?.checked_mul(unit)
}

/// Reads a name, which is absolute with and without a dot at its end.
fn domain(text: &[u8]) -> Option<Name<'static>> {
    let text = str::from_utf8(text).ok()?;
    let text = text.strip_suffix('.').unwrap_or(text);
    // The library leaves out labels without characters.
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|it| it.is_ascii_graphic() && it != b'\\')
    };
    (text.is_empty() || text.split('.').all(is_label)).then_some(())?;
    Name::new(text).ok().map(Name::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::dns_server::zone_file::parse;

    fn record(text: &str) -> Result<Record, ConfigError> {
        let file = Path::new("zone");
        read(file, &parse(file, &format!("zone = [\n{text}\n]"))?[0])
    }

    #[test]
    fn records_say_what_is_written() {
        for (text, expected) in [
            ("A('a.example', '10.0.0.1')", "a.example 10.0.0.1"),
            ("A(name='a.example.', address=b'10.0.0.1')", "a.example 10.0.0.1"),
            ("AAAA('a.example', '::1')", "a.example ::1"),
            ("CNAME('a.example', 'B.example')", "a.example B.example"),
            ("NS('example', target='a.example')", "example a.example"),
            ("PTR('1.0.0.10.in-addr.arpa', 'a')", "1.0.0.10.in-addr.arpa a"),
            ("MX('example', 10, 'a.example')", "example 10 a.example"),
            ("SRV('_sip._udp.example', 0, 10, 5061, 'a')", "_sip._udp.example 0 10 5061 a"),
            ("SRV('s', port=1, weight=2, target='.', priority=3)", "s 3 2 1 "),
            (
                "NAPTR('example', 1, 2, b's', b'SIP+D2U', b'', '_sip._udp.example')",
                "example 1 2 \"s\" \"SIP+D2U\" \"\" _sip._udp.example",
            ),
            ("TXT('a', 'one', b'two')", "a a text"),
            (
                "SOA('example', mname='ns', rname='root', serial=7, refresh='1H', retry=2, expire='1W', minimum='3')",
                "example ns 7",
            ),
        ] {
            let record = record(text).unwrap();
            assert_eq!(format!("{} {}", record.name, told(&record.data)), expected, "{text}");
            assert_eq!((record.line, record.ttl), (2, None));
        }
    }

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        for (ttl, expected) in [
            ("0", 0),
            ("'60'", 60),
            ("'1S'", 1),
            ("'2m'", 120),
            ("' 1 H '", 3600),
            ("'1D'", 86_400),
            ("'2W'", 1_209_600),
            ("'68Y'", 2_144_448_000),
        ] {
            for written in [format!("A('a', '::1', {ttl})"), format!("A('a', '1', ttl={ttl})")] {
                let written = written.replace("'::1'", "'127.0.0.1'").replace("'1'", "'127.0.0.1'");
                assert_eq!(record(&written).unwrap().ttl, Some(expected), "{written}");
            }
        }
        assert_eq!(record("TXT('a', 'b', ttl='1H')").unwrap().ttl, Some(3600));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let long = "a".repeat(64);
        let name = format!("{}.a", vec!["a".repeat(63); 4].join("."));
        for (text, told) in [
            ("A('a')", "2: A has no address"),
            ("A(address='127.0.0.1')", "2: A has no name"),
            ("A('a',\n'127.0.0')", "3: address of A is \"127.0.0\", expected an IPv4 address"),
            ("A('a', 1)", "2: address of A is 1, expected an IPv4 address"),
            ("AAAA('a', '1.2.3.4')", "2: address of AAAA is \"1.2.3.4\", expected an IPv6 address"),
            ("A('a', '1.2.3.4', 5, 6)", "2: A has more than its 3 arguments"),
            ("A('a', '1.2.3.4', name='b')", "2: A has its name twice"),
            ("A('a', adress='1.2.3.4')", "2: A has no adress, expected name, address, ttl"),
            ("A(5, '1.2.3.4')", "2: name of A is 5, expected a name in quotes"),
            ("A('a..b', '1.2.3.4')", "2: name of A is \"a..b\", expected a domain name"),
            ("A('a b', '1.2.3.4')", "2: name of A is \"a b\", expected a domain name"),
            ("A('é', '1.2.3.4')", "2: name of A is \"é\", expected a domain name"),
            (&format!("A('{long}', '1.2.3.4')"), "expected a domain name"),
            (&format!("A('{name}', '1.2.3.4')"), "expected a domain name"),
            (
                "SRV('a', 1, 2, 65536, 'b')",
                "2: port of SRV is 65536, expected a number up to 65535",
            ),
            ("SRV('a', '1', 2, 3, 'b')", "priority of SRV is \"1\", expected a number"),
            ("TXT('a')", "2: TXT has no text"),
            ("TXT('a', 5)", "2: a text of TXT is 5, expected a text of 255 bytes at most"),
            (&format!("TXT('a', '{}')", "a".repeat(256)), "expected a text of 255 bytes at most"),
            ("A('a', '1.2.3.4', '1X')", "2: ttl of A is \"1X\", expected seconds, or a text such"),
            ("A('a', '1.2.3.4', '69Y')", "2: ttl of A is \"69Y\", expected seconds"),
            ("A('a', '1.2.3.4', 2147483648)", "2: ttl of A is 2147483648, expected seconds"),
        ] {
            let error = record(text).unwrap_err();
            assert!(error.to_string().contains(told), "{text}: {error}");
            assert!(error.to_string().starts_with("zone:") && !error.is_unsupported(), "{error}");
        }
        let error = record("LOC('a')").unwrap_err();
        assert!(error.is_unsupported());
        let known = "A, AAAA, CNAME, MX, NAPTR, NS, PTR, SOA, SRV, TXT";
        assert_eq!(error.to_string(), format!("zone:2: LOC needs Python, expected one of {known}"));
    }
}
