//! The JUnit file that the suite's runner writes, with the same names and attributes.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use quick_xml::Writer;
use quick_xml::events::{BytesStart, BytesText, Event as XmlEvent};

use crate::report::{Event, Finished, Report, Summary, Verdict, text};

/// The text before all runs.
pub(crate) const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<testsuites>\n";

/// The text behind all runs.
pub(crate) const END: &str = "</testsuites>";

/// The text behind the tests of a run.
pub(crate) const END_OF_RUN: &str = "  </testsuite>\n";

/// A file with all runs in it. Each is added when it ends, over the end of the document, and that
/// is written anew behind it: the file is whole after each run, and nothing of it is held.
#[derive(Debug)]
pub(crate) struct JUnit {
    file: File,
    /// The place of the end of the document; `None` where a file cannot be written over, such as a
    /// pipe.
    end: Option<u64>,
}

impl JUnit {
    /// A report in a file, which is made at once: a run that cannot write it should not begin.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let is_file = file.metadata()?.is_file();
        file.write_all(BEGIN.as_bytes())?;
        let end = if is_file {
            let end = file.stream_position()?;
            file.write_all(END.as_bytes())?;
            Some(end)
        } else {
            None
        };
        Ok(Self { file, end })
    }
}

impl Report for JUnit {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Event::Ended(run, cases) = event else {
            return Ok(());
        };
        if let Some(end) = self.end {
            self.file.seek(SeekFrom::Start(end))?;
        }
        let mut out = BufWriter::new(&self.file);
        let written = cases.write(run, &mut out).and_then(|()| out.flush());
        // What could not be written is not written again at the end of this.
        drop(out.into_parts());
        let Some(end) = self.end else {
            return written;
        };
        // A run that could not be written leaves those before it whole.
        let end = match &written {
            Ok(()) => self.file.stream_position()?,
            Err(_) => self.file.seek(SeekFrom::Start(end))?,
        };
        self.end = Some(end);
        self.file.write_all(END.as_bytes())?;
        let length = self.file.stream_position()?;
        self.file.set_len(length)?;
        written
    }

    fn end(&mut self) -> io::Result<()> {
        if self.end.is_none() { self.file.write_all(END.as_bytes()) } else { Ok(()) }
    }
}

/// The beginning of the element of a run.
pub(crate) fn begin(run: &Summary) -> io::Result<String> {
    let skipped = run.count(|it| !it.was_run());
    let counts = [
        ("errors", "0".to_owned()),
        ("tests", run.count(Verdict::was_run).to_string()),
        ("time", format!("{:.2}", run.seconds)),
        ("failures", run.count(Verdict::is_failure).to_string()),
        ("name", "AsteriskTestSuite".to_owned()),
        ("timestamp", humantime::format_rfc3339_seconds(run.started).to_string()),
    ];
    let counts = counts.iter().map(|(name, value)| (*name, &**value));
    let mut start = BytesStart::new("testsuite").with_attributes(counts);
    if skipped > 0 {
        start.push_attribute(("skipped", &*skipped.to_string()));
    }
    let mut writer = Writer::new(b"  ".to_vec());
    writer.write_event(XmlEvent::Start(start))?;
    lines(writer)
}

/// The element of a test.
pub(crate) fn testcase(test: &Finished) -> io::Result<String> {
    let (class, name) = names(&test.name);
    let time = format!("{:.2}", test.seconds);
    let attributes = [("time", &*time), ("classname", &*class), ("name", &*name)];
    let start = BytesStart::new("testcase").with_attributes(attributes);
    let mut writer = Writer::new(b"    ".to_vec());
    let (tag, text) = match test.verdict {
        Verdict::Passed => {
            writer.write_event(XmlEvent::Empty(start))?;
            return lines(writer);
        }
        Verdict::Flaky => ("flakyFailure", story(test)),
        Verdict::Failed | Verdict::TimedOut => ("failure", story(test)),
        Verdict::NotRun => ("skipped", "the run ended before".to_owned()),
        Verdict::Skipped | Verdict::Lacking | Verdict::Broken => ("skipped", test.why.join("\n")),
    };
    let text: String = text.chars().filter(|c| is_legal(*c)).collect();
    writer.write_event(XmlEvent::Start(start))?;
    writer.get_mut().extend_from_slice(b"\n      ");
    writer.create_element(tag).write_text_content(BytesText::new(&text))?;
    writer.get_mut().extend_from_slice(b"\n    </testcase>");
    lines(writer)
}

/// The output of a test and why it failed, in lines.
fn story(test: &Finished) -> String {
    let mut all = String::new();
    let told = text::story(test, |line| {
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(line);
        Ok(())
    });
    // A text can always be added to.
    told.map_or_else(|error| error.to_string(), |()| all)
}

/// The text that was written, and the end of its last line.
fn lines(writer: Writer<Vec<u8>>) -> io::Result<String> {
    let mut text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

/// The parts of the path between the first and the last with dots, and the last one. What is no
/// letter, digit or underscore becomes one, and a word of Java's gets one.
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

/// Returns whether XML 1.0 can hold a character.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Account;
    use crate::job::Output;
    use crate::report::cases::Cases;

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
    fn a_report_has_the_form_that_readers_know() {
        let test = |name: &str, verdict, output: &str| Finished {
            name: name.to_owned(),
            verdict,
            why: vec!["one".to_owned(), "two & three".to_owned()],
            attempts: 1,
            seconds: 1.5,
            account: Account::failed("why\u{1}"),
            before: Vec::new(),
            script: None,
            output: Output::line(output),
            brief: Vec::new(),
        };
        let tests = [
            test("tests/a/b-c", Verdict::Failed, "<x>\n\"y\"\n"),
            test("tests/p", Verdict::Passed, ""),
            test("tests/s", Verdict::Skipped, ""),
        ];
        let folder = tempfile::tempdir().unwrap();
        let mut cases = Cases::new(folder.path()).unwrap();
        // In whatever order they end.
        tests.iter().rev().for_each(|test| cases.add(test).unwrap());
        let run = Summary {
            started: std::time::SystemTime::UNIX_EPOCH,
            seconds: 2.0,
            discovery: 0.0,
            preparation: 0.0,
            cpu: 0.0,
            memory: 0,
            workers_memory: 0,
            tests: tests.into(),
        };
        let path = folder.path().join("report.xml");
        let mut report = JUnit::create(&path).unwrap();
        let expected = "  <testsuite errors=\"0\" tests=\"2\" time=\"2.00\" failures=\"1\" name=\"AsteriskTestSuite\" timestamp=\"1970-01-01T00:00:00Z\" skipped=\"1\">
    <testcase time=\"1.50\" classname=\"a\" name=\"b_c\">
      <failure>&lt;x&gt;\n&quot;y&quot;\n  why</failure>
    </testcase>
    <testcase time=\"1.50\" classname=\"\" name=\"p\"/>
    <testcase time=\"1.50\" classname=\"\" name=\"s\">
      <skipped>one\ntwo &amp; three</skipped>
    </testcase>
  </testsuite>
";
        // The file is whole before the first run, and after each.
        for runs in 0..3 {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text, format!("{BEGIN}{}{END}", expected.repeat(runs)));
            report.take(&Event::Ended(&run, &cases)).unwrap();
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        let text: String =
            "a\u{0}\u{1b}[1m\u{fffe}ä\u{1f600}".chars().filter(|c| is_legal(*c)).collect();
        assert_eq!(text, "a[1mä\u{1f600}");
    }
}
