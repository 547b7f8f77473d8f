//! The report blocks of an RTCP packet, which count up in the names of fields.

use super::macros::{field, parser};
#[cfg(feature = "testing")]
use super::visit::{Outcome, Seen};
use crate::typed::field::{Field, FieldError};
use crate::wire::Event;

/// The prefixes of the blocks. A packet has no more.
const PREFIXES: [&str; 31] = [
    "Report0", "Report1", "Report2", "Report3", "Report4", "Report5", "Report6", "Report7",
    "Report8", "Report9", "Report10", "Report11", "Report12", "Report13", "Report14", "Report15",
    "Report16", "Report17", "Report18", "Report19", "Report20", "Report21", "Report22", "Report23",
    "Report24", "Report25", "Report26", "Report27", "Report28", "Report29", "Report30",
];

/// Writes [`field`] for each field of a block.
macro_rules! report_fields {
    ([$($with:tt)*]) => {
        field! { $($with)* source_ssrc: hex = "SourceSSRC" }
        field! { $($with)* fraction_lost: number(u32) = "FractionLost" }
        field! { $($with)* cumulative_lost: number(u32) = "CumulativeLost" }
        field! { $($with)* highest_sequence: number(u32) = "HighestSequence" }
        field! { $($with)* sequence_number_cycles: number(u32) = "SequenceNumberCycles" }
        field! { $($with)* ia_jitter: number(u32) = "IAJitter" }
        field! { $($with)* lsr: number(u32) = "LSR" }
        field! { $($with)* dlsr: number(f64) = "DLSR" }
    };
}

/// A report block of an RTCP packet: `Report0SourceSSRC` and others.
#[derive(Clone, Copy, Debug)]
pub struct RtcpReport<'a> {
    event: &'a Event,
    prefix: &'static str,
}

impl<'a> RtcpReport<'a> {
    /// Returns the blocks of an event, in order.
    pub(super) fn all(event: &'a Event) -> impl Iterator<Item = Self> + use<'a> {
        let blocks = PREFIXES.iter().map(move |prefix| Self { event, prefix });
        blocks.take_while(|block| event.get_joined(block.prefix, "SourceSSRC").is_some())
    }

    #[inline]
    fn field(&self, name: &'static str) -> Field<'a> {
        Field::new(self.event, self.prefix, name)
    }

    report_fields! { ['a] }

    /// Calls every getter and tells its outcome.
    #[cfg(feature = "testing")]
    pub(super) fn visit_fields(&self, see: &mut dyn FnMut(Seen)) {
        report_fields! { [@see self see] }
    }
}
