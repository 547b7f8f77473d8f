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
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }

            /// Converts the value into one that borrows nothing.
            #[inline]
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $(Self::$variant => $name::$variant,)*
                    Self::Other(text) => $name::Other(Cow::Owned(text.into_owned())),
                }
            }
        }

        impl<'a> From<Cow<'a, str>> for $name<'a> {
            #[inline]
            fn from(text: Cow<'a, str>) -> Self {
                $(if text.eq_ignore_ascii_case($text) {
                    return Self::$variant;
                })*
                Self::Other(text)
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            #[inline]
            fn from(text: &'a str) -> Self {
                Self::from(Cow::Borrowed(text))
            }
        }

        impl AsRef<str> for $name<'_> {
            #[inline]
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        /// Fields of actions take bytes.
        impl AsRef<[u8]> for $name<'_> {
            #[inline]
            fn as_ref(&self) -> &[u8] {
                self.as_str().as_bytes()
            }
        }

        impl PartialEq<&str> for $name<'_> {
            #[inline]
            fn eq(&self, other: &&str) -> bool {
                self.as_str().eq_ignore_ascii_case(other)
            }
        }

        impl fmt::Display for $name<'_> {
            #[inline]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    )*};
}

/// Writes an enumeration of numbers that admits other values:
/// `Name("an expectation", "CONSTANT_") { 1 Variant = "NAME", "The server's text", "a text"; … }`.
macro_rules! numbered {
    ($($(#[$meta:meta])* $name:ident($expected:literal, $prefix:literal) {
        $($number:literal $variant:ident = $constant:literal, $wire:literal, $text:literal;)*
    })*) => {$(
        $(#[$meta])*
        ///
        /// Parsing accepts a number, the name of the server's constant with or without
        #[doc = concat!("`", $prefix, "`, and the server's own text, without regard to ASCII case.")]
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!($number, ", `", $constant, "`: ", $text, ".")]
                $variant,
            )*
            /// Any other number.
            Other(i32),
        }

        impl $name {
            const TABLE: &[Row<Self>] =
                &[$(Row($number, $constant, $wire, $text, Self::$variant)),*];

            /// Returns the number.
            pub const fn number(self) -> i32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Other(number) => number,
                }
            }

            #[doc = concat!("Returns the name of the server's constant without `", $prefix, "`,")]
            /// or `None` if the server has no name for the number.
            pub fn name(self) -> Option<&'static str> {
                row(Self::TABLE, self.number()).map(|row| row.1)
            }

            /// Returns a short text for people, or `None` if the server has no name for the number.
            pub fn text(self) -> Option<&'static str> {
                row(Self::TABLE, self.number()).map(|row| row.3)
            }
        }

        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                row(Self::TABLE, number).map_or(Self::Other(number), |row| row.4)
            }
        }

        impl From<$name> for i32 {
            fn from(value: $name) -> Self {
                value.number()
            }
        }

        /// Parameters of actions take `i64`.
        impl From<$name> for i64 {
            fn from(value: $name) -> Self {
                value.number().into()
            }
        }

        impl FromStr for $name {
            type Err = NumberError;

            fn from_str(text: &str) -> Result<Self, NumberError> {
                match parse(Self::TABLE, $prefix, text) {
                    Parsed::Row(row) => Ok(row.4),
                    Parsed::Number(number) => Ok(Self::Other(number)),
                    Parsed::Neither => {
                        Err(NumberError { text: text.to_owned(), expected: $expected })
                    }
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.pad(&format!("{} ({name})", self.number())),
                    None => f.pad(&self.number().to_string()),
                }
            }
        }
    )*};
}

pub(super) use {numbered, open};
