//! The form of libtest, which users of cargo know and other programs read.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::job::{Form, Output, Target};
use crate::report::{Event, Finished, Report, Verdict, held, text};

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[m";

/// The tests in a line of characters, as libtest has them.
const LINE: usize = 88;

/// A report on the standard output.
#[derive(Debug)]
pub(crate) struct Libtest {
    form: Form,
    filtered: usize,
    begun: Instant,
    /// The tests of the run, and those of which something was told.
    tests: usize,
    told: usize,
    passed: Stories,
    failed: Stories,
    /// The number of tests that passed or failed, were not to be run, and were left over.
    counts: [usize; 4],
    /// The tests that had begun when the run was ended, with their evidence.
    cut_off: Vec<String>,
}

const PASSED: usize = 0;
const FAILED: usize = 1;
const IGNORED: usize = 2;
const LEFT: usize = 3;

impl Libtest {
    /// The stories of tests are held in a file in this folder until all have ended.
    pub(crate) fn new(target: &Target, folder: &Path) -> Self {
        Self {
            form: target.form,
            filtered: target.filtered,
            begun: Instant::now(),
            tests: target.names.len(),
            told: 0,
            passed: Stories::new(folder),
            failed: Stories::new(folder),
            counts: [0; 4],
            cut_off: Vec::new(),
        }
    }

    /// Tells of a run without tests.
    pub(crate) fn none(mut self) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        self.begin(&mut out)?;
        self.summary(&mut out)?;
        out.flush()
    }

    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.begun = Instant::now();
        let tests = if self.tests == 1 { "test" } else { "tests" };
        writeln!(out, "\nrunning {} {tests}", self.tests)
    }

    fn finished(&mut self, test: &Finished, out: &mut impl Write) -> io::Result<()> {
        let (at, word, char, colour) = match test.verdict {
            Verdict::Passed | Verdict::Flaky => (PASSED, "ok", '.', GREEN),
            Verdict::Failed | Verdict::TimedOut | Verdict::Broken => (FAILED, "FAILED", 'F', RED),
            Verdict::Skipped | Verdict::Lacking => (IGNORED, "ignored", 'i', YELLOW),
            Verdict::NotRun => {
                self.counts[LEFT] += 1;
                if test.attempts > 0 {
                    self.cut_off.push(format!("    {}", name(&test.name)));
                    let kept = test.account.evidence.iter();
                    self.cut_off.extend(kept.map(|it| format!("      kept: {}", it.display())));
                }
                return Ok(());
            }
        };
        self.counts[at] += 1;
        self.told += 1;
        let name = name(&test.name);
        if self.form.terse {
            self.coloured(out, colour, char.encode_utf8(&mut [0; 4]))?;
            if self.told.is_multiple_of(LINE) {
                writeln!(out, " {}/{}", self.told, self.tests)?;
            }
        } else {
            write!(out, "test {name} ... ")?;
            self.coloured(out, colour, word)?;
            match test.verdict {
                Verdict::Skipped => write!(out, ", {}", test.why.join("; "))?,
                Verdict::Lacking => write!(out, ", lacks {}", test.why.join("; "))?,
                _ if self.form.times => write!(out, " <{:.3}s>", test.seconds)?,
                _ => {}
            }
            writeln!(out)?;
        }
        match at {
            FAILED if self.form.live => self.failed.add(name, &without_output(test)),
            FAILED => self.failed.add(name, test),
            PASSED if self.form.show_output && !self.form.live => self.passed.add(name, test),
            _ => Ok(()),
        }
    }

    fn coloured(&self, out: &mut impl Write, colour: &str, word: &str) -> io::Result<()> {
        if self.form.colours { write!(out, "{colour}{word}{RESET}") } else { write!(out, "{word}") }
    }

    fn summary(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.passed.write("successes", out)?;
        self.failed.write("failures", out)?;
        let [passed, failed, ignored, left] = self.counts;
        if !self.cut_off.is_empty() {
            writeln!(out, "\ninterrupted:")?;
            self.cut_off.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        if left > 0 {
            let tests = if left == 1 { "test" } else { "tests" };
            writeln!(out, "\n{left} {tests} did not come to an end")?;
        }
        write!(out, "\ntest result: ")?;
        match failed + left {
            0 => self.coloured(out, GREEN, "ok")?,
            _ => self.coloured(out, RED, "FAILED")?,
        }
        writeln!(
            out,
            ". {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
            self.filtered,
            self.begun.elapsed().as_secs_f64()
        )
    }
}

impl Report for Libtest {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        match event {
            Event::Started(_) => self.begin(&mut out)?,
            Event::Output { lines, .. } if self.form.live => {
                out.write_all(lines.as_bytes())?;
                if !lines.ends_with('\n') {
                    writeln!(out)?;
                }
            }
            Event::Finished(test) => self.finished(test, &mut out)?,
            Event::Ended(..) => self.summary(&mut out)?,
            Event::Test { .. } | Event::Phase { .. } | Event::Output { .. } => return Ok(()),
        }
        out.flush()
    }
}

/// The name of a test as cargo's users write it: its path below `tests`.
pub(crate) fn name(test: &str) -> &str {
    test.strip_prefix("tests/").unwrap_or(test)
}

fn without_output(test: &Finished) -> Finished {
    let mut test = test.clone();
    test.output = Output::default();
    test
}

/// The stories of tests, in a file.
#[derive(Debug)]
struct Stories {
    folder: PathBuf,
    file: Option<File>,
    names: Vec<String>,
}

impl Stories {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: None, names: Vec::new() }
    }

    fn add(&mut self, name: &str, test: &Finished) -> io::Result<()> {
        self.names.push(name.to_owned());
        let file = match self.file.take() {
            Some(file) => file,
            None => held::file(&self.folder)?,
        };
        let mut out = BufWriter::new(self.file.insert(file));
        writeln!(out, "---- {name} stdout ----")?;
        test.why.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
        text::story(test, |line| writeln!(out, "{line}"))?;
        writeln!(out)?;
        out.flush()
    }

    fn write(&mut self, title: &str, out: &mut impl Write) -> io::Result<()> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        writeln!(out, "\n{title}:\n")?;
        file.seek(SeekFrom::Start(0))?;
        io::copy(&mut file, out)?;
        writeln!(out, "\n{title}:")?;
        self.names.sort_unstable();
        self.names.iter().try_for_each(|name| writeln!(out, "    {name}"))
    }
}
