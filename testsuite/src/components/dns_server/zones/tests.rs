//! Answers of zones.

use std::net::Ipv4Addr;

use super::*;

const LAB: &str = "zone = [
    SOA('lab.example', mname='ns.lab.example', rname='root.lab.example', serial=1,
        refresh='1H', retry='1H', expire='2H', minimum='1H'),
    SRV('_sip._udp.lab.example', 0, 10, 5061, 'phone.lab.example', ttl=5),
    SRV('_sip._udp.lab.example', 1, 0, 5062, 'Phone.lab.example'),
    A('phone.lab.example', '10.0.0.1'),
    A('phone.lab.example', '10.0.0.2'),
    CNAME('desk.lab.example', 'PHONE.lab.example'),
    CNAME('away.lab.example', 'phone.elsewhere.example'),
    CNAME('loop.lab.example', 'loop.lab.example'),
]";

const OTHER: &str = "zone = [
    SOA('other.example', mname='ns', rname='root', serial=1, refresh=1, retry=1, expire=1, minimum=9),
    A('phone.lab.example', '10.9.9.9'),
    A('phone.other.example', '10.0.0.3'),
]";

fn zones() -> Zones {
    [LAB, OTHER].map(|text| Zone::read(Path::new("zone"), text).unwrap()).into_iter().collect()
}

fn query(name: &str, kind: QTYPE) -> Vec<u8> {
    let mut query = Packet::new_query(77);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).unwrap();
    query.questions.push(Question::new(name, kind, CLASS::IN.into(), false));
    query.build_bytes_vec().unwrap()
}

fn kind(name: &str) -> QTYPE {
    QTYPE::TYPE(match name {
        "A" => TYPE::A,
        "AAAA" => TYPE::AAAA,
        "CNAME" => TYPE::CNAME,
        "SOA" => TYPE::SOA,
        "SRV" => TYPE::SRV,
        _ => return QTYPE::ANY,
    })
}

#[test]
fn what_is_asked_is_answered_with_authority() {
    let zones = zones();
    for (asked, expected) in [
        ("A phone.lab.example", "10.0.0.1, 10.0.0.2"),
        ("A PHONE.Lab.Example", "10.0.0.1, 10.0.0.2"),
        ("AAAA phone.lab.example", "no such record"),
        ("SRV _sip._udp.lab.example", "0 10 5061 phone.lab.example, 1 0 5062 Phone.lab.example"),
        ("SOA lab.example", "ns.lab.example 1"),
        ("A lab.example", "no such record"),
        ("A other.lab.example", "NXDOMAIN"),
        ("A other.nowhere.example", "NXDOMAIN"),
        ("A phone.other.example", "10.0.0.3"),
        ("CNAME desk.lab.example", "PHONE.lab.example"),
        ("A desk.lab.example", "PHONE.lab.example, 10.0.0.1, 10.0.0.2"),
        ("A away.lab.example", "phone.elsewhere.example"),
    ] {
        let (of, name) = asked.split_once(' ').unwrap();
        let asked_for = query(name, kind(of));
        let Answer { message, told, is_met } = zones.answer(&asked_for, Way::Udp);
        assert_eq!(told, format!("{asked}: {expected}"));
        let message = message.unwrap();
        let answer = Packet::parse(&message).unwrap();
        assert_eq!((answer.id(), answer.questions.len(), answer.opt()), (77, 1, None));
        assert_eq!(answer.questions[0].qname.to_string(), name);
        assert!(answer.has_flags(PacketFlag::RESPONSE | PacketFlag::RECURSION_DESIRED));
        assert!(!answer.has_flags(PacketFlag::RECURSION_AVAILABLE));
        let is_ours = name != "other.nowhere.example";
        assert_eq!(answer.has_flags(PacketFlag::AUTHORITATIVE_ANSWER), is_ours);
        let code = if expected == "NXDOMAIN" { RCODE::NameError } else { RCODE::NoError };
        assert_eq!(answer.rcode(), code, "{asked}");
        let has_none = matches!(expected, "NXDOMAIN" | "no such record");
        assert_eq!((answer.answers.is_empty(), !is_met), (has_none, has_none), "{asked}");
        // Of an unknown name nothing is said at all.
        let authority: Vec<_> = answer.name_servers.iter().map(|it| it.name.to_string()).collect();
        let expected = if expected == "no such record" { vec!["lab.example"] } else { vec![] };
        assert_eq!(authority, expected, "{asked}");
        assert!(answer.additional_records.is_empty());
    }
}

#[test]
fn records_live_as_long_as_they_say_or_as_their_zone_does() {
    let zones = zones();
    let ttls = |name: &str, of: &str| {
        let message = zones.answer(&query(name, kind(of)), Way::Udp).message.unwrap();
        let answer = Packet::parse(&message).unwrap();
        answer.answers.iter().map(|it| it.ttl).collect::<Vec<_>>()
    };
    assert_eq!(ttls("_sip._udp.lab.example", "SRV"), [5, 7200]);
    assert_eq!(ttls("phone.other.example", "A"), [9]);
}

#[test]
fn an_alias_of_itself_has_an_end() {
    let answer = zones().answer(&query("loop.lab.example", kind("A")), Way::Udp);
    let message = answer.message.unwrap();
    assert_eq!(Packet::parse(&message).unwrap().answers.len(), ALIASES);
}

