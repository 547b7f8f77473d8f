//! Suggestions for a name that does not exist.

/// Returns a question that names the one of some names that was probably meant.
pub(crate) fn hint<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(name, names).map(|like| format!("; is it {like}?")).unwrap_or_default()
}

/// The one of some names that was probably meant.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // To compare longer ones takes too long.
    const LONGEST: usize = 100;
    if name.len() > LONGEST {
        return None;
    }
    let bare = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let wanted = bare(name);
    let near = names.filter(|it| it.len() <= LONGEST).filter_map(|it| {
        let name = bare(it);
        let distance = strsim::damerau_levenshtein(&wanted, &name);
        // A third of the letters wrong is another word, but one that lacks some may be a short
        // form.
        let is_like = distance * 3 <= wanted.len().max(4) || is_short_for(&wanted, &name);
        is_like.then_some((distance, it))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, like)| like)
}

/// Returns whether a word has the letters of another in their order, but for some.
fn is_short_for(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.len() >= 4 && short.chars().all(|c| letters.any(|it| it == c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let nearest = |name, names: &[&'static str]| nearest(name, names.iter().copied());
        let object = ["config-path", "reactor-timeout", "memcheck-delay-stop", "log-full"];
        assert_eq!(nearest("memcyheck-delay-stop", &object), Some("memcheck-delay-stop"));
        assert_eq!(nearest("reactor_timeout", &object), Some("reactor-timeout"));
        assert_eq!(nearest("flavour", &object), None);
        let top = ["testinfo", "properties", "test-modules"];
        assert_eq!(nearest("test-info", &top), Some("testinfo"));
        assert_eq!(nearest("tinfo", &top), Some("testinfo"));
        assert_eq!(nearest("proprties", &top), Some("properties"));
        assert_eq!(nearest("min-calls", &["ids", "min_calls"]), Some("min_calls"));
    }
}
