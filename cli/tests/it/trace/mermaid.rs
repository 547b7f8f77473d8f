//! A check of sequence diagrams.

/// Checks that each line is one that Mermaid knows, and that no text has what it would act on.
#[track_caller]
pub(crate) fn check(diagram: &str) {
    let mut lines = diagram.lines();
    assert_eq!(lines.next(), Some("sequenceDiagram"), "{diagram}");
    let mut participants = Vec::new();
    for line in lines {
        let line = line.strip_prefix("    ").unwrap_or_else(|| panic!("{line:?}"));
        if let Some(participant) = line.strip_prefix("participant ") {
            let (name, label) = participant.split_once(" as ").unwrap();
            assert!(is_plain(label), "{line:?}");
            participants.push(name);
            continue;
        }
        let (place, text) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
        assert!(is_plain(text), "{line:?}");
        let names: Vec<_> = match place.strip_prefix("Note over ") {
            Some(names) => names.split(',').collect(),
            None => {
                let arrow = ["-->>", "--x", "->>"].into_iter().find(|it| place.contains(it));
                let (from, to) = place.split_once(arrow.unwrap()).unwrap();
                vec![from, to]
            }
        };
        assert!(names.iter().all(|it| participants.contains(it)), "{line:?}");
    }
}

/// Returns `true` if a text has no sign that Mermaid or a page acts on, but for characters that are
/// written as `#NUMBER;`.
fn is_plain(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(['#', ';', '<', '>', '"', '&', '%', '\\']) {
        let Some(number) = rest[at..].strip_prefix('#') else { return false };
        let Some((number, behind)) = number.split_once(';') else { return false };
        if number.parse::<u32>().is_err() {
            return false;
        }
        rest = behind;
    }
    !text.trim().is_empty() && !text.contains(char::is_control)
}

#[test]
fn what_mermaid_would_act_on_is_found() {
    check("sequenceDiagram\n    participant L0 as a#59;b\n    Note over L0: x\n");
    for text in ["a;b", "a#b", "a<br>b", "#x;", "%%", ""] {
        assert!(!is_plain(text), "{text:?}");
    }
}
