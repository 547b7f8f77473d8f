//! The explanation of one name, before it is printed.

use super::kind::Kind;

/// The explanation of one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Article {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The name of what it belongs to, such as the application that sets a variable.
    pub(super) of: Option<String>,
    pub(super) synopsis: Vec<Span>,
    /// Facts in a word or two each: label and text.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The classes that an event is sent with, or one of which an action needs; `None` if that is
    /// not known.
    pub(super) classes: Option<Vec<String>>,
    pub(super) since: Vec<String>,
    pub(super) modules: Vec<String>,
    /// The form of an application, a function or a command.
    pub(super) syntax: Option<String>,
    /// The parameters of an action, the fields of an event, the values of a variable and so on.
    pub(super) items: Vec<Item>,
    /// The longer text.
    pub(super) text: Vec<Block>,
    pub(super) see: Vec<String>,
    /// `true` if there is a text in it of a server's documentation.
    pub(super) documented: bool,
}

impl Article {
    pub(super) fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            of: None,
            synopsis: Vec::new(),
            facts: Vec::new(),
            classes: None,
            since: Vec::new(),
            modules: Vec::new(),
            syntax: None,
            items: Vec::new(),
            text: Vec::new(),
            see: Vec::new(),
            documented: false,
        }
    }

    /// Sets the synopsis to a text of our own.
    pub(super) fn about(mut self, text: impl Into<String>) -> Self {
        self.synopsis = vec![Span::plain(text)];
        self
    }

    /// Adds a fact.
    pub(super) fn fact(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.facts.push((label, text.into()));
        self
    }

    /// Adds names to see as well.
    pub(super) fn see<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.see.extend(names.into_iter().map(Into::into));
        self
    }
}

/// A named part of an explanation: a parameter, a field, an option, a value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) repeats: bool,
    pub(super) default: Option<String>,
    /// The kind of the value, such as a number.
    pub(super) value: Option<&'static str>,
    pub(super) text: Vec<Block>,
}

/// A piece of text with its layout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Block {
    Paragraph(Vec<Span>),
    Item(Item),
    /// A note or a warning: the label, and the text.
    Note(&'static str, Vec<Self>),
    /// An example, whose lines are kept.
    Example {
        title: String,
        lines: Vec<String>,
    },
}

impl Block {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Span::plain(text)])
    }
}

/// A piece of a paragraph. Blanks between words are single ones, and control characters are
/// escaped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) text: String,
    /// `true` for what is written as it is here: a literal, a name, a value.
    pub(super) strong: bool,
}

impl Span {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: false }
    }
}

/// Returns the text of a paragraph.
pub(super) fn joined(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}
