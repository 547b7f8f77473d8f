//! The JUnit file that the suite's runner writes, with the same names and attributes.

use std::fs;
use std::io;
use std::path::PathBuf;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::report::{Event, Finished, Report, Summary, Verdict, text};

/// A file, written anew at the end of each run, with all runs in it.
#[derive(Debug)]
pub(crate) struct JUnit {
    path: PathBuf,
    /// The element of each run.
    runs: String,
}

impl JUnit {
    /// A report in a file, which is made at once: a run that cannot write it should not begin.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        fs::write(&path, document(""))?;
        Ok(Self { path, runs: String::new() })
    }
}

impl Report for JUnit {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Ended(run) = event {
            self.runs.push_str(&element(run)?);
            fs::write(&self.path, document(&self.runs))?;
        }
        Ok(())
    }
}

/// The report of runs.
pub(crate) fn document(runs: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<testsuites>\n{runs}</testsuites>")
}

/// The element of a run, as it stands in the report.
pub(crate) fn element(run: &Summary) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let root = writer.create_element("testsuites");
    root.write_inner_content(|writer| testsuite(writer, run))?;
    let text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    // The root is around all runs.
    let inside =
        text.strip_prefix("<testsuites>\n").and_then(|it| it.strip_suffix("</testsuites>"));
    Ok(inside.unwrap_or(&text).to_owned())
}

fn testsuite(writer: &mut Writer<Vec<u8>>, run: &Summary) -> io::Result<()> {
    let skipped = run.count(|it| !it.was_run());
    let timestamp = humantime::format_rfc3339_seconds(run.started).to_string();
    let counts = [
        ("errors", "0".to_owned()),
        ("tests", run.count(Verdict::was_run).to_string()),
        ("time", format!("{:.2}", run.seconds)),
        ("failures", run.count(Verdict::is_failure).to_string()),
        ("name", "AsteriskTestSuite".to_owned()),
        ("timestamp", timestamp),
    ];
    let mut element = writer.create_element("testsuite");
    for (name, value) in &counts {
        element = element.with_attribute((*name, &**value));
    }
    if skipped > 0 {
        element = element.with_attribute(("skipped", &*skipped.to_string()));
    }
    element
        .write_inner_content(|writer| run.tests.iter().try_for_each(|it| testcase(writer, it)))?;
    Ok(())
}

fn testcase(writer: &mut Writer<Vec<u8>>, test: &Finished) -> io::Result<()> {
    let (class, name) = names(&test.name);
    let time = format!("{:.2}", test.seconds);
    let element = writer.create_element("testcase").with_attributes([
        ("time", &*time),
        ("classname", &*class),
        ("name", &*name),
    ]);
    let (tag, text) = match test.verdict {
        Verdict::Passed => return element.write_empty().map(drop),
        Verdict::Flaky => ("flakyFailure", text::story(test).join("\n")),
        Verdict::Failed | Verdict::TimedOut => ("failure", text::story(test).join("\n")),
        Verdict::NotRun => ("skipped", "the run ended before".to_owned()),
        Verdict::Skipped | Verdict::Lacking | Verdict::Broken => ("skipped", test.why.join("\n")),
    };
    let text: String = text.chars().filter(|c| is_legal(*c)).collect();
    element.write_inner_content(|writer| {
        writer.create_element(tag).write_text_content(BytesText::new(&text)).map(drop)
    })?;
    Ok(())
}

/// The parts of the path between the first and the last with dots, and the last one. What is no letter, digit or underscore
/// becomes one, and a word of Java's gets one.
fn names(test: &str) -> (String, String) {
    let parts: Vec<_> = test.split('/').map(identifier).collect();
    let (name, folders) =
        parts.split_last().map_or((String::new(), &[][..]), |(name, rest)| (name.clone(), rest));
    (folders.iter().skip(1).cloned().collect::<Vec<_>>().join("."), name)
}

fn identifier(part: &str) -> String {
    let plain: String =
        part.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if JAVA.contains(&&*plain) { format!("_{plain}") } else { plain }
}

const JAVA: [&str; 53] = [
    "abstract",
    "assert",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extends",
    "false",
    "final",
    "finally",
    "float",
    "for",
    "goto",
    "if",
    "implements",
    "import",
    "instanceof",
    "int",
    "interface",
    "long",
    "native",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "short",
    "static",
    "strictfp",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "transient",
    "true",
    "try",
    "void",
    "volatile",
    "while",
];

/// What XML 1.0 can hold.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_suite() {
        let named = |test| names(test);
        assert_eq!(
            named("tests/apps/queues/no-answer"),
            ("apps.queues".to_owned(), "no_answer".to_owned())
        );
        assert_eq!(named("tests/sample"), (String::new(), "sample".to_owned()));
        assert_eq!(named("tests/a.b/default"), ("a_b".to_owned(), "_default".to_owned()));
    }

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        let text: String =
            "a\u{0}\u{1b}[1m\u{fffe}ä\u{1f600}".chars().filter(|c| is_legal(*c)).collect();
        assert_eq!(text, "a[1mä\u{1f600}");
    }
}
