//! Zones, and what they answer.

use std::path::Path;

use simple_dns::rdata::RData;
use simple_dns::{
    CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord,
    SimpleDnsError, TYPE, header_buffer,
};

use super::records::{self, Record};
use super::zone_file::parse;
use crate::files::ConfigError;

/// The length of the header of a message.
const HEADER: usize = 12;

/// The number of names that an alias leads to, one after another.
const ALIASES: usize = 8;

/// A zone: the records of a domain.
#[derive(Debug)]
pub(super) struct Zone {
    /// The record with which the zone begins. Its name is the domain.
    authority: ResourceRecord<'static>,
    /// All records, in the order of the file.
    records: Vec<ResourceRecord<'static>>,
}

impl Zone {
    /// Reads a zone file.
    ///
    /// # Errors
    ///
    /// Returns an error with the line; see [`parse`].
    pub(super) fn read(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let written = parse(file, text)?;
        let records = written.iter().map(|it| records::read(file, it));
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let is_authority = |record: &&Record| matches!(record.data, RData::SOA(_));
        let mut authorities = records.iter().filter(is_authority);
        let Some(authority) = authorities.next() else {
            return Err(ConfigError::new(file, None, "expected a SOA among the records"));
        };
        if let Some(second) = authorities.next() {
            return Err(ConfigError::new(file, Some(second.line), "there is a SOA already"));
        }
        let ttl = match &authority.data {
            RData::SOA(it) => it.expire.unsigned_abs().max(it.minimum),
            _ => 0,
        };
        let sent = |Record { name, ttl: own, data, .. }: &Record| {
            ResourceRecord::new(name.clone(), CLASS::IN, own.unwrap_or(ttl), data.clone())
        };
        Ok(Self { authority: sent(authority), records: records.iter().map(sent).collect() })
    }

    fn of<'z, 'n>(
        &'z self,
        name: &'n Name<'n>,
    ) -> impl Iterator<Item = &'z ResourceRecord<'static>> + use<'z, 'n> {
        self.records.iter().filter(move |it| it.name == *name)
    }

    fn contains(&self, name: &Name<'_>) -> bool {
        let domain = &self.authority.name;
        name == domain || name.is_subdomain_of(domain)
    }
}

/// The zones of a server.
#[derive(Debug, Default)]
pub(super) struct Zones(Vec<Zone>);

/// The way by which a query came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Udp,
    Tcp,
}

impl Way {
    /// Returns how long an answer can be.
    fn longest(self) -> usize {
        match self {
            Self::Udp => 512,
            Self::Tcp => 65_535,
        }
    }
}

/// An answer to a query.
#[derive(Debug)]
pub(super) struct Answer {
    /// The message; none if nothing can be answered.
    pub(super) message: Option<Vec<u8>>,
    /// The question and the answer, as a failure tells them.
    pub(super) told: String,
    /// Records for the answer.
    pub(super) is_met: bool,
}

/// The knowledge of zones about a question.
struct Found<'a> {
    code: RCODE,
    is_authoritative: bool,
    answers: Vec<&'a ResourceRecord<'static>>,
    authority: Option<&'a ResourceRecord<'static>>,
}

impl Found<'_> {
    fn nothing(code: RCODE) -> Self {
        Self { code, is_authoritative: false, answers: Vec::new(), authority: None }
    }

    fn told(&self) -> String {
        match self.code {
            RCODE::NoError if self.answers.is_empty() => "no such record".to_owned(),
            RCODE::NoError => {
                let told = self.answers.iter().map(|it| records::told(&it.rdata));
                told.collect::<Vec<_>>().join(", ")
            }
            RCODE::NameError => "NXDOMAIN".to_owned(),
            RCODE::FormatError => "FORMERR".to_owned(),
            RCODE::NotImplemented => "NOTIMP".to_owned(),
            RCODE::Refused => "REFUSED".to_owned(),
            _ => "SERVFAIL".to_owned(),
        }
    }
}

impl FromIterator<Zone> for Zones {
    fn from_iter<I: IntoIterator<Item = Zone>>(zones: I) -> Self {
        Self(zones.into_iter().collect())
    }
}

