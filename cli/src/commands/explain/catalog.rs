//! All names that can be explained, and finding the one that is meant.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::article::{Article, Item};
use super::kind::Kind;
use super::xml::{Docs, DocsError, Element, Part, tree};
use super::{entry, tables};

/// All names that can be explained.
#[derive(Debug)]
pub(super) struct Catalog {
    docs: Option<Docs>,
    own: Vec<Article>,
    names: Vec<Name>,
    trees: RefCell<HashMap<usize, Rc<Element>>>,
}

/// A name that can be explained.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The names of what is around it, with slashes between; empty for most.
    pub(super) within: String,
    place: Place,
}

/// The place of an explanation.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the program's own tables.
    Own(usize),
    /// An entry of the documentation.
    Entry(usize),
    /// A part of an entry.
    Part(usize, usize),
}

impl Catalog {
    pub(super) fn new(docs: Option<Docs>) -> Self {
        let own = tables::all();
        let mut names = Vec::new();
        if let Some(docs) = &docs {
            of_docs(docs, &mut names);
        }
        for (at, article) in own.iter().enumerate() {
            let (kind, name) = (article.kind, article.name.clone());
            let within = match article.of.as_ref().filter(|_| kind == Kind::Value) {
                Some(of) => of.split(' ').next().unwrap_or_default().to_owned(),
                None => String::new(),
            };
            names.push(Name { kind, name, within, place: Place::Own(at) });
        }
        // The server's own spelling comes first, where the documentation has another one.
        let is_own = |name: &Name| matches!(name.place, Place::Own(_));
        names.sort_by_cached_key(|it| (it.kind, it.name.to_lowercase(), !is_own(it)));
        Self { docs, own, names, trees: RefCell::default() }
    }

    pub(super) fn docs(&self) -> Option<&Docs> {
        self.docs.as_ref()
    }

    /// Returns the names of a kind, or of all, that a pattern matches; `*` and `?` stand for any
    /// characters and any one.
    pub(super) fn matching(&self, pattern: &str, kind: Option<Kind>) -> Vec<&Name> {
        let pattern = pattern.to_lowercase();
        let pattern: Vec<_> = pattern.chars().collect();
        let fits = |name: &&Name| {
            let text: Vec<_> = name.name.to_lowercase().chars().collect();
            kind.is_none_or(|kind| kind == name.kind) && fits(&pattern, &text)
        };
        self.names.iter().filter(fits).collect()
    }

    /// Returns the names that a text means.
    pub(super) fn meant(&self, text: &str, kind: Option<Kind>) -> Vec<&Name> {
        let of_kind = |name: &&Name| kind.is_none_or(|kind| kind == name.kind);
        let named = |name: &&Name| of_kind(name) && is_name(name, text);
        let mut found: Vec<_> = self.names.iter().filter(named).collect();
        for (kind, name) in tables::meant(text) {
            found.extend(self.names.iter().filter(|it| it.kind == kind && it.name == name));
        }
        if found.is_empty() {
            let alike = |name: &&Name| of_kind(name) && letters(&name.name) == letters(text);
            found.extend(self.names.iter().filter(alike).filter(|_| !letters(text).is_empty()));
        }
        if found.is_empty() {
            let causes = tables::causes_by_words(text);
            let is_it = |it: &&Name| it.kind == Kind::Cause && causes.contains(&it.name);
            found.extend(self.names.iter().filter(is_it));
        }
        let mut found: Vec<_> = found.into_iter().filter(of_kind).collect();
        found.sort_by_key(|name| name.kind);
        let mut seen = Vec::new();
        found.retain(|name| {
            let address = std::ptr::from_ref::<Name>(name);
            let is_new = !seen.contains(&address);
            seen.push(address);
            is_new
        });
        found
    }

    /// Returns the names that are most similar to a text.
    pub(super) fn similar(&self, text: &str, kind: Option<Kind>) -> Vec<&str> {
        let text = text.to_lowercase();
        let names = self.names.iter().filter(|it| kind.is_none_or(|kind| kind == it.kind));
        let likeness = |name: &str| strsim::jaro_winkler(&text, &name.to_lowercase());
        let mut names: Vec<_> = names.map(|it| (likeness(&it.name), it.name.as_str())).collect();
        names.retain(|(likeness, _)| *likeness > 0.85);
        names.sort_by(|(one, _), (two, _)| two.total_cmp(one));
        let mut seen = HashSet::new();
        names.retain(|(_, name)| seen.insert(name.to_lowercase()));
        names.into_iter().map(|(_, name)| name).take(5).collect()
    }

    /// Returns the explanations of names, without those of the program's own tables where the
    /// documentation has one.
    ///
    /// # Errors
    ///
    /// Returns an error with the place if the documentation cannot be read.
    pub(super) fn articles(&self, names: &[&Name]) -> Result<Vec<Article>, DocsError> {
        let mut articles: Vec<Article> = Vec::new();
        let mut known: HashMap<Key, Vec<usize>> = HashMap::new();
        let mut documented = HashSet::new();
        for name in names {
            for article in self.of_name(name)? {
                let key = key(&article);
                if article.documented {
                    documented.insert(key.clone());
                }
                let places = known.entry(key).or_default();
                // Several modules may document the same.
                let same = places.iter().find(|at| is_same(&articles[**at], &article));
                match same {
                    Some(at) => articles[*at].modules.extend(article.modules),
                    None => {
                        places.push(articles.len());
                        articles.push(article);
                    }
                }
            }
        }
        articles.retain(|it| it.documented || !documented.contains(&key(it)));
        let own: HashMap<_, _> = self.own.iter().map(|it| (key(it), it)).collect();
        for article in articles.iter_mut().filter(|it| it.documented) {
            if let Some(own) = own.get(&key(article)) {
                complete(article, own);
            }
        }
        Ok(articles)
    }

