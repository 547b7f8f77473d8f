//! A section of YAML that notes which of its keys somebody asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::files::suggest;
use crate::files::yaml::{ConfigError, Node, Value};

/// A section of a configuration as a component reads it.
///
/// A section notes the keys that it was asked for, its parts do the same, and the keys that are
/// left over are the warnings of `runtests lint`: what a component reads is written down nowhere
/// else. So ask for every key that has a meaning, also in a case in which it has no effect, or
/// [`ignore`](Self::ignore) it.
///
/// ```
/// use std::path::Path;
/// use testsuite::{Document, Section};
///
/// let text = "channel: Local/s@default\ncuont: 3\n";
/// let document = Document::parse(Path::new("test-config.yaml"), text)?;
/// let section = Section::new(&document.root, "own.Caller reads");
/// assert_eq!(section.text("channel")?, Some("Local/s@default"));
/// assert_eq!(section.count("count")?, None);
/// let unread: Vec<_> = section.unread().iter().map(ToString::to_string).collect();
/// assert_eq!(unread, ["test-config.yaml:2: own.Caller reads no cuont; is it count?"]);
/// # Ok::<(), testsuite::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Section {
    node: Node,
    /// The place of this section among those that were read together.
    at: usize,
    all: Rc<RefCell<Vec<Asked>>>,
}

/// The keys that a section was asked for.
struct Asked {
    node: Node,
    /// The words before "no", and the key that is not read.
    called: String,
    keys: BTreeSet<String>,
    /// Set if every key is read.
    every: bool,
    /// The warnings about what was read.
    warnings: Vec<ConfigError>,
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

impl Section {
    /// A section that nobody has asked for anything. `called` begins the warning about a key that
    /// is not read: with "a call has", it is "a call has no chanel; is it channel?".
    pub fn new(node: &Node, called: impl Into<String>) -> Self {
        let all = Rc::default();
        Self::add(node, called.into(), &all)
    }

    fn add(node: &Node, called: String, all: &Rc<RefCell<Vec<Asked>>>) -> Self {
        let at = all.borrow().len();
        all.borrow_mut().push(Asked {
            node: node.clone(),
            called,
            keys: BTreeSet::new(),
            every: false,
            warnings: Vec::new(),
        });
        Self { node: node.clone(), at, all: Rc::clone(all) }
    }

    fn note(&self, key: &str) {
        if let Some(asked) = self.all.borrow_mut().get_mut(self.at)
            && !asked.keys.contains(key)
        {
            asked.keys.insert(key.to_owned());
        }
    }

    /// The node that the section is. Nothing is noted of what is read by it.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// An error at the place of the section.
    pub fn error(&self, what: impl Into<String>) -> ConfigError {
        self.node.error(what)
    }

    /// The value of a key. `None` if there is no such key, or its value is nothing.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.note(key);
        self.node.get(key).filter(|it| !it.is_null())
    }

    /// The value of a key that has to be there.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such key, or its value is nothing.
    pub fn expect(&self, key: &str) -> Result<&Node, ConfigError> {
        self.get(key).ok_or_else(|| self.error(format!("expected `{key}:`")))
    }

    /// The text of a key.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is a list or a mapping.
    pub fn text(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        self.get(key).map(|it| it.expect_text(key)).transpose()
    }

    /// The text of a key that has to be there.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such key, or its value is no text.
    pub fn expect_text(&self, key: &str) -> Result<&str, ConfigError> {
        self.expect(key)?.expect_text(key)
    }

    /// The whole number of a key, not less than zero.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is something else.
    pub fn count(&self, key: &str) -> Result<Option<usize>, ConfigError> {
        self.get(key).map(|it| it.expect_count(key)).transpose()
    }

    /// The number of a key.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is something else.
    pub fn number(&self, key: &str) -> Result<Option<f64>, ConfigError> {
        self.get(key).map(|it| it.expect_number(key)).transpose()
    }

    /// The duration of a key, in seconds. What is less than zero, or too long to be counted, is
    /// zero.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is no number.
    pub fn seconds(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        let seconds = self.number(key)?;
        Ok(seconds.map(|it| Duration::try_from_secs_f64(it).unwrap_or_default()))
    }

    /// Returns whether Python takes the value of a key for true; `None` if there is no such key.
    pub fn truth(&self, key: &str) -> Option<bool> {
        self.note(key);
        self.node.get(key).map(Node::is_true)
    }

    /// Returns whether there is a key, and Python takes its value for true.
    pub fn is_true(&self, key: &str) -> bool {
        self.truth(key).unwrap_or_default()
    }

    /// The part that a key has, which notes its keys as well. `None` if there is no such key, or
    /// its value is nothing.
    pub fn part(&self, key: &str, called: &str) -> Option<Self> {
        self.get(key).map(|node| Self::add(node, called.to_owned(), &self.all))
    }

