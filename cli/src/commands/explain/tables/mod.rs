//! The program's own knowledge: the tables of the library, and facts that servers document nowhere.

mod causes;
mod classes;
mod messages;
mod responses;
mod states;
mod variables;

use super::article::Article;
use super::kind::Kind;

/// Returns all that the program knows.
pub(super) fn all() -> Vec<Article> {
    let mut all = messages::events();
    all.extend(messages::actions());
    all.extend(causes::causes());
    all.extend(causes::reasons());
    all.extend(states::all());
    all.extend(classes::all());
    all.extend(responses::all());
    all.extend(causes::sip());
    all.extend(variables::all());
    all
}

/// Returns the kinds and names that a text stands for beside its own: a number, the name of a
/// constant, the text that a server writes for it.
pub(super) fn meant(text: &str) -> Vec<(Kind, String)> {
    let mut meant = causes::meant(text);
    meant.extend(states::meant(text));
    meant
}

/// Returns the hangup causes whose name and text have all words of a text.
pub(super) fn causes_by_words(text: &str) -> Vec<String> {
    causes::by_words(text)
}

/// Returns the article of a state that is several at once, such as an extension that is busy and
/// rings, or `None` if the text is no such number.
pub(super) fn combined(text: &str) -> Option<Article> {
    states::combined(text)
}

/// Returns the names that the command line completes, in order.
pub(super) fn completions() -> Vec<&'static str> {
    let mut names: Vec<_> = ami::event::all().map(|(name, _)| name).collect();
    names.extend(ami::action::all().iter().map(|it| it.name));
    names.extend(ami::EventClass::ALL.iter().map(|class| class.name()));
    names.extend(causes::names());
    names.extend(states::names());
    names.extend(variables::names());
    names.sort_unstable();
    names.dedup();
    names
}
