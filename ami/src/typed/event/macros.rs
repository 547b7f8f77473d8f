//! The macros that turn the generated tables into types.

/// Writes the method that reads one field: `lifetime name: kind = "Field"`.
macro_rules! field {
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
        getter!($(#[$meta])* $name, $wire, "as the name of a channel.",
            Option<ChannelName<$at>>, channel_name());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: unique_id = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "as a unique id.", Option<UniqueId<$at>>, unique_id());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: open($kind:ident) = $wire:literal) => {
        getter!($(#[$meta])* $name, $wire, "as an enumeration that admits other values.",
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
    ($at:lifetime $(#[$meta:meta])* $name:ident: clock = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a duration, `HH:MM:SS` on the wire.",
            Duration, clock());
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: epoch = $wire:literal) => {
        parser!($(#[$meta])* $name, $wire, "as a time, in seconds since 1970 on the wire.",
            SystemTime, epoch());
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
        channel_fields! { $at }

        /// Returns the fields of the channel.
        pub fn snapshot(&self) -> ChannelSnapshot<'_> {
            ChannelSnapshot::new(&self.0, "")
        }
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: channel_snapshot = $prefix:literal) => {
        $(#[$meta])*
        #[doc = concat!("Returns the fields of the channel that begin with `", $prefix, "`.")]
        pub fn $name(&self) -> ChannelSnapshot<'_> {
            ChannelSnapshot::new(&self.0, $prefix)
        }
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: bridge_snapshot = "") => {
        bridge_fields! { $at }

        /// Returns the fields of the bridge.
        pub fn bridge(&self) -> BridgeSnapshot<'_> {
            BridgeSnapshot::new(&self.0, "")
        }
    };
    ($at:lifetime $(#[$meta:meta])* $name:ident: bridge_snapshot = $prefix:literal) => {
        $(#[$meta])*
        #[doc = concat!("Returns the fields of the bridge that begin with `", $prefix, "`.")]
        pub fn $name(&self) -> BridgeSnapshot<'_> {
            BridgeSnapshot::new(&self.0, $prefix)
        }
    };
}

macro_rules! getter {
    ($(#[$meta:meta])* $name:ident, $wire:literal, $as:literal, $kind:ty, $($read:tt)+) => {
        #[doc = concat!("Returns the field `", $wire, "` ", $as)]
        $(#[$meta])*
        pub fn $name(&self) -> $kind {
            self.field($wire).$($read)+
        }
    };
}

macro_rules! parser {
    ($(#[$meta:meta])* $name:ident, $wire:literal, $as:literal, $kind:ty, $($read:tt)+) => {
        #[doc = concat!("Returns the field `", $wire, "` ", $as, " `None` if it is absent or empty.")]
        $(#[$meta])*
        ///
        /// # Errors
        ///
        /// Returns an error if the value does not parse.
        pub fn $name(&self) -> Result<Option<$kind>, FieldError> {
            self.field($wire).$($read)+
        }
    };
}

/// Writes the methods for the fields of a channel's snapshot.
macro_rules! channel_fields {
    ($at:lifetime) => {
        field! { $at channel: channel = "Channel" }
        field! { $at channel_state: number(ChannelState) = "ChannelState" }
        field! { $at channel_state_desc: text = "ChannelStateDesc" }
        field! { $at caller_id_num: text = "CallerIDNum" }
        field! { $at caller_id_name: unescaped = "CallerIDName" }
        field! { $at connected_line_num: text = "ConnectedLineNum" }
        field! { $at connected_line_name: unescaped = "ConnectedLineName" }
        field! { $at language: text = "Language" }
        field! { $at account_code: text = "AccountCode" }
        field! { $at context: text = "Context" }
        field! { $at exten: text = "Exten" }
        field! { $at priority: number(u32) = "Priority" }
        field! { $at unique_id: unique_id = "Uniqueid" }
        field! { $at linked_id: unique_id = "Linkedid" }
        field! { $at tenant_id: text = "Tenantid" }
    };
}

/// Writes the methods for the fields of a bridge's snapshot.
macro_rules! bridge_fields {
    ($at:lifetime) => {
        field! { $at bridge_unique_id: text = "BridgeUniqueid" }
        field! { $at bridge_type: text = "BridgeType" }
        field! { $at bridge_technology: text = "BridgeTechnology" }
        field! { $at bridge_creator: text = "BridgeCreator" }
        field! { $at bridge_name: text = "BridgeName" }
        field! { $at bridge_num_channels: number(u32) = "BridgeNumChannels" }
        field! { $at bridge_video_source_mode: text = "BridgeVideoSourceMode" }
        field! { $at bridge_video_source: unique_id = "BridgeVideoSource" }
    };
}

/// Writes the types of events, the enum of all, and the table of their names and classes.
macro_rules! events {
    ($(
        $(#[$meta:meta])*
        $event:ident = $wire:literal [$($class:ident)*] {
            $($(#[$field_meta:meta])* $field:ident: $kind:ident $(($type:ident))? = $name:literal;)*
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
            }

            impl TypedEvent for $event {
                const NAME: &'static str = $wire;
                const CLASSES: &'static [EventClass] = &[$(EventClass::$class),*];

                fn view(event: Event) -> Self {
                    Self(event)
                }

                fn raw(&self) -> &Event {
                    &self.0
                }

                fn into_raw(self) -> Event {
                    self.0
                }
            }

            impl fmt::Debug for $event {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Debug::fmt(&self.0, f)
                }
            }
        )*

        /// An event of any known type.
        #[derive(Clone, Debug)]
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
                    $(Self::$event(event) => event.raw(),)*
                    Self::Unknown(event) => event,
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
