//! The macros that turn the generated tables into types.
//!
//! A getter is one call into [`field`](crate::typed::field), where the work is done once for all.
//! Getters are `#[inline]`, so that they cost compile time where they are used and not here.

/// Writes the method that reads one field, `lifetime name: kind = "Field"`, or the statement that
/// calls it and tells its outcome, `@see self see name: kind = "Field"`.
macro_rules! field {
    (@see $self:ident $see:ident $(#[$meta:meta])* $name:ident: texts = $wire:literal) => {
        $see($self.field($wire).seen(stringify!($name), Outcome::of_all($self.$name())));
    };
    (@see $self:ident $see:ident $(#[$meta:meta])* $name:ident: reports = $wire:literal) => {
        for report in $self.$name() {
            report.visit_fields($see);
        }
    };
    (@see $self:ident $see:ident $(#[$meta:meta])* $name:ident: channel_snapshot = "") => {
        $crate::typed::event::macros::channel_fields! { [@see $self $see] }
        $self.snapshot().visit_fields($see);
    };
    (@see $self:ident $see:ident $(#[$meta:meta])* $name:ident: channel_snapshot = $w:literal) => {
        $self.$name().visit_fields($see);
    };
    (@see $self:ident $see:ident $(#[$meta:meta])* $name:ident: bridge_snapshot = "") => {
        $crate::typed::event::macros::bridge_fields! { [@see $self $see] }
        $self.bridge().visit_fields($see);
    };
    (@see $self:ident $see:ident $(#[$meta:meta])* $name:ident: bridge_snapshot = $w:literal) => {
        $self.$name().visit_fields($see);
    };
    (@see $self:ident $see:ident $(#[$meta:meta])* $name:ident: $kind:ident $(($t:ty))? = $wire:literal) => {
        $see($self.field($wire).seen(stringify!($name), Outcome::of($self.$name())));
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: text = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "as text.", Option<Cow<$at, str>>, text());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: unescaped = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "as text, without the server's escapes.",
            Option<Cow<$at, str>>, unescaped());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: texts = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "in order, which can be repeated.",
            impl Iterator<Item = Cow<$at, str>>, texts());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: channel = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "as the name of a channel. `None` if it is absent or empty, or if there is no channel.",
            Option<ChannelName<$at>>, channel_name());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: unique_id = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "as a unique id. `None` if it is absent or empty, or if there is no channel.",
            Option<UniqueId<$at>>, unique_id());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: open($kind:ident) = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "as an enumeration that admits other values. `None` if it is absent or empty.",
            Option<$kind<$at>>, open());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: number($kind:ident) = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a number.", $kind, number());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: hex = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a number, which is hexadecimal on the wire.",
            u32, hex());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: flag = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as `true` or `false`.", bool, flag());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: seconds = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a duration, in seconds on the wire.",
            Duration, seconds());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: millis = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a duration, in milliseconds on the wire.",
            Duration, millis());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: micros = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a duration, in microseconds or `N/A` on the wire.",
            Duration, micros());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: clock = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a duration, `HH:MM:SS` on the wire.",
            Duration, clock());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: epoch = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a time, in seconds since 1970 on the wire. The server writes 0 for never, which is `None`.",
            SystemTime, epoch());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: date_time = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a time, which has a date and a zone on the wire.",
            SystemTime, date_time());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: address = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as an address.", Address, address());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: reports = $wire:literal) => {
        #[doc = concat!("Returns the report blocks of the packet: the fields `", $wire, "…`, X counts up from 0.")]
        $(#[$meta])*
        pub fn $name(&self) -> impl Iterator<Item = RtcpReport<'_>> {
            RtcpReport::all(&self.0)
        }
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: channel_snapshot = "") => {
        $crate::typed::event::macros::channel_fields! { $at }

        /// Returns the fields of the channel, which the event has as methods too.
        #[inline]
        pub fn snapshot(&self) -> ChannelSnapshot<'_> {
            ChannelSnapshot::new(&self.0, "")
        }
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: channel_snapshot = $prefix:literal) => {
        #[doc = concat!("Returns the fields of the channel that begin with `", $prefix, "`.")]
        $(#[$meta])*
        #[inline]
        pub fn $name(&self) -> ChannelSnapshot<'_> {
            ChannelSnapshot::new(&self.0, $prefix)
        }
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: bridge_snapshot = "") => {
        $crate::typed::event::macros::bridge_fields! { $at }

        /// Returns the fields of the bridge, which the event has as methods too.
        #[inline]
        pub fn bridge(&self) -> BridgeSnapshot<'_> {
            BridgeSnapshot::new(&self.0, "")
        }
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: bridge_snapshot = $prefix:literal) => {
        #[doc = concat!("Returns the fields of the bridge that begin with `", $prefix, "`.")]
        $(#[$meta])*
        #[inline]
        pub fn $name(&self) -> BridgeSnapshot<'_> {
            BridgeSnapshot::new(&self.0, $prefix)
        }
    };
}

