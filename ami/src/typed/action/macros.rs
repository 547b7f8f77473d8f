//! The macros that turn the generated tables into types.

/// The type of a parameter's value.
macro_rules! kind {
    (text) => { impl AsRef<[u8]> };
    (texts) => { impl AsRef<[u8]> };
    (number) => { impl Into<i64> };
    (flag) => { bool };
    (bit) => { bool };
    (yes) => { bool };
    (seconds) => { Duration };
    (millis) => { Duration };
}

/// The value of a parameter as sent.
macro_rules! sent {
    (text $value:ident) => {
        $value
    };
    (texts $value:ident) => {
        $value
    };
    (number $value:ident) => {
        Into::<i64>::into($value).to_string()
    };
    (flag $value:ident) => {
        if $value { "true" } else { "false" }
    };
    (bit $value:ident) => {
        if $value { "1" } else { "0" }
    };
    (yes $value:ident) => {
        if $value { "yes" } else { "no" }
    };
    (seconds $value:ident) => {
        $value.as_secs().to_string()
    };
    (millis $value:ident) => {
        $value.as_millis().to_string()
    };
}

/// The sentence about a parameter's value.
macro_rules! note {
    (text) => {
        ""
    };
    (texts) => {
        " The parameter can be repeated."
    };
    (number) => {
        ""
    };
    (flag) => {
        " The value is sent as `true` or `false`."
    };
    (bit) => {
        " The value is sent as `1` or `0`."
    };
    (yes) => {
        " The value is sent as `yes` or `no`."
    };
    (seconds) => {
        " The value is sent in whole seconds."
    };
    (millis) => {
        " The value is sent in milliseconds."
    };
}

/// Writes the types of actions, and the table of their names and classes.
macro_rules! actions {
    ($(
        $(#[$meta:meta])*
        $action:ident = $wire:literal
        ($($required:ident: $required_kind:ident = $required_name:literal),*)
        [$($class:ident)*] -> $reply:ty {
            $($(#[$field_meta:meta])* $field:ident: $kind:ident = $name:literal;)*
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Eq, PartialEq)]
            #[must_use = "nothing is sent until a client calls it"]
            pub struct $action(Action);

            impl $action {
                /// Creates the action with its mandatory parameters.
                #[allow(clippy::new_without_default, reason = "an action is made to be sent")]
                #[inline]
                pub fn new($($required: kind!($required_kind)),*) -> Self {
                    Self(Action::new($wire)
                        $(.field($required_name, sent!($required_kind $required)))*)
                }

                /// Adds a field by name, for parameters that have no method.
                #[inline]
                pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Self {
                    Self(self.0.field(name, value))
                }

                $(
                    #[doc = concat!("Adds the parameter `", $name, "`.", note!($kind))]
                    $(#[$field_meta])*
                    #[inline]
                    pub fn $field(self, value: kind!($kind)) -> Self {
                        Self(self.0.field($name, sent!($kind value)))
                    }
                )*
            }

            impl TypedAction for $action {
                const NAME: &'static str = $wire;
                const CLASSES: &'static [EventClass] = &[$(EventClass::$class),*];
                type Reply = $reply;
            }

            impl From<$action> for Action {
                #[inline]
                fn from(action: $action) -> Self {
                    action.0
                }
            }
        )*

        /// A known action.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(super) enum Known {
            $($action,)*
        }

        /// The names and classes of the known actions.
        pub(super) static KNOWN: &[(&str, &[EventClass])] =
            &[$(($action::NAME, $action::CLASSES)),*];
    };
}

pub(super) use {actions, kind, note, sent};
