//! Errors as people read them, for tests that return them: a test harness prints an error with
//! `Debug`.
//!
//! The room names no other one.

use std::error::Error;
use std::fmt;

/// Writes the text of an error and, below it, its causes.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, error: &dyn Error) -> fmt::Result {
    write!(f, "{error}")?;
    let causes: Vec<_> = std::iter::successors(error.source(), |&cause| cause.source()).collect();
    if causes.is_empty() {
        return Ok(());
    }
    f.write_str("\n\nCaused by:")?;
    causes.iter().enumerate().try_for_each(|(at, cause)| match causes.len() {
        1 => write!(f, "\n    {cause}"),
        _ => write!(f, "\n    {at}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(thiserror::Error)]
    #[error("{0}")]
    struct Told(&'static str, #[source] Option<Box<Self>>);

    impl fmt::Debug for Told {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(f, self)
        }
    }

    #[test]
    fn causes_stand_below_the_text() {
        let told = |text, cause: Option<Told>| Told(text, cause.map(Box::new));
        assert_eq!(format!("{:?}", told("a", None)), "a");
        let one = told("a", Some(told("b", None)));
        assert_eq!(format!("{one:?}"), "a\n\nCaused by:\n    b");
        let two = told("a", Some(told("b", Some(told("c", None)))));
        assert_eq!(format!("{two:?}"), "a\n\nCaused by:\n    0: b\n    1: c");
    }
}
