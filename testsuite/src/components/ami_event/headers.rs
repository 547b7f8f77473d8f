//! Requirements on the headers of events that are counted.

use ami::Matcher;

use crate::components::awaited::Headers;
use crate::files::{ConfigError, Section};

/// Requirements on the events that meet the conditions.
pub(super) enum Requirements {
    /// Each the same.
    Same(Matcher),
    /// The first one this, the second one that.
    Ordered(Vec<Matcher>),
}

impl Requirements {
    /// Reads the requirements of `headermatch`: a mapping with `match` and `nomatch`.
    pub(super) fn same(event: &str, section: &Section) -> Result<Self, ConfigError> {
        let same = match section.part("requirements", "requirements have") {
            None => Matcher::event(event),
            Some(requirements) if requirements.node().is_map() => {
                Headers::of(section).matcher(event, &requirements)?
            }
            Some(other) => {
                let what =
                    format!("expected `match:` or `nomatch:`, found {}", other.node().kind());
                return Err(other.error(what));
            }
        };
        Ok(Self::Same(same))
    }

    /// Reads the requirements of `orderedheadermatch`: a list of those.
    pub(super) fn ordered(event: &str, section: &Section) -> Result<Self, ConfigError> {
        let headers = Headers::of(section);
        let list = section.part("requirements", "requirements have");
        if let Some(list) = &list {
            list.node().expect_items("requirements")?;
        }
        let items = list.map(|it| it.items("requirements have")).unwrap_or_default();
        let matchers = items.iter().map(|item| headers.matcher(event, item));
        Ok(Self::Ordered(matchers.collect::<Result<_, _>>()?))
    }

    /// The requirements on the event that was counted as the `number`-th. Of ordered ones, more
    /// than are described are not looked at.
    pub(super) fn on(&self, number: usize) -> Option<&Matcher> {
        match self {
            Self::Same(matcher) => Some(matcher),
            Self::Ordered(matchers) => matchers.get(number.checked_sub(1)?),
        }
    }
}
