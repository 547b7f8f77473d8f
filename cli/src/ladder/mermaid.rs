//! A ladder as a sequence diagram of Mermaid.

use std::fmt::Write as _;

use super::call::{Ladder, Shown};
use super::row::Place;
use crate::out::{Style, escape};

impl Ladder {
    /// Returns the ladder as a `sequenceDiagram`.
    pub(crate) fn mermaid(&self) -> String {
        let mut text = "sequenceDiagram\n".to_owned();
        for (place, leg) in self.legs.iter().enumerate() {
            let mut name = leg.short_name();
            if !leg.number.is_empty() && !leg.is_local {
                name = format!("{name} ({})", leg.number);
            }
            // Writing to a string does not fail.
            let _ = writeln!(text, "    participant L{place} as {}", quoted(&name));
        }
        if self.legs.is_empty() {
            text += "    participant L0 as nobody\n";
        }
        let all = match self.legs.len() {
            0 | 1 => "L0".to_owned(),
            legs => format!("L0,L{}", legs - 1),
        };
        for shown in self.sorted_rows() {
            let line = match shown {
                Shown::LeftOut(rows) => format!("Note over {all}: {rows} rows are left out here"),
                Shown::Row(row) => {
                    let words = quoted(&row.text);
                    match &row.place {
                        Place::Call => format!("Note over {all}: {words}"),
                        Place::Leg(leg) => format!("Note over L{leg}: {words}"),
                        Place::Arrow(from, to) => {
                            let arrow = match (row.step, row.style) {
                                ("dial", _) => "->>",
                                (_, Some(Style::Bad)) => "--x",
                                _ => "-->>",
                            };
                            format!("L{from}{arrow}L{to}: {words}")
                        }
                        Place::Span(legs) => match (legs.first(), legs.last()) {
                            (Some(first), Some(last)) => {
                                format!("Note over L{first},L{last}: {words}")
                            }
                            _ => format!("Note over {all}: {words}"),
                        },
                    }
                }
            };
            let _ = writeln!(text, "    {line}");
        }
        let _ = writeln!(text, "    Note over {all}: {}", quoted(&self.summary()));
        text
    }
}

/// Returns a text without what Mermaid or a page would act on.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for char in escape(text.as_bytes()).chars() {
        match char {
            // `#` begins a character by its number, `;` ends a statement, `%%` begins a comment,
            // and Mermaid makes HTML of the rest.
            '#' | ';' | '<' | '>' | '"' | '&' | '%' | '\'' | '`' | '{' | '}' | '[' | ']' | '\\'
            | '$' | '|' | ':' => {
                let _ = write!(out, "#{};", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    // A text that is empty is no text.
    if out.trim().is_empty() { "#32;".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mermaid_acts_on_is_written_as_numbers() {
        assert_eq!(quoted("a;b#c<d>"), "a#59;b#35;c#60;d#62;");
        assert_eq!(quoted("x\ny\u{202e}"), "x#92;ny#92;u#123;202e#125;");
        assert_eq!(quoted("%%end"), "#37;#37;end");
        assert_eq!(quoted(" "), "#32;");
    }
}
