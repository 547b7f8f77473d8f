//! Lines, with those that scripts around the suite look for: which run it is, how many tests, the
//! beginning of a test and its verdict. Tests run at the same time; each is told as a whole when it
//! ends.

use std::io::{self, BufWriter, Write};

use crate::report::{Event, Finished, Report, Verdict, junit, text};

/// Lines on the standard output.
#[derive(Debug, Default)]
pub(crate) struct Plain;

impl Report for Plain {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        // A test may print a million lines.
        let mut out = BufWriter::new(io::stdout().lock());
        match event {
            Event::Started(header) => {
                let runs =
                    if header.runs < 0 { "unlimited".to_owned() } else { header.runs.to_string() };
                writeln!(
                    out,
                    "Running tests for Asterisk {} (run {} of {runs})...\n",
                    header.version, header.run
                )?;
                writeln!(out, "{}", header.isolation)?;
                if let Some(seed) = header.seed {
                    writeln!(out, "Random order, with --seed={seed}")?;
                }
                let all = i64::try_from(header.tests)
                    .unwrap_or(i64::MAX)
                    .saturating_mul(header.runs.max(1));
                writeln!(
                    out,
                    "Tests to run: {} * {} time(s) = {all}  Maximum test inactivity time: {} sec.",
                    header.tests,
                    header.runs.max(1),
                    header.inactivity,
                )?;
            }
            Event::Finished(test) => finished(&mut out, test)?,
            Event::Ended(run, cases) => {
                write!(out, "\n{}", junit::BEGIN)?;
                cases.write(run, &mut out)?;
                writeln!(out, "{}", junit::END)?;
                for line in text::summary(run) {
                    writeln!(out, "{line}")?;
                }
            }
            Event::Test { .. } | Event::Phase { .. } | Event::Output { .. } => return Ok(()),
        }
        out.flush()
    }
}

fn finished(out: &mut impl Write, test: &Finished) -> io::Result<()> {
    let name = &test.name;
    match test.verdict {
        Verdict::Skipped => {
            return writeln!(out, "--> {name} ... skipped '{}'", test.why.join("; "));
        }
        Verdict::Lacking | Verdict::Broken => {
            writeln!(out, "--> Cannot run test '{name}'")?;
            return test.why.iter().try_for_each(|it| writeln!(out, "--- --> {it}"));
        }
        Verdict::NotRun => return writeln!(out, "--> {name} ... not run"),
        _ => {}
    }
    writeln!(out, "--> Running test '{name}' ...\n")?;
    match &test.script {
        Some(command) => writeln!(out, "Running {} ...", command.join(" "))?,
        None => writeln!(out, "Running {name} ...")?,
    }
    text::story(test, |line| writeln!(out, "{line}"))?;
    if test.verdict == Verdict::Flaky {
        writeln!(out, "FLAKY: it passed at execution {}", test.attempts)?;
    }
    let verdict = match test.verdict {
        Verdict::Failed => "failed",
        Verdict::TimedOut => "timed out",
        _ => "passed",
    };
    writeln!(out, "Test {name} {verdict}\n")
}