/// Writes a getter that always succeeds.
macro_rules! getter {
    ($(#[$meta:meta])* $name:ident, $wire:literal, $as:literal, $kind:ty, $($read:tt)+) => {
        #[doc = concat!("Returns the field `", $wire, "` ", $as)]
        $(#[$meta])*
        #[inline]
        pub fn $name(&self) -> $kind {
            self.field($wire).$($read)+
        }
    };
}

/// Writes a getter that parses.
macro_rules! parser {
    ($(#[$meta:meta])* $name:ident, $wire:literal, $as:literal, $kind:ty, $($read:tt)+) => {
        #[doc = concat!("Returns the field `", $wire, "` ", $as, " `None` if it is absent or empty.")]
        $(#[$meta])*
        ///
        /// # Errors
        ///
        /// Returns an error if the value does not parse.
        #[inline]
        pub fn $name(&self) -> Result<Option<$kind>, FieldError> {
            self.field($wire).$($read)+
        }
    };
}

/// Writes [`field`] for each field of a channel's snapshot.
macro_rules! channel_fields {
    ($at:lifetime) => {
        $crate::typed::event::macros::channel_fields! { [$at] }
    };
    ([$($with:tt)*]) => {
        field! { $($with)* channel: channel = "Channel" }
        field! { $($with)* channel_state: number(ChannelState) = "ChannelState" }
        field! { $($with)* channel_state_desc: text = "ChannelStateDesc" }
        field! { $($with)* caller_id_num: text = "CallerIDNum" }
        field! { $($with)* caller_id_name: unescaped = "CallerIDName" }
        field! { $($with)* connected_line_num: text = "ConnectedLineNum" }
        field! { $($with)* connected_line_name: unescaped = "ConnectedLineName" }
        field! { $($with)* language: text = "Language" }
        field! { $($with)* account_code: text = "AccountCode" }
        field! { $($with)* context: text = "Context" }
        field! { $($with)* exten: text = "Exten" }
        field! { $($with)* priority: number(u32) = "Priority" }
        field! { $($with)* unique_id: unique_id = "Uniqueid" }
        field! { $($with)* linked_id: unique_id = "Linkedid" }
        field! { $($with)* tenant_id: text = "Tenantid" }
    };
}

/// Writes [`field`] for each field of a bridge's snapshot.
macro_rules! bridge_fields {
    ($at:lifetime) => {
        $crate::typed::event::macros::bridge_fields! { [$at] }
    };
    ([$($with:tt)*]) => {
        field! { $($with)* bridge_unique_id: text = "BridgeUniqueid" }
        field! { $($with)* bridge_type: text = "BridgeType" }
        field! { $($with)* bridge_technology: text = "BridgeTechnology" }
        field! { $($with)* bridge_creator: text = "BridgeCreator" }
        field! { $($with)* bridge_name: text = "BridgeName" }
        field! { $($with)* bridge_num_channels: number(u32) = "BridgeNumChannels" }
        field! { $($with)* bridge_video_source_mode: text = "BridgeVideoSourceMode" }
        field! { $($with)* bridge_video_source: unique_id = "BridgeVideoSource" }
    };
}

// A name is matched as `tt`, because a macro cannot look into a `literal` that another one passed
// on.
/// Writes the types of events, the enum of all, and the table of their names and classes.
macro_rules! events {
    ($(
        $(#[$meta:meta])*
        $event:ident = $wire:literal [$($class:ident)*] {
            $($(#[$field_meta:meta])* $field:ident: $kind:ident $(($type:ident))? = $name:tt;)*
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Eq, PartialEq)]
            pub struct $event(Event);

            impl $event {
                #[allow(dead_code, reason = "an event can have groups of fields alone")]
                #[inline]
                fn field(&self, name: &'static str) -> Field<'_> {
                    Field::new(&self.0, "", name)
                }

                $(field! { '_ $(#[$field_meta])* $field: $kind $(($type))? = $name })*

                /// Calls every getter and tells its outcome.
                #[cfg(feature = "testing")]
                #[allow(unused_imports, unused_variables, reason = "an event can have no fields")]
                #[inline]
                fn visit_fields(&self, see: &mut dyn FnMut($crate::typed::event::Seen)) {
                    use $crate::typed::event::visit::Outcome;
                    $(field! { @see self see $field: $kind $(($type))? = $name })*
                }
            }

            impl TypedEvent for $event {
                const NAME: &'static str = $wire;
                const CLASSES: &'static [EventClass] = &[$(EventClass::$class),*];

                #[inline]
                fn view(event: Event) -> Self {
                    Self(event)
                }

                #[inline]
                fn raw(&self) -> &Event {
                    &self.0
                }

                #[inline]
                fn into_raw(self) -> Event {
                    self.0
                }
            }

            impl fmt::Debug for $event {
                #[inline]
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Debug::fmt(&self.0, f)
                }
            }
        )*

        /// An event of any known type.
        #[derive(Clone, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum Typed {
            $(
                #[doc = concat!("The event `", $wire, "`.")]
                $event($event),
            )*
            /// An event of another name.
            Unknown(Event),
        }

        impl Typed {
            /// Returns the raw event.
            pub fn raw(&self) -> &Event {
                match self {
                    $(Self::$event(event) => &event.0,)*
                    Self::Unknown(event) => event,
                }
            }

            /// Converts the view into the raw event.
            pub fn into_raw(self) -> Event {
                match self {
                    $(Self::$event(event) => event.0,)*
                    Self::Unknown(event) => event,
                }
            }

            /// Calls every getter and tells its outcome. An unknown event has none.
            #[cfg(feature = "testing")]
            #[doc(hidden)]
            #[inline]
            pub fn visit_fields(&self, see: &mut dyn FnMut($crate::typed::event::Seen)) {
                match self {
                    $(Self::$event(event) => event.visit_fields(see),)*
                    Self::Unknown(_) => {}
                }
            }
        }

        /// A known event, without its fields.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(super) enum Known {
            $($event,)*
        }

        impl Known {
            pub(super) fn view(self, event: Event) -> Typed {
                match self {
                    $(Self::$event => Typed::$event($event(event)),)*
                }
            }
        }

        /// The names and classes of the known events.
        pub(super) static KNOWN: &[(&str, &[EventClass])] =
            &[$(($event::NAME, $event::CLASSES)),*];
    };
}

pub(super) use {bridge_fields, channel_fields, events, field, getter, parser};
