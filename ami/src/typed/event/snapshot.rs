//! The groups of fields that describe a channel or a bridge in many events, some with a prefix.

use std::borrow::Cow;

use super::macros::{bridge_fields, channel_fields, field, getter, parser};
#[cfg(feature = "testing")]
use super::visit::{Outcome, Seen};
use crate::typed::field::{Field, FieldError};
use crate::typed::value::{ChannelName, ChannelState, UniqueId};
use crate::wire::{Event, Variable};

/// The fields that describe a channel in an event: `Channel`, `Uniqueid` and others, or those with
/// a prefix, such as `DestChannel` and `DestUniqueid`.
#[derive(Clone, Copy, Debug)]
pub struct ChannelSnapshot<'a> {
    event: &'a Event,
    prefix: &'static str,
}

impl<'a> ChannelSnapshot<'a> {
    #[inline]
    pub(super) fn new(event: &'a Event, prefix: &'static str) -> Self {
        Self { event, prefix }
    }

    #[inline]
    fn field(&self, name: &'static str) -> Field<'a> {
        Field::new(self.event, self.prefix, name)
    }

    channel_fields! { 'a }

    /// Calls every getter and tells its outcome.
    #[cfg(feature = "testing")]
    pub(super) fn visit_fields(&self, see: &mut dyn FnMut(Seen)) {
        channel_fields! { [@see self see] }
    }

    /// Returns the channel variables of this channel in order, which `channelvars` in
    /// `manager.conf` names.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'a>> + use<'a> {
        let prefix = self.prefix.as_bytes();
        self.event
            .variables()
            .filter(move |variable| variable.escaped && variable.of.eq_ignore_ascii_case(prefix))
    }
}

/// The fields that describe a bridge in an event: `BridgeUniqueid` and others, or those with a
/// prefix, such as `ToBridgeUniqueid`.
#[derive(Clone, Copy, Debug)]
pub struct BridgeSnapshot<'a> {
    event: &'a Event,
    prefix: &'static str,
}

impl<'a> BridgeSnapshot<'a> {
    #[inline]
    pub(super) fn new(event: &'a Event, prefix: &'static str) -> Self {
        Self { event, prefix }
    }

    #[inline]
    fn field(&self, name: &'static str) -> Field<'a> {
        Field::new(self.event, self.prefix, name)
    }

    bridge_fields! { 'a }

    /// Calls every getter and tells its outcome.
    #[cfg(feature = "testing")]
    pub(super) fn visit_fields(&self, see: &mut dyn FnMut(Seen)) {
        bridge_fields! { [@see self see] }
    }
}