impl Zones {
    /// Answers a query.
    pub(super) fn answer(&self, query: &[u8], way: Way) -> Answer {
        let length = query.len();
        let is_response = header_buffer::has_flags(query, PacketFlag::RESPONSE);
        if length < HEADER || !matches!(is_response, Ok(false)) {
            let told = format!("no query in {length} bytes");
            return Answer { message: None, told, is_met: false };
        }
        let parsed = match is_question(query) {
            Ok(()) => Packet::parse(query).map_err(|error| match error {
                SimpleDnsError::InvalidQType(_) => RCODE::NotImplemented,
                _ => RCODE::FormatError,
            }),
            Err(code) => Err(code),
        };
        let question = parsed.as_ref().map(|it| it.questions.first());
        let (question, found) = match question {
            Ok(Some(question)) => (Some(question), self.find(question)),
            Ok(None) => (None, Found::nothing(RCODE::FormatError)),
            Err(code) => (None, Found::nothing(*code)),
        };
        let asked = question.map_or_else(|| format!("a query of {length} bytes"), told);
        let told = format!("{asked}: {}", found.told());
        let message = message(query, question, &found).filter(|it| it.len() <= way.longest());
        if message.is_some() {
            return Answer { message, told, is_met: !found.answers.is_empty() };
        }
        // Over UDP there is the other way; over TCP there is none.
        let (code, flags) = match way {
            Way::Udp => (RCODE::NoError, PacketFlag::TRUNCATION),
            Way::Tcp => (RCODE::ServerFailure, PacketFlag::empty()),
        };
        let mut reply = reply(query, question);
        reply.set_flags(flags);
        *reply.rcode_mut() = code;
        let told = format!("{asked}: too long for {way:?}");
        Answer { message: reply.build_bytes_vec().ok(), told, is_met: way == Way::Udp }
    }

    fn find<'z>(&'z self, question: &Question<'_>) -> Found<'z> {
        match (question.qclass, question.qtype) {
            (QCLASS::CLASS(CLASS::IN) | QCLASS::ANY, QTYPE::TYPE(_) | QTYPE::ANY) => {}
            (QCLASS::CLASS(CLASS::IN) | QCLASS::ANY, _) => {
                return Found::nothing(RCODE::NotImplemented);
            }
            _ => return Found::nothing(RCODE::Refused),
        }
        let is_alias = |it: &&ResourceRecord<'_>| it.match_qtype(QTYPE::TYPE(TYPE::CNAME));
        let Some(zone) = self.knowing(&question.qname) else {
            let is_authoritative = self.0.iter().any(|it| it.contains(&question.qname));
            return Found { is_authoritative, ..Found::nothing(RCODE::NameError) };
        };
        let mut answers = Vec::new();
        let mut next = Some((zone, &question.qname));
        while let Some((zone, name)) = next.take() {
            let before = answers.len();
            answers.extend(zone.of(name).filter(|it| it.match_qtype(question.qtype)));
            let alias = zone.of(name).find(is_alias);
            // What an alias leads to is part of the answer.
            if answers.len() == before
                && let Some(alias) = alias
                && let RData::CNAME(target) = &alias.rdata
            {
                answers.push(alias);
                let target: &Name<'_> = &target.0;
                next = self.knowing(target).map(|zone| (zone, target));
                next = next.filter(|_| answers.len() < ALIASES);
            }
        }
        let authority = answers.is_empty().then_some(&zone.authority);
        Found { code: RCODE::NoError, is_authoritative: true, answers, authority }
    }

    /// Returns the first zone that has records of a name.
    fn knowing(&self, name: &Name<'_>) -> Option<&Zone> {
        self.0.iter().find(|zone| zone.of(name).next().is_some())
    }
}

/// Returns the error that a message is answered with which is no single question.
fn is_question(query: &[u8]) -> Result<(), RCODE> {
    if header_buffer::opcode(query) != Ok(OPCODE::StandardQuery) {
        return Err(RCODE::NotImplemented);
    }
    let counts = [header_buffer::questions, header_buffer::answers, header_buffer::name_servers];
    match counts.map(|count| count(query)) {
        [Ok(1), Ok(0), Ok(0)] => Ok(()),
        _ => Err(RCODE::FormatError),
    }
}

/// Returns a reply without an answer.
fn reply<'a>(query: &[u8], question: Option<&Question<'a>>) -> Packet<'a> {
    let mut reply = Packet::new_reply(header_buffer::id(query).unwrap_or_default());
    *reply.opcode_mut() = header_buffer::opcode(query).unwrap_or(OPCODE::StandardQuery);
    if matches!(header_buffer::has_flags(query, PacketFlag::RECURSION_DESIRED), Ok(true)) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    reply.questions.extend(question.cloned());
    reply
}

/// Returns a message with all that was found. `None` if there is no such message.
fn message(query: &[u8], question: Option<&Question<'_>>, found: &Found<'_>) -> Option<Vec<u8>> {
    let mut reply = reply(query, question);
    *reply.rcode_mut() = found.code;
    if found.is_authoritative {
        reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    }
    reply.answers.extend(found.answers.iter().copied().cloned());
    reply.name_servers.extend(found.authority.cloned());
    reply.build_bytes_vec_compressed().ok()
}

/// Returns a question as a failure tells it.
fn told(question: &Question<'_>) -> String {
    let asked = match question.qtype {
        QTYPE::TYPE(it) => format!("{it:?}"),
        it => format!("{it:?}"),
    };
    // A name may have any bytes.
    format!("{asked} {}", question.qname.to_string().escape_debug())
}

#[cfg(test)]
mod tests;
