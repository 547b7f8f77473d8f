//! The macros that write enumerations.

/// Writes an enumeration of texts that admits other values: `Name { Variant = "TEXT", … }`.
macro_rules! open {
    ($($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal,)* })*) => {$(
        $(#[$meta])*
        ///
        /// Texts are compared without regard to ASCII case.
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
            /// Any other value, as sent.
            Other(Cow<'a, str>),
        }

        impl $name<'_> {
            /// Returns the text, as the server writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }

            /// Converts the value into one that borrows nothing.
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $(Self::$variant => $name::$variant,)*
                    Self::Other(text) => $name::Other(Cow::Owned(text.into_owned())),
                }
            }
        }

        impl<'a> From<Cow<'a, str>> for $name<'a> {
            fn from(text: Cow<'a, str>) -> Self {
                $(if text.eq_ignore_ascii_case($text) {
                    return Self::$variant;
                })*
                Self::Other(text)
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(text: &'a str) -> Self {
                Self::from(Cow::Borrowed(text))
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

/// Writes an enumeration of numbers that admits other values.
macro_rules! numbered {
    ($($(#[$meta:meta])* $name:ident($expected:literal) {
        $($(#[$doc:meta])* $number:literal $variant:ident $text:literal,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!($number, ": `", $text, "`.")]
                $(#[$doc])*
                $variant,
            )*
            /// Any other number.
            Other(i32),
        }

        impl $name {
            /// Returns the number.
            pub const fn number(self) -> i32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// Returns the server's text for the number, or `None` if it has none.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($text),)*
                    Self::Other(_) => None,
                }
            }
        }

        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Other(other),
                }
            }
        }

        /// Parses a number, or a text of the server without regard to ASCII case.
        impl FromStr for $name {
            type Err = NumberError;

            fn from_str(text: &str) -> Result<Self, NumberError> {
                $(if text.eq_ignore_ascii_case($text) {
                    return Ok(Self::$variant);
                })*
                match text.parse::<i32>() {
                    Ok(number) => Ok(Self::from(number)),
                    Err(_) => Err(NumberError { text: text.to_owned(), expected: $expected }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{} ({name})", self.number()),
                    None => write!(f, "{}", self.number()),
                }
            }
        }
    )*};
}

pub(super) use {numbered, open};
