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

/// The kind of a parameter, for the table.
macro_rules! described {
    (text) => {
        ParameterKind::Text
    };
    (texts) => {
        ParameterKind::Texts
    };
    (number) => {
        ParameterKind::Number
    };
    (flag) => {
        ParameterKind::TrueOrFalse
    };
    (bit) => {
        ParameterKind::OneOrZero
    };
    (yes) => {
        ParameterKind::YesOrNo
    };
    (seconds) => {
        ParameterKind::Seconds
    };
    (millis) => {
        ParameterKind::Milliseconds
    };
}

/// Writes the types of actions, and the table of what is known of them.
macro_rules! actions {
    ($(
        $(#[doc = $doc:expr])*
        $action:ident = $wire:literal
        ($($required:ident: $required_kind:ident = $required_name:literal),*)
        [$($class:ident)*] -> $reply:ty {
            $($(#[doc = $field_doc:expr])* $field:ident: $kind:ident = $name:literal;)*
        }
    )*) => {
        $(
            $(#[doc = $doc])*
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
                    $(#[doc = $field_doc])*
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

        /// The descriptions of the actions.
        pub(super) static KNOWN: &[Description] = &[$(Description {
            name: $wire,
            classes: $action::CLASSES,
            text: concat!($($doc, "\n"),*),
            parameters: &[
                $(Parameter {
                    name: $required_name,
                    is_required: true,
                    kind: described!($required_kind),
                    text: "",
                },)*
                $(Parameter {
                    name: $name,
                    is_required: false,
                    kind: described!($kind),
                    text: concat!($($field_doc, "\n"),*),
                },)*
            ],
        }),*];
    };
}

pub(super) use {actions, described, kind, note, sent};