    fn of_name(&self, name: &Name) -> Result<Vec<Article>, DocsError> {
        match name.place {
            Place::Own(at) => Ok(self.own.get(at).cloned().into_iter().collect()),
            Place::Entry(entry) => Ok(entry::articles(&*self.tree(entry)?, name.kind, &name.name)),
            Place::Part(entry, at) => {
                let tree = self.tree(entry)?;
                let parts = self.docs.iter().flat_map(|docs| docs.parts(entry));
                let part = parts.skip(at).take(1);
                let of = tree.attribute("name");
                Ok(part.filter_map(|it| entry::part(&tree, of, name.kind, it)).collect())
            }
        }
    }

    fn tree(&self, entry: usize) -> Result<Rc<Element>, DocsError> {
        if let Some(known) = self.trees.borrow().get(&entry) {
            return Ok(Rc::clone(known));
        }
        let found = match &self.docs {
            Some(docs) => Rc::new(tree(docs, entry)?),
            None => Rc::default(),
        };
        self.trees.borrow_mut().insert(entry, Rc::clone(&found));
        Ok(found)
    }
}

/// Adds the names of a documentation.
fn of_docs(docs: &Docs, names: &mut Vec<Name>) {
    for entry in docs.entries() {
        let kind = Kind::of_tag(entry.tag);
        if let Some(kind) = kind.filter(|_| !entry.name.is_empty()) {
            let (name, place) = (entry.name.to_owned(), Place::Entry(entry.number));
            names.push(Name { kind, name, within: String::new(), place });
        }
        for (at, part) in docs.parts(entry.number).enumerate() {
            names.extend(name_of(entry.number, at, part).filter(|_| kind.is_some()));
        }
    }
}

/// Returns the name of a part of an entry.
fn name_of(entry: usize, at: usize, part: Part<'_>) -> Option<Name> {
    let place = Place::Part(entry, at);
    let (kind, place) = match part.tag {
        "variable" => (Kind::Variable, place),
        "value" => (Kind::Value, place),
        "configOption" => (Kind::Option, place),
        "configFile" | "configObject" => (Kind::Config, Place::Entry(entry)),
        _ => return None,
    };
    Some(Name { kind, name: part.name.to_owned(), within: part.within.join("/"), place })
}

/// The identity of a thing that is explained: the kind, the name, and what it belongs to.
type Key = (Kind, String, Option<String>);

fn is_same(one: &Article, two: &Article) -> bool {
    *one == Article { modules: one.modules.clone(), ..two.clone() }
}

fn key(article: &Article) -> Key {
    // A variable and its values are the same ones, whoever sets them.
    let of = article.of.clone().filter(|_| article.kind == Kind::Value);
    (article.kind, article.name.to_ascii_lowercase(), of)
}

/// Adds what the program's own tables know beside the documentation.
fn complete(article: &mut Article, own: &Article) {
    if article.kind == Kind::Event {
        // The documentation spells some in another way than the server does.
        article.name.clone_from(&own.name);
    }
    if article.classes.is_none() {
        article.classes.clone_from(&own.classes);
    }
    let same = |item: &Item, own: &&Item| own.name.eq_ignore_ascii_case(&item.name);
    for item in &mut article.items {
        let Some(own) = own.items.iter().find(|own| same(item, own)) else { continue };
        item.value = own.value;
        if item.text.is_empty() {
            item.text.clone_from(&own.text);
        }
    }
    if article.synopsis.is_empty() && article.text.is_empty() {
        article.synopsis.clone_from(&own.synopsis);
    }
}

/// Returns `true` if a text is the name, alone or behind names around it.
fn is_name(name: &Name, text: &str) -> bool {
    if name.name.eq_ignore_ascii_case(text) {
        return true;
    }
    let Some((within, last)) = text.rsplit_once('/') else { return false };
    let around = name.within.to_lowercase();
    let wanted = within.to_lowercase();
    last.eq_ignore_ascii_case(&name.name)
        && (around == wanted || around.ends_with(&format!("/{wanted}")))
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|it| it.to_ascii_lowercase()).collect()
}

/// Returns `true` if a pattern fits a text. A star is tried again from the next character, and only
/// the last star is, so the time is that of the product of both lengths at most.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(char) if *char == '?' || *char == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((star_at, from)) => {
                    at = star_at + 1;
                    read = from + 1;
                    star = Some((star_at, read));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_fit() {
        let fits = |pattern: &str, text: &str| {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            fits(&chars(pattern), &chars(text))
        };
        for (pattern, text, expected) in [
            ("queue*", "queuemember", true),
            ("*member*", "queuememberadded", true),
            ("q?eue", "queue", true),
            ("q?eue", "qeue", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("queue", "queues", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
