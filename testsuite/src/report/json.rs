//! Lines of JSON, one for each thing that happens.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::report::{Event, Report, Verdict};

/// A file of lines.
#[derive(Debug)]
pub(crate) struct Json {
    file: BufWriter<File>,
}

impl Json {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(File::create(path)?) })
    }

    /// Writes lines of output. A test may print a million of them.
    fn output(&mut self, name: &str, lines: &str) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            event: &'static str,
            name: &'a str,
            line: &'a str,
        }
        for line in lines.lines() {
            serde_json::to_writer(&mut self.file, &Line { event: "test-output", name, line })?;
            self.file.write_all(b"\n")?;
        }
        self.file.flush()
    }
}

impl Report for Json {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        let line = match event {
            Event::Started(header) => with("run-started", serde_json::to_value(header)?),
            Event::Test { name, attempt } => {
                json!({"event": "test-started", "name": name, "attempt": attempt})
            }
            Event::Phase { name, phase } => {
                json!({"event": "test-phase", "name": name, "phase": phase})
            }
            Event::Output { name, lines } => return self.output(name, lines),
            Event::Finished(test) => with("test-finished", serde_json::to_value(test)?),
            Event::Ended(run, _) => {
                let mut line = with("run-finished", serde_json::to_value(run)?);
                for (name, is) in [
                    ("passed", Verdict::Passed),
                    ("flaky", Verdict::Flaky),
                    ("failed", Verdict::Failed),
                    ("timed-out", Verdict::TimedOut),
                    ("skipped", Verdict::Skipped),
                    ("lacking", Verdict::Lacking),
                    ("broken", Verdict::Broken),
                    ("not-run", Verdict::NotRun),
                ] {
                    line[name] = json!(run.count(|it| it == is));
                }
                line
            }
        };
        serde_json::to_writer(&mut self.file, &line)?;
        self.file.write_all(b"\n")?;
        // Whoever follows the file sees it at once.
        self.file.flush()
    }
}

fn with(event: &str, mut value: Value) -> Value {
    value["event"] = json!(event);
    value
}