    /// The items of this section, if it is a list; else the section itself, as the only item.
    pub fn items(&self, called: &str) -> Vec<Self> {
        // They note their keys themselves.
        self.note_all();
        let items = match &self.node.value {
            Value::List(items) => &**items,
            _ => std::slice::from_ref(&self.node),
        };
        items.iter().map(|item| Self::add(item, called.to_owned(), &self.all)).collect()
    }

    /// The entries of a mapping whose keys are no fixed words, such as headers.
    pub fn entries(&self) -> impl Iterator<Item = (&Node, &Node)> {
        self.note_all();
        self.node.entries()
    }

    /// Notes that every key is read, one way or another.
    fn note_all(&self) {
        if let Some(asked) = self.all.borrow_mut().get_mut(self.at) {
            asked.every = true;
        }
    }

    /// Notes keys that are known and have no effect, so that nobody is warned of them.
    pub fn ignore(&self, keys: &[&str]) {
        keys.iter().for_each(|key| self.note(key));
    }

    /// Adds a warning of `runtests lint` at a value that is read, and that has no effect or another
    /// than it seems to have.
    pub fn warn(&self, node: &Node, what: impl Into<String>) {
        if let Some(asked) = self.all.borrow_mut().get_mut(self.at) {
            asked.warnings.push(node.error(what));
        }
    }

    /// The keys that nobody asked for, in this section and in all parts that were read with it.
    pub fn unread(&self) -> Vec<ConfigError> {
        let all = self.all.borrow();
        all.iter().filter(|it| !it.every).flat_map(Asked::unread).collect()
    }

    /// The warnings about what was read, in this section and in all parts that were read with it.
    pub(crate) fn warnings(&self) -> Vec<ConfigError> {
        self.all.borrow().iter().flat_map(|it| it.warnings.iter().cloned()).collect()
    }
}

#[cfg(test)]
impl Section {
    /// The keys that were asked for, in this section and in all parts that were read with it.
    pub(crate) fn asked(&self) -> BTreeSet<String> {
        self.all.borrow().iter().flat_map(|it| it.keys.iter().cloned()).collect()
    }
}

impl Asked {
    fn unread(&self) -> Vec<ConfigError> {
        let keys = self.node.entries().filter_map(|(key, _)| Some((key, key.text()?)));
        let unread = keys.filter(|(_, name)| !self.keys.contains(*name));
        let error = |(key, name): (&Node, &str)| {
            let hint = suggest::hint(name, self.keys.iter().map(String::as_str));
            key.error(format!("{} no {name}{hint}", self.called))
        };
        unread.map(error).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::yaml::Document;

    fn section(text: &str) -> Section {
        Section::new(&Document::parse(Path::new("t.yaml"), text).unwrap().root, "it has")
    }

    fn unread(section: &Section) -> Vec<String> {
        section.unread().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn keys_that_nobody_asked_for_are_told_with_their_place_and_what_was_meant() {
        let section = section(
            "count: 3\ncuont: 4\nold: 1\ncalls:\n  - {chanel: a}\n  - {exten: b}\nfree: {X: 1}\n",
        );
        assert_eq!(section.count("count").unwrap(), Some(3));
        section.ignore(&["old", "never"]);
        for call in section.part("calls", "calls have").unwrap().items("a call has") {
            assert_eq!(call.text("channel").unwrap(), None);
            call.text("exten").unwrap();
        }
        assert_eq!(section.part("free", "it has").unwrap().entries().count(), 1);
        assert_eq!(
            unread(&section),
            [
                "t.yaml:2: it has no cuont; is it count?",
                "t.yaml:5: a call has no chanel; is it channel?"
            ]
        );
    }

    #[test]
    fn what_is_nothing_is_not_there_and_what_is_no_number_is_an_error() {
        let section = section("a:\nb: x\nc: '1.5'\nd: False\ne: -3\n");
        assert!(section.get("a").is_none() && section.part("a", "it has").is_none());
        assert_eq!(section.expect("a").unwrap_err().to_string(), "t.yaml:1: expected `a:`");
        assert!(section.count("b").unwrap_err().to_string().starts_with("t.yaml:2: b is x"));
        assert_eq!(section.seconds("c").unwrap(), Some(Duration::from_millis(1_500)));
        assert_eq!(section.seconds("e").unwrap(), Some(Duration::ZERO));
        assert_eq!((section.truth("d"), section.truth("f")), (Some(false), None));
        assert!(unread(&section).is_empty() && section.warnings().is_empty());
        section.warn(section.get("b").unwrap(), "b has no effect");
        assert_eq!(section.warnings()[0].to_string(), "t.yaml:2: b has no effect");
        let only = section.items("it has");
        assert_eq!((only.len(), only[0].text("b").unwrap()), (1, Some("x")));
    }
}
