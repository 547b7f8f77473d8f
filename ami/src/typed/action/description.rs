//! The description of an action, for programs that learn its name when they run.

use crate::wire::EventClass;

/// The name, the classes and the parameters of an action, for programs that learn the name of an
/// action when they run: for help, completion and checks. [`describe`](super::describe) returns it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Description {
    /// The name of the action, as on the wire.
    pub name: &'static str,
    /// The classes of the action. A user needs one of them in `write`, or none if there are none.
    pub classes: &'static [EventClass],
    /// The text of the type's page, in Markdown: the classes, the versions, the documented values
    /// of mandatory parameters, and the address of Asterisk's documentation.
    pub text: &'static str,
    /// The parameters: the mandatory ones, then the others.
    pub parameters: &'static [Parameter],
}

/// A parameter of an action.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// The name of the parameter, as on the wire.
    pub name: &'static str,
    /// `true` if the server refuses the action without the parameter.
    pub is_required: bool,
    /// The kind of the value.
    pub kind: ParameterKind,
    /// The documented values, the default, and the versions if not all have the parameter, in
    /// Markdown. Empty if there is none of these, and for a mandatory parameter, whose values are
    /// in the text of the action.
    pub text: &'static str,
}

/// The kind of a parameter's value.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ParameterKind {
    /// Text.
    Text,
    /// Text, in a parameter that can be repeated.
    Texts,
    /// A whole number.
    Number,
    /// `true` or `false`.
    TrueOrFalse,
    /// `1` or `0`.
    OneOrZero,
    /// `yes` or `no`.
    YesOrNo,
    /// A number of whole seconds.
    Seconds,
    /// A number of milliseconds.
    Milliseconds,
}
