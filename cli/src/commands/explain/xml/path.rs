//! The forms of XPath that the includes of the documentation use.

/// A step of a path.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Step<'a> {
    pub(super) name: &'a str,
    pub(super) predicates: Vec<Predicate<'a>>,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) enum Predicate<'a> {
    Is(&'a str, &'a str),
    Contains(&'a str, &'a str),
    At(usize),
}

/// Returns the steps of a pointer, `xpointer(/docs/A[@name='x']/B)`, or `None` if it is of no known
/// form.
pub(super) fn steps(pointer: &str) -> Option<Vec<Step<'_>>> {
    let path = pointer.trim().strip_prefix("xpointer(")?.strip_suffix(')')?;
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    let mut steps = Vec::new();
    loop {
        let end = rest.find(['/', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(["node()", "text()"].contains(&name) || !name.is_empty() && name.bytes().all(known)) {
            return None;
        }
        let mut step = Step { name, predicates: Vec::new() };
        rest = after;
        while let Some(inside) = rest.strip_prefix('[') {
            let (text, after) = inside.split_once(']')?;
            step.predicates.push(predicate(text)?);
            rest = after;
        }
        steps.push(step);
        match rest.strip_prefix('/') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(steps),
        }
    }
}

fn predicate(text: &str) -> Option<Predicate<'_>> {
    if let Some(call) = text.strip_prefix("contains(@") {
        let (name, value) = call.strip_suffix(')')?.split_once(',')?;
        return Some(Predicate::Contains(name.trim(), unquoted(value)?));
    }
    if let Some(comparison) = text.strip_prefix('@') {
        let (name, value) = comparison.split_once('=')?;
        return Some(Predicate::Is(name.trim(), unquoted(value)?));
    }
    text.parse().ok().map(Predicate::At)
}

fn unquoted(text: &str) -> Option<&str> {
    let text = text.trim();
    ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_documentation_are_read() {
        let steps =
            steps("xpointer(docs/m[@name='A b']/p[contains(@name, \"R\")]/t[2]/text())").unwrap();
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names, ["docs", "m", "p", "t", "text()"]);
        assert_eq!(steps[1].predicates, [Predicate::Is("name", "A b")]);
        assert_eq!(steps[2].predicates, [Predicate::Contains("name", "R")]);
        assert_eq!(steps[3].predicates, [Predicate::At(2)]);
    }

    #[test]
    fn other_forms_are_refused() {
        for path in ["", "/", "//m", "/docs/*", "/docs/m[last()]", "/docs/m[@a]", "/docs/m[@a='b'"]
        {
            assert!(steps(&format!("xpointer({path})")).is_none(), "{path}");
        }
        assert!(steps("element(/1)").is_none());
    }
}