#[test]
fn an_answer_that_is_too_long_for_udp_is_told_over_tcp() {
    let many = |count: u32| {
        let record = |it| format!("A('many.example', '{}')", Ipv4Addr::from(it));
        let records: Vec<_> = (0..count).map(record).collect();
        let soa = "SOA('example', 'ns', 'root', 1, 1, 1, 1, 1)";
        let text = format!("zone = [{soa}, {}]", records.join(","));
        Zones::from_iter([Zone::read(Path::new("zone"), &text).unwrap()])
    };
    let query = query("many.example", kind("A"));
    for (count, way, told, code, answers, is_truncated) in [
        (28, Way::Udp, "0.0.0.0, 0.0.0.1", RCODE::NoError, 28, false),
        (40, Way::Udp, "too long for Udp", RCODE::NoError, 0, true),
        (40, Way::Tcp, "0.0.0.0, 0.0.0.1", RCODE::NoError, 40, false),
        (5000, Way::Tcp, "too long for Tcp", RCODE::ServerFailure, 0, false),
    ] {
        let answer = many(count).answer(&query, way);
        assert!(answer.told.starts_with(&format!("A many.example: {told}")), "{}", answer.told);
        let message = answer.message.unwrap();
        let packet = Packet::parse(&message).unwrap();
        assert!(message.len() <= way.longest());
        assert_eq!((packet.rcode(), packet.answers.len()), (code, answers));
        assert_eq!(packet.has_flags(PacketFlag::TRUNCATION), is_truncated);
        assert_eq!(packet.questions.len(), 1);
    }
}

#[test]
fn what_is_no_question_is_refused_or_dropped() {
    let asked = query("phone.lab.example", kind("A"));
    let changed = |at: usize, value: u8| {
        let mut asked = asked.clone();
        asked[at] = value;
        asked
    };
    let transfer = query("lab.example", QTYPE::AXFR);
    let last = asked.len() - 1;
    for (query, code, told) in [
        (changed(2, 0x10), RCODE::NotImplemented, "a query of 35 bytes: NOTIMP"),
        (changed(5, 2), RCODE::FormatError, "a query of 35 bytes: FORMERR"),
        (changed(5, 0), RCODE::FormatError, "a query of 35 bytes: FORMERR"),
        (changed(7, 1), RCODE::FormatError, "a query of 35 bytes: FORMERR"),
        (changed(12, 60), RCODE::FormatError, "a query of 35 bytes: FORMERR"),
        (asked[..20].to_vec(), RCODE::FormatError, "a query of 20 bytes: FORMERR"),
        (changed(last - 2, 200), RCODE::NotImplemented, "a query of 35 bytes: NOTIMP"),
        (changed(last, 3), RCODE::Refused, "A phone.lab.example: REFUSED"),
        (transfer, RCODE::NotImplemented, "AXFR lab.example: NOTIMP"),
    ] {
        let answer = zones().answer(&query, Way::Udp);
        assert_eq!(answer.told, told);
        let message = answer.message.unwrap();
        let packet = Packet::parse(&message).unwrap();
        assert_eq!((packet.id(), packet.rcode(), packet.answers.len()), (77, code, 0), "{told}");
    }
    for (query, told) in [
        (changed(2, 0x80), "no query in 35 bytes"),
        (asked[..11].to_vec(), "no query in 11 bytes"),
        (Vec::new(), "no query in 0 bytes"),
    ] {
        let answer = zones().answer(&query, Way::Udp);
        assert_eq!((answer.message, &*answer.told), (None, told));
    }
}

#[test]
fn no_bytes_make_the_answer_panic_or_too_long() {
    let zones = zones();
    let asked = [("phone.lab.example", "A"), ("desk.lab.example", "A"), ("x.lab.example", "ANY")];
    let asked = asked.map(|(name, of)| query(name, kind(of)));
    for seed in 0..50_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bytes = match random.usize(0..4) {
            0 => (0..random.usize(0..80)).map(|_| random.u8(..)).collect(),
            at => asked[at - 1].clone(),
        };
        // A header that is taken leads to the rest.
        if bytes.len() > HEADER && random.bool() {
            bytes[2..12].copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, random.u8(0..3)]);
        }
        for _ in 0..random.usize(0..4) {
            if let Some(byte) = random.choice(&mut bytes) {
                *byte = random.u8(..);
            }
        }
        bytes.extend((0..random.usize(0..40)).map(|_| random.u8(..)));
        for way in [Way::Udp, Way::Tcp] {
            if let Some(message) = zones.answer(&bytes, way).message {
                assert!(message.len() >= HEADER && message.len() <= way.longest());
                assert_eq!(message[..2], bytes[..2]);
            }
        }
    }
}

#[test]
fn a_zone_has_one_authority() {
    let soa = "SOA('example', 'ns', 'root', 1, 1, 1, 1, 1)";
    for (text, told) in [
        ("zone = [A('a', '10.0.0.1')]", "zone: expected a SOA among the records"),
        (&format!("zone = [{soa},\n{soa}]"), "zone:2: there is a SOA already"),
    ] {
        let error = Zone::read(Path::new("zone"), text).unwrap_err();
        assert_eq!(error.to_string(), told);
        assert!(!error.is_unsupported());
    }
}
